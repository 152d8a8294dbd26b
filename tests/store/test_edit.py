"""Editing and holding jobs that wait: what changes, what stays, and where the job is then."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.model.job import FAILED, HELD, PENDING, PROCESSING, SCHEDULED, WAITING_STATES, Job
from queuectl.store import Store
from tests.store.building import (
    LATER,
    NOW,
    add,
    assert_whole,
    bring_to,
    claim,
    contents,
    finish,
    job,
    state_of,
    take,
    write,
)

EVERYTHING: dict[str, Any] = {
    "command": "false",
    "queue": "other",
    "priority": 9,
    "max_retries": 7,
    "timeout": None,
    "cwd": "/new",
    "tags": ("a", "b"),
}


def edit(store: Store, number: int, now: int = NOW + 5, **changes: Any) -> bool:
    return write(store, store.jobs.edit, number, changes, now)


def kept(store: Store, number: int) -> dict[str, Any]:
    """Return the fields of a job as they are kept."""
    return {name: getattr(job(store, number), name) for name in Job.FIELDS}


@pytest.mark.parametrize("state", WAITING_STATES)
def test_what_is_given_changes_and_the_rest_stays(store: Store, state: str) -> None:
    number = bring_to(store, state, env={"A": "1"}, tags=("old",), id="x")
    before = kept(store, number)
    assert edit(store, number, **EVERYTHING)
    assert kept(store, number) == {**before, **EVERYTHING, "updated_at": NOW + 5}
    assert_whole(store)


def test_an_edited_job_is_claimed_as_it_is_then(store: Store) -> None:
    urgent = add(store, priority=1)
    number = add(store, env={"A": "1"}, cwd="/old", queue="q")
    edit(store, number, command="new", priority=2, cwd="/new")
    claimed = claim(store)
    assert (claimed.number, claimed.command, claimed.context.cwd, claimed.context.env) == (
        number,
        "new",
        "/new",
        {"A": "1"},
    )
    assert claim(store).number == urgent


def test_a_job_moves_to_another_queue_with_its_count(store: Store) -> None:
    number = add(store, queue="a")
    add(store, queue="a")
    edit(store, number, queue="b")
    assert store.counts.by_queue() == {"a": {PENDING: 1}, "b": {PENDING: 1}}
    assert claim(store, queues=("b",)).number == number


@pytest.mark.parametrize(
    "state, run_at, after",
    [
        (PENDING, LATER, SCHEDULED),
        (PENDING, NOW, PENDING),
        (SCHEDULED, LATER + 9, SCHEDULED),
        (SCHEDULED, NOW, PENDING),
        (FAILED, LATER + 9, SCHEDULED),
        (FAILED, NOW, PENDING),
        (HELD, LATER, HELD),
        (HELD, NOW, HELD),
        ("blocked", LATER, SCHEDULED),
        ("blocked", NOW, "blocked"),
    ],
)
def test_a_new_time_decides_whether_it_waits(store: Store, state: str, run_at: int, after: str) -> None:
    number = bring_to(store, state)
    assert edit(store, number, run_at=run_at, now=NOW)
    assert (state_of(store, number), job(store, number).run_at) == (after, run_at)
    assert (take(store) is not None) == (after == PENDING)
    assert_whole(store)


def test_a_postponed_job_is_promoted_at_its_new_time(store: Store) -> None:
    number = add(store)
    edit(store, number, run_at=LATER)
    assert store.jobs.next_due() == LATER
    assert write(store, store.jobs.promote, LATER - 1, 9) == 0
    assert write(store, store.jobs.promote, LATER, 9) == 1
    assert claim(store).number == number


@pytest.mark.parametrize("state", [PENDING, SCHEDULED, FAILED])
def test_a_held_job_is_neither_promoted_nor_claimed_until_it_is_released(store: Store, state: str) -> None:
    number = bring_to(store, state)
    attempts = job(store, number).attempts
    assert write(store, store.jobs.hold, number, NOW)
    assert store.jobs.next_due() is None and take(store) is None
    assert write(store, store.jobs.promote, LATER, 9) == 0
    assert write(store, store.jobs.release, number, LATER)
    assert (state_of(store, number), job(store, number).attempts) == (PENDING, attempts)
    assert_whole(store)


def test_a_failed_job_that_was_held_while_the_clock_was_ahead_does_not_wait_for_it(store: Store) -> None:
    year = 365 * 86_400_000
    number = add(store)
    finish(store, claim(store, now=NOW + year), FAILED, now=NOW + year, run_at=NOW + year + 10_000)
    write(store, store.jobs.hold, number, NOW)
    assert write(store, store.jobs.release, number, NOW)
    assert (state_of(store, number), job(store, number).attempts) == (PENDING, 1)


def test_a_time_that_a_user_gave_a_failed_job_does_not_move_along_any_more(store: Store) -> None:
    number = bring_to(store, FAILED)
    edit(store, number, run_at=LATER + 9, is_delay=False)
    assert write(store, store.jobs.move_delays, 3_600_000) == 0
    assert job(store, number).run_at == LATER + 9


@pytest.mark.parametrize("state", [SCHEDULED, HELD, "blocked"])
@pytest.mark.parametrize("is_delay", [False, True])
def test_a_job_moves_along_by_what_its_last_edit_said(store: Store, state: str, is_delay: bool) -> None:
    number = bring_to(store, state, is_delay=not is_delay)
    edit(store, number, run_at=LATER, is_delay=is_delay)
    assert write(store, store.jobs.move_delays, 5_000) == is_delay
    assert job(store, number).run_at == LATER + 5_000 * is_delay
    assert_whole(store)


def test_an_edit_of_something_else_leaves_a_delay_a_delay(store: Store) -> None:
    number = bring_to(store, SCHEDULED, is_delay=True)
    edit(store, number, priority=9)
    assert write(store, store.jobs.move_delays, -5_000) == 1
    assert job(store, number).run_at == LATER - 5_000


@pytest.mark.parametrize("state", [PENDING, PROCESSING, "completed", "dead", "cancelled"])
def test_what_does_not_wait_for_a_time_stays_where_it_is(store: Store, state: str) -> None:
    bring_to(store, state, is_delay=True)
    before = contents(store)
    assert write(store, store.jobs.move_delays, 5_000) == 0
    assert contents(store) == before


def test_a_failed_job_moves_along_and_no_time_goes_before_1970(store: Store) -> None:
    number = bring_to(store, FAILED)
    assert write(store, store.jobs.move_delays, -LATER - 1) == 1
    assert job(store, number).run_at == 0
