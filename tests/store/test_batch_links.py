"""What waits for a batch: one link, whatever is added to the batch, ends in it or is taken out of it."""

from __future__ import annotations

from functools import partial
from typing import Sequence

import pytest

from queuectl.engine.linking import demand_no_circle_in_batches, demand_no_circle_of_edit
from queuectl.model.errors import InvalidInput, NotFound
from queuectl.model.job import BLOCKED, CANCELLED, COMPLETED, DEAD, PENDING
from queuectl.model.link import ANY, BADLY
from queuectl.store import Store, links
from tests.store.building import LATER, NOW, ORIGINS, assert_whole, claim, finish, job, spec, steps_taken, write
from tests.store.linking import add, end, settle_all, stands

B = "batch:b"


def retry(store: Store, number: int) -> None:
    assert write(store, store.jobs.retry, number, NOW, keep_attempts=False)


@pytest.mark.parametrize(
    ("kind", "ended", "after"),
    [
        (COMPLETED, [COMPLETED, COMPLETED], (PENDING, False)),
        (COMPLETED, [COMPLETED, DEAD], (BLOCKED, True)),
        (COMPLETED, [CANCELLED, COMPLETED], (BLOCKED, True)),
        (ANY, [COMPLETED, COMPLETED], (PENDING, False)),
        (ANY, [DEAD, CANCELLED], (PENDING, False)),
        (BADLY, [COMPLETED, COMPLETED], (CANCELLED, False)),
        (BADLY, [DEAD, COMPLETED], (PENDING, False)),
        (BADLY, [COMPLETED, CANCELLED], (PENDING, False)),
    ],
)
@pytest.mark.parametrize("is_late", [False, True], ids=["added before", "added after"])
def test_the_ends_of_all_its_jobs_decide(
    store: Store, kind: str, ended: Sequence[str], after: tuple[str, bool], is_late: bool
) -> None:
    members = [add(store, batch="b") for _ in ended]
    child = add(store, (B, kind)) if not is_late else 0
    for number, state in zip(members, ended):
        if child:
            assert stands(store, child) == (BLOCKED, False)
        end(store, number, state)
    if is_late:
        child = add(store, (B, kind))
    assert stands(store, child) == after
    assert len(store.links.parents(child)) == 1
    assert_whole(store)


def test_a_job_that_joins_the_batch_is_waited_for_too(store: Store) -> None:
    first = add(store, batch="b")
    child = add(store, (B, COMPLETED))
    second = add(store, batch="b")
    end(store, first, COMPLETED)
    assert stands(store, child) == (BLOCKED, False)
    end(store, second, COMPLETED)
    assert stands(store, child) == (PENDING, False)


def test_a_link_that_is_satisfied_stays_so_when_the_batch_grows(store: Store) -> None:
    end(store, add(store, batch="b"), COMPLETED)
    child = add(store, (B, COMPLETED))
    add(store, batch="b")
    assert stands(store, child) == (PENDING, False)


def test_a_batch_that_failed_and_grows_may_still_end(store: Store) -> None:
    dead = add(store, batch="b")
    child = add(store, (B, COMPLETED))
    end(store, dead, DEAD)
    assert stands(store, child) == (BLOCKED, True)
    fresh = add(store, batch="b")
    assert stands(store, child) == (BLOCKED, False)
    end(store, fresh, COMPLETED)
    assert stands(store, child) == (BLOCKED, True)
    retry(store, dead)
    assert stands(store, child) == (BLOCKED, False)
    end(store, dead, COMPLETED)
    assert stands(store, child) == (PENDING, False)


def test_a_stuck_job_of_a_batch_has_ended_and_is_not_completed(store: Store) -> None:
    root = add(store)
    add(store, (root, COMPLETED), batch="b")
    children = [add(store, (B, kind)) for kind in (COMPLETED, ANY, BADLY)]
    end(store, root, DEAD)
    assert [stands(store, child) for child in children] == [(BLOCKED, True), (PENDING, False), (PENDING, False)]
    retry(store, root)
    assert stands(store, children[0]) == (BLOCKED, False)


