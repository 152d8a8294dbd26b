"""Two who want different things of one job, in both orders, and many who claim at once."""

from __future__ import annotations

import subprocess

import pytest

from queuectl.model.job import CANCELLED, COMPLETED, FAILED, PENDING, PROCESSING, TRANSITIONS, Outcome, verb_after
from tests.store.building import (
    NOW,
    add,
    assert_whole,
    claim,
    contents,
    enqueue,
    finish,
    python,
    spec,
    state_of,
    take,
    write,
)

LOST = Outcome.lost("its worker is gone")


@pytest.fixture
def worker(stores):
    """The store of a worker; the test's own is the user's or the recoverer's."""
    return stores()


def settle(store, claimed, outcome):
    """End an attempt the way the engine does: look whether it was cancelled, in the same transaction."""
    with store.writing():
        cancel = store.jobs.cancel_requested(claimed.number, claimed.attempt_id)
        if cancel is None:
            return None
        state = TRANSITIONS[
            PROCESSING,
            verb_after(outcome, attempts=claimed.attempts, cancel_requested=cancel, max_retries=claimed.max_retries),
        ]
        assert store.jobs.finish(claimed, outcome, state=state, run_at=NOW, duration=1, now=NOW)
        store.attempts.end(claimed.attempt_id, outcome, duration=1, output_size=0, now=NOW)
        return state


@pytest.mark.parametrize("outcome, state", [(Outcome.exited(0), COMPLETED), (Outcome.exited(1), CANCELLED)])
def test_cancel_before_finish(store, worker, outcome, state):
    number = add(store)
    claimed = claim(worker)
    assert write(store, store.jobs.cancel, number, NOW) is True
    assert settle(worker, claimed, outcome) == state == state_of(store, number)
    assert_whole(store)


def test_finish_before_cancel(store, worker):
    number = add(store)
    assert settle(worker, claim(worker), Outcome.exited(0)) == COMPLETED
    before = contents(store)
    assert write(store, store.jobs.cancel, number, NOW) is False
    assert contents(store) == before


def test_failure_before_cancel(store, worker):
    number = add(store)
    assert settle(worker, claim(worker), Outcome.exited(1)) == FAILED
    assert write(store, store.jobs.cancel, number, NOW) is True
    assert state_of(store, number) == CANCELLED
    assert_whole(store)


def test_recovery_before_finish(store, worker):
    number = add(store)
    claimed = claim(worker)
    assert finish(store, claimed, FAILED, LOST)
    before = contents(store)
    assert settle(worker, claimed, Outcome.exited(0)) is None
    assert finish(worker, claimed) is False
    assert contents(store) == before and state_of(store, number) == FAILED


def test_finish_before_recovery(store, worker):
    number = add(store)
    claimed = claim(worker)
    [seen] = store.attempts.running(store.contexts)
    assert settle(worker, claimed, Outcome.exited(0)) == COMPLETED
    before = contents(store)
    assert finish(store, seen.claim, FAILED, LOST) is False
    assert contents(store) == before and state_of(store, number) == COMPLETED


def test_two_recoveries_of_one_attempt(store, worker):
    number = add(store)
    claim(worker)
    [first], [second] = store.attempts.running(store.contexts), worker.attempts.running(worker.contexts)
    assert finish(store, first.claim, FAILED, LOST)
    assert finish(worker, second.claim, FAILED, LOST) is False
    [attempt] = store.attempts.of_job(number)
    assert (attempt.outcome, attempt.error) == ("lost", "its worker is gone")


def test_cancel_before_claim(store, worker):
    number = add(store)
    assert write(store, store.jobs.cancel, number, NOW) is True
    assert take(worker) is None


def test_claim_before_cancel(store, worker):
    number = add(store)
    claimed = claim(worker)
    assert write(store, store.jobs.cancel, number, NOW) is True
    assert worker.jobs.cancel_requested(number, claimed.attempt_id) is True


def test_remove_before_finish(store, worker):
    number = add(store)
    claimed = claim(worker)
    assert finish(store, claimed, FAILED, LOST)
    assert write(store, store.jobs.remove, number)
    before = contents(store)
    assert settle(worker, claimed, Outcome.exited(0)) is None
    assert contents(store) == before


def test_two_claims_of_one_job(store, worker):
    number = add(store)
    assert claim(worker).number == number
    assert take(store) is None


def test_two_claims_of_two_jobs(store, worker):
    enqueue(store, spec(), spec())
    assert [claim(store).number, claim(worker).number] == [1, 2]


def test_two_who_promote(store, worker):
    add(store, run_at=NOW + 1)
    assert [write(one, one.jobs.promote, NOW + 1, 9) for one in (store, worker)] == [1, 0]
    assert store.counts.by_state() == {PENDING: 1}


CLAIMER = """
from tests.store.building import open_store, take
from queuectl.model.clock import SYSTEM_CLOCK
with open_store(sys.argv[1], clock=SYSTEM_CLOCK) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        claimed = take(store, worker=int(sys.argv[2]))
        if claimed is None:
            break
        print(claimed.number)
"""


def test_many_processes_claim_each_job_exactly_once(store, home, processes):
    enqueue(store, *[spec(queue=f"q{number % 3}") for number in range(300)])
    claimers = [
        processes.start(
            python(CLAIMER, home, str(worker)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii"
        )
        for worker in range(1, 5)
    ]
    for claimer in claimers:
        assert claimer.stdout.readline() == "ready\n"
    claimed = []
    for claimer in claimers:
        claimer.stdin.write("go\n")
        claimer.stdin.flush()
    for claimer in claimers:
        claimed += [int(line) for line in claimer.stdout.read().split()]
        assert claimer.wait(60) == 0
    assert sorted(claimed) == list(range(1, 301))
    assert store.counts.by_state() == {PROCESSING: 300}
    assert_whole(store)
