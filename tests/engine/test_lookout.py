"""What a live view is given: the right jobs in the right order, at a cost that does not grow."""

from __future__ import annotations

import os
from typing import Iterator

import pytest

from queuectl.engine.lookout import LIMIT, SORTS, Lookout
from queuectl.engine.queue import Queue
from queuectl.model.errors import InvalidInput
from queuectl.model.job import COMPLETED, DEAD, FAILED, FINAL_STATES, STATES
from tests.store import building
from tests.store.building import (
    ALL_STATES,
    LATER,
    NOW,
    add,
    bring_to,
    claim,
    enqueue,
    finish,
    job,
    spec,
    steps_taken,
    write,
)
from tests.support import FakeClock

MINUTE = 60_000


@pytest.fixture
def opened(home: str) -> Iterator[Queue]:
    """A queue whose clock stands still."""
    with Queue(home, actor="test", clock=FakeClock(NOW)) as queue:
        yield queue


def shown(queue: Queue, text: str = "", sort: str = "default", limit: int = LIMIT) -> list[int]:
    lookout = Lookout(queue, limit=limit)
    lookout.filter, lookout.sort = text, sort
    return [found.number for found in lookout.look().jobs]


def one_of_each(queue: Queue) -> dict[str, int]:
    order = [state for state in ALL_STATES if state != "pending"] + ["pending"]
    return {
        state: bring_to(queue.store, state, id=f"a-{state}", queue=f"q-{state}", tags=(f"t-{state}",))
        for state in order
    }


# --- the jobs and their order


def test_what_runs_comes_first_then_what_comes_next_then_what_ended(opened: Queue) -> None:
    numbers = one_of_each(opened)
    order = ["processing", "failed", "pending", "scheduled", "held", "blocked"]
    found = shown(opened)
    assert found[:6] == [numbers[state] for state in order]
    assert set(found[6:]) == {numbers[state] for state in FINAL_STATES}


def test_an_empty_home_has_nothing_to_show(opened: Queue) -> None:
    found = Lookout(opened).look()
    assert (found.jobs, found.workers, found.total, found.per_minute) == ([], [], 0, 0)
    assert found.counts == dict.fromkeys(STATES, 0) and set(found.series()) == {0}


def test_pending_jobs_come_in_the_order_of_claiming(opened: Queue) -> None:
    enqueue(opened.store, spec(priority=1), spec(priority=5, queue="b"), spec(priority=1, run_at=NOW - 1))
    assert shown(opened) == [2, 3, 1]


def test_the_latest_finished_comes_first(opened: Queue) -> None:
    for number, state in enumerate((COMPLETED, DEAD, COMPLETED)):
        add(opened.store)
        finish(opened.store, claim(opened.store), state, now=NOW + number)
    assert shown(opened) == [3, 2, 1]


@pytest.mark.parametrize("sort, order", [("newest", [3, 2, 1]), ("priority", [2, 3, 1]), ("duration", [1, 2, 3])])
def test_the_order_can_be_chosen(opened: Queue, sort: str, order: list[int]) -> None:
    enqueue(opened.store, spec(priority=9))
    claim(opened.store, now=NOW - 500)
    enqueue(opened.store, spec(priority=10), spec(priority=9))
    if sort == "priority":
        order = [2, 1, 3]
    assert sort in SORTS
    assert shown(opened, sort=sort) == order


def test_at_most_the_limit_is_shown_and_finished_jobs_have_a_share(opened: Queue) -> None:
    for _ in range(6):
        add(opened.store)
        finish(opened.store, claim(opened.store))
    enqueue(opened.store, *[spec(queue=f"q{number % 3}") for number in range(20)])
    found = shown(opened, limit=8)
    assert len(found) == 8
    assert [number for number in found if number <= 6] != []
    assert len(shown(opened, sort="newest", limit=8)) == 8


def test_elapsed_is_what_runs_until_now_and_what_ran_in_all(opened: Queue) -> None:
    number = bring_to(opened.store, "processing")
    assert job(opened.store, number).elapsed(NOW + 1_500) == 1_500
    assert job(opened.store, number).elapsed(NOW - 1) == 0
    assert job(opened.store, add(opened.store)).elapsed(NOW) is None


# --- filters


@pytest.mark.parametrize("state", STATES)
def test_a_filter_by_state_shows_that_state(opened: Queue, state: str) -> None:
    numbers = one_of_each(opened)
    for text in (f"state:{state}", f"queue:q-{state}", f"tag:t-{state}", f"a-{state}"):
        assert shown(opened, text) == [numbers[state]]


def test_a_rare_state_is_found_behind_many_that_share_its_index(opened: Queue) -> None:
    number = bring_to(opened.store, FAILED)
    enqueue(opened.store, *[spec(run_at=NOW + 1) for _ in range(20)])
    assert shown(opened, "state:failed", limit=10) == [number]


