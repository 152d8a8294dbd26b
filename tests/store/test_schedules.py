"""Schedules in the store: one of a name, one that moves it on, one fire for a time."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from queuectl.model.job import CANCELLED, COMPLETED, DEAD, FAILED, HELD, PENDING, PROCESSING, SCHEDULED
from queuectl.model.schedule import Schedule
from queuectl.store import Store
from queuectl.store.schedules import KEPT_FIRES
from tests.store.building import ALL_STATES, NOW, ORIGIN, ORIGINS, Stores, add, assert_whole, bring_to, spec, write

MINUTE = 60_000


def schedule(store: Store, name: str = "backup", *, next_at: int | None = NOW, **fields: Any) -> Schedule:
    """Add a schedule that must be new; return it."""
    assert add_schedule(store, name, next_at=next_at, **fields)
    return get(store, name)


def get(store: Store, name: str = "backup") -> Schedule:
    found = store.schedules.get(name)
    assert found is not None
    return found


def add_schedule(
    store: Store,
    name: str,
    *,
    next_at: int | None = NOW,
    expression: str = "* * * * *",
    overlap: str = "skip",
    **fields: Any,
) -> bool:
    return write(
        store,
        store.schedules.add,
        name,
        [spec(**fields)],
        expression=expression,
        timezone="UTC",
        catch_up="last",
        overlap=overlap,
        expires=None,
        next_at=next_at,
        origin=ORIGIN,
        actor="test",
        now=NOW,
    )


def fires(store: Store) -> list[tuple[int, int, int | None]]:
    return [tuple(row) for row in store.database.rows("SELECT schedule, fire_at, job FROM fires ORDER BY 1, 2")]


def test_it_comes_back_as_it_was_added(store: Store) -> None:
    found = schedule(
        store,
        command="make",
        queue="slow",
        priority=7,
        max_retries=2,
        timeout=5_000,
        cwd="/srv",
        env={"A": "1"},
        next_at=NOW + 1,
    )
    assert (found.name, found.expression, found.timezone, found.catch_up, found.overlap) == (
        "backup",
        "* * * * *",
        "UTC",
        "last",
        "skip",
    )
    assert (found.command, found.queue, found.priority, found.max_retries, found.timeout) == (
        "make",
        "slow",
        7,
        2,
        5_000,
    )
    assert (found.cwd, found.path, found.env) == ("/srv", "/bin", {"A": "1"})
    assert (found.paused, found.next_at, found.created_at, found.created_by) == (False, NOW + 1, NOW, "test")


def test_it_may_have_no_limit_of_time_and_no_next_time(store: Store) -> None:
    found = schedule(store, timeout=None, next_at=None)
    assert (found.timeout, found.next_at) == (None, None)
    assert store.schedules.due(NOW * 2, 10) == [] and store.schedules.next_due() is None


def test_a_name_is_there_once(store: Store) -> None:
    first = schedule(store, command="first")
    assert add_schedule(store, "backup", command="second") is False
    assert [found.command for found in store.schedules.all()] == ["first"]
    assert get(store).id == first.id
    assert_whole(store)


def test_a_name_that_is_free_again_belongs_to_another_schedule(store: Store) -> None:
    first = schedule(store)
    assert write(store, store.schedules.remove, "backup")
    assert schedule(store).id != first.id
    assert write(store, store.schedules.advance, first, NOW + MINUTE) is False


def test_all_come_by_name_and_those_that_are_due_by_time(store: Store) -> None:
    for name, next_at in (("b", NOW + 1), ("c", NOW - 5), ("a", NOW), ("d", None)):
        schedule(store, name, next_at=next_at)
    assert [found.name for found in store.schedules.all()] == ["a", "b", "c", "d"]
    assert [found.name for found in store.schedules.due(NOW, 10)] == ["c", "a"]
    assert [found.name for found in store.schedules.due(NOW, 1)] == ["c"]
    assert store.schedules.next_due() == NOW - 5


def test_nobody_is_found_by_a_name_that_is_not_there(store: Store) -> None:
    assert store.schedules.get("nobody") is None
    for verb, *arguments in ((store.schedules.pause,), (store.schedules.resume, NOW), (store.schedules.remove,)):
        assert write(store, verb, "nobody", *arguments) is False


# Moving on


def test_it_moves_on_once_from_the_time_that_was_read(store: Store, stores: Stores) -> None:
    other = stores()
    schedule(store)
    mine, theirs = store.schedules.get("backup"), other.schedules.get("backup")
    assert write(store, store.schedules.advance, mine, NOW + MINUTE) is True
    assert write(other, other.schedules.advance, theirs, NOW + MINUTE) is False
    assert write(store, store.schedules.advance, mine, NOW + 2 * MINUTE) is False
    assert get(other).next_at == NOW + MINUTE


def test_it_moves_on_from_and_to_no_time_at_all(store: Store) -> None:
    found = schedule(store)
    assert write(store, store.schedules.advance, found, None)
    assert write(store, store.schedules.advance, found, NOW) is False
    assert write(store, store.schedules.advance, store.schedules.get("backup"), NOW)


def test_an_advance_that_is_undone_lets_another_one_do_it(store: Store, stores: Stores) -> None:
    other = stores()
    found = schedule(store)
    with pytest.raises(KeyboardInterrupt), store.writing():
        assert store.schedules.advance(found, NOW + MINUTE)
        store.schedules.record_fire(found, NOW, 1)
        raise KeyboardInterrupt
    assert write(other, other.schedules.advance, found, NOW + MINUTE)
    assert fires(store) == []


def test_one_that_was_paused_meanwhile_does_not_move(store: Store) -> None:
    found = schedule(store)
    assert write(store, store.schedules.pause, "backup")
    assert write(store, store.schedules.advance, found, NOW + MINUTE) is False
    assert get(store).next_at == NOW


def test_one_that_was_paused_and_resumed_meanwhile_does_not_move(store: Store) -> None:
    found = schedule(store)
    write(store, store.schedules.pause, "backup")
    assert write(store, store.schedules.resume, "backup", NOW + MINUTE)
    assert write(store, store.schedules.advance, found, NOW + 2 * MINUTE) is False


def test_pausing_and_resuming_work_once(store: Store) -> None:
    schedule(store)
    assert write(store, store.schedules.resume, "backup", NOW) is False
    assert write(store, store.schedules.pause, "backup") is True
    assert write(store, store.schedules.pause, "backup") is False
    assert get(store).paused
    assert store.schedules.due(NOW, 10) == [] and store.schedules.next_due() is None
    assert write(store, store.schedules.resume, "backup", NOW + MINUTE) is True
    assert write(store, store.schedules.resume, "backup", NOW) is False
    found = get(store)
    assert (found.paused, found.next_at) == (False, NOW + MINUTE)


# Fires


def test_a_time_fires_once(store: Store) -> None:
    found = schedule(store)
    write(store, store.schedules.record_fire, found, NOW, 1)
    with pytest.raises(sqlite3.IntegrityError):
        write(store, store.schedules.record_fire, found, NOW, 2)
    assert store.schedules.has_fired(found, NOW) and not store.schedules.has_fired(found, NOW + 1)
    assert fires(store) == [(found.id, NOW, 1)]
    assert_whole(store)


def test_schedules_fire_at_the_same_time_independently(store: Store) -> None:
    for name in ("a", "b"):
        found = schedule(store, name)
        assert not store.schedules.has_fired(found, NOW)
        write(store, store.schedules.record_fire, found, NOW, None)
    assert len(fires(store)) == 2


def test_the_last_fire_is_the_latest_time_in_whatever_order_they_came(store: Store) -> None:
    found = schedule(store)
    assert store.schedules.last_fired(found) is None
    for at in (NOW, NOW + MINUTE, NOW - MINUTE):
        write(store, store.schedules.record_fire, found, at, None)
    assert store.schedules.last_fired(found) == NOW + MINUTE


def test_removing_one_removes_its_fires_and_leaves_its_jobs_and_the_others(store: Store) -> None:
    gone, kept = schedule(store, "gone"), schedule(store, "kept")
    with store.writing():
        store.jobs.enqueue([spec()], origins=ORIGINS, actor="test", now=NOW, schedule="gone")
    for found in (gone, kept):
        write(store, store.schedules.record_fire, found, NOW, 1)
    assert write(store, store.schedules.remove, "gone") is True
    assert write(store, store.schedules.remove, "gone") is False
    assert fires(store) == [(kept.id, NOW, 1)]
    assert store.schedules.last_jobs("gone") == [1]
    assert_whole(store)


def test_fires_of_nobody_are_refused(store: Store) -> None:
    found = schedule(store)
    write(store, store.schedules.remove, "backup")
    with pytest.raises(sqlite3.IntegrityError):
        write(store, store.schedules.record_fire, found, NOW, 1)


def test_old_fires_are_forgotten_but_never_the_latest_thousand(store: Store) -> None:
    found, other = schedule(store), schedule(store, "other")
    count = KEPT_FIRES + 50
    with store.writing():
        for number in range(count):
            store.schedules.record_fire(found, NOW - number * MINUTE, number)
        store.schedules.record_fire(other, NOW - count * MINUTE, None)
    assert write(store, store.schedules.prune_fires, found, NOW - (count - 10) * MINUTE) == 9
    assert write(store, store.schedules.prune_fires, found, NOW * 2) == 40
    assert write(store, store.schedules.prune_fires, other, NOW * 2) == 0
    assert store.schedules.has_fired(found, NOW) and len(fires(store)) == KEPT_FIRES + 2


# Its jobs


def jobs_of(store: Store, name: str, count: int = 1, **fields: Any) -> list[str]:
    with store.writing():
        return store.jobs.enqueue(
            [spec(**fields) for _ in range(count)], origins=ORIGINS, actor="test", now=NOW, schedule=name
        )


def test_its_newest_jobs_come_first_and_no_others(store: Store) -> None:
    jobs_of(store, "backup", 3)
    jobs_of(store, "other")
    add(store)
    assert store.schedules.last_jobs("backup", 2) == [3, 2]
    assert store.schedules.last_jobs("nobody") == []


@pytest.mark.parametrize("state", ALL_STATES)
def test_a_job_is_unfinished_until_its_state_is_final(store: Store, state: str) -> None:
    number = bring_to(store, state)
    with store.writing():
        store.database.change("UPDATE jobs SET schedule = 'backup'")
    final = state in (COMPLETED, DEAD, CANCELLED)
    assert final or state in (PENDING, PROCESSING, FAILED, HELD, SCHEDULED, "blocked")
    assert store.schedules.unfinished("backup") == (None if final else number)


def test_an_older_job_that_still_waits_is_unfinished_too(store: Store) -> None:
    jobs_of(store, "backup", 5)
    for number in (1, 3, 4, 5):
        write(store, store.jobs.cancel, number, NOW)
    assert store.schedules.unfinished("backup") == 2


# What the tables do not allow


@pytest.mark.parametrize(
    "change",
    [
        "max_retries = -1",
        "timeout = 0",
        "context = 99",
        "catch_up = 'some'",
        "overlap = 'both'",
        "paused = 2",
        "name = NULL",
        "expression = NULL",
        "timezone = NULL",
        "command = NULL",
        "jobs = '[]'",
        "jobs = '[]', command = NULL",
        "queue = NULL",
        "priority = NULL",
        "max_retries = NULL",
        "nice = NULL",
    ],
)
def test_the_tables_refuse_a_schedule_that_cannot_be(store: Store, change: str) -> None:
    schedule(store)
    with pytest.raises(sqlite3.IntegrityError), store.writing():
        store.database.change(f"UPDATE schedules SET {change}")
    assert_whole(store)


def test_writing_needs_a_transaction(store: Store) -> None:
    found = schedule(store)
    for verb, arguments in (
        (store.schedules.advance, (found, NOW)),
        (store.schedules.pause, ("backup",)),
        (store.schedules.record_fire, (found, NOW, 1)),
        (store.schedules.remove, ("backup",)),
    ):
        with pytest.raises(RuntimeError):
            verb(*arguments)
