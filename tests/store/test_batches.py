"""Batches: names of jobs that belong together, with counts, and with a limit of dead jobs that stops them."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.model.batch import FAILED, OPEN, standing, stops_at
from queuectl.model.errors import Conflict
from queuectl.model.filterparse import parse
from queuectl.model.job import BLOCKED, CANCELLED, COMPLETED, DEAD, HELD, PENDING, PROCESSING, SCHEDULED
from queuectl.store import Store
from queuectl.store.jobs import PASSED_OVER_AT_ONCE
from tests.store.building import (
    LATER,
    NOW,
    ORIGINS,
    add,
    assert_whole,
    claim,
    enqueue,
    finish,
    job,
    spec,
    state_of,
    take,
    write,
)


def bury(store: Store, **options: Any) -> None:
    """Let the next job be dead."""
    assert finish(store, claim(store, **options), DEAD)


def reason(store: Store, name: str = "b") -> str | None:
    found = store.batches.get(name, NOW)
    assert found is not None
    return found.stop_reason


@pytest.mark.parametrize(
    "states, stuck, expected",
    [
        ({}, 0, COMPLETED),
        ({COMPLETED: 2}, 0, COMPLETED),
        ({COMPLETED: 2, HELD: 1}, 0, OPEN),
        ({DEAD: 2, PROCESSING: 1}, 0, OPEN),
        ({COMPLETED: 2, DEAD: 1}, 0, FAILED),
        ({COMPLETED: 2, CANCELLED: 1}, 0, FAILED),
        ({COMPLETED: 2, BLOCKED: 2}, 1, OPEN),
        ({COMPLETED: 2, BLOCKED: 1, HELD: 1}, 2, FAILED),
    ],
)
def test_where_a_batch_stands_follows_from_its_counts(states: dict[str, int], stuck: int, expected: str) -> None:
    assert standing(states, stuck) == expected


@pytest.mark.parametrize(
    "max_fails, jobs, expected",
    [("1", 100, 1), ("3", 2, 3), ("1%", 1, 1), ("10%", 10, 1), ("10%", 11, 2), ("10%", 100, 10), ("100%", 7, 7)],
)
def test_a_share_of_the_jobs_is_rounded_up(max_fails: str, jobs: int, expected: int) -> None:
    assert stops_at(max_fails, jobs) == expected


def test_a_batch_begins_with_its_first_job_and_counts_all_of_them(store: Store) -> None:
    enqueue(store, spec(batch="b"), spec(batch="b", hold=True), spec(batch="c"), spec())
    enqueue(store, spec(batch="b", run_at=LATER), now=NOW + 5)
    found = {batch.name: batch for batch in store.batches.newest(-1, NOW)}
    assert found["b"].states == {PENDING: 1, HELD: 1, SCHEDULED: 1} and found["c"].states == {PENDING: 1}
    assert (found["b"].created_at, found["b"].created_by, found["b"].jobs, found["b"].ended) == (NOW, "test", 3, 0)
    assert [*found] == ["c", "b"]
    assert_whole(store)


def test_it_tells_when_it_ran_and_how_fast(store: Store) -> None:
    enqueue(store, *[spec(batch="b")] * 4)
    for second in range(2):
        finish(store, claim(store, now=NOW + second * 1000), COMPLETED, now=NOW + second * 1000 + 1000)
    found = store.batches.get("b", NOW)
    assert found is not None and (found.started_at, found.ended_at, found.finished_at) == (NOW, NOW + 2000, None)
    assert (found.rate, found.time_left, found.state) == (3_600, 2_000, OPEN)
    later = store.batches.get("b", NOW + 8_000)
    assert later is not None and (later.rate, later.time_left) == (900, 8_000)
    for _ in range(2):
        finish(store, claim(store, now=NOW + 2_000), COMPLETED, now=NOW + 4_000)
    found = store.batches.get("b", NOW)
    assert found is not None and (found.finished_at, found.time_left) == (NOW + 4_000, None)
    later = store.batches.get("b", NOW + 60_000)
    assert later is not None and later.rate == found.rate == 3_600
    assert found.state == COMPLETED


def test_a_batch_goes_with_its_last_job(store: Store) -> None:
    first, second = add(store, batch="b"), add(store, batch="b")
    third = add(store, batch="c")
    assert write(store, store.jobs.remove, first) and store.batches.get("b", NOW) is not None
    assert write(store, store.jobs.remove, second) and store.batches.get("b", NOW) is None
    finish(store, claim(store), COMPLETED)
    assert write(store, store.jobs.prune, COMPLETED, LATER, 10, now=LATER) == [f"job-{third}"]
    assert store.batches.count() == 0 and store.database.value("SELECT count(*) FROM batch_counts") == 0
    assert_whole(store)


REFUSED = {
    "another limit": ([{"batch": "b", "max_fails": "3"}], "batch b has max_fails 2, it cannot be 3"),
    "a share for a number": ([{"batch": "b", "max_fails": "2%"}], "batch b has max_fails 2, it cannot be 2%"),
    "a limit for one without": ([{"batch": "free", "max_fails": "3"}], "batch free was begun without max_fails"),
    "two limits at once": (
        [{"batch": "n", "max_fails": "3"}, {"batch": "n", "max_fails": "4"}],
        "batch n has max_fails 3",
    ),
}


@pytest.mark.parametrize("given, said", REFUSED.values(), ids=REFUSED)
def test_a_batch_keeps_its_limit(store: Store, given: list[dict[str, Any]], said: str) -> None:
    enqueue(store, spec(batch="b", max_fails="2"), spec(batch="free"))
    with pytest.raises(Conflict, match=said):
        enqueue(store, *[spec(**one) for one in given])
    enqueue(store, spec(batch="b"), spec(batch="b", max_fails="2"), spec(batch="n"), spec(batch="n", max_fails="5%"))
    assert {batch.name: batch.max_fails for batch in store.batches.newest(-1, NOW)} == {
        "b": "2",
        "free": None,
        "n": "5%",
    }
    assert_whole(store)


def test_the_last_dead_job_that_is_allowed_stops_the_batch_at_once(store: Store) -> None:
    enqueue(store, *[spec(batch="b", max_fails="2")] * 5, spec(id="other"))
    running = claim(store)
    bury(store)
    assert reason(store) is None
    bury(store, now=NOW + 1)
    assert reason(store) == "batch b was stopped after 2 dead jobs"
    assert claim(store, now=NOW + 2).id == "other"
    assert [state_of(store, number) for number in (4, 5)] == [CANCELLED, CANCELLED]
    assert job(store, 5).error == f"cancelled: {reason(store)}" and job(store, 5).finished_at == NOW + 2
    assert finish(store, running, COMPLETED)
    assert standing(store.counts.of_batches.of("b"), 0) == FAILED
    told = [(event.what, event.job, event.detail, event.by) for event in store.events.since(0, -1)]
    assert told == [
        ("batch stopped", "job-3", reason(store), "worker 1"),
        ("cancelled", "job-4", reason(store), "worker 1"),
        ("cancelled", "job-5", reason(store), "worker 1"),
    ]
    assert_whole(store)


def test_what_is_not_at_the_head_of_a_queue_is_cancelled_some_at_a_time(store: Store) -> None:
    bad = spec(batch="b", max_fails="1")
    enqueue(store, bad, bad, *[spec(batch="b", hold=True)] * 3, spec(batch="b", run_at=LATER), spec(batch="b"))
    running = claim(store)
    bury(store)
    assert finish(store, running, "failed", run_at=LATER)
    assert store.jobs.has_stopped()
    assert [write(store, store.jobs.cancel_stopped, NOW, 4, actor="test") for _ in range(3)] == [4, 2, 0]
    assert not store.jobs.has_stopped()
    assert store.counts.of_batches.of("b") == {DEAD: 1, CANCELLED: 6}
    assert_whole(store)


def test_a_claim_cancels_only_what_it_has_time_for(store: Store) -> None:
    enqueue(store, *[spec(batch="b", max_fails="1")] * (PASSED_OVER_AT_ONCE + 2), spec(id="other"))
    bury(store)
    assert take(store) is None
    assert store.counts.of_batches.of("b")[CANCELLED] == PASSED_OVER_AT_ONCE
    assert claim(store).id == "other"


def test_a_stopped_batch_takes_no_jobs_until_a_retry_lets_it_go_on(store: Store) -> None:
    enqueue(store, *[spec(batch="b", max_fails="1")] * 2)
    bury(store)
    with pytest.raises(Conflict, match="batch b was stopped after 1 dead job") as raised:
        enqueue(store, spec(batch="b"))
    assert raised.value.hint == "let it go on with: queuectl retry 'batch:b state:dead,cancelled'"
    with store.writing():
        assert store.jobs.retry(1, NOW, keep_attempts=False)
    assert reason(store) is None and not store.jobs.has_stopped()
    enqueue(store, spec(batch="b"))
    bury(store)
    assert reason(store) is not None


def test_a_filter_finds_the_jobs_of_a_batch(store: Store) -> None:
    enqueue(store, spec(batch="b"), spec(batch="c"), spec(batch="b", hold=True), spec(), spec(batch="b"))
    finish(store, claim(store), COMPLETED)
    find = store.find
    assert find.numbers(parse("batch:b", NOW)) == [5, 3, 1]
    assert find.numbers(parse("batch:b", NOW), "number", 2) == [1, 3]
    assert find.numbers(parse("batch:b state:open", NOW)) == [5, 3]
    assert find.numbers(parse("batch:b,c", NOW)) == [5, 3, 2, 1]
    assert find.numbers(parse("!batch:b", NOW)) == [4, 2]
    assert find.count_by_state(parse("batch:b", NOW)) == {HELD: 1, PENDING: 1, COMPLETED: 1}
    assert find.count_by_state(parse("batch:b id:job-1,job-2", NOW)) == {COMPLETED: 1}
    assert find.count(parse("batch:b state:open", NOW)) == 2 and find.count(parse("batch:none", NOW)) == 0
    assert [number for _, number in find.page(parse("batch:b", NOW), "newest", None, 9, 100).rows] == [5, 3, 1]


def test_jobs_that_form_a_batch_are_named_by_their_first_number(store: Store) -> None:
    add(store)
    with store.writing():
        ids = store.jobs.enqueue([spec(), spec()], origins=ORIGINS, actor="test", now=NOW, is_batch=True)
    assert [job(store, number).batch for number in (2, 3)] == ["batch-2", "batch-2"]
    found = store.batches.get("batch-2", NOW)
    assert ids == ["job-2", "job-3"] and found is not None and found.jobs == 2
    assert_whole(store)


def test_a_batch_whose_number_moves_on_is_named_by_the_number_that_it_gets(store: Store) -> None:
    add(store, id="job-3")
    add(store, batch="batch-4")
    with store.writing():
        ids = store.jobs.enqueue([spec(max_fails="1")], origins=ORIGINS, actor="test", now=NOW, is_batch=True)
    assert (ids, job(store, 4).batch) == (["job-4"], "batch-4-2")
    assert [batch.max_fails for batch in store.batches.newest(9, NOW)] == ["1", None]
    assert_whole(store)
