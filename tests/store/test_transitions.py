"""Each verb of the store from each state: it does what TRANSITIONS allows, and nothing else."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from queuectl.model.job import (
    CANCELLED,
    COMPLETED,
    DEAD,
    FAILED,
    HELD,
    PENDING,
    PROCESSING,
    SCHEDULED,
    STATES,
    TRANSITIONS,
    sources,
)
from queuectl.model.outcome import Outcome
from queuectl.model.verbs import PLAIN_VERBS
from queuectl.store import Store
from queuectl.store.claim import CLAIM_COLUMNS, Claim
from queuectl.store.contexts import Context
from tests.store.building import (
    ALL_STATES,
    LATER,
    NOW,
    add,
    assert_whole,
    bring_to,
    claim,
    contents,
    job,
    outcome_for,
    state_of,
    take,
    write,
)

Change = Callable[[Store, int], Any]


def end_with(state: str) -> Change:
    def end(store: Store, number: int) -> bool:
        return write(
            store,
            store.jobs.finish,
            claim_of(store, number),
            outcome_for(state),
            state=state,
            run_at=LATER,
            duration=5,
            now=NOW,
        )

    return end


def claim_of(store: Store, number: int) -> Claim:
    """The claim that a worker of this job would hold; one that was never given if it was never claimed."""
    row = store.database.rows(f"SELECT {CLAIM_COLUMNS}, attempt_id FROM jobs WHERE number = ?", (number,))[0]
    own = {"attempt_id": row["attempt_id"] or 77, "worker": 1, "started_at": NOW, "lease_until": 0, "wait_time": 0}
    return Claim.of({**row, **own, "context": Context("/", "", {})})


# Each returns something true exactly if it says that it did something.
VERBS: dict[str, Change] = {
    "claim": lambda store, number: take(store, now=LATER),
    "succeed": end_with(COMPLETED),
    "fail": end_with(FAILED),
    "bury": end_with(DEAD),
    "requeue": end_with(PENDING),
    "snooze": end_with(SCHEDULED),
    "promote": lambda store, number: write(store, store.jobs.promote, LATER, 10),
    "retry": lambda store, number: write(store, store.jobs.retry, number, NOW, keep_attempts=False),
    # Only what is suspended can go on.
    "resume": lambda store, number: (
        write(store, store.jobs.suspend, number, NOW) and write(store, store.jobs.resume, number, LATER)
    ),
    "release": lambda store, number: write(store, store.jobs.release, number, LATER),
    "edit": lambda store, number: write(store, store.jobs.edit, number, {"priority": 7}, NOW),
    "front": lambda store, number: write(store, store.jobs.front, number, 7, NOW),
    "postpone": lambda store, number: write(store, store.jobs.edit, number, {"run_at": LATER + 5}, NOW),
}


def named(verb: str) -> Change:
    def change(store: Store, number: int) -> bool:
        return bool(write(store, getattr(store.jobs, verb), number, NOW))

    return change


for plain in PLAIN_VERBS:
    if sources(plain.name):
        VERBS.setdefault(plain.name, named(plain.name))


def test_every_verb_but_unblock_has_a_method() -> None:
    assert {verb for _, verb in TRANSITIONS} - set(VERBS) == {"unblock"}
    assert set(ALL_STATES) == set(STATES)


# A running job is cancelled in two steps, see the next test.
PAIRS = [(state, verb) for state in STATES for verb in VERBS if (state, verb) != (PROCESSING, "cancel")]


@pytest.mark.slow
@pytest.mark.parametrize("state, verb", PAIRS)
def test_the_store_does_what_transitions_allows_and_nothing_else(store: Store, state: str, verb: str) -> None:
    number = bring_to(store, state)
    before = contents(store)
    told = VERBS[verb](store, number)
    target = TRANSITIONS.get((state, verb))
    assert bool(told) == (target is not None)
    if target is None:
        assert contents(store) == before
    else:
        assert state_of(store, number) == target
    assert_whole(store)


def test_a_running_job_is_marked_by_cancel_and_then_ended_by_its_worker(store: Store) -> None:
    number = bring_to(store, PROCESSING)
    assert write(store, store.jobs.cancel, number, NOW) is True
    assert state_of(store, number) == PROCESSING
    assert end_with(CANCELLED)(store, number)
    assert state_of(store, number) == TRANSITIONS[PROCESSING, "cancel"]
    assert_whole(store)


@pytest.mark.parametrize("state", [HELD, PROCESSING, "blocked", "nonsense"])
def test_an_attempt_leads_to_no_other_state(store: Store, state: str) -> None:
    claimed = claim_of(store, bring_to(store, PROCESSING))
    before = contents(store)
    with pytest.raises(ValueError, match="cannot lead to"):
        write(store, store.jobs.finish, claimed, Outcome.exited(0), state=state, run_at=NOW, duration=1, now=NOW)
    assert contents(store) == before


@pytest.mark.parametrize("state", STATES)
def test_any_job_but_a_running_one_can_be_removed(store: Store, state: str) -> None:
    number = bring_to(store, state)
    before = contents(store)
    assert write(store, store.jobs.remove, number) == (state != PROCESSING)
    if state == PROCESSING:
        assert contents(store) == before
    else:
        assert store.search.jobs([number]) == [] and store.counts.by_queue() == {}
        assert store.attempts.of_job(number) == []
    assert_whole(store)


@pytest.mark.parametrize("state", STATES)
def test_only_a_running_attempt_can_be_renewed_and_asked_about(store: Store, state: str) -> None:
    number = bring_to(store, state)
    attempt_id = claim_of(store, number).attempt_id
    before = contents(store)
    assert write(store, store.jobs.renew, number, attempt_id, 99_000) == (state == PROCESSING)
    assert store.jobs.cancel_requested(number, attempt_id) == (False if state == PROCESSING else None)
    if state != PROCESSING:
        assert contents(store) == before


def test_verbs_of_a_job_that_is_not_there_do_nothing(store: Store) -> None:
    before = contents(store)
    assert take(store) is None
    for verb in ("cancel", "retry", "release", "promote"):
        assert not VERBS[verb](store, 7)
    assert write(store, store.jobs.remove, 7) is False
    assert contents(store) == before


def test_a_held_job_whose_time_has_not_come_is_released_to_scheduled(store: Store) -> None:
    number = add(store, hold=True, run_at=LATER)
    assert state_of(store, number) == HELD
    assert write(store, store.jobs.release, number, LATER - 1)
    assert state_of(store, number) == SCHEDULED
    assert store.jobs.next_due() == LATER
    assert_whole(store)


def test_a_claimed_job_forgets_how_its_last_attempt_ended(store: Store) -> None:
    number = bring_to(store, FAILED)
    assert job(store, number).exit_code == 1 and job(store, number).error == "exit code 1"
    write(store, store.jobs.promote, LATER, 1)
    claim(store, now=LATER)
    now = job(store, number)
    assert (now.exit_code, now.signal, now.error, now.duration, now.finished_at) == (None,) * 5
    assert (now.started_at, now.worker, now.attempts) == (LATER, 1, 2)
