"""The backlog is sampled once a minute while there is one, and nothing is written afterwards."""

from __future__ import annotations

from typing import Iterator

import pytest

from queuectl.engine.clockwork.housekeeping import INTERVAL_MS, Housekeeping
from queuectl.engine.clockwork.tick import Clockwork, sample
from queuectl.engine.machine import process
from queuectl.engine.machine.log import Log
from queuectl.model.job import COMPLETED
from queuectl.model.rollup import SLOT_MS
from queuectl.model.when import DAY
from queuectl.store import Home, Store
from tests.store.building import NOW, add, claim, finish
from tests.support import FakeClock

MINUTE = 60_000
SECOND = 1_000


@pytest.fixture
def others(home: str, clock: FakeClock) -> Iterator[Store]:
    """Users and workers."""
    with Store(Home(home), clock=clock, durable=False) as opened:
        yield opened


def run(scheduler: Clockwork, clock: FakeClock, seconds: int) -> None:
    """Tick each second."""
    for _ in range(seconds):
        scheduler.tick()
        clock.advance(SECOND)


def samples(store: Store) -> list[tuple[int, int, int, int]]:
    """Return (minute since the start, pending, processing, oldest age)."""
    return [(row.minute - NOW // MINUTE, row.pending, row.processing, row.oldest_age) for row in store.backlog.since(0)]


def test_each_minute_has_a_sample_while_jobs_wait(scheduler: Clockwork, others: Store, clock: FakeClock) -> None:
    add(others)
    add(others, queue="slow")
    run(scheduler, clock, 185)
    assert samples(others) == [(0, 2, 0, 0), (1, 2, 0, MINUTE), (2, 2, 0, 2 * MINUTE), (3, 2, 0, 3 * MINUTE)]


def test_a_job_that_runs_counts_and_its_age_does_not(store: Store, others: Store) -> None:
    with others.writing():
        worker = others.workers.add(pid=1, pid_start="", boot=process.boot_id(), queues="", now=NOW)
    add(others)
    claim(others, worker=worker)
    add(others, now=NOW - 5 * SECOND)
    sample(store, others.counts.by_state())
    assert samples(others) == [(0, 1, 1, 5 * SECOND)]


def test_only_pending_and_running_jobs_are_backlog(scheduler: Clockwork, others: Store, clock: FakeClock) -> None:
    add(others, hold=True)
    add(others, run_at=NOW + 600 * SECOND)
    run(scheduler, clock, 120)
    assert samples(others) == []


def test_after_the_last_job_one_sample_is_zero_and_then_hardly_anything_is_written(
    scheduler: Clockwork, others: Store, clock: FakeClock
) -> None:
    add(others)
    run(scheduler, clock, 30)
    finish(others, claim(others))
    run(scheduler, clock, 40)
    assert samples(others) == [(0, 1, 0, 0), (1, 0, 0, 0)]
    before = others.changes()
    run(scheduler, clock, 600)
    # Every five minutes, that somebody keeps house.
    assert others.changes() <= before + 2
    assert samples(others) == [(0, 1, 0, 0), (1, 0, 0, 0)]


def test_a_home_where_nothing_ever_waited_is_not_written_to(
    scheduler: Clockwork, others: Store, clock: FakeClock
) -> None:
    scheduler.tick()
    before = others.changes()
    run(scheduler, clock, 300)
    assert samples(others) == [] and others.changes() == before


def test_work_after_an_idle_time_is_sampled_in_its_first_minute(
    scheduler: Clockwork, others: Store, clock: FakeClock
) -> None:
    run(scheduler, clock, 150)
    add(others, now=clock.wall())
    run(scheduler, clock, 20)
    assert samples(others) == [(2, 1, 0, 0)]


def test_two_schedulers_write_one_sample_a_minute(
    home: str, scheduler: Clockwork, others: Store, clock: FakeClock
) -> None:
    add(others)
    with Store(Home(home), clock=clock) as second:
        other = Clockwork(second, Log("other", clock))
        for _ in range(3):
            other.tick()
            scheduler.tick()
            clock.advance(MINUTE)
        assert [minute for minute, *_ in samples(others)] == [0, 1, 2]
        finish(others, claim(others), COMPLETED)
        for _ in range(3):
            other.tick()
            scheduler.tick()
            clock.advance(MINUTE)
    assert [(minute, pending) for minute, pending, *_ in samples(others)] == [(0, 1), (1, 1), (2, 1), (3, 0)]


def test_one_who_starts_later_writes_the_zero_that_is_missing(
    home: str, scheduler: Clockwork, others: Store, clock: FakeClock
) -> None:
    add(others)
    scheduler.tick()
    finish(others, claim(others), COMPLETED)
    clock.advance(600 * SECOND)
    with Store(Home(home), clock=clock) as second:
        later = Clockwork(second, Log("later", clock))
        run(later, clock, 61)
    assert samples(others) == [(0, 1, 0, 0), (10, 0, 0, 0)]


def test_a_clock_that_was_ahead_neither_stops_sampling_nor_wakes_an_idle_home(
    scheduler: Clockwork, others: Store, clock: FakeClock
) -> None:
    add(others)
    clock.set_by(1_000 * MINUTE)
    scheduler.tick()
    clock.set_by(-1_000 * MINUTE)
    run(scheduler, clock, 61)
    assert [minute for minute, *_ in samples(others)] == [0, 1, 1_000]
    finish(others, claim(others), COMPLETED)
    run(scheduler, clock, 60)
    before = others.changes()
    run(scheduler, clock, 180)
    assert others.changes() == before and samples(others)[2] == (2, 0, 0, 0)


def test_samples_and_timings_go_after_ninety_days(store: Store, clock: FakeClock) -> None:
    keeper = Housekeeping(store, Log("test", clock))
    with store.writing():
        for day in range(100):
            now = NOW + day * DAY
            store.stats.count_attempt("q", COMPLETED, run_time=1, wait_time=1, now=now)
            store.backlog.add(pending=1, processing=0, oldest_age=0, now=now)
    clock.advance(99 * DAY + SLOT_MS + INTERVAL_MS)
    while not keeper.step()[1]:
        pass
    kept = [NOW + day * DAY for day in range(10, 100)]
    slots = [row["slot"] for row in store.database.rows("SELECT slot FROM timings ORDER BY slot")]
    assert [slot * SLOT_MS for slot in slots] == kept
    assert [row.minute * MINUTE for row in store.backlog.since(0)] == kept
