"""What a child waits for: how a parent's end, its retry and its removal are told, in one transaction or in several."""

from __future__ import annotations

from typing import Sequence

import pytest

from queuectl.model.job import BLOCKED, CANCELLED, COMPLETED, DEAD, FAILED, FINAL_STATES, HELD, PENDING, SCHEDULED
from queuectl.model.link import ANY, BADLY, KINDS, SATISFIED, Relative, fate, stronger
from queuectl.store import Store, links
from tests.store.building import (
    LATER,
    NOW,
    ORIGINS,
    assert_whole,
    claim,
    finish,
    job,
    outcome_for,
    spec,
    state_of,
    write,
)
from tests.store.linking import add, end, settle_all, stands


@pytest.mark.parametrize(
    ("kind", "ended", "after"),
    [
        (COMPLETED, COMPLETED, (PENDING, False)),
        (COMPLETED, DEAD, (BLOCKED, True)),
        (COMPLETED, CANCELLED, (BLOCKED, True)),
        (ANY, COMPLETED, (PENDING, False)),
        (ANY, DEAD, (PENDING, False)),
        (ANY, CANCELLED, (PENDING, False)),
        (BADLY, COMPLETED, (CANCELLED, False)),
        (BADLY, DEAD, (PENDING, False)),
        (BADLY, CANCELLED, (PENDING, False)),
    ],
)
@pytest.mark.parametrize("is_late", [False, True], ids=["added before", "added after"])
def test_the_end_of_a_parent_decides(
    store: Store, kind: str, ended: str, after: tuple[str, bool], is_late: bool
) -> None:
    parent = add(store)
    if is_late:
        end(store, parent, ended)
        child = add(store, (parent, kind))
    else:
        child = add(store, (parent, kind))
        assert stands(store, child) == (BLOCKED, False)
        end(store, parent, ended)
    assert stands(store, child) == after
    assert_whole(store)


def test_all_parents_must_have_ended(store: Store) -> None:
    first, second = add(store), add(store)
    child = add(store, (first, COMPLETED), (second, ANY))
    end(store, first, COMPLETED)
    assert stands(store, child) == (BLOCKED, False)
    end(store, second, DEAD)
    assert stands(store, child) == (PENDING, False)


def test_waiting_for_a_worker_begins_when_the_last_parent_ends(store: Store) -> None:
    parent = add(store)
    child = add(store, (parent, COMPLETED))
    claimed = claim(store)
    write(
        store,
        store.jobs.finish,
        claimed,
        outcome_for(COMPLETED),
        state=COMPLETED,
        run_at=NOW,
        duration=1,
        now=NOW + 500,
    )
    assert job(store, child).run_at == NOW + 500
    assert claim(store).wait_time == max(0, claim_time(store, child) - (NOW + 500))


def claim_time(store: Store, number: int) -> int:
    return job(store, number).started_at or 0


@pytest.mark.parametrize(("state", "after"), [(HELD, HELD), (SCHEDULED, SCHEDULED)])
def test_a_job_that_is_held_or_not_due_keeps_its_state_and_waits_for_no_parent_then(
    store: Store, state: str, after: str
) -> None:
    parent = add(store)
    child = add(store, (parent, COMPLETED), state=state)
    end(store, parent, COMPLETED)
    assert stands(store, child) == (after, False)
    if state == HELD:
        assert write(store, store.jobs.release, child, NOW)
    else:
        write(store, store.jobs.promote, LATER, 10)
    assert state_of(store, child) == PENDING


@pytest.mark.parametrize("state", [HELD, SCHEDULED])
def test_a_job_that_is_released_or_due_waits_for_its_parents_next(store: Store, state: str) -> None:
    parent = add(store)
    child = add(store, (parent, COMPLETED), state=state)
    if state == HELD:
        assert write(store, store.jobs.release, child, NOW)
    else:
        write(store, store.jobs.promote, LATER, 10)
    assert stands(store, child) == (BLOCKED, False)
    end(store, parent, COMPLETED)
    assert state_of(store, child) == PENDING


def test_a_blocked_job_can_be_held_and_goes_back(store: Store) -> None:
    parent = add(store)
    child = add(store, (parent, COMPLETED))
    assert write(store, store.jobs.hold, child, NOW)
    assert write(store, store.jobs.release, child, NOW)
    assert state_of(store, child) == BLOCKED


def chain(store: Store, length: int) -> list[int]:
    numbers = [add(store)]
    for _ in range(length - 1):
        numbers.append(add(store, (numbers[-1], COMPLETED)))
    return numbers


def test_a_chain_is_stuck_as_far_as_it_goes_and_a_retry_revives_it(store: Store) -> None:
    numbers = chain(store, 5)
    end(store, numbers[0], DEAD)
    assert [stands(store, number) for number in numbers[1:]] == [(BLOCKED, True)] * 4
    assert store.links.count_stuck() == 4
    assert write(store, store.jobs.retry, numbers[0], NOW, keep_attempts=False)
    assert [stands(store, number) for number in numbers[1:]] == [(BLOCKED, False)] * 4
    for number in numbers:
        end(store, number, COMPLETED)
    assert store.links.count_stuck() == 0


