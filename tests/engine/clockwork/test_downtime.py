"""Time in which nobody kept house does not count for retention."""

from __future__ import annotations

import random

import pytest

from queuectl.engine.clockwork.housekeeping import (
    INTERVAL_MS,
    LONGEST_PAUSE_MS,
    REMEMBERED,
    WRITTEN_EACH_MS,
    Housekeeping,
    counted_back,
    gaps_after,
    look,
)
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.model.job import COMPLETED, DEAD
from queuectl.model.when import DAY, HOUR, MINUTE
from queuectl.store import Store
from tests.engine import keeping
from tests.store.building import NOW, claim, enqueue, finish, spec
from tests.support import FakeClock

store = keeping.store


def run_for(store: Store, clock: FakeClock, ms: int, keepers: int = 1) -> int:
    """Let somebody keep house for a while; return how many jobs that pruned. A new one each time, as after a start."""
    started = [Housekeeping(store, Log("test", clock)) for _ in range(keepers)]
    end, pruned = clock.wall() + ms, 0
    while True:
        for keeper in started:
            pruned += keeper.step()[0]
        if clock.wall() >= end:
            return pruned
        clock.advance(min(INTERVAL_MS, end - clock.wall()))


def end_one(store: Store, clock: FakeClock, state: str = COMPLETED) -> int:
    enqueue(store, spec())
    claimed = claim(store)
    finish(store, claimed, state, now=clock.wall())
    return claimed.number


@pytest.mark.slow
@pytest.mark.parametrize("keepers", [1, 3])
@pytest.mark.parametrize("state, name", [(COMPLETED, "retain_completed_hours"), (DEAD, "retain_dead_hours")])
def test_what_a_night_brought_is_still_there_when_the_machine_was_off_for_long(
    home: str, store: Store, clock: FakeClock, state: str, name: str, keepers: int
) -> None:
    with Queue(home, clock=clock) as queue:
        queue.config.set(name, "10")
    run_for(store, clock, HOUR, keepers)
    end_one(store, clock, state)
    assert run_for(store, clock, 4 * HOUR, keepers) == 0
    clock.advance(400 * DAY)
    assert run_for(store, clock, 5 * HOUR, keepers) == 0
    assert len(store.names.in_range(1, 9)) == 1
    # All but the minutes since the last look was noted.
    assert run_for(store, clock, HOUR + WRITTEN_EACH_MS + 2 * INTERVAL_MS, keepers) == 1


def test_a_short_pause_counts(home: str, store: Store, clock: FakeClock) -> None:
    with Queue(home, clock=clock) as queue:
        queue.config.set("retain_completed_hours", "10")
    end_one(store, clock)
    pruned = 0
    for _ in range(10 * 6 + 1):
        pruned += run_for(store, clock, MINUTE)
        clock.advance(9 * MINUTE)
    assert pruned == 1 and store.meta.downtime()[1] == []


def test_before_the_first_note_the_last_sync_stands_for_it(store: Store, clock: FakeClock) -> None:
    with store.writing():
        store.meta.touch(NOW)
    clock.advance(30 * DAY)
    assert look(store, clock.wall()) == [(NOW, NOW + 30 * DAY)]


def test_a_home_that_was_never_checked_has_no_gap(store: Store) -> None:
    assert look(store, NOW) == [] and store.meta.downtime() == (NOW, [])


def test_it_is_noted_each_five_minutes_and_not_more_often(store: Store, clock: FakeClock) -> None:
    noted: set[int | None] = set()
    for _ in range(60):
        look(store, clock.wall())
        noted.add(store.meta.downtime()[0])
        clock.advance(MINUTE)
    assert noted == {NOW + number * WRITTEN_EACH_MS for number in range(12)}


# Clocks


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("years", [1, 10])
def test_a_clock_that_is_ahead_for_a_while_takes_nothing_away(
    home: str, store: Store, clock: FakeClock, years: int
) -> None:
    ahead = years * 365 * DAY
    run_for(store, clock, HOUR)
    end_one(store, clock)
    clock.set_by(ahead)
    assert run_for(store, clock, 2 * HOUR) == 0
    clock.set_by(-ahead)
    assert run_for(store, clock, 7 * DAY - 3 * HOUR) == 0
    assert store.meta.downtime()[1] == [] or store.meta.downtime()[1][-1][1] <= clock.wall()
    assert run_for(store, clock, 4 * HOUR) == 1


@pytest.mark.once
@pytest.mark.slow
def test_a_clock_that_is_set_back_keeps_what_ended_for_longer_and_not_forever(store: Store, clock: FakeClock) -> None:
    run_for(store, clock, HOUR)
    end_one(store, clock)
    clock.set_by(-2 * DAY)
    assert run_for(store, clock, 8 * DAY) == 0
    assert run_for(store, clock, 2 * DAY) == 1


def test_a_true_gap_is_still_one_when_the_clock_is_corrected_after_it() -> None:
    gaps = gaps_after([], NOW, NOW + 2 * DAY + HOUR)
    assert gaps_after(gaps, NOW + 2 * DAY + HOUR, NOW + 2 * DAY) == [(NOW, NOW + 2 * DAY)]
    assert gaps_after(gaps, NOW + 2 * DAY + HOUR, NOW - 1) == []


# What counts


@pytest.mark.parametrize(
    "span, since",
    [(0, 100), (10, 90), (19, 81), (20, 80), (21, 69), (40, 50), (41, 19), (60, 0), (61, -1)],
)
def test_gaps_are_left_out(span: int, since: int) -> None:
    assert counted_back(100, span, [(20, 50), (70, 80)]) == since


@pytest.mark.parametrize("seed", range(20))
def test_counting_back_is_what_counting_each_minute_says(seed: int) -> None:
    chance = random.Random(seed)
    edges = sorted(chance.sample(range(200), 8))
    gaps = list(zip(edges[::2], edges[1::2]))
    now = chance.randrange(edges[-1], 260)
    span = chance.randrange(0, 100)
    counted, at = 0, now
    while counted < span:
        at -= 1
        counted += not any(start <= at < end for start, end in gaps)
    assert counted_back(now, span, gaps) == at


def test_what_is_remembered_is_bounded_and_errs_to_keep() -> None:
    gaps: list[tuple[int, int]] = []
    now = NOW
    for _ in range(2 * REMEMBERED):
        gaps = gaps_after(gaps, now, now + HOUR)
        now += HOUR + DAY
    assert len(gaps) == REMEMBERED
    assert gaps[0][0] == NOW and all(a[1] < b[0] for a, b in zip(gaps, gaps[1:]))


def test_a_pause_of_a_quarter_of_an_hour_is_none() -> None:
    assert gaps_after([], NOW, NOW + LONGEST_PAUSE_MS) == []
    assert gaps_after([], NOW, NOW + LONGEST_PAUSE_MS + 1) == [(NOW, NOW + LONGEST_PAUSE_MS + 1)]