def test_what_is_stuck_behind_a_batch_is_stuck_as_far_as_it_goes(store: Store) -> None:
    member = add(store, batch="b")
    add(store, (B, COMPLETED), batch="c")
    last = add(store, ("batch:c", COMPLETED))
    end(store, member, DEAD)
    assert stands(store, last) == (BLOCKED, True)
    retry(store, member)
    assert stands(store, last) == (BLOCKED, False)


def test_a_job_that_need_not_run_any_more_has_ended_for_its_batch(store: Store) -> None:
    root = add(store)
    add(store, (root, BADLY), batch="b")
    child = add(store, (B, ANY))
    end(store, root, COMPLETED)
    assert stands(store, child) == (PENDING, False)


def test_a_child_that_waits_in_vain_for_a_failure_names_the_batch(store: Store) -> None:
    end(store, add(store, batch="b"), COMPLETED)
    child = add(store, (B, BADLY))
    assert job(store, child).error == "cancelled: batch:b is completed"


def test_a_stopped_batch_has_ended_once_all_that_wait_in_it_are_cancelled(store: Store) -> None:
    new = [spec(batch="b", max_fails="1"), spec(batch="b"), spec(batch="b")]
    write(store, store.jobs.enqueue, new, origins=ORIGINS, actor="test", now=NOW)
    children = [add(store, (B, kind)) for kind in (COMPLETED, ANY)]
    assert finish(store, claim(store), DEAD)
    assert write(store, store.jobs.cancel_stopped, NOW, 1, actor="test") == 1
    assert [stands(store, child) for child in children] == [(BLOCKED, False)] * 2
    assert write(store, store.jobs.cancel_stopped, NOW, 9, actor="test") == 1
    assert [stands(store, child) for child in children] == [(BLOCKED, True), (PENDING, False)]
    assert [one.standing for one in store.links.parents(children[0])] == ["stopped"]


# What is kept, and what is gone


def test_the_jobs_of_a_batch_that_unfinished_jobs_wait_for_are_kept(store: Store) -> None:
    members = [add(store, batch="b"), add(store, batch="b")]
    child = add(store, (B, COMPLETED))
    end(store, members[0], COMPLETED)
    assert not write(store, store.jobs.remove, members[0])
    assert write(store, store.jobs.prune, COMPLETED, LATER, 10, now=LATER) == []
    assert store.links.is_waited_for(members[1]) and not store.links.is_waited_for(child)
    assert write(store, store.jobs.cancel, child, NOW)
    assert write(store, store.jobs.prune, COMPLETED, LATER, 10, now=LATER) == [f"job-{members[0]}"]
    assert write(store, store.jobs.remove, members[1])
    assert store.batches.get("b", NOW) is None


def test_what_has_run_after_a_batch_keeps_nothing_of_it(store: Store) -> None:
    member = add(store, batch="b")
    child = add(store, (B, COMPLETED))
    end(store, member, COMPLETED)
    assert write(store, store.jobs.prune, COMPLETED, LATER, 10, now=LATER) == [f"job-{member}"]
    (parent,) = store.links.parents(child)
    assert (parent.id, parent.batch, parent.state, parent.standing) == ("batch-1", None, None, "gone")
    assert job(store, child).after == ("batch-1",) == tuple(store.links.parent_ids(child))
    # Another batch of the name is another one.
    add(store, batch="b")
    assert store.links.children(store.links.standings.batch("batch:b")) == []


@pytest.mark.parametrize("stays", [False, True])
def test_the_retry_of_a_child_looks_how_its_batch_stands_now(store: Store, stays: bool) -> None:
    dead, other = add(store, batch="b"), add(store, batch="b")
    child = add(store, (B, COMPLETED))
    end(store, dead, DEAD)
    end(store, other, COMPLETED)
    assert write(store, store.jobs.cancel, child, NOW)
    assert write(store, store.jobs.remove, dead)
    assert stays or write(store, store.jobs.remove, other)
    retry(store, child)
    assert stands(store, child) == (PENDING, False)
    assert len(store.links.parents(child)) == stays