def test_a_job_stays_stuck_until_each_dead_parent_was_retried(store: Store) -> None:
    parents = [add(store), add(store)]
    child = add(store, *[(parent, COMPLETED) for parent in parents])
    for parent in parents:
        end(store, parent, DEAD)
    for parent, stuck in zip(parents, (True, False)):
        assert write(store, store.jobs.retry, parent, NOW, keep_attempts=False)
        assert stands(store, child) == (BLOCKED, stuck)


def test_the_end_of_a_stuck_job_by_a_user_releases_those_that_wait_for_any_end(store: Store) -> None:
    first, second = chain(store, 2)
    cleanup = add(store, (second, ANY))
    end(store, first, DEAD)
    assert stands(store, cleanup) == (BLOCKED, True)
    assert write(store, store.jobs.cancel, second, NOW)
    assert stands(store, cleanup) == (PENDING, False)


@pytest.mark.parametrize("ended", [DEAD, CANCELLED])
def test_a_retry_waits_again_for_a_parent_that_is_not_completed_by_now(store: Store, ended: str) -> None:
    parent = add(store)
    child, other = add(store, (parent, COMPLETED)), add(store, (parent, ANY))
    end(store, parent, COMPLETED)
    end(store, child, COMPLETED)
    end(store, other, COMPLETED)
    assert write(store, store.jobs.retry, parent, NOW, keep_attempts=False)
    for number in (child, other):
        assert write(store, store.jobs.retry, number, NOW, keep_attempts=False)
    # Only what must be completed opens again.
    assert (state_of(store, child), state_of(store, other)) == (BLOCKED, PENDING)
    assert write(store, store.jobs.cancel, other, NOW)
    end(store, parent, ended)
    assert stands(store, child) == (BLOCKED, True)


def test_those_behind_a_failed_job_learn_that_its_retry_has_made_it_stuck(store: Store) -> None:
    first, second, third = chain(store, 3)
    end(store, first, COMPLETED)
    assert finish(store, claim(store), FAILED, run_at=LATER)
    assert write(store, store.jobs.retry, first, NOW, keep_attempts=False)
    end(store, first, DEAD)
    assert write(store, store.jobs.retry, second, NOW, keep_attempts=False)
    assert [stands(store, number) for number in (second, third)] == [(BLOCKED, True)] * 2


def test_a_child_that_need_not_run_is_cancelled_also_if_it_was_stuck_until_then(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "AT_ONCE", 2)
    first, second = chain(store, 2)
    children = [add(store, (second, BADLY)) for _ in range(5)]
    end(store, first, DEAD)
    settle_all(store)
    assert {stands(store, child) for child in children} == {(BLOCKED, True)}
    assert write(store, store.jobs.retry, first, NOW, keep_attempts=False)
    # Before all learn that it is no longer stuck, it is completed.
    end(store, first, COMPLETED)
    end(store, second, COMPLETED)
    settle_all(store)
    assert {state_of(store, child) for child in children} == {CANCELLED}


def test_a_parent_that_is_retried_takes_no_child_back(store: Store) -> None:
    parent = add(store)
    child = add(store, (parent, COMPLETED))
    end(store, parent, COMPLETED)
    assert write(store, store.jobs.retry, parent, NOW, keep_attempts=False)
    assert state_of(store, child) == PENDING


def test_a_cancelled_child_that_is_retried_still_waits(store: Store) -> None:
    parent = add(store)
    child = add(store, (parent, COMPLETED))
    assert write(store, store.jobs.cancel, child, NOW)
    assert write(store, store.jobs.retry, child, NOW, keep_attempts=False)
    assert state_of(store, child) == BLOCKED
    end(store, parent, COMPLETED)
    assert state_of(store, child) == PENDING


def test_a_job_that_is_retried_does_not_wait_for_one_that_is_gone(store: Store) -> None:
    parent = add(store)
    child = add(store, (parent, COMPLETED))
    end(store, parent, DEAD)
    assert write(store, store.jobs.cancel, child, NOW)
    assert write(store, store.jobs.remove, parent)
    assert write(store, store.jobs.retry, child, NOW, keep_attempts=False)
    assert stands(store, child) == (PENDING, False)


def test_what_unfinished_jobs_wait_for_can_neither_be_removed_nor_pruned(store: Store) -> None:
    parent = add(store)
    child = add(store, (parent, COMPLETED))
    end(store, parent, DEAD)
    assert not write(store, store.jobs.remove, parent)
    assert write(store, store.jobs.prune, DEAD, LATER, 10, now=LATER) == []
    assert write(store, store.jobs.cancel, child, NOW)
    assert write(store, store.jobs.prune, DEAD, LATER, 10, now=LATER) == [f"job-{parent}"]