@pytest.mark.parametrize(
    "text, message", [("state:deed", 'there is no state "deed"'), ("queue:", "queue: needs a value")]
)
def test_a_wrong_filter_is_refused(opened: Queue, text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        shown(opened, text)


@pytest.mark.parametrize(
    "text",
    [
        *("state:dead,held", "state:dead state:held", "!queue:q-held", "queue:q-a,q-dead", "state:open tag:t-held"),
        *("A-d", "!state:dead a-h", "exit:1"),
    ],
)
def test_a_look_and_a_list_find_the_same(opened: Queue, text: str) -> None:
    one_of_each(opened)
    assert shown(opened, text, "newest") == [found.number for found in opened.list(text)] != []


def test_an_age_in_a_filter_goes_on_with_the_clock(opened: Queue) -> None:
    add(opened.store)
    lookout = Lookout(opened)
    lookout.filter = "created:<2m"
    assert len(lookout.look().jobs) == 1
    opened.clock.advance(3 * MINUTE)  # type: ignore[attr-defined]
    assert lookout.look().jobs == []


# --- reading again


def test_what_nobody_changed_is_not_read_again(opened: Queue, home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    add(opened.store)
    lookout = Lookout(opened)
    first = lookout.look()
    monkeypatch.setattr(opened.store.search, "jobs", None)
    opened.clock.advance(1_000)  # type: ignore[attr-defined]
    second = lookout.look()
    assert second.jobs is first.jobs and second.now == first.now + 1_000
    monkeypatch.undo()
    with Queue(home) as other:
        other.add("true")
    assert len(lookout.look().jobs) == 2


def test_own_changes_another_filter_and_another_sort_are_seen(opened: Queue) -> None:
    add(opened.store)
    lookout = Lookout(opened)
    lookout.look()
    add(opened.store)
    lookout.forget()
    assert [found.number for found in lookout.look().jobs] == [1, 2]
    lookout.sort = "newest"
    assert [found.number for found in lookout.look().jobs] == [2, 1]
    lookout.filter = "none"
    assert lookout.look().jobs == []


# --- throughput


def test_jobs_that_ended_are_counted_per_minute(opened: Queue) -> None:
    for queue, state, minutes in (
        ("a", COMPLETED, 0),
        ("b", COMPLETED, 0),
        ("a", DEAD, 1),
        ("a", FAILED, 1),
        ("a", COMPLETED, 29),
        ("a", COMPLETED, 31),
    ):
        write(
            opened.store,
            lambda now, queue=queue, state=state: opened.store.stats.count_attempt(
                queue, state, run_time=1, wait_time=1, now=now
            ),
            NOW - minutes * MINUTE,
        )
    this = NOW // MINUTE
    assert opened.store.stats.per_minute(NOW - 2 * MINUTE) == {this - 1: (0, 1, 1), this: (2, 0, 0)}
    found = Lookout(opened).look()
    assert found.series()[-2:] == [1, 2] and found.series()[0] == 1 and sum(found.series()) == 4
    assert found.series(2) == [1, 2]
    assert found.totals() == (3, 1, 1)
    assert found.per_minute == 0.6


def test_workers_are_shown_with_what_they_run(opened: Queue) -> None:
    from queuectl.store.lockfile import LockFile

    worker = write(
        opened.store, lambda: opened.store.workers.add(pid=os.getpid(), pid_start="1", boot="b", queues="", now=NOW)
    )
    add(opened.store, "sleep 1")
    claim(opened.store, worker=worker, now=NOW - 2_000)
    lookout = Lookout(opened)
    assert [row.state for row in lookout.look().workers] == ["lost"]
    lock = LockFile(opened.home.worker_lock(worker))
    assert lock.acquire()
    try:
        rows = lookout.look().workers
    finally:
        lock.close()
    assert [(row.job, row.command, row.elapsed) for row in rows] == [("job-1", "sleep 1", 2_000)]


# --- the cost


@pytest.mark.slow
def test_a_look_costs_the_same_with_thousands_of_jobs(opened: Queue) -> None:
    def cost() -> int:
        lookouts = [Lookout(opened, limit=20) for _ in SORTS]

        def look() -> None:
            for lookout, sort in zip(lookouts, SORTS):
                lookout.sort = sort
                lookout.look()

        return steps_taken(opened.store, look)

    def fill(count: int) -> None:
        enqueue(opened.store, *[spec(run_at=LATER if number % 2 else None) for number in range(count)])
        for number in range(count // 4):
            finish(opened.store, claim(opened.store), (COMPLETED, DEAD)[number % 2], now=NOW + number)

    fill(200)
    few = cost()
    fill(4_000)
    assert building.counted(opened.store) == opened.store.counts.by_queue()
    assert few > 0 and cost() <= few * 1.5
