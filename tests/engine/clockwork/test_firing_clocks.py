"""Recurring jobs when the clock is set, and on the days on which the clocks change."""

from __future__ import annotations

import itertools
import time
from datetime import datetime, timezone
from typing import Callable, Iterator

import pytest

from queuectl.engine.clockwork.tick import LONGEST_WAIT_SECONDS, Clockwork
from queuectl.engine.queue import Queue
from queuectl.model import zones
from queuectl.model.when import DAY, HOUR, iso
from queuectl.store import Home, Store
from tests.engine.firings import MINUTE, Diary, assert_once, every, fires, get, run
from tests.support import FakeClock

YEAR = 365 * DAY
STEPS = [HOUR, -HOUR, 10 * YEAR, -10 * YEAR]
JUMPS = [*((step,) for step in STEPS), *itertools.product(STEPS, STEPS), (10 * YEAR, -10 * YEAR - HOUR // 2, 10 * YEAR)]


@pytest.mark.slow
@pytest.mark.parametrize("catch_up", ["none", "last", "all"])
@pytest.mark.parametrize("jumps", JUMPS, ids=lambda jumps: " then ".join(f"{jump / HOUR:+g}h" for jump in jumps))
def test_a_clock_that_jumps_fires_nothing_twice_and_leaves_nothing_behind(
    queue: Queue, home: str, clock: FakeClock, jumps: list[int], catch_up: str
) -> None:
    diary = Diary(clock)
    with Store(Home(home), clock=clock) as store:
        scheduler = Clockwork(store, diary)
        jump_about(queue, scheduler, clock, jumps, catch_up)
    assert sum(job.schedule is None for job in queue.list()) == 2
    assert_once(queue, diary.fired())


def jump_about(queue: Queue, scheduler: Clockwork, clock: FakeClock, jumps: list[int], catch_up: str) -> None:
    """Set the clock several times and let 20 minutes pass after each."""
    every(queue, "*/5 * * * *", catch_up=catch_up)
    at = queue.add("true", run_at=iso(clock.wall() + 20 * MINUTE))
    after = queue.add("true", run_at="+20m")
    run(scheduler, clock, 12)
    passed, due = 12, False
    for jump in jumps:
        clock.set_by(jump)
        scheduler.tick()
        for _ in range(20):
            clock.advance(MINUTE)
            passed += 1
            assert scheduler.tick() <= LONGEST_WAIT_SECONDS
            due = due or clock.wall() >= at.run_at
            following = get(queue).next_at
            assert following is not None and clock.wall() < following <= clock.wall() + 5 * MINUTE
            assert queue.get(at.id).state == ("pending" if due else "scheduled")
            assert queue.get(after.id).state == ("pending" if passed >= 20 else "scheduled")


def test_a_scheduler_that_starts_after_the_clock_was_set_back_leaves_nothing_in_the_future(
    queue: Queue, another: Callable[[], Clockwork], clock: FakeClock
) -> None:
    every(queue)
    clock.set_by(10 * YEAR)
    another().tick()
    clock.set_by(-10 * YEAR)
    another().tick()
    assert get(queue).next_at == clock.wall() + MINUTE
    assert_once(queue)


def test_a_clock_that_was_past_the_last_year_and_is_set_back_ends_no_schedule(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    every(queue)
    start = clock.wall()
    clock.set_to(4_200_000_000_000)  # in 2103
    run(scheduler, clock, 2)
    assert get(queue).next_at is None
    clock.set_to(start)
    scheduler.tick()
    assert get(queue).next_at == start + MINUTE
    run(scheduler, clock, 2)
    assert sorted(fires(queue))[:2] == [start + MINUTE, start + 2 * MINUTE]
    assert_once(queue)


# Summer time

LONDON, NEW_YORK, LORD_HOWE = "Europe/London", "America/New_York", "Australia/Lord_Howe"
RULES = {
    LONDON: "GMT0BST,M3.5.0/1,M10.5.0",
    NEW_YORK: "EST5EDT,M3.2.0,M11.1.0",
    LORD_HOWE: "LHST-10:30LHDT-11,M10.1.0,M4.1.0",
}
# Zone, the instant in UTC at which its clocks change, and for some expressions when they fire around it.
CHANGES = {
    "London springs": (
        LONDON,
        "2026-03-29 01:00",
        {
            "30 1 * * *": ["01:00"],
            "0,30 1 * * *": ["01:00"],
            "15 2 * * *": ["01:15"],
            "*/30 1 * * *": [],
            "0 * * * *": ["23:00", "00:00", "01:00", "02:00", "03:00"],
        },
    ),
    "London falls": (
        LONDON,
        "2026-10-25 01:00",
        {
            "30 1 * * *": ["00:30"],
            "0,30 1 * * *": ["00:00", "00:30"],
            "15 2 * * *": ["02:15"],
            "*/30 1 * * *": ["00:00", "00:30", "01:00", "01:30"],
            "0 * * * *": ["23:00", "00:00", "01:00", "02:00", "03:00"],
        },
    ),
    "New York springs": (
        NEW_YORK,
        "2026-03-08 07:00",
        {
            "30 2 * * *": ["07:00"],
            "15 3 * * *": ["07:15"],
            "*/15 2 * * *": [],
            "0 * * * *": ["05:00", "06:00", "07:00", "08:00", "09:00"],
        },
    ),
    "New York falls": (
        NEW_YORK,
        "2026-11-01 06:00",
        {"30 1 * * *": ["05:30"], "15 2 * * *": ["07:15"], "*/30 1 * * *": ["05:00", "05:30", "06:00", "06:30"]},
    ),
    "Lord Howe springs": (
        LORD_HOWE,
        "2026-10-03 15:30",
        {"15 2 * * *": ["15:30"], "45 2 * * *": ["15:45"], "*/15 2 * * *": ["15:30", "15:45"]},
    ),
    "Lord Howe falls": (
        LORD_HOWE,
        "2026-04-04 15:00",
        {
            "45 1 * * *": ["14:45"],
            "15 2 * * *": ["15:45"],
            "*/15 1 * * *": ["14:00", "14:15", "14:30", "14:45", "15:00", "15:15"],
        },
    ),
}
AROUND = 125  # minutes


@pytest.fixture
def machine_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change its zone for one process")

    def change(rule: str) -> None:
        monkeypatch.setenv("TZ", rule)
        time.tzset()

    yield change
    monkeypatch.undo()
    time.tzset()


@pytest.mark.slow
@pytest.mark.parametrize("is_named", [True, False], ids=["by name", "of this machine"])
@pytest.mark.parametrize("change", CHANGES)
def test_on_the_days_on_which_the_clocks_change(
    queue: Queue,
    scheduler: Clockwork,
    clock: FakeClock,
    change: str,
    is_named: bool,
    machine_zone: Callable[[str], None],
) -> None:
    zone, at, expected = CHANGES[change]
    timezone_name = zone
    if is_named:
        skip_without(zone)
    else:
        machine_zone(RULES[zone])
        timezone_name = "local"
    instant = int(datetime.strptime(at, "%Y-%m-%d %H:%M").replace(tzinfo=timezone.utc).timestamp()) * 1_000
    clock.set_to(instant - AROUND * MINUTE - 1_000)
    for number, expression in enumerate([*expected, "* * * * *"]):
        every(queue, expression, name=f"s{number}", timezone=timezone_name)
    run(scheduler, clock, 2 * AROUND)
    found: dict[str, list[str]] = {
        expression: [utc(time) for time in fires(queue, f"s{number}")] for number, expression in enumerate(expected)
    }
    assert found == expected
    assert len(fires(queue, f"s{len(expected)}")) == 2 * AROUND
    assert_once(queue)


def skip_without(zone: str) -> None:
    try:
        zones.zone(zone)
    except ValueError as error:
        pytest.skip(str(error))


def utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, timezone.utc).strftime("%H:%M")
