"""Questions about jobs, and the groups of dead ones."""

from __future__ import annotations

import pytest

from queuectl.model.errors import StoreUnavailable
from queuectl.model.job import DEAD, FAILED
from queuectl.model.outcome import Outcome
from queuectl.store import Store
from tests.store.building import ALL_STATES, LATER, NOW, add, bring_to, claim, enqueue, finish, job, spec, write


def test_states_are_read_by_number_without_those_that_are_gone(store: Store) -> None:
    one_of_each = {state: bring_to(store, state) for state in (*(s for s in ALL_STATES if s != "pending"), "pending")}
    states = store.search.states_of([*one_of_each.values(), 999])
    assert states == {number: state for state, number in one_of_each.items()}
    assert store.search.states_of([]) == {}


def test_jobs_come_in_the_order_of_their_numbers_as_asked_without_those_that_are_gone(store: Store) -> None:
    enqueue(store, *[spec() for _ in range(1_200)])
    numbers = list(range(1_200, 0, -1))
    write(store, store.jobs.remove, 600)
    found = [one.number for one in store.search.jobs([*numbers, 5_000])]
    assert found == [number for number in numbers if number != 600]
    assert store.search.jobs([]) == []
    assert [one.number for one in store.search.jobs([2, 1, 2])] == [2, 1, 2]


def test_details_name_the_enqueuer_and_the_attempt(store: Store) -> None:
    number = add(store)
    claimed = claim(store)
    write(store, store.jobs.cancel, number, NOW)
    details = store.search.details(number)
    assert (details.created_by, details.cancel_requested) == ("test", True)
    (row,) = store.database.rows("SELECT attempt_id, last_attempt FROM jobs WHERE number = ?", (number,))
    assert tuple(row) == (claimed.attempt_id, 1)


# The dead letter queue


def die(store: Store, command: str, outcome: Outcome, now: int) -> None:
    add(store, command)
    finish(store, claim(store), DEAD, outcome, now=now)


def test_dead_jobs_are_grouped_by_how_they_failed_and_by_command(store: Store) -> None:
    die(store, "x", Outcome.exited(1), NOW)
    die(store, "y", Outcome.exited(1), LATER)
    die(store, "x", Outcome.signalled(9, "SIGKILL"), NOW)
    finish_failed = add(store, "x")
    finish(store, claim(store), FAILED)
    assert job(store, finish_failed).state == FAILED
    assert [list(group.parts_by_name().values()) for group in store.dead.by_error(9)] == [
        ["error", 2, 1, None, "exit code 1", NOW, LATER, "job-2", "job-1", ()],
        ["error", 1, None, 9, "killed by SIGKILL", NOW, NOW, "job-3", "job-3", ()],
    ]
    assert [list(group.parts_by_name().values()) for group in store.dead.by_command(9)] == [
        ["command", 2, None, None, "x", NOW, NOW, "job-3", None, ["job-3", "job-1"]],
        ["command", 1, None, None, "y", LATER, LATER, "job-2", None, ["job-2"]],
    ]
    assert [group.sample_ids for group in store.dead.by_error(9)] == [["job-2", "job-1"], ["job-3"]]
    assert len(store.dead.by_error(1)) == len(store.dead.by_command(1)) == 1


def test_a_question_that_sqlite_cannot_answer_is_an_error_of_the_store(store: Store) -> None:
    with pytest.raises(StoreUnavailable):
        store.database.rows("SELECT nonsense FROM jobs")