def test_the_retry_of_a_child_waits_again_for_a_batch_that_is_not_completed_now(store: Store) -> None:
    member = add(store, batch="b")
    children = [add(store, (B, kind)) for kind in (COMPLETED, ANY)]
    end(store, member, COMPLETED)
    for child in children:
        end(store, child, COMPLETED)
    retry(store, member)
    for child in children:
        retry(store, child)
    assert [stands(store, child) for child in children] == [(BLOCKED, False), (PENDING, False)]
    end(store, member, COMPLETED)
    assert stands(store, children[0]) == (PENDING, False)


# Naming and circles


def test_a_batch_that_is_not_there_cannot_be_waited_for(store: Store) -> None:
    with pytest.raises(NotFound, match='there is no batch "b"'):
        add(store, (B, COMPLETED))
    assert store.counts.by_state() == {}


def test_jobs_may_wait_for_a_batch_that_begins_with_them(store: Store) -> None:
    new, parents = [spec(), spec(batch="b")], [[(B, COMPLETED)], []]
    write(store, store.jobs.enqueue, new, origins=ORIGINS, actor="test", now=NOW, parents=parents)
    assert stands(store, 1) == (BLOCKED, False)
    end(store, 2, COMPLETED)
    assert stands(store, 1) == (PENDING, False)


def circle_of(store: Store, batches: Sequence[str | None], parents: Sequence[Sequence[tuple[int | str, str]]]) -> str:
    specs = [spec(id=f"n{place}", batch=batch) for place, batch in enumerate(batches)]
    with pytest.raises(InvalidInput) as error:
        demand_no_circle_in_batches(store, specs, parents)
    return error.value.message.rpartition(": ")[2]


def test_a_new_job_of_a_batch_waits_for_nothing_that_waits_for_the_batch(store: Store) -> None:
    add(store, batch="b")
    first = add(store, (B, COMPLETED), batch="c")
    second = add(store, ("batch:c", ANY))
    assert circle_of(store, ["b"], [[(B, ANY)]]) == "n0 -> batch:b -> n0"
    assert circle_of(store, ["b"], [[(first, ANY)]]) == f"n0 -> job-{first} -> batch:b -> n0"
    found = circle_of(store, ["b", None], [[("n1", COMPLETED)], [(second, COMPLETED)]])
    assert found == f"n0 -> n1 -> job-{second} -> batch:c -> job-{first} -> batch:b -> n0"
    assert circle_of(store, ["new", None], [[("n1", ANY)], [("batch:new", ANY)]]) == "n0 -> n1 -> batch:new -> n0"
    demand_no_circle_in_batches(store, [spec(id="n0", batch="d"), spec(batch="b")], [[(second, ANY)], []])


def test_an_edit_closes_no_circle_through_a_batch(store: Store) -> None:
    member, other = add(store, batch="b"), add(store)
    child = add(store, (B, COMPLETED))
    batch = store.links.standings.batch("batch:b")
    for jobs, parent, circle in (
        ([member], batch, f"job-{member} -> batch:b -> job-{member}"),
        ([other, member], child, f"job-{member} -> job-{child} -> batch:b -> job-{member}"),
    ):
        with pytest.raises(InvalidInput) as error:
            demand_no_circle_of_edit(store, jobs, [(parent, COMPLETED)])
        assert error.value.message.endswith(circle)
    demand_no_circle_of_edit(store, [other], [(batch, COMPLETED)])


def test_what_waits_for_the_batch_of_a_job_waits_for_the_job(store: Store) -> None:
    members = [add(store, batch="b"), add(store, batch="b")]
    child = add(store, (B, COMPLETED), batch="c")
    last = add(store, ("batch:c", ANY))
    assert store.links.descendants(members[:1]) == [last, child, members[0]]
    assert sorted(store.links.descendants(members)) == sorted([*members, child, last])


