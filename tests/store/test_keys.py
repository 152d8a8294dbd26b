"""Keys: who has one, and that no two unfinished jobs do."""

from __future__ import annotations

import sqlite3

import pytest

from queuectl.model.job import COMPLETED, DEAD, FINAL_STATES, OPEN_STATES, PENDING, STATES
from queuectl.store import Store
from tests.store.building import NOW, ORIGINS, add, assert_whole, bring_to, claim, finish, job, spec, state_of, write

HOUR = 3_600_000


@pytest.mark.parametrize("state", STATES)
def test_a_job_has_its_key_until_it_ends(store: Store, state: str) -> None:
    number = bring_to(store, state, key="a")
    holder = store.jobs.key_holder("a", NOW)
    assert (holder is not None) == (state in OPEN_STATES)
    assert holder is None or (holder.number, holder.state) == (number, state)
    assert store.jobs.key_holder("b", NOW) is None


@pytest.mark.parametrize("state", FINAL_STATES)
def test_a_job_may_keep_its_key_after_its_end(store: Store, state: str) -> None:
    number = bring_to(store, state, key="a", key_for=HOUR)
    until = job(store, number).finished_at + HOUR
    held = [store.jobs.key_holder("a", now) for now in (NOW, until - 1, until)]
    assert [holder and holder.number for holder in held] == [number, number, None]
    assert store.jobs.key_holder("a", None) is None


def test_the_last_one_to_end_keeps_the_key(store: Store) -> None:
    add(store, key="a", key_for=HOUR)
    finish(store, claim(store), COMPLETED, now=NOW)
    second = add(store, key="a", key_for=HOUR)
    finish(store, claim(store), COMPLETED, now=NOW + 5)
    holder = store.jobs.key_holder("a", NOW + 10)
    assert holder is not None and holder.number == second


def test_the_table_itself_refuses_a_second_unfinished_job_with_a_key(store: Store) -> None:
    add(store, key="a")
    with pytest.raises(sqlite3.IntegrityError), store.writing():
        store.jobs.enqueue([spec(key="a")], origins=ORIGINS, actor="test", now=NOW)
    assert_whole(store)


@pytest.mark.parametrize("state", FINAL_STATES)
def test_a_job_is_not_retried_while_another_has_its_key(store: Store, state: str) -> None:
    first = bring_to(store, state, key="a")
    second = add(store, key="a")
    assert write(store, store.jobs.retry, first, NOW, keep_attempts=False) is False
    assert state_of(store, first) == state
    write(store, store.jobs.cancel, second, NOW)
    assert write(store, store.jobs.retry, first, NOW, keep_attempts=False) is True
    assert state_of(store, first) == PENDING
    assert_whole(store)


def test_a_job_that_failed_is_retried_with_its_own_key(store: Store) -> None:
    number = bring_to(store, "failed", key="a")
    assert write(store, store.jobs.retry, number, NOW, keep_attempts=False) is True


def test_retention_leaves_a_job_that_keeps_its_key(store: Store) -> None:
    kept = bring_to(store, DEAD, key="a", key_for=HOUR)
    until = job(store, kept).finished_at + HOUR
    assert write(store, store.jobs.prune, DEAD, NOW + 2 * HOUR, 10, now=until - 1) == []
    assert store.jobs.with_output_before(DEAD, NOW + 2 * HOUR, 10, now=until - 1) == []
    assert write(store, store.jobs.prune, DEAD, NOW + 2 * HOUR, 10, now=until) == [f"job-{kept}"]
