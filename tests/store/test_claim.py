"""Claiming: which job, what the worker gets, and that only its attempt may end it."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

from queuectl.model.job import COMPLETED, DEAD, FAILED, PENDING, PROCESSING
from queuectl.model.outcome import Outcome
from queuectl.store import Store
from queuectl.store.claim import Claim
from tests.store.building import (
    LATER,
    LEASE,
    NOW,
    add,
    assert_whole,
    bring_to,
    claim,
    contents,
    enqueue,
    finish,
    job,
    spec,
    state_of,
    take,
    values,
    write,
)

SEED = time.time_ns()


def drain(store: Store, **options: Any) -> list[str]:
    """The ids of all claimable jobs in the order in which they are claimed."""
    ids: list[str] = []
    while True:
        claimed = take(store, **options)
        if claimed is None:
            return ids
        ids.append(claimed.id)


def test_jobs_are_claimed_by_priority_then_time_then_number_across_queues(store: Store) -> None:
    print(f"seed {SEED}")
    source = random.Random(SEED)
    specs = [
        spec(
            id=f"n{number}",
            queue=source.choice("abc"),
            priority=source.randint(-1, 1),
            run_at=NOW - source.randint(0, 3),
        )
        for number in range(60)
    ]
    enqueue(store, *specs)
    expected = sorted(range(60), key=lambda number: (-specs[number].priority, specs[number].run_at, number))
    assert drain(store) == [f"n{number}" for number in expected]


def test_a_claim_is_limited_to_the_queues_asked_for(store: Store) -> None:
    enqueue(store, spec(id="a", queue="x", priority=9), spec(id="b", queue="y"), spec(id="c", queue="z"))
    assert drain(store, queues=("y", "z", "none")) == ["b", "c"]
    assert drain(store) == ["a"]


def test_jobs_that_are_not_pending_do_not_stand_in_the_way(store: Store) -> None:
    enqueue(store, spec(id="due later", priority=9, run_at=LATER), spec(id="held", priority=9, hold=True), spec(id="a"))
    assert drain(store) == ["a"]


def test_a_claim_carries_what_is_needed_to_run_the_job(store: Store) -> None:
    number = add(
        store,
        "echo",
        id="a",
        queue="q",
        max_retries=2,
        timeout=1_500,
        cwd="/x",
        env={"A": "1"},
        allow_background=True,
        now=NOW - 40,
    )
    claimed = claim(store, worker=3)
    assert (claimed.number, claimed.id, claimed.command, claimed.queue) == (number, "a", "echo", "q")
    assert (claimed.attempt, claimed.attempts, claimed.max_retries, claimed.timeout) == (1, 1, 2, 1_500)
    assert (claimed.worker, claimed.started_at, claimed.lease_until, claimed.wait_time) == (3, NOW, LEASE, 40)
    assert (claimed.context.cwd, claimed.context.path, claimed.context.env) == ("/x", "/bin", {"A": "1"})
    assert claimed.allow_background is True and claimed.run_at == NOW - 40


@pytest.mark.parametrize("run_at", [0, NOW - 1, NOW])
def test_no_job_has_waited_before_it_existed(store: Store, run_at: int) -> None:
    add(store, run_at=run_at)
    assert claim(store, now=NOW + 40).wait_time == 40


def test_a_job_that_was_tried_before_has_waited_since_its_next_attempt_was_due(store: Store) -> None:
    number = bring_to(store, "failed")
    write(store, store.jobs.promote, LATER, 9)
    assert claim(store, now=LATER + 40).wait_time == 40
    assert state_of(store, number) == "processing"


def test_a_job_that_is_retried_has_waited_since_then(store: Store) -> None:
    number = bring_to(store, "dead")
    write(store, store.jobs.retry, number, LATER, keep_attempts=False)
    assert claim(store, now=LATER + 40).wait_time == 40


def test_a_clock_that_was_set_back_makes_no_negative_wait(store: Store) -> None:
    add(store)
    assert claim(store, now=NOW - 5_000).wait_time == 0


def test_a_claim_begins_an_attempt(store: Store) -> None:
    number = add(store)
    claimed = claim(store, worker=3)
    [attempt] = store.attempts.of_job(number)
    assert (attempt.id, attempt.attempt, attempt.worker, attempt.started_at) == (claimed.attempt_id, 1, 3, NOW)
    assert (attempt.outcome, attempt.finished_at, attempt.pid) == (None, None, None)


def test_a_running_attempt_can_be_read_back_as_it_was_claimed(store: Store) -> None:
    add(store, queue="q", cwd="/x", env={"A": "1"}, allow_background=True)
    finish(store, claim(store), FAILED)
    write(store, store.jobs.promote, NOW, 1)
    claimed = claim(store, worker=3)
    [running] = store.attempts.running(store.contexts)
    assert (running.pid, running.pid_start) == (None, None)
    for name in type(claimed).__annotations__:
        if name != "context":
            assert getattr(running.claim, name) == getattr(claimed, name), name
    assert running.claim.context.env == {"A": "1"}
    write(store, store.attempts.record_process, claimed.attempt_id, 4_711, "start")
    [running] = store.attempts.running(store.contexts)
    assert (running.pid, running.pid_start, job(store, claimed.number).pid) == (4_711, "start", 4_711)


def test_running_attempts_come_by_job_number(store: Store) -> None:
    enqueue(store, *[spec(priority=number) for number in range(5)])
    for worker in range(5):
        claim(store, worker=9 - worker)
    assert [running.claim.number for running in store.attempts.running(store.contexts)] == [1, 2, 3, 4, 5]


def test_a_lease_is_prolonged_by_its_own_attempt(store: Store) -> None:
    number = add(store)
    claimed = claim(store)
    assert write(store, store.jobs.renew, number, claimed.attempt_id, LEASE + 5)
    [running] = store.attempts.running(store.contexts)
    assert running.claim.lease_until == LEASE + 5


def test_an_attempt_ends_once(store: Store) -> None:
    number = add(store)
    claimed = claim(store)
    assert finish(store, claimed, COMPLETED)
    before = contents(store)
    assert not finish(store, claimed, FAILED)
    assert (
        write(store, store.attempts.end, claimed.attempt_id, Outcome.exited(1), duration=1, output_size=0, now=LATER)
        is False
    )
    assert contents(store) == before and state_of(store, number) == COMPLETED


def test_how_an_attempt_ended_is_kept(store: Store) -> None:
    number = add(store, max_retries=0)
    claimed = claim(store)
    with store.writing():
        store.jobs.finish(claimed, Outcome.signalled(9, "SIGKILL"), state=DEAD, run_at=NOW, duration=7, now=LATER)
        store.attempts.end(claimed.attempt_id, Outcome.signalled(9, "SIGKILL"), duration=7, output_size=12, now=LATER)
    [attempt] = store.attempts.of_job(number)
    assert values(attempt)[6:] == (LATER, 7, "signalled", None, 9, "killed by SIGKILL", 12)
    ended = job(store, number)
    assert (ended.finished_at, ended.duration, ended.signal, ended.error) == (LATER, 7, 9, "killed by SIGKILL")


# The fence


def recover(store: Store, claimed: Claim, state: str = FAILED) -> None:
    assert finish(store, claimed, state, Outcome.lost("its worker is gone"), run_at=NOW)


@pytest.mark.parametrize("then", ["recovered", "promoted", "claimed again"])
def test_what_a_lost_attempt_says_is_refused_and_changes_nothing(store: Store, then: str) -> None:
    number = add(store)
    stale = claim(store)
    recover(store, stale)
    if then != "recovered":
        write(store, store.jobs.promote, NOW, 1)
    if then == "claimed again":
        assert claim(store, worker=2).attempt_id != stale.attempt_id
    before = contents(store)
    for state in (COMPLETED, FAILED, DEAD, PENDING):
        assert finish(store, stale, state) is False
    assert write(store, store.jobs.renew, number, stale.attempt_id, 99_000) is False
    assert store.jobs.cancel_requested(number, stale.attempt_id) is None
    write(store, store.attempts.record_process, stale.attempt_id, 1, "late")
    assert contents(store) == before


def test_an_attempt_of_one_job_cannot_end_another(store: Store) -> None:
    add(store), add(store)
    first, second = claim(store), claim(store)
    first.number = second.number
    before = contents(store)
    assert finish(store, first) is False
    assert contents(store) == before


def test_the_output_of_a_lost_attempt_counts_as_what_was_stored(store: Store) -> None:
    from queuectl.model.piece import Piece

    number = add(store)
    claimed = claim(store)
    write(
        store,
        store.output.append,
        claimed.attempt_id,
        [Piece(0, 1, b"abc"), Piece(100, 2, b"de")],
        head_end=0,
        tail_start=0,
    )
    write(store, store.attempts.end, claimed.attempt_id, Outcome.lost("gone"), duration=None, output_size=None, now=NOW)
    [attempt] = store.attempts.of_job(number)
    assert (attempt.output_size, attempt.duration) == (102, None)


# How attempts count


def run_once(store: Store, state: str) -> Claim:
    write(store, store.jobs.promote, NOW, 9)
    claimed = claim(store)
    finish(store, claimed, state, run_at=NOW)
    return claimed


def test_attempt_numbers_and_ids_never_repeat(store: Store) -> None:
    number = add(store, max_retries=1)
    claims = [run_once(store, state) for state in (FAILED, DEAD)]
    for keep_attempts in (False, True):
        assert write(store, store.jobs.retry, number, NOW, keep_attempts=keep_attempts)
        claims += [run_once(store, PENDING), run_once(store, DEAD)]
    assert [claimed.attempt for claimed in claims] == [1, 2, 3, 4, 5, 6]
    assert len({claimed.attempt_id for claimed in claims}) == 6
    assert [row.attempt for row in store.attempts.of_job(number)] == [1, 2, 3, 4, 5, 6]


def test_a_lost_attempt_of_a_removed_job_cannot_touch_another_even_under_the_same_id(store: Store) -> None:
    first = add(store)
    stale = claim(store)
    recover(store, stale, DEAD)
    write(store, store.jobs.remove, first)
    add(store)
    second = claim(store)
    stale.attempt_id = second.attempt_id
    before = contents(store)
    assert finish(store, stale) is False
    assert write(store, store.jobs.renew, stale.number, stale.attempt_id, 99_000) is False
    assert store.jobs.cancel_requested(stale.number, stale.attempt_id) is None
    assert contents(store) == before


def test_a_retry_gives_all_attempts_again(store: Store) -> None:
    number = bring_to(store, DEAD, max_retries=0)
    assert write(store, store.jobs.retry, number, NOW, keep_attempts=False)
    assert job(store, number).attempts == 0
    assert (claim(store).attempts, job(store, number).attempts) == (1, 1)


def test_a_retry_that_keeps_the_attempts_gives_one_more(store: Store) -> None:
    number = bring_to(store, DEAD, max_retries=0)
    assert write(store, store.jobs.retry, number, NOW, keep_attempts=True)
    assert job(store, number).attempts == 1
    assert claim(store).attempts == 2


def test_a_retried_job_is_due_at_once(store: Store) -> None:
    number = bring_to(store, FAILED)
    assert write(store, store.jobs.retry, number, NOW + 7, keep_attempts=True)
    assert (job(store, number).run_at, job(store, number).finished_at) == (NOW + 7, None)
    assert state_of(store, number) == PENDING and store.jobs.next_due() is None


def test_a_job_that_went_back_is_not_counted_as_tried(store: Store) -> None:
    number = add(store)
    claimed = claim(store)
    assert finish(store, claimed, PENDING)
    assert (job(store, number).attempts, job(store, number).finished_at) == (0, None)
    again = claim(store)
    assert (again.attempt, again.attempts) == (2, 1)


def test_counts_follow_every_step(store: Store) -> None:
    number = add(store, queue="q")
    assert store.counts.by_queue() == {"q": {PENDING: 1}}
    claimed = claim(store)
    assert store.counts.by_queue() == {"q": {PROCESSING: 1}}
    finish(store, claimed, FAILED)
    assert store.counts.by_state() == {FAILED: 1}
    assert store.counts.queues_with(FAILED) == ["q"] and store.counts.queues_with(PENDING) == []
    write(store, store.jobs.remove, number)
    assert store.counts.by_queue() == {} and store.counts.by_state() == {}
    assert_whole(store)