def test_a_satisfied_link_keeps_no_parent(store: Store) -> None:
    parent, other = add(store), add(store)
    child = add(store, (parent, COMPLETED), (other, COMPLETED))
    end(store, parent, COMPLETED)
    assert write(store, store.jobs.prune, COMPLETED, LATER, 10, now=LATER) == [f"job-{parent}"]
    assert [(one.id, one.state) for one in store.links.parents(child)] == [
        (f"job-{parent}", None),
        (f"job-{other}", PENDING),
    ]
    end(store, other, COMPLETED)
    assert state_of(store, child) == PENDING


def test_an_edit_replaces_all_parents(store: Store) -> None:
    first, second = add(store), add(store)
    child = add(store, (first, COMPLETED))
    end(store, first, DEAD)
    assert write(store, store.jobs.edit, child, {"parents": [(second, COMPLETED)]}, NOW)
    assert stands(store, child) == (BLOCKED, False)
    assert write(store, store.jobs.edit, child, {"parents": []}, NOW)
    assert stands(store, child) == (PENDING, False)
    assert write(store, store.jobs.edit, child, {"parents": [(second, ANY)]}, NOW)
    assert stands(store, child) == (BLOCKED, False)
    assert_whole(store)


def test_an_edit_that_frees_a_stuck_job_frees_those_behind_it(store: Store) -> None:
    first, second, third = chain(store, 3)
    end(store, first, DEAD)
    assert stands(store, third) == (BLOCKED, True)
    assert write(store, store.jobs.edit, second, {"parents": []}, NOW)
    assert (stands(store, second), stands(store, third)) == ((PENDING, False), (BLOCKED, False))


@pytest.mark.parametrize(("count", "rounds"), [(499, 0), (500, 1), (501, 1), (1200, 2)])
def test_more_children_than_one_transaction_updates_take_several(store: Store, count: int, rounds: int) -> None:
    parent = add(store)
    found = [spec() for _ in range(count)]
    write(
        store,
        store.jobs.enqueue,
        found,
        origins=ORIGINS,
        actor="test",
        now=NOW,
        parents=[[(parent, COMPLETED)]] * count,
    )
    end(store, parent, COMPLETED)
    assert store.counts.by_state()[PENDING] == min(count, links.AT_ONCE)
    assert settle_all(store) == rounds
    assert store.counts.by_state() == {COMPLETED: 1, PENDING: count}
    assert_whole(store)


def test_a_long_chain_is_stuck_and_revived_in_steps(store: Store) -> None:
    numbers = chain(store, 1300)
    end(store, numbers[0], DEAD)
    settle_all(store)
    assert store.links.count_stuck() == 1299
    assert write(store, store.jobs.retry, numbers[0], NOW, keep_attempts=False)
    settle_all(store)
    assert store.links.count_stuck() == 0


def test_a_parent_that_changes_before_all_children_were_updated_counts_as_it_is_then(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "AT_ONCE", 2)
    parent = add(store)
    children = [add(store, (parent, COMPLETED)) for _ in range(7)]
    end(store, parent, DEAD)
    write(store, store.links.go_on, NOW)
    assert write(store, store.jobs.retry, parent, NOW, keep_attempts=False)
    settle_all(store)
    assert {stands(store, child) for child in children} == {(BLOCKED, False)}
    end(store, parent, COMPLETED)
    settle_all(store)
    assert {stands(store, child) for child in children} == {(PENDING, False)}


def test_descendants_come_before_what_they_wait_for(store: Store) -> None:
    root = add(store)
    left, right = add(store, (root, COMPLETED)), add(store, (root, ANY))
    last = add(store, (left, COMPLETED), (right, COMPLETED), (root, COMPLETED))
    found = store.links.descendants([root])
    assert sorted(found) == [root, left, right, last]
    assert found[0] == last and found[-1] == root


def test_a_path_leads_from_a_job_to_what_it_waits_for(store: Store) -> None:
    numbers = chain(store, 4)
    assert store.links.path([numbers[3]], [numbers[0]]) == numbers[::-1]
    assert store.links.path([numbers[0]], [numbers[3]]) == []


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", KINDS)
def test_two_demands_on_one_parent_make_the_stronger_one(first: str, second: str) -> None:
    both = stronger(first, second)
    for standing in FINAL_STATES:
        wanted = {fate(first, standing), fate(second, standing)} == {SATISFIED}
        assert (both is not None and fate(both, standing) == SATISFIED) == wanted


def numbers_of(rows: Sequence[Relative]) -> list[int]:
    return [row.number for row in rows]


def test_relatives_are_reported_with_how_they_stand(store: Store) -> None:
    parent = add(store)
    child = add(store, (parent, COMPLETED))
    end(store, parent, DEAD)
    (above,) = store.links.parents(child)
    assert (above.number, above.when, above.state, above.hopeless, above.satisfied_at) == (
        parent,
        COMPLETED,
        DEAD,
        True,
        None,
    )
    assert numbers_of(store.links.children(parent)) == store.links.waiting_children(parent) == [child]
