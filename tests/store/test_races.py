"""Two who want different things of one job, in both orders, and many who claim at once."""

from __future__ import annotations

import pytest

from queuectl.model.job import CANCELLED, COMPLETED, FAILED, PENDING, PROCESSING, TRANSITIONS
from queuectl.model.outcome import Outcome, verb_after
from queuectl.store import Store
from queuectl.store.claim import Claim
from tests.store.building import (
    NOW,
    Stores,
    add,
    assert_whole,
    claim,
    contents,
    enqueue,
    finish,
    spec,
    state_of,
    take,
    write,
)
from tests.store.together import run_together
from tests.support import Processes

LOST = Outcome.lost("its worker is gone")


@pytest.fixture
def worker(stores: Stores) -> Store:
    """The store of a worker; the test's own is the user's or the recoverer's."""
    return stores()


def settle(store: Store, claimed: Claim, outcome: Outcome) -> str | None:
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
def test_cancel_before_finish(store: Store, worker: Store, outcome: Outcome, state: str) -> None:
    number = add(store)
    claimed = claim(worker)
    assert write(store, store.jobs.cancel, number, NOW) is True
    assert settle(worker, claimed, outcome) == state == state_of(store, number)
    assert_whole(store)


def test_finish_before_cancel(store: Store, worker: Store) -> None:
    number = add(store)
    assert settle(worker, claim(worker), Outcome.exited(0)) == COMPLETED
    before = contents(store)
    assert write(store, store.jobs.cancel, number, NOW) is False
    assert contents(store) == before


def test_failure_before_cancel(store: Store, worker: Store) -> None:
    number = add(store)
    assert settle(worker, claim(worker), Outcome.exited(1)) == FAILED
    assert write(store, store.jobs.cancel, number, NOW) is True
    assert state_of(store, number) == CANCELLED
    assert_whole(store)


def test_recovery_before_finish(store: Store, worker: Store) -> None:
    number = add(store)
    claimed = claim(worker)
    assert finish(store, claimed, FAILED, LOST)
    before = contents(store)
    assert settle(worker, claimed, Outcome.exited(0)) is None
    assert finish(worker, claimed) is False
    assert contents(store) == before and state_of(store, number) == FAILED


def test_finish_before_recovery(store: Store, worker: Store) -> None:
    number = add(store)
    claimed = claim(worker)
    [seen] = store.attempts.running(store.contexts)
    assert settle(worker, claimed, Outcome.exited(0)) == COMPLETED
    before = contents(store)
    assert finish(store, seen.claim, FAILED, LOST) is False
    assert contents(store) == before and state_of(store, number) == COMPLETED


def test_two_recoveries_of_one_attempt(store: Store, worker: Store) -> None:
    number = add(store)
    claim(worker)
    [first], [second] = store.attempts.running(store.contexts), worker.attempts.running(worker.contexts)
    assert finish(store, first.claim, FAILED, LOST)
    assert finish(worker, second.claim, FAILED, LOST) is False
    [attempt] = store.attempts.of_job(number)
    assert (attempt.outcome, attempt.error) == ("lost", "its worker is gone")


def test_cancel_before_claim(store: Store, worker: Store) -> None:
    number = add(store)
    assert write(store, store.jobs.cancel, number, NOW) is True
    assert take(worker) is None


def test_claim_before_cancel(store: Store, worker: Store) -> None:
    number = add(store)
    claimed = claim(worker)
    assert write(store, store.jobs.cancel, number, NOW) is True
    assert worker.jobs.cancel_requested(number, claimed.attempt_id) is True


def test_remove_before_finish(store: Store, worker: Store) -> None:
    number = add(store)
    claimed = claim(worker)
    assert finish(store, claimed, FAILED, LOST)
    assert write(store, store.jobs.remove, number)
    before = contents(store)
    assert settle(worker, claimed, Outcome.exited(0)) is None
    assert contents(store) == before


def test_two_claims_of_one_job(store: Store, worker: Store) -> None:
    number = add(store)
    assert claim(worker).number == number
    assert take(store) is None


def test_two_claims_of_two_jobs(store: Store, worker: Store) -> None:
    enqueue(store, spec(), spec())
    assert [claim(store).number, claim(worker).number] == [1, 2]


def test_two_who_promote(store: Store, worker: Store) -> None:
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


def test_many_processes_claim_each_job_exactly_once(store: Store, home: str, processes: Processes) -> None:
    enqueue(store, *[spec(queue=f"q{number % 3}") for number in range(300)])
    claimed = run_together(processes, CLAIMER, [[home, str(worker)] for worker in range(1, 5)])
    assert sorted(int(number) for said in claimed for number in said.split()) == list(range(1, 301))
    assert store.counts.by_state() == {PROCESSING: 300}
    assert_whole(store)