# What it costs


def test_more_children_of_a_batch_than_one_transaction_updates_take_several(store: Store) -> None:
    member = add(store, batch="b")
    children = [spec() for _ in range(links.AT_ONCE * 3)]
    parents = [[(B, COMPLETED)]] * len(children)
    write(store, store.jobs.enqueue, children, origins=ORIGINS, actor="test", now=NOW, parents=parents)
    end(store, member, DEAD)
    assert store.links.count_stuck() == links.AT_ONCE
    # What was put off is told how the batch stands by then.
    retry(store, member)
    settle_all(store)
    assert store.links.count_stuck() == 0
    end(store, member, COMPLETED)
    assert settle_all(store) == 3
    assert store.counts.by_state() == {COMPLETED: 1, PENDING: len(children)}


@pytest.mark.slow
def test_four_times_as_many_jobs_in_a_batch_that_others_wait_for_cost_four_times_as_much(store: Store) -> None:
    def add_and_end(jobs: int, batch: str) -> None:
        root = add(store)
        new = [spec(batch=batch) for _ in range(jobs)]
        write(
            store,
            store.jobs.enqueue,
            new,
            origins=ORIGINS,
            actor="test",
            now=NOW,
            parents=[[(root, COMPLETED)]] * len(new),
        )
        child = add(store, (f"batch:{batch}", COMPLETED))
        end(store, root, DEAD)
        settle_all(store)
        assert stands(store, child) == (BLOCKED, True)
        retry(store, root)
        settle_all(store)
        end(store, root, COMPLETED)
        settle_all(store)
        with store.writing():
            for number in range(root + 1, root + 1 + jobs):
                store.jobs.cancel(number, NOW)
        assert stands(store, child) == (BLOCKED, True)

    few, many = (steps_taken(store, partial(add_and_end, jobs, str(jobs))) for jobs in (1_000, 4_000))
    assert many / few < 4 * 1.15


def test_the_end_of_a_job_costs_the_same_however_many_wait_for_its_batch(store: Store) -> None:
    def add_and_end(children: int, batch: str) -> None:
        with store.writing():
            jobs = [*[spec(batch=batch)] * 2, *[spec()] * children]
            parents = [(), (), *[[(f"batch:{batch}", COMPLETED)]] * children]
            store.jobs.enqueue(jobs, origins=ORIGINS, actor="test", now=NOW, parents=parents)
        counted.append(steps_taken(store, lambda: finish(store, claim(store))))
        assert not store.links.has_follow_ups()
        assert finish(store, claim(store)) and not store.links.has_follow_ups()
        with store.writing():
            for _ in range(children):
                claimed = store.jobs.claim(worker=1, now=NOW, lease_until=0)
                assert claimed is not None

    counted: list[int] = []
    add_and_end(1, "few")
    add_and_end(400, "many")
    assert counted[1] < counted[0] * 3, counted


def test_retention_looks_once_at_what_waits_for_a_batch_not_for_each_job_of_it(store: Store) -> None:
    def add_and_prune(jobs: int, batch: str) -> None:
        with store.writing():
            specs = [spec(batch=batch)] * jobs + [spec()] * jobs
            parents = [*[()] * jobs, *[[(f"batch:{batch}", COMPLETED)]] * jobs]
            ids = store.jobs.enqueue(specs, origins=ORIGINS, actor="test", now=NOW, parents=parents)
            # Those that wait end first: their links stay open.
            for identifier in reversed(ids):
                store.jobs.cancel(int(identifier[len("job-") :]), NOW)
        settle_all(store)
        counted.append(
            steps_taken(store, lambda: write(store, store.jobs.prune, CANCELLED, LATER, 2 * jobs, now=LATER))
        )
        assert store.counts.by_state() == {}

    counted: list[int] = []
    add_and_prune(50, "few")
    add_and_prune(200, "many")
    assert counted[1] < counted[0] * 4 * 1.5, counted
