"""Times of recurring jobs that passed while nothing fired: what each policy makes of them, and what is told."""

from __future__ import annotations

import pytest

from queuectl.engine.clockwork.firing import MOST_CAUGHT_UP
from queuectl.engine.clockwork.tick import Clockwork
from queuectl.engine.queue import Queue
from queuectl.model import zones
from queuectl.model.cron import Cron
from queuectl.model.when import DAY, HOUR, iso
from tests.engine.firings import MINUTE, assert_once, every, fires, get, jobs, run, told
from tests.support import FakeClock

YEAR = 365 * DAY


@pytest.mark.parametrize("catch_up, expected", [("none", [12]), ("last", [12]), ("all", list(range(1, 13)))])
def test_after_twelve_minutes_in_which_nothing_ran(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, catch_up: str, expected: list[int]
) -> None:
    start = clock.wall()
    every(queue, catch_up=catch_up)
    clock.advance(12 * MINUTE + 20_000)
    scheduler.tick()
    assert list(fires(queue)) == [start + count * MINUTE for count in expected]
    assert get(queue).next_at == start + 13 * MINUTE
    assert_once(queue)


@pytest.mark.parametrize("late, jobs_made", [(59_999, 1), (60_000, 1), (60_001, 0)])
def test_without_catching_up_a_time_is_in_time_for_a_minute(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, late: int, jobs_made: int
) -> None:
    every(queue, "*/10 * * * *", catch_up="none")
    clock.advance(10 * MINUTE + late)
    scheduler.tick()
    assert jobs(queue) == jobs_made == len(fires(queue))


@pytest.mark.parametrize(
    "expression, most, days",
    [
        ("* * * * *", MOST_CAUGHT_UP, 1),
        ("0 3 * * *", MOST_CAUGHT_UP, 200),
        ("0 0 1 * *", MOST_CAUGHT_UP, 3_500),
        ("0 0 1 1 *", 9, 3_640),
    ],
)
@pytest.mark.parametrize("catch_up", ["none", "last", "all"])
def test_after_ten_years_in_which_nothing_ran(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, expression: str, most: int, days: int, catch_up: str
) -> None:
    every(queue, expression, catch_up=catch_up)
    clock.advance(10 * YEAR + 90_000)
    now = clock.wall()
    scheduler.tick()
    found = list(fires(queue))
    newest = newest_times(expression, now, days)[-most:]
    assert len(newest) == most
    late = now - newest[-1] > MINUTE
    assert found == {"none": [] if late else newest[-1:], "last": newest[-1:], "all": newest}[catch_up]
    assert len(found) == jobs(queue)
    following = get(queue).next_at
    assert following is not None and following > now
    assert_once(queue)


def newest_times(expression: str, until: int, days: int) -> list[int]:
    """Return the times of an expression in the last days before an instant."""
    cron, utc = Cron.parse(expression), zones.zone("UTC")
    times: list[int] = []
    at = cron.next_after(until - days * DAY, utc)
    while at is not None and at <= until:
        times.append(at)
        at = cron.next_after(at, utc)
    return times


def test_what_was_caught_up_with_is_queued_oldest_first(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    every(queue, catch_up="all")
    clock.advance(5 * MINUTE)
    scheduler.tick()
    numbers = list(fires(queue).values())
    assert numbers == sorted(number or 0 for number in numbers) and len(numbers) == 5


@pytest.mark.parametrize(
    "catch_up, minutes, left_out",
    [
        ("last", 1, None),
        ("last", 2, (1, 1)),
        ("last", 12, (1, 11)),
        ("all", 12, None),
        ("all", 102, (1, 2)),
        ("none", 12, (1, 11)),
    ],
)
def test_times_that_are_left_out_are_reported_with_the_reason(
    queue: Queue,
    scheduler: Clockwork,
    clock: FakeClock,
    catch_up: str,
    minutes: int,
    left_out: tuple[int, int] | None,
) -> None:
    start = clock.wall()
    every(queue, catch_up=catch_up)
    clock.advance(minutes * MINUTE + 20_000)
    scheduler.tick()
    assert told(queue, "skipped") == ([] if left_out is None else [skipped(start, *left_out, catch_up)])


def skipped(start: int, first: int, last: int, catch_up: str) -> str:
    """Return the text of the event for the times from one minute to another."""
    ends = [iso(start + minute * MINUTE) for minute in (first, last)]
    span = f"for {ends[0]}" if first == last else f"from {ends[0]} to {ends[1]}"
    most = ", 100 at most" if catch_up == "all" else ""
    return f"it {span}: nothing fired in time, and catch-up is {catch_up}{most}"


def test_a_single_time_that_is_too_late_is_reported(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    start = clock.wall()
    every(queue, "*/10 * * * *", catch_up="none")
    clock.advance(11 * MINUTE + 1)
    scheduler.tick()
    assert told(queue, "skipped") == [skipped(start, 10, 10, "none")] and jobs(queue) == 0


def test_what_is_stored_as_the_next_time_fires_whatever_the_expression_says(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    promised = clock.wall() + 90_000
    every(queue, "0 4 * * *")
    with queue.store.writing():
        queue.store.database.change("UPDATE schedules SET next_at = ?", (promised,))
    run(scheduler, clock, 2)
    assert list(fires(queue)) == [promised] and jobs(queue) == 1
    assert get(queue).next_at == clock.wall() + 4 * HOUR - 2 * MINUTE
