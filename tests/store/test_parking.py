"""Jobs whose lock or batch has no room: out of the way of all others, and woken when there is room."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.model.job import COMPLETED
from queuectl.store import Store
from queuectl.store.claim import Claim
from queuectl.store.jobs import PASSED_OVER_AT_ONCE
from tests.store.building import NOW, add, assert_whole, claim, employ, enqueue, finish, spec, write


def parked(store: Store) -> dict[int, str]:
    return dict(map(tuple, store.database.rows("SELECT number, parked FROM jobs WHERE parked IS NOT NULL")))


def take(store: Store, *queues: str) -> Claim | None:
    """Claim a job of some or all queues."""
    return write(store, store.jobs.claim, worker=1, now=NOW, lease_until=0, queues=queues)


def taken(store: Store, *queues: str) -> int | None:
    """Claim a job; return its number, None if there was none."""
    found = take(store, *queues)
    assert_whole(store)
    return None if found is None else found.number


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"locks": ("gpu",)}, {"locks": ("gpu",)}),
        ({"locks": ("disk", "gpu")}, {"locks": ("gpu", "net")}),
        ({"batch": "b", "batch_limit": 1}, {"batch": "b"}),
        ({"locks": ("gpu",), "queue": "x"}, {"locks": ("gpu",), "queue": "y"}),
    ],
)
def test_a_job_whose_lane_is_full_waits_until_the_other_one_has_ended(
    store: Store, first: dict[str, Any], second: dict[str, Any]
) -> None:
    one, other, plain = add(store, **first), add(store, **second), add(store)
    holder = take(store)
    assert holder is not None and holder.number == one
    assert [taken(store), taken(store)] == [plain, None]
    assert list(parked(store)) == [other]
    assert finish(store, holder)
    assert not parked(store) and taken(store) == other


def test_jobs_hold_as_many_locks_of_a_name_as_there_are_slots(store: Store) -> None:
    jobs = [add(store, locks=("gpu",)) for _ in range(4)]
    assert [taken(store), taken(store)] == [jobs[0], None]
    write(store, store.locks.limit, "gpu", 3)
    write(store, store.jobs.parking.leave, ["gpu"], None)
    assert [taken(store), taken(store), taken(store)] == [*jobs[1:3], None]
    write(store, store.locks.limit, "gpu", 1)
    assert [lock.slots for lock in store.locks.all()] == [1]
    assert taken(store) is None


def test_a_batch_may_lose_its_limit_while_jobs_are_parked(store: Store) -> None:
    jobs = [add(store, batch="b", batch_limit=1) for _ in range(4)]
    assert [taken(store), taken(store)] == [jobs[0], None]
    assert write(store, store.batches.limit, "b", None)
    write(store, store.jobs.parking.leave, [], "b")
    assert [taken(store), taken(store), taken(store)] == jobs[1:]
    assert not write(store, store.batches.limit, "other", 2)


def test_all_locks_are_taken_or_none(store: Store) -> None:
    first, both, other = add(store, locks=("a",)), add(store, locks=("b", "a")), add(store, locks=("b",))
    assert [taken(store), taken(store), taken(store)] == [first, other, None]
    assert parked(store) == {both: "lock:a"}


def test_who_is_woken_and_parked_again_passes_on_the_lock(store: Store) -> None:
    holders = [add(store, locks=("a",)), add(store, locks=("b",))]
    claims = [claim(store) for _ in holders]
    both, later = add(store, locks=("a", "b")), add(store, locks=("a",))
    assert taken(store) is None and parked(store) == {both: "lock:a", later: "lock:a"}
    finish(store, claims[0])
    assert taken(store) == later and parked(store) == {both: "lock:b"}


def test_of_each_queue_one_job_is_woken_since_not_all_workers_take_all_queues(store: Store) -> None:
    holder = add(store, locks=("gpu",), queue="x")
    claimed = claim(store)
    waiting = [add(store, locks=("gpu",), queue=queue) for queue in "xxyy"]
    assert holder == claimed.number and taken(store) is None
    finish(store, claimed)
    assert list(parked(store)) == [waiting[1], waiting[3]]
    assert [taken(store, "y"), taken(store, "x")] == [waiting[2], None]


@pytest.mark.parametrize("verb", ["cancel", "hold", "remove", "edit", "front"])
def test_what_is_done_to_a_job_that_was_woken_wakes_the_next_one(store: Store, verb: str) -> None:
    add(store, locks=("gpu",))
    claimed = claim(store)
    woken, later = add(store, locks=("gpu",)), add(store, locks=("gpu",))
    assert taken(store) is None and len(parked(store)) == 2
    finish(store, claimed)
    values = {"remove": (), "edit": ({"queue": "elsewhere"}, NOW), "front": (5, NOW)}.get(verb, (NOW,))
    assert write(store, getattr(store.jobs, verb), woken, *values)
    assert not parked(store)
    assert taken(store, "default") == (woken if verb == "front" else later)


@pytest.mark.parametrize("verb", ["cancel", "hold", "edit", "front"])
def test_a_parked_job_can_be_changed(store: Store, verb: str) -> None:
    add(store, locks=("gpu",))
    claim(store)
    waiting = add(store, locks=("gpu",))
    assert taken(store) is None and list(parked(store)) == [waiting]
    values = {"edit": ({"locks": ("other",)}, NOW), "front": (5, NOW)}.get(verb, (NOW,))
    assert write(store, getattr(store.jobs, verb), waiting, *values)
    assert not parked(store)
    assert taken(store) == (waiting if verb == "edit" else None)


def test_a_claim_parks_few_jobs_at_once_and_none_twice(store: Store) -> None:
    add(store, locks=("gpu",))
    claim(store)
    enqueue(store, *[spec(locks=("gpu",))] * (2 * PASSED_OVER_AT_ONCE + 1))
    plain = add(store)
    assert [taken(store), len(parked(store))] == [None, PASSED_OVER_AT_ONCE]
    assert store.lanes.has_claimable(NOW)
    assert [taken(store), len(parked(store))] == [None, 2 * PASSED_OVER_AT_ONCE]
    assert [taken(store), len(parked(store))] == [plain, 2 * PASSED_OVER_AT_ONCE + 1]
    assert not store.lanes.has_claimable(NOW) and taken(store) is None


def test_a_queue_of_parked_jobs_asks_for_no_worker(store: Store) -> None:
    employ(store)
    enqueue(store, *[spec(locks=("gpu",))] * 3)
    claim(store)
    assert store.lanes.startable(NOW) == 2
    assert taken(store) is None
    assert [store.lanes.startable(NOW), store.lanes.next_room(NOW)] == [0, None]


def test_what_a_job_takes_of_a_lane_it_gives_back_however_its_attempt_ends(store: Store) -> None:
    first, second = add(store, locks=("gpu",)), add(store, locks=("gpu",))
    for state in ("failed", "pending", "dead", COMPLETED):
        claimed = claim(store)
        assert claimed.number in (first, second) and taken(store) is None
        assert finish(store, claimed, state, run_at=NOW)
        write(store, store.jobs.promote, NOW, 10)
        if state in ("dead", COMPLETED):
            write(store, store.jobs.retry, claimed.number, NOW, keep_attempts=False)
        assert_whole(store)


def test_the_locks_are_listed_with_those_that_hold_them_and_those_that_wait(store: Store) -> None:
    write(store, store.locks.limit, "rare", 5)
    for given in ({"locks": ("gpu", "disk")}, {"locks": ("gpu",)}, {"locks": ("gpu",), "hold": True}):
        add(store, **given)
    claim(store)
    found = [(lock.name, lock.slots, lock.running, lock.waiting, lock.state) for lock in store.locks.all()]
    assert found == [("disk", 1, 1, 0, "taken"), ("gpu", 1, 1, 2, "taken"), ("rare", 5, 0, 0, "free")]
    assert [lock.holders for lock in store.locks.all()] == [["job-1"], ["job-1"], []]
    assert (store.locks.get("gpu").holders, store.locks.get("g").holders) == (["job-1"], [])
    assert store.locks.get("never").state == "free"


def test_a_lock_that_no_job_has_any_more_leaves_nothing_behind(store: Store) -> None:
    edited, removed, pruned = (add(store, locks=(name, "kept")) for name in "abc")
    assert write(store, store.jobs.edit, edited, {"locks": ("kept",)}, NOW)
    assert write(store, store.jobs.remove, removed)
    assert write(store, store.jobs.cancel, pruned, NOW)
    assert write(store, store.jobs.prune, "cancelled", NOW + 1, 10, now=NOW + 1) == [f"job-{pruned}"]
    assert {row[0] for row in store.database.rows("SELECT lock FROM lock_counts")} == {"kept"}
    assert_whole(store)
