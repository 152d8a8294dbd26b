"""Histograms of five minutes, and samples of the backlog."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.model.job import CANCELLED, COMPLETED, DEAD, FAILED
from queuectl.model.rollup import SLOT_MS
from queuectl.store import Store
from queuectl.store.backlog import Backlog
from queuectl.store.timings import Timings
from tests.store.building import NOW, Stores, values, write

MINUTE = 60_000


def ended(
    store: Store, *, run: int = 7, wait: int = 3, now: int = NOW, queue: str = "q", state: str = COMPLETED
) -> None:
    write(store, store.stats.count_attempt, queue, state, run_time=run, wait_time=wait, now=now)


def sample(store: Store, pending: int, now: int, *, processing: int = 0, oldest_age: int = 0) -> bool:
    return write(store, store.backlog.add, pending=pending, processing=processing, oldest_age=oldest_age, now=now)


def timings(store: Store) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in store.database.rows("SELECT * FROM timings")]


def totals(store: Store, *span: int) -> list[tuple[Any, ...]]:
    return [values(found)[1:7] for found in store.timings.series(*span)]


# Timings


def test_each_attempt_that_ended_is_counted_in_its_slot_and_buckets(store: Store) -> None:
    for state in (COMPLETED, FAILED, DEAD, CANCELLED):
        ended(store, state=state)
    ended(store, run=5, wait=5)
    ended(store, run=7, wait=30_001, now=NOW + SLOT_MS - 1)
    ended(store, now=NOW + SLOT_MS, run=21_600_001)
    ended(store, queue="other")
    slot = NOW // SLOT_MS
    assert timings(store) == [
        (slot, "other", 1, 0, 1, 7, 3, 7, 7, 3, 3),
        (slot, "q", 0, 0, 1, 5, 5, 5, 5, 5, 5),
        (slot, "q", 1, 0, 4, 28, 12, 7, 7, 3, 3),
        (slot, "q", 1, 12, 1, 7, 30_001, 7, 7, 30_001, 30_001),
        (slot + 1, "q", 17, 0, 1, 21_600_001, 3, 21_600_001, 21_600_001, 3, 3),
    ]


def test_the_shortest_and_the_longest_of_a_pair_of_buckets_are_kept(store: Store) -> None:
    for run, wait in ((8, 2), (10, 4), (6, 3)):
        ended(store, run=run, wait=wait)
    ended(store, run=9, wait=1, now=NOW + SLOT_MS)
    (found,) = store.timings.series(0)
    assert (found.run_min, found.run_max, found.wait_min, found.wait_max) == (6, 10, 1, 4)


def test_the_ends_are_not_known_where_those_of_one_row_are_not(store: Store) -> None:
    ended(store, run=8)
    write(store, store.database.change, "UPDATE timings SET run_min = NULL, run_max = NULL")
    ended(store, run=10)
    ended(store, run=9, now=NOW + SLOT_MS)
    (found,) = store.timings.series(0)
    assert (found.run_min, found.run_max, found.wait_min, found.wait_max) == (None, None, 3, 3)


def test_the_average_is_of_the_attempts_since_an_instant(store: Store) -> None:
    assert store.timings.average(0) is None
    for run in (1, 2, 90_000):
        ended(store, run=run)
    ended(store, run=8, queue="other", now=NOW + SLOT_MS)
    assert (store.timings.average(NOW), store.timings.average(NOW + SLOT_MS)) == (22_503, 8)


def test_an_attempt_costs_one_statement_for_its_rollup_and_one_for_its_timing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = []
    change = store.database.change

    def watched(sql: str, parameters: tuple[object, ...] = ()) -> int:
        statements.append(sql.split()[2])
        return change(sql, parameters)

    monkeypatch.setattr(store.database, "change", watched)
    ended(store)
    assert statements == ["rollups", "timings"]


def test_a_rollback_undoes_both(store: Store) -> None:
    with pytest.raises(KeyError), store.writing():
        store.stats.count_attempt("q", COMPLETED, run_time=1, wait_time=1, now=NOW)
        raise KeyError
    assert timings(store) == [] and store.stats.first() is None


def test_totals_are_of_a_span_of_whole_slots(store: Store) -> None:
    for slot in range(4):
        ended(store, now=NOW + slot * SLOT_MS)
    ended(store, queue="other", now=NOW + SLOT_MS)
    assert totals(store, 0) == [("other", 1, 0, 1, 7, 3), ("q", 1, 0, 4, 28, 12)]
    assert totals(store, NOW + SLOT_MS, NOW + 3 * SLOT_MS) == [("other", 1, 0, 1, 7, 3), ("q", 1, 0, 2, 14, 6)]
    assert totals(store, NOW + 4 * SLOT_MS) == []


def test_a_series_adds_up_steps_of_slots(store: Store) -> None:
    for slot in (0, 1, 2, 5):
        ended(store, now=NOW + slot * SLOT_MS)
    first = NOW // SLOT_MS // 3
    assert [values(found)[:5] for found in store.timings.series(NOW, NOW + 6 * SLOT_MS, 3 * SLOT_MS)] == [
        (first, "q", 1, 0, 3),
        (first + 1, "q", 1, 0, 1),
    ]
    assert [row.attempts for row in store.timings.series(NOW, NOW + 3 * SLOT_MS, 3 * SLOT_MS)] == [3]


def test_old_timings_go_a_few_hours_at_a_time(store: Store) -> None:
    assert not store.timings.has_before(NOW)
    slots = Timings.AT_ONCE * 2 + 10
    for slot in range(slots):
        ended(store, now=NOW + slot * SLOT_MS)
    before = NOW + (slots - 5) * SLOT_MS
    pruned = []
    while store.timings.has_before(before):
        pruned.append(write(store, store.timings.prune, before))
    assert pruned == [Timings.AT_ONCE, Timings.AT_ONCE, 5]
    assert [row[0] for row in timings(store)] == [before // SLOT_MS + slot for slot in range(5)]


# Backlog


def test_a_minute_has_one_sample_whichever_process_is_first(store: Store, stores: Stores) -> None:
    assert sample(store, 3, NOW, processing=1, oldest_age=9)
    assert not sample(stores(), 5, NOW + MINUTE - 1)
    assert sample(stores(), 4, NOW + MINUTE)
    samples = [values(found) for found in store.backlog.since(NOW)]
    assert samples == [(NOW // MINUTE, 3, 1, 9), (NOW // MINUTE + 1, 4, 0, 0)]
    assert [row.pending for row in store.backlog.since(NOW + MINUTE)] == [4]


def test_the_last_sample_is_not_one_of_a_clock_that_was_ahead(store: Store) -> None:
    assert store.backlog.last(NOW) is None
    sample(store, 3, NOW)
    sample(store, 9, NOW + 10 * MINUTE)
    assert store.backlog.last(NOW - 1) is None
    lasts = [store.backlog.last(NOW + minutes * MINUTE) for minutes in (5, 10)]
    assert [last and last.pending for last in lasts] == [3, 9]


def test_old_samples_go_a_day_at_a_time(store: Store) -> None:
    with store.writing():
        for minute in range(Backlog.AT_ONCE + 20):
            store.backlog.add(pending=1, processing=0, oldest_age=0, now=NOW + minute * MINUTE)
    before = NOW + (Backlog.AT_ONCE + 10) * MINUTE
    pruned = []
    while store.backlog.has_before(before):
        pruned.append(write(store, store.backlog.prune, before))
    assert pruned == [Backlog.AT_ONCE, 10]
    assert len(store.backlog.since(0)) == 10
