"""What a process does with schedules whose time zone it does not know, as Python 3.8 or without tzdata."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from queuectl.engine.clockwork.tick import Clockwork
from queuectl.engine.home import timezone
from queuectl.engine.home.timezone import TRY_AGAIN_MS
from queuectl.engine.machine import localzone
from queuectl.engine.queue import Queue
from queuectl.model.when import DAY, HOUR
from tests.engine import firings, zoned
from tests.engine.firings import MINUTE, every, fires, get, jobs, run, told
from tests.engine.zoned import BERLIN, TOKYO, Go, follow, hour, needs_zones, zone
from tests.support import FakeClock

clock, queue = firings.clock, firings.queue
another, scheduler = firings.another, firings.scheduler
go, lose = zoned.go, zoned.lose

pytestmark = zoned.needs_files


@needs_zones
def test_a_process_that_does_not_know_the_zone_fires_what_was_promised_and_leaves_the_next_time_to_one_that_does(
    queue: Queue,
    another: Callable[[], Clockwork],
    clock: FakeClock,
    go: Go,
    lose: Callable[[], Any],
    capfd: pytest.CaptureFixture[str],
) -> None:
    go(TOKYO)
    at = follow(queue, catch_up="all")
    go("UTC")
    ignorant, knowing = another(), another()
    clock.set_to(at)
    back = lose()
    ignorant.tick()
    assert list(fires(queue)) == [at] and jobs(queue) == 1
    for _ in range(5):
        clock.advance(1_000)
        assert ignorant.tick() > 0, "it must not look again and again"
    assert "its next time is left to a process that knows the zone" in capfd.readouterr().err
    assert any("it has no next time" in alert for alert, _ in timezone.alerts(queue.store, clock.wall(), {}))
    assert "which this process does not know" in (timezone.trouble(queue.store, clock.wall()) or "")
    back()
    knowing.tick()
    assert get(queue).next_at == at + DAY and list(fires(queue)) == [at]
    assert told(queue, "skipped") == [] and zone(queue) == TOKYO


@needs_zones
def test_if_no_process_knows_the_zone_local_is_written_down(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, go: Go, lose: Callable[[], Any]
) -> None:
    go(TOKYO)
    at = follow(queue)
    follow(queue, "0 0 * * *", name="other")
    go("<+03>-3")
    back = lose()
    clock.set_to(at)
    scheduler.tick()
    clock.advance(TRY_AGAIN_MS - 1)
    scheduler.tick()
    assert zone(queue) == TOKYO
    clock.advance(1)
    scheduler.tick()
    assert zone(queue) == "local"
    assert told(queue, "setting")[-1] == f"timezone = local: no process that runs here knows {TOKYO}"
    following = get(queue).next_at
    assert following is not None and hour(following) == "03:51"
    assert list(fires(queue)) == [at]
    back()


@needs_zones
def test_a_zone_that_a_schedule_was_given_is_never_replaced(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, go: Go, lose: Callable[[], Any]
) -> None:
    at = every(queue, "51 6 * * *", timezone=BERLIN).next_at
    assert at is not None
    back = lose()
    clock.set_to(at)
    run(scheduler, clock, 5)
    assert (get(queue).timezone, get(queue).next_at) == (BERLIN, at) and jobs(queue) == 1
    back()
    clock.advance(DAY)
    scheduler.tick()
    assert list(fires(queue)) == [at, at + DAY] and get(queue).next_at == at + 2 * DAY


@needs_zones
@pytest.mark.parametrize("late, fired", [(0, True), (2 * MINUTE, False)])
def test_what_is_too_late_by_its_policy_is_left_out_there_too(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, go: Go, lose: Callable[[], Any], late: int, fired: bool
) -> None:
    at = every(queue, "51 6 * * *", timezone=BERLIN, catch_up="none").next_at
    assert at is not None
    back = lose()
    clock.set_to(at + late)
    scheduler.tick()
    back()
    assert jobs(queue) == fired and len(told(queue, "skipped")) == (not fired)
    scheduler.tick()
    assert get(queue).next_at == at + DAY and jobs(queue) == fired


@pytest.mark.slow
@needs_zones
def test_one_that_nobody_can_compute_blocks_nobody_else(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, go: Go, lose: Callable[[], Any]
) -> None:
    for number in range(60):
        every(queue, name=f"far{number}", timezone=BERLIN)
    every(queue)
    back = lose()
    run(scheduler, clock, 3)
    back()
    assert len(fires(queue)) == 3 and jobs(queue) == 63


@needs_zones
def test_resuming_without_knowing_the_zone_leaves_the_next_time_to_who_knows_it(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, go: Go, lose: Callable[[], Any]
) -> None:
    at = every(queue, "51 6 * * *", timezone=BERLIN).next_at
    assert at is not None
    queue.schedules.pause("it")
    clock.set_to(at + HOUR)
    back = lose()
    queue.schedules.resume("it")
    scheduler.tick()
    back()
    assert jobs(queue) == 0
    scheduler.tick()
    assert get(queue).next_at == at + DAY and jobs(queue) == 0


@needs_zones
def test_a_clock_that_is_set_back_leaves_no_schedule_of_an_unknown_zone_in_the_future(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, go: Go, lose: Callable[[], Any]
) -> None:
    every(queue, "51 6 * * *", timezone=BERLIN)
    clock.set_by(3650 * DAY)
    scheduler.tick()
    back = lose()
    clock.set_by(-3650 * DAY)
    made = jobs(queue)
    scheduler.tick()
    back()
    scheduler.tick()
    following = get(queue).next_at
    assert following is not None and clock.wall() < following <= clock.wall() + DAY
    assert jobs(queue) == made


def test_rules_of_a_zone_are_those_of_the_machine_where_python_has_none(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, go: Go, lose: Callable[[], Any]
) -> None:
    go(TOKYO)
    back = lose()
    at = follow(queue)
    clock.set_to(at)
    scheduler.tick()
    found: dict[str, object] = {"next": get(queue).next_at, "zone": zone(queue), "own": localzone.own_zone()}
    back()
    assert found == {"next": at + DAY, "zone": TOKYO, "own": TOKYO}
