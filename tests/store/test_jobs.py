"""Cancelling, promoting and pruning jobs."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.model.job import (
    CANCELLED,
    COMPLETED,
    DEAD,
    FAILED,
    FINAL_STATES,
    PENDING,
    PROCESSING,
    SCHEDULED,
    STATES,
    WAITING_STATES,
)
from queuectl.model.outcome import Outcome
from queuectl.model.piece import Piece
from queuectl.store import Store
from tests.store.building import (
    LATER,
    NOW,
    add,
    assert_whole,
    bring_to,
    claim,
    contents,
    enqueue,
    finish,
    job,
    number_of,
    spec,
    state_of,
    write,
)

# Cancelling


@pytest.mark.parametrize("state", WAITING_STATES)
def test_cancelling_a_waiting_job_ends_it(store: Store, state: str) -> None:
    number = bring_to(store, state)
    assert write(store, store.jobs.cancel, number, NOW + 5) is True
    assert (state_of(store, number), job(store, number).finished_at) == (CANCELLED, NOW + 5)
    assert store.jobs.next_due() is None
    assert_whole(store)


def test_cancelling_a_running_job_tells_its_worker(store: Store) -> None:
    number = bring_to(store, PROCESSING)
    (attempt,) = store.attempts.of_job(number)
    assert store.jobs.cancel_requested(number, attempt.id) is False
    assert write(store, store.jobs.cancel, number, NOW + 5) is True
    assert store.jobs.cancel_requested(number, attempt.id) is True
    assert job(store, number).updated_at == NOW + 5
    assert write(store, store.jobs.cancel, number, NOW + 6) is True


@pytest.mark.parametrize("state", [PENDING, FAILED])
def test_a_request_to_cancel_does_not_outlive_the_attempt(store: Store, state: str) -> None:
    number = add(store)
    claimed = claim(store)
    write(store, store.jobs.cancel, number, NOW)
    finish(store, claimed, state, run_at=NOW)
    write(store, store.jobs.promote, NOW, 1)
    again = claim(store)
    assert store.jobs.cancel_requested(number, again.attempt_id) is False


# Promoting


def test_due_jobs_are_promoted_the_longest_due_first(store: Store) -> None:
    enqueue(store, *[spec(id=f"n{wait}", run_at=NOW + wait, queue=f"q{wait % 2}") for wait in (30, 10, 20, 40)])
    assert write(store, store.jobs.promote, NOW + 30, 2) == 2
    states = [state_of(store, number_of(store, name)) for name in ("n10", "n20", "n30", "n40")]
    assert states == [PENDING, PENDING, SCHEDULED, SCHEDULED]
    assert write(store, store.jobs.promote, NOW + 30, 2) == 1
    assert write(store, store.jobs.promote, NOW + 30, 2) == 0
    assert_whole(store)


def test_a_job_is_due_at_its_instant_and_not_before(store: Store) -> None:
    number = add(store, run_at=NOW + 10)
    assert write(store, store.jobs.promote, NOW + 9, 9) == 0
    assert write(store, store.jobs.promote, NOW + 10, 9) == 1
    assert (state_of(store, number), job(store, number).run_at) == (PENDING, NOW + 10)


def test_next_due_is_the_earliest_of_scheduled_and_failed(store: Store) -> None:
    assert store.jobs.next_due() is None
    bring_to(store, FAILED)
    add(store, run_at=LATER + 1)
    add(store, hold=True, run_at=NOW + 1)
    assert store.jobs.next_due() == LATER
    add(store, run_at=LATER - 1)
    assert store.jobs.next_due() == LATER - 1
    write(store, store.jobs.promote, LATER, 9)
    assert store.jobs.next_due() == LATER + 1


# Pruning


def ended(store: Store, state: str, finished_at: int, **fields: Any) -> int:
    number = add(store, **fields)
    finish(store, claim(store), state, now=finished_at)
    return number


def test_pruning_takes_what_ended_before_an_instant_in_one_state(store: Store) -> None:
    old, recent = [ended(store, COMPLETED, NOW + moment) for moment in (9, 10)]
    dead = ended(store, DEAD, NOW + 1)
    assert len(write(store, store.jobs.prune, COMPLETED, NOW + 10, 99, now=NOW + 10)) == 1
    assert store.names.in_range(1, 9) == [recent, dead]
    assert not store.names.in_range(old, old)
    assert_whole(store)


def test_pruning_takes_the_oldest_first_up_to_its_limit(store: Store) -> None:
    numbers = [ended(store, COMPLETED, NOW + moment, queue=f"q{moment % 2}") for moment in (3, 1, 2, 4)]
    assert len(write(store, store.jobs.prune, COMPLETED, LATER, 3, now=LATER)) == 3
    assert store.names.in_range(1, 9) == [numbers[3]]
    assert len(write(store, store.jobs.prune, COMPLETED, LATER, 3, now=LATER)) == 1
    assert store.counts.by_queue() == {}


def test_pruning_takes_attempts_and_output_along_and_leaves_those_of_others(store: Store) -> None:
    for state in (COMPLETED, DEAD):
        number = add(store, max_retries=1)
        for outcome in (FAILED, state):
            write(store, store.jobs.promote, NOW, 9)
            claimed = claim(store)
            write(store, store.output.append, claimed.attempt_id, [Piece(0, 1, b"x")], head_end=0, tail_start=0)
            finish(store, claimed, outcome, run_at=NOW)
    assert len(write(store, store.jobs.prune, COMPLETED, LATER, 9, now=LATER)) == 1
    assert [row["job"] for row in store.database.rows("SELECT job FROM attempts")] == [number] * 2
    assert store.database.value("SELECT count(*) FROM output") == 2
    assert_whole(store)


@pytest.mark.parametrize("state", [state for state in STATES if state not in FINAL_STATES])
def test_pruning_never_takes_a_job_that_is_not_final(store: Store, state: str) -> None:
    bring_to(store, state)
    before = contents(store)
    assert len(write(store, store.jobs.prune, state, LATER * 2, 99, now=LATER * 2)) == 0
    assert contents(store) == before


def test_a_retried_job_is_not_pruned(store: Store) -> None:
    number = ended(store, DEAD, NOW)
    write(store, store.jobs.retry, number, NOW, keep_attempts=False)
    for state in FINAL_STATES:
        assert len(write(store, store.jobs.prune, state, LATER, 99, now=LATER)) == 0
    assert store.names.in_range(number, number)


# What an attempt does to its job's times


def test_a_failed_job_waits_for_its_next_attempt_and_is_not_finished(store: Store) -> None:
    number = bring_to(store, FAILED)
    waiting = job(store, number)
    assert (waiting.run_at, waiting.finished_at, waiting.duration, waiting.exit_code) == (LATER, None, 5, 1)


def test_a_completed_job_is_finished_and_without_an_error(store: Store) -> None:
    number = bring_to(store, COMPLETED)
    done = job(store, number)
    assert (done.finished_at, done.exit_code, done.error, done.worker) == (NOW, 0, None, 1)


def test_a_job_that_could_not_be_started_has_no_exit_code(store: Store) -> None:
    number = add(store)
    finish(store, claim(store), DEAD, Outcome.not_started("no such directory"))
    assert (job(store, number).exit_code, job(store, number).error) == (None, "cannot start: no such directory")
