"""The time zone of a home: written down once, kept by all, and changed by the setting alone."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from queuectl.engine.clockwork.tick import Clockwork
from queuectl.engine.daemons.daemon import POOL
from queuectl.engine.queue import Queue
from queuectl.model.errors import InvalidInput
from queuectl.model.when import DAY, iso
from tests.engine import firings, zoned
from tests.engine.firings import every, fires, get, told
from tests.engine.zoned import BERLIN, TOKYO, Go, follow, hour, needs_zones, zone
from tests.support import FakeClock

clock, queue = firings.clock, firings.queue
another, scheduler = firings.another, firings.scheduler
go, lose = zoned.go, zoned.lose

pytestmark = zoned.needs_files


# Written down


def test_the_first_schedule_writes_down_the_zone_and_later_ones_keep_it(queue: Queue, go: Go) -> None:
    go(TOKYO)
    assert zone(queue) is None
    assert hour(follow(queue)) == "21:51"
    assert zone(queue) == TOKYO
    go("UTC")
    if sys.version_info >= (3, 9):
        assert hour(follow(queue, name="later")) == "21:51"
    assert zone(queue) == TOKYO
    assert told(queue, "setting") == [f"timezone = {TOKYO}: the zone of the process that needed one first"]


def test_a_zone_that_has_no_name_is_local(queue: Queue, go: Go) -> None:
    go("<+03>-3")
    assert hour(follow(queue)) == "03:51" and zone(queue) == "local"


def test_our_own_variable_chooses_what_is_written_down_and_nothing_later(
    queue: Queue, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(TOKYO)
    monkeypatch.setenv("QUEUECTL_TIMEZONE", "UTC")
    assert hour(follow(queue)) == "06:51" and zone(queue) == "UTC"
    monkeypatch.setenv("QUEUECTL_TIMEZONE", TOKYO)
    assert hour(follow(queue, name="later")) == "06:51"
    assert queue.settings().timezone == "UTC"


def test_a_variable_that_names_no_zone_is_refused(queue: Queue, go: Go, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUECTL_TIMEZONE", "Mars/Olympus")
    with pytest.raises(InvalidInput, match="Mars/Olympus"):
        follow(queue)
    assert queue.schedules.all() == [] and zone(queue) is None


@needs_zones
def test_a_schedule_with_a_zone_of_its_own_goes_by_that(queue: Queue, go: Go) -> None:
    go(TOKYO)
    at = every(queue, "51 6 * * *", timezone=BERLIN).next_at
    assert at is not None and hour(at) == "05:51"


def test_local_may_be_written_in_any_case(queue: Queue, go: Go) -> None:
    go(TOKYO)
    assert every(queue, timezone="LOCAL").timezone == "local"
    assert every(queue, name="other", timezone="utc").timezone == "UTC"


# Kept


@needs_zones
def test_a_scheduler_in_another_zone_fires_what_was_promised_and_says_that_it_is_elsewhere(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, go: Go, capfd: pytest.CaptureFixture[str]
) -> None:
    go(TOKYO)
    at = follow(queue)
    go("UTC")
    for _ in range(3):
        scheduler.tick()
        clock.advance(DAY)
        scheduler.tick()
    assert list(fires(queue)) == [at, at + DAY, at + 2 * DAY]
    assert get(queue).next_at == at + 3 * DAY
    assert capfd.readouterr().err.count(f"cron expressions go by {TOKYO} in this home, this process is in") == 1


@needs_zones
def test_pausing_and_resuming_in_another_zone_moves_nothing(queue: Queue, clock: FakeClock, go: Go) -> None:
    go(TOKYO)
    at = follow(queue)
    go("UTC")
    queue.schedules.pause("it")
    assert queue.schedules.resume("it").next_at == at
    queue.schedules.pause("it")
    clock.advance(DAY)
    assert queue.schedules.resume("it").next_at == at + DAY
    assert queue.schedules.times(get(queue), 2) == [at + DAY, at + 2 * DAY]


def test_resuming_keeps_a_time_that_this_process_would_compute_otherwise(queue: Queue, go: Go) -> None:
    go("<+03>-3")
    at = follow(queue)
    go("<-05>5")
    queue.schedules.pause("it")
    assert queue.schedules.resume("it").next_at == at
    assert queue.schedules.times(get(queue), 1) == [at]


@needs_zones
def test_another_zone_is_an_alert_only_while_schedules_follow_the_home(queue: Queue, clock: FakeClock, go: Go) -> None:
    def advice() -> list[str]:
        return [str(alert) for alert in queue.reports.status().alerts if alert.code == "timezone"]

    go(BERLIN)
    follow(queue)
    assert advice() == []
    go("Europe/Vienna")
    assert advice() == [], "their clocks agree"
    go("UTC")
    assert advice() == [
        f'cron expressions go by {BERLIN} in this home, this process is in "UTC": queuectl config set timezone UTC'
    ]
    queue.schedules.remove("it")
    every(queue, timezone="UTC")
    assert advice() == []


@needs_zones
def test_workers_of_another_zone_are_an_alert_for_everybody(queue: Queue, clock: FakeClock, go: Go) -> None:
    def advice() -> list[str]:
        return [str(alert) for alert in queue.reports.status().alerts if "the workers" in alert.text]

    go(BERLIN)
    follow(queue)
    go("UTC")
    with queue.store.writing():
        record = POOL.enter(queue)
    go(BERLIN)
    assert advice() == [
        f'cron expressions go by {BERLIN} in this home, the workers are in "UTC": queuectl config set timezone UTC'
    ]
    with queue.store.writing():
        queue.store.meta.remove_daemon(POOL.name, record)
    assert advice() == []


@pytest.mark.parametrize("word", ["local", "Local"])
def test_a_home_of_before_there_was_the_setting_goes_on_in_the_zone_of_its_scheduler(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, go: Go, word: str
) -> None:
    go(TOKYO)
    at = follow(queue)
    with queue.store.writing():
        queue.store.meta.reset_setting("timezone")
        queue.store.database.change("UPDATE schedules SET timezone = ?", (word,))
    clock.set_to(at)
    scheduler.tick()
    assert zone(queue) == TOKYO and get(queue).next_at == at + DAY and list(fires(queue)) == [at]


def test_a_scheduler_with_a_variable_that_names_no_zone_says_so_and_goes_on(
    queue: Queue,
    scheduler: Clockwork,
    go: Go,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    follow(queue)
    with queue.store.writing():
        queue.store.meta.reset_setting("timezone")
    monkeypatch.setenv("QUEUECTL_TIMEZONE", "Mars/Olympus")
    scheduler.tick()
    assert "Mars/Olympus" in capfd.readouterr().err and zone(queue) is None


# Changed


@needs_zones
def test_another_zone_computes_the_next_times_again(queue: Queue, clock: FakeClock, go: Go) -> None:
    at = follow(queue)
    follow(queue, name="paused")
    own = every(queue, "51 6 * * *", name="own", timezone="UTC").next_at
    queue.schedules.pause("paused")
    queue.config.set("timezone", TOKYO)
    for name in ("it", "paused"):
        moved = get(queue, name).next_at
        assert moved is not None and hour(moved) == "21:51" and clock.wall() < moved <= clock.wall() + DAY
        told_of = f"{name}: next at {iso(moved)} instead of {iso(at)}, the time zone is {TOKYO} now"
        assert told_of in told(queue, "schedule moved")
    assert get(queue, "own").next_at == own
    queue.config.set("timezone", TOKYO)
    assert len(told(queue, "schedule moved")) == 2


@needs_zones
def test_what_is_due_already_fires_although_the_zone_was_changed(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, go: Go
) -> None:
    at = follow(queue)
    clock.set_to(at + 1_000)
    queue.config.set("timezone", TOKYO)
    assert get(queue).next_at == at
    scheduler.tick()
    assert list(fires(queue)) == [at]
    following = get(queue).next_at
    assert following is not None and hour(following) == "21:51"


@needs_zones
@pytest.mark.parametrize("text", [None, "none"])
def test_without_a_zone_a_home_with_schedules_takes_that_of_this_process(queue: Queue, go: Go, text: Any) -> None:
    follow(queue)
    go(TOKYO)
    queue.config.update({"timezone": text})
    assert zone(queue) == TOKYO
    following = get(queue).next_at
    assert following is not None and hour(following) == "21:51"
    queue.schedules.remove("it")
    queue.config.update({"timezone": text})
    assert zone(queue) is None


def test_a_zone_that_this_process_does_not_know_is_refused(queue: Queue, go: Go) -> None:
    at = follow(queue)
    with pytest.raises(InvalidInput, match="timezone") as caught:
        queue.config.set("timezone", "Mars/Olympus")
    assert caught.value.field == "timezone"
    assert zone(queue) == "UTC" and get(queue).next_at == at
