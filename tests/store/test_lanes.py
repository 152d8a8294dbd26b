"""Limits, rates and pauses of queues in claims, and in the questions of those who wait."""

from __future__ import annotations

from typing import Iterator

import pytest

from queuectl.engine.home.clockwatch import follow
from queuectl.model.job import COMPLETED, FAILED, PENDING
from queuectl.model.lane import HOME, Lane
from queuectl.model.when import HOUR, MINUTE, SECOND
from queuectl.store import Store
from tests.store.building import NOW, add, claim, finish, open_store, outcome_for, take, write
from tests.support import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def store(home: str, clock: FakeClock) -> Iterator[Store]:
    with open_store(home, clock=clock) as opened:
        yield opened


def give(store: Store, name: str, **parts: object) -> None:
    lane = store.lanes.get(name)
    for part, value in parts.items():
        setattr(lane, part, value)
    write(store, store.lanes.set, lane)


def test_a_queue_gives_no_more_jobs_than_it_has_slots(store: Store) -> None:
    give(store, "mail", slots=2)
    for _ in range(3):
        add(store, queue="mail", priority=9)
    add(store, queue="other")
    first, second = claim(store), claim(store)
    assert (first.queue, second.queue, claim(store).queue) == ("mail", "mail", "other")
    assert take(store) is None
    finish(store, first)
    assert claim(store).queue == "mail"
    assert take(store) is None


@pytest.mark.parametrize("state", [COMPLETED, FAILED, PENDING])
def test_a_slot_is_taken_again_in_the_transaction_that_frees_it(store: Store, state: str) -> None:
    give(store, "mail", slots=1)
    add(store, queue="mail")
    add(store, queue="mail")
    claimed = claim(store)
    with store.writing():
        store.jobs.finish(claimed, outcome_for(state), state=state, run_at=NOW + HOUR, duration=1, now=NOW)
        assert store.jobs.claim(worker=1, now=NOW, lease_until=1) is not None
        assert store.jobs.claim(worker=1, now=NOW, lease_until=1) is None


def test_a_rate_spaces_claims_in_the_store(store: Store, clock: FakeClock) -> None:
    give(store, "mail", rate_count=10, rate_period=SECOND, rate_burst=2)
    for _ in range(5):
        add(store, queue="mail")
    claimed = []
    for _ in range(400):
        found = take(store, now=clock.wall())
        if found is not None:
            claimed.append(found.started_at - NOW)
        else:
            assert store.lanes.next_room(clock.wall()) == NOW + 100 * (len(claimed) - 1)
            clock.advance(1)
        if len(claimed) == 5:
            break
    assert claimed == [0, 0, 100, 200, 300]


@pytest.mark.parametrize("jump", [-HOUR, HOUR, -30 * SECOND])
def test_a_rate_holds_when_the_clock_is_set(store: Store, clock: FakeClock, jump: int) -> None:
    write(store, follow, store)
    give(store, "mail", rate_count=1, rate_period=MINUTE)
    add(store, queue="mail")
    add(store, queue="mail")
    claim(store, now=clock.wall())
    clock.advance(20 * SECOND)
    clock.set_by(jump)
    write(store, follow, store)
    assert take(store, now=clock.wall()) is None
    assert store.lanes.next_room(clock.wall()) == clock.wall() + 40 * SECOND
    clock.advance(40 * SECOND)
    assert take(store, now=clock.wall()) is not None


def test_a_pause_for_a_time_moves_along_with_the_clock_and_one_until_an_instant_does_not(
    store: Store, clock: FakeClock
) -> None:
    write(store, follow, store)
    give(store, "mail", paused_at=NOW, paused_until=NOW + MINUTE, is_delay=1)
    give(store, "news", paused_at=NOW, paused_until=NOW + MINUTE)
    clock.set_by(HOUR)
    write(store, follow, store)
    assert store.lanes.get("mail").paused_until == NOW + MINUTE + HOUR
    assert store.lanes.get("news").paused_until == NOW + MINUTE


def test_a_paused_queue_gives_no_jobs_and_keeps_no_other_from_running(store: Store) -> None:
    give(store, "mail", paused_at=NOW)
    add(store, queue="mail", priority=9)
    add(store, queue="other")
    assert claim(store).queue == "other" and take(store) is None
    assert store.lanes.next_room(NOW) is None
    give(store, "mail", paused_at=None)
    assert claim(store).queue == "mail"


def test_a_pause_of_the_home_holds_for_queues_to_come(store: Store) -> None:
    give(store, HOME, paused_at=NOW, paused_until=NOW + MINUTE)
    add(store, queue="new")
    assert take(store) is None
    assert store.lanes.next_room(NOW) == NOW + MINUTE
    assert claim(store, now=NOW + MINUTE).queue == "new"


def test_it_learns_how_many_jobs_could_start(store: Store) -> None:
    for queue in ("free", "full", "paused", "limited", "limited", "limited"):
        add(store, queue=queue)
    give(store, "limited", slots=2)
    give(store, "paused", paused_at=NOW)
    give(store, "full", slots=1)
    add(store, queue="full", priority=9)
    claim(store)
    assert store.lanes.startable(NOW) == 1 + 2
    give(store, HOME, paused_at=NOW)
    assert store.lanes.startable(NOW) == 0


def test_a_freed_slot_is_waited_for_where_jobs_are_pending(store: Store) -> None:
    add(store, queue="mail")
    assert not store.lanes.is_waited_for("mail")
    give(store, "mail", slots=1)
    assert store.lanes.is_waited_for("mail")
    claim(store)
    assert not store.lanes.is_waited_for("mail")


def test_only_workers_of_a_queue_learn_of_its_room(store: Store) -> None:
    give(store, "mail", rate_count=1, rate_period=MINUTE)
    add(store, queue="mail")
    add(store, queue="mail")
    claim(store)
    assert store.lanes.next_room(NOW, ["mail"]) == NOW + MINUTE
    assert store.lanes.next_room(NOW, ["other"]) is None


def test_a_lane_that_is_given_nothing_any_more_has_no_row(store: Store) -> None:
    give(store, "mail", slots=1)
    assert list(store.lanes.all()) == ["mail"]
    give(store, "mail", slots=None)
    assert store.lanes.all() == {}
    assert store.lanes.get("mail").parts_by_name() == Lane("mail").parts_by_name()
