"""Jobs that are put before all others of their queue."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.checks import MAX_PRIORITY
from queuectl.model.errors import Conflict
from tests.store.building import take


def add(queue: Queue, **priorities: Any) -> None:
    for name, priority in priorities.items():
        queue.add("true", id=name, priority=priority)


def order(queue: Queue) -> str:
    """Claim all that can be claimed; return the ids in that order."""
    ids = []
    while (claim := take(queue.store, now=queue.clock.wall())) is not None:
        ids.append(claim.id)
    return "".join(ids)


@pytest.mark.parametrize(
    "fronts, expected",
    [
        (["c"], "cab"),
        (["b", "c"], "cba"),
        (["c", "b"], "bca"),
        (["c", "c", "b", "c"], "cba"),
        (["b,c"], "bca"),
        (["c,b"], "bca"),
        (["queue:default"], "abc"),
        (["a"], "abc"),
    ],
)
def test_the_last_one_that_is_put_in_front_is_first(queue: Queue, fronts: list[str], expected: str) -> None:
    add(queue, a=0, b=0, c=0)
    for reference in fronts:
        queue.front(reference)
    assert order(queue) == expected


def test_jobs_of_different_priorities_keep_their_order_before_all_others(queue: Queue) -> None:
    add(queue, a=10, b=-5, c=3, d=-5, e=0)
    queue.front("b", "c", "d")
    assert [queue.get(name).priority for name in "bcd"] == [11, 12, 11]
    assert order(queue) == "cbdae"


def test_a_job_that_is_first_already_stays_as_it_is(queue: Queue) -> None:
    add(queue, a=5, b=0)
    change = queue.front("a")
    assert (change.done, change.refused[0].message) == ([], 'cannot put job "a" in front: it is in front already')
    assert queue.get("a").priority == 5
    assert queue.events.since(0, 100)[-1].what == "enqueued"


def test_of_what_a_filter_finds_those_in_front_already_are_counted(queue: Queue) -> None:
    add(queue, a=5, b=0, c=0, d=3)
    change = queue.front("!priority:3")
    assert (change.done, change.refused, change.notes) == (["b", "c"], [], ["1 job was in front already"])
    assert [queue.get(name).priority for name in "abcd"] == [5, 4, 4, 3]
    again = queue.front("!priority:3")
    assert (again.done, again.refused, again.notes) == ([], [], ["3 jobs were in front already"])


def test_other_queues_do_not_count(queue: Queue) -> None:
    add(queue, a=0, b=0)
    queue.add("true", id="c", queue="other", priority=900)
    queue.front("b")
    assert queue.get("b").priority == 1


@pytest.mark.parametrize("fields", [{"hold": True}, {"run_at": "+1h"}])
def test_a_job_that_may_not_run_yet_waits_on_and_is_in_front_then(queue: Queue, fields: dict[str, Any]) -> None:
    first, second = queue.add("true", **fields), queue.add("true", **fields)
    add(queue, c=0)
    queue.front(first.id)
    queue.front(second.id)
    again = [queue.get(job.id) for job in (first, second)]
    assert [(job.state, job.run_at) for job in again] == [(job.state, job.run_at) for job in (first, second)]
    assert [job.priority for job in again] == [1, 2]


def test_the_history_says_what_it_was_before(queue: Queue) -> None:
    add(queue, a=7, b=-3)
    queue.front("b")
    event = queue.events.since(0, 100)[-1]
    assert (event.what, event.detail) == ("front", "was pending, priority -3 to 8")


def test_nothing_goes_before_the_highest_priority_that_there_is(queue: Queue) -> None:
    add(queue, a=MAX_PRIORITY, b=0, c=1)
    with pytest.raises(Conflict, match="nothing can be put before the jobs of queue .default. whose priority is 1000"):
        queue.front("b")
    queue.edit("a", priority=MAX_PRIORITY - 1)
    # There is room for one step only: they share it.
    queue.front("b", "c")
    assert [queue.get(name).priority for name in "bc"] == [MAX_PRIORITY, MAX_PRIORITY]


def test_what_does_not_wait_is_left(queue: Queue) -> None:
    add(queue, a=0, b=0)
    assert take(queue.store, now=queue.clock.wall()) is not None
    change = queue.front("a", "b")
    assert change.done == []
    assert [refused.message for refused in change.refused] == [
        'cannot put job "a" in front: it is processing',
        'cannot put job "b" in front: it is in front already',
    ]
