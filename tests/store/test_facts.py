"""The small tables: facts and settings, events, workers, and what happened per minute."""

from __future__ import annotations

from pathlib import Path

import pytest

from queuectl.model.job import COMPLETED, DEAD, FAILED, PENDING
from queuectl.store import Store
from tests.store.building import LATER, NOW, Stores, add, bring_to, claim, finish, open_store, values, write

MINUTE = 60_000


def test_a_home_keeps_its_id_and_differs_from_others(store: Store, stores: Stores, tmp_path: Path) -> None:
    assert store.meta.home_id() == stores().meta.home_id()
    with open_store(str(tmp_path / "other")) as other:
        assert other.meta.home_id() != store.meta.home_id()


def test_the_groups_of_the_pool_are_empty_until_somebody_sets_them(store: Store, stores: Stores) -> None:
    assert store.meta.pool_groups() == {}
    for groups in ({"": 4, "a,b": 1}, {}):
        write(store, store.meta.set_pool_groups, groups)
        assert stores().meta.pool_groups() == groups


def test_the_groups_of_a_pool_are_remembered_when_it_has_to_end(store: Store, stores: Stores) -> None:
    assert store.meta.last_pool_groups() == {}
    for groups, expected in (
        ({"a": 1}, {"a": 1}),
        ({"b": 2}, {"b": 2}),
        ({}, {"b": 2}),
        ({}, {"b": 2}),
        ({"": 1}, {"": 1}),
    ):
        write(store, store.meta.set_pool_groups, groups)
        assert stores().meta.last_pool_groups() == expected


def test_touching_the_store_is_a_commit_that_others_see(store: Store, stores: Stores) -> None:
    other = stores()
    seen = other.changes()
    write(store, store.meta.touch, NOW)
    assert other.changes() != seen


def test_a_setting_is_kept_as_a_text_until_it_is_reset(store: Store, stores: Stores) -> None:
    assert store.meta.settings() == {}
    for name, value in (("timeout", "none"), ("max_retries", "5"), ("max_retries", "7")):
        write(store, store.meta.set_setting, name, value)
    assert stores().meta.settings() == {"max_retries": "7", "timeout": "none"}
    assert write(store, store.meta.reset_setting, "timeout") is True
    assert write(store, store.meta.reset_setting, "timeout") is False
    assert store.meta.settings() == {"max_retries": "7"}


def test_events_of_a_job_come_oldest_first(store: Store) -> None:
    number = add(store)
    write(store, store.events.add, "cancel", actor="cli 1", now=NOW + 1, job=number, detail="by hand")
    write(store, store.events.add, "retry", actor="web", now=NOW, job=number)
    write(store, store.events.add, "start", actor="pool", now=NOW)
    write(store, store.events.add, "cancel", actor="cli", now=NOW, job=number + 1)
    assert [(event.at, event.what, event.detail, event.by) for event in store.events.of_job(number)] == [
        (NOW + 1, "cancel", "by hand", "cli 1"),
        (NOW, "retry", "", "web"),
    ]


# Workers


def register(store: Store, pid: int = 10, queues: str = "") -> int:
    return write(store, store.workers.add, pid=pid, pid_start="1", boot="b", queues=queues, now=NOW)


def test_a_worker_number_is_never_given_again(store: Store) -> None:
    first, second = register(store), register(store)
    assert write(store, store.workers.remove, second) is True
    assert write(store, store.workers.remove, second) is False
    assert register(store) == second + 1
    assert [row.id for row in store.workers.all()] == [first, second + 1]


def test_a_heartbeat_is_written_while_the_row_is_there(store: Store) -> None:
    worker = register(store, queues="a,b")
    assert write(store, store.workers.heartbeat, worker, memory=7, stopping=True, now=LATER) is True
    [row] = store.workers.all()
    assert (row.heartbeat_at, row.memory, row.stopping, row.queues, row.started_at) == (LATER, 7, 1, "a,b", NOW)
    write(store, store.workers.remove, worker)
    assert write(store, store.workers.heartbeat, worker, memory=7, stopping=False, now=LATER) is False


def test_finished_attempts_are_tallied_per_worker(store: Store) -> None:
    first, second = register(store), register(store)
    for jobs, busy in ((1, 5), (3, 7)):
        write(store, store.workers.count_jobs, first, jobs, busy)
    rows = {row.id: (row.jobs_done, row.busy_time) for row in store.workers.all()}
    assert rows == {first: (4, 12), second: (0, 0)}


def test_workers_are_listed_with_what_they_run(store: Store) -> None:
    idle, busy = register(store), register(store)
    add(store, "echo", id="a")
    claimed = claim(store, worker=busy)
    assert [(row.id, row.job, row.command) for row in store.workers.all()] == [(idle, None, None), (busy, "a", "echo")]
    finish(store, claimed)
    assert [row.job for row in store.workers.all()] == [None, None]


# Statistics


def test_attempts_are_added_up_by_minute(store: Store) -> None:
    for state, now in ((COMPLETED, 0), (FAILED, MINUTE - 1), (DEAD, MINUTE), (COMPLETED, MINUTE)):
        write(store, store.stats.count_attempt, "q", state, run_time=10, wait_time=1, now=NOW + now)
    write(store, store.stats.count_attempt, "other", COMPLETED, run_time=10, wait_time=1, now=NOW)
    assert values(store.stats.totals(NOW))[2:] == (3, 1, 1, 50, 5)
    assert values(store.stats.totals(NOW + MINUTE))[2:] == (1, 0, 1, 20, 2)
    assert values(store.stats.totals(NOW + 2 * MINUTE))[2:] == (0, 0, 0, 0, 0)


def test_totals_outlive_the_jobs(store: Store) -> None:
    number = bring_to(store, COMPLETED)
    write(store, store.stats.count_attempt, "default", COMPLETED, run_time=10, wait_time=1, now=NOW)
    write(store, store.jobs.remove, number)
    assert store.stats.totals(NOW).finished == 1


def test_the_job_that_waits_longest_is_found_behind_those_whose_time_was_over_when_they_were_added(
    store: Store,
) -> None:
    for age in range(3):
        add(store, run_at=age, now=NOW + 10 - age)
    assert store.stats.oldest_pending() == NOW + 8
    add(store, now=NOW - 5)
    assert store.stats.oldest_pending() == store.stats.oldest_pending("default") == NOW - 5
    add(store, run_at=0, now=NOW - 6, priority=-3)
    assert store.stats.oldest_pending("default") == NOW - 6


def test_looking_for_the_job_that_waits_longest_has_an_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("queuectl.store.stats.ROWS_READ", 2)
    for age in range(5):
        add(store, run_at=age, now=NOW - age)
    assert store.stats.oldest_pending() == NOW - 1


def test_the_oldest_pending_job_says_since_when_work_waits(store: Store) -> None:
    assert store.stats.oldest_pending() is None
    add(store, run_at=LATER)
    add(store, queue="a", now=NOW - 5)
    add(store, priority=9, now=NOW - 3)
    assert store.stats.oldest_pending() == NOW - 5
    assert store.counts.by_state()[PENDING] == 2
