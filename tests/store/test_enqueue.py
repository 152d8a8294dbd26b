"""Adding jobs: all or none, and under which id."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.model.errors import Conflict
from queuectl.model.job import HELD, PENDING, SCHEDULED
from queuectl.model.spec import JobSpec
from queuectl.store import Store
from tests.store.building import (
    LATER,
    NOW,
    ORIGINS,
    Stores,
    add,
    assert_whole,
    contents,
    enqueue,
    job,
    number_of,
    spec,
    state_of,
    take,
    write,
)


def test_a_job_is_stored_as_it_was_asked_for(store: Store) -> None:
    enqueue(
        store,
        spec(
            "echo é\n\x01",
            id="a",
            queue="q",
            priority=-5,
            max_retries=7,
            timeout=None,
            cwd="/x y",
            env={"B": "2", "A": "é"},
            tags=("t1", "t2"),
            allow_background=True,
        ),
    )
    stored = job(store, number_of(store, "a"))
    assert (stored.command, stored.queue, stored.priority, stored.max_retries) == ("echo é\n\x01", "q", -5, 7)
    assert (stored.timeout, stored.cwd, stored.env) == (None, "/x y", {"A": "é", "B": "2"})
    assert (stored.tags, stored.allow_background, stored.state) == (("t1", "t2"), True, PENDING)
    assert (stored.run_at, stored.created_at, stored.updated_at) == (NOW, NOW, NOW)
    assert (stored.attempts, stored.worker, stored.pid, stored.started_at, stored.exit_code) == (0,) + (None,) * 4
    assert store.search.details(1).created_by == "test"


@pytest.mark.parametrize(
    "fields, state",
    [
        ({}, PENDING),
        ({"run_at": NOW}, PENDING),
        ({"run_at": NOW - 1}, PENDING),
        ({"run_at": NOW + 1}, SCHEDULED),
        ({"hold": True}, HELD),
        ({"hold": True, "run_at": LATER}, HELD),
    ],
)
def test_a_job_begins_in_the_state_its_time_and_hold_ask_for(store: Store, fields: dict[str, Any], state: str) -> None:
    assert state_of(store, add(store, **fields)) == state


def test_ids_are_returned_in_the_order_of_the_specs(store: Store) -> None:
    assert enqueue(store, spec(), spec(id="b"), spec(), spec(id="a")) == ["job-1", "b", "job-3", "a"]
    assert [number_of(store, name) for name in ("job-1", "b", "job-3", "a")] == [1, 2, 3, 4]


def test_an_empty_batch_adds_nothing(store: Store) -> None:
    before = contents(store)
    assert enqueue(store) == []
    assert contents(store) == before


def test_a_large_batch_is_one_transaction(store: Store, stores: Stores) -> None:
    other = stores()
    with store.writing():
        ids = store.jobs.enqueue([spec(f"echo {n}") for n in range(3_000)], origins=ORIGINS, actor="test", now=NOW)
        assert other.names.last() is None
    assert ids == [f"job-{n}" for n in range(1, 3_001)]
    assert other.counts.by_state() == {PENDING: 3_000}


# Ids that are taken


def refusal(store: Store, *specs: JobSpec) -> str:
    before = contents(store)
    with pytest.raises(Conflict) as caught:
        enqueue(store, *specs)
    assert contents(store) == before
    assert caught.value.field == "id" and caught.value.hint
    return caught.value.message


def test_one_taken_id_adds_none_of_the_batch(store: Store) -> None:
    enqueue(store, spec(id="a"))
    assert refusal(store, spec(id="x"), spec(id="a"), spec(id="y")) == 'a job with id "a" exists already'


def test_an_id_that_comes_twice_in_a_batch_is_refused(store: Store) -> None:
    assert '"x"' in refusal(store, spec(id="x"), spec(), spec(id="x"))


def test_every_duplicate_is_named_once(store: Store) -> None:
    enqueue(store, spec(id="a"), spec(id="b"))
    specs = [spec(id=name) for name in ("a", "x", "b", "x", "y", "a", "x")]
    assert refusal(store, *specs) == 'these ids exist already: "a", "b", "x"'


def test_past_twenty_duplicates_are_counted(store: Store) -> None:
    names = [f"n{number}" for number in range(23)]
    enqueue(store, *[spec(id=name) for name in names])
    message = refusal(store, *[spec(id=name) for name in names])
    assert '"n19" and 3 more' in message and '"n20"' not in message


def test_ids_differ_by_case(store: Store) -> None:
    assert enqueue(store, spec(id="a"), spec(id="A")) == ["a", "A"]


def test_a_refused_batch_leaves_the_transaction_usable(store: Store) -> None:
    enqueue(store, spec(id="a"))
    with store.writing():
        with pytest.raises(Conflict):
            store.jobs.enqueue([spec(id="z"), spec(id="a")], origins=ORIGINS, actor="test", now=NOW)
        store.jobs.enqueue([spec(id="b")], origins=ORIGINS, actor="test", now=NOW)
    assert store.names.number_of("z") is None
    assert store.names.in_range(1, 9) == [1, 2]
    assert_whole(store)


def test_a_removed_id_can_be_given_again_but_its_number_cannot(store: Store) -> None:
    number = add(store, id="a")
    write(store, store.jobs.remove, number)
    assert add(store, id="a") == number + 1


# Ids that are generated


def test_a_generated_id_skips_one_that_is_taken(store: Store) -> None:
    enqueue(store, spec(id="job-2"))
    assert enqueue(store, spec(), spec()) == ["job-3", "job-4"]
    assert [number_of(store, name) for name in ("job-2", "job-3", "job-4")] == [1, 3, 4]


def test_a_generated_id_skips_one_that_comes_later_in_the_batch(store: Store) -> None:
    assert enqueue(store, spec(), spec(id="job-1"), spec()) == ["job-2", "job-1", "job-4"]
    assert_whole(store)


def test_a_generated_id_skips_several_in_a_row(store: Store) -> None:
    enqueue(store, *[spec(id=f"job-{number}") for number in (4, 5, 6)])
    assert enqueue(store, spec(), spec()) == ["job-7", "job-8"]


def test_a_number_never_comes_back(store: Store) -> None:
    enqueue(store, spec(), spec())
    write(store, store.jobs.remove, 2)
    assert enqueue(store, spec()) == ["job-3"]


def test_numbers_that_were_rolled_back_are_given_again(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.writing():
        store.jobs.enqueue([spec()], origins=ORIGINS, actor="test", now=NOW)
        raise ZeroDivisionError
    assert enqueue(store, spec()) == ["job-1"]


def test_a_job_can_be_claimed_by_the_transaction_that_added_it(store: Store) -> None:
    with store.writing():
        store.jobs.enqueue([spec(queue="new")], origins=ORIGINS, actor="test", now=NOW)
        claimed = store.jobs.claim(worker=1, now=NOW, lease_until=1)
    assert claimed is not None and claimed.queue == "new"
    assert take(store) is None
    assert_whole(store)
