"""A random walk: the store and a dictionary are asked the same, and must stay the same."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any, Callable

import pytest

from queuectl.model.errors import Conflict
from queuectl.model.job import CANCELLED, COMPLETED, DEAD, FAILED, PAUSE, PENDING, SCHEDULED, STATES, USER
from queuectl.model.lane import Lane
from queuectl.model.link import KINDS
from queuectl.store import Store
from queuectl.store.claim import Claim
from queuectl.store.namelists import names_of
from tests.store.building import (
    NOW,
    ORIGINS,
    Stores,
    assert_parked_where_full,
    assert_whole,
    counted_locks,
    outcome_for,
    spec,
)
from tests.store.model import Model, Taken

pytestmark = pytest.mark.slow


# Fixed ones, which fail again tomorrow, and one that has not been tried before.
SEEDS = [*range(1, 11), time.time_ns()]
STEPS = 350
TABLE = """
SELECT number, id, state, queue, priority, run_at, attempts, last_attempt, attempt_id, cancel_requested, finished_at,
    suspended_at, suspended_by, suspended_for, batch, locks, waits, hopeless
FROM jobs ORDER BY number
"""
LINKS = "SELECT child, parent, kind, is_hopeless, satisfied_at FROM links ORDER BY child, parent"


class Undo(Exception):
    """Raised inside a transaction to have it rolled back."""


class Walk:
    """One walk over one home, through any number of stores in turn."""

    def __init__(self, seed: int, stores: list[Store], reopen: Callable[[], Store]) -> None:
        self.random = random.Random(seed)
        self.stores = stores
        self.reopen = reopen
        self.model = Model()
        self.claims: list[Claim] = []
        self.attempts: list[tuple[int, int]] = []
        self.now = NOW

    def step(self) -> None:
        """Do one thing to a store and to the model, sometimes undone; compare."""
        if self.random.random() < 0.03:
            self.reopen_one()
        if self.random.random() < 0.03:
            self.random.choice(self.stores).checkpoint()
        name = self.random.choices(list(OPERATIONS), list(OPERATIONS.values()))[0]
        store = self.random.choice(self.stores)
        undone = self.random.random() < 0.1
        before = (self.model.copy(), list(self.claims), list(self.attempts))
        try:
            with store.writing():
                getattr(self, name)(store)
                if undone:
                    raise Undo
        except Undo:
            self.model, self.claims, self.attempts = before
        self.compare(self.random.choice(self.stores))

    def reopen_one(self) -> None:
        index = self.random.randrange(len(self.stores))
        self.stores[index].close()
        self.stores[index] = self.reopen()

    def compare(self, store: Store) -> None:
        rows = {row["number"]: dict(row) for row in store.database.rows(TABLE)}
        for row in rows.values():
            del row["number"]
            row["locks"] = names_of(row["locks"])
        assert rows == self.model.jobs
        links = {(child, parent): link for child, links in self.model.links.items() for parent, link in links.items()}
        found = {(row["child"], row["parent"]): dict(row) for row in store.database.rows(LINKS)}
        assert found == {
            (child, parent): {"child": child, "parent": parent, **link} for (child, parent), link in links.items()
        }
        assert not store.links.has_follow_ups()
        counts: dict[str, dict[str, int]] = {}
        for row in self.model.jobs.values():
            states = counts.setdefault(row["queue"], {})
            states[row["state"]] = states.get(row["state"], 0) + 1
        assert store.counts.by_queue() == counts
        batches = {batch.name: batch for batch in store.batches.newest(-1, NOW)}
        assert {name: batch.max_fails for name, batch in batches.items()} == self.model.limits
        reasons = {
            name: f"batch {name} was stopped after {dead} dead jobs" for name, dead in self.model.stopped.items()
        }
        assert {name: batch.stop_reason for name, batch in batches.items() if batch.stopped_at is not None} == reasons
        for name, batch in batches.items():
            assert batch.states == Counter(self.model.states_of(name)) == store.counts.of_batches.of(name)
        assert {name: batch.slots for name, batch in batches.items()} == self.model.batch_slots
        assert store.jobs.next_due() == self.model.next_due()
        assert_parked_where_full(store)
        assert store.counts.of_locks.all() == counted_locks(store)
        assert len(set(self.attempts)) == len(self.attempts), "an attempt id came twice within a job"

    def some_job(self) -> int:
        """Return the number of a job, seldom of none."""
        known = list(self.model.jobs)
        return self.random.choice(known) if known and self.random.random() < 0.95 else self.random.randint(1, 500)

    def some_claimed(self) -> int:
        """Return the number of a job that ran recently and may still run, at times of any."""
        return (
            self.random.choice(self.claims[-4:]).number
            if self.claims and self.random.random() < 0.9
            else self.some_job()
        )

    def some_moment(self) -> int:
        return self.now + self.random.randint(-20, 20)

    # What can be done, each to both.

    def enqueue(self, store: Store) -> None:
        specs = [self._spec() for _ in range(self.random.choice([1, 1, 1, 2, 3]))]
        parents = [self._parents(self.model.last) for _ in specs]
        try:
            expected: Any = self.model.enqueue(specs, self.now, parents)
        except Taken:
            with pytest.raises(Conflict):
                store.jobs.enqueue(specs, origins=ORIGINS, actor="test", now=self.now, parents=parents)
        else:
            assert store.jobs.enqueue(specs, origins=ORIGINS, actor="test", now=self.now, parents=parents) == expected

    def _parents(self, last: int) -> list[tuple[int, str]]:
        """Return some jobs up to a number to wait for, often none."""
        known = [number for number in self.model.jobs if number <= last]
        chosen = self.random.sample(known, min(len(known), self.random.choice([0, 0, 0, 0, 1, 1, 2])))
        return [(parent, self.random.choice(KINDS)) for parent in sorted(chosen)]

    def _spec(self) -> Any:
        choose = self.random.choice
        near = f"job-{self.model.last + self.random.randint(-3, 3)}"
        return spec(
            id=choose([None, None, None, near, choose("abcdefgh")]),
            queue=choose("xyz"),
            priority=choose([0, 0, 5]),
            run_at=choose([None, None, self.some_moment()]),
            hold=self.random.random() < 0.1,
            cwd=choose(["/", "/tmp"]),
            env=choose([{}, {"A": "1"}]),
            locks=self._locks(),
            **self._batch(),
        )

    def _batch(self) -> dict[str, Any]:
        name = self.random.choice("bc")
        return self.random.choice(
            [{}, {}, {"batch": name}, {"batch": name, "max_fails": "2"}, {"batch": name, "batch_limit": 2}]
        )

    def _locks(self) -> tuple[str, ...]:
        return self.random.choice([(), (), (), (), ("l",), ("m",), ("l", "m"), ("m", "l")])

    def claim(self, store: Store) -> None:
        queues = self.random.choice([(), (), ("x",), ("y", "z")])
        order = [queue for queue in store.counts.queues_with(PENDING) if not queues or queue in queues]
        stopped = self.model.stopped
        waiting = [
            number for number, row in self.model.jobs.items() if row["batch"] in stopped and not row["finished_at"]
        ]
        claimed = store.jobs.claim(worker=1, now=self.now, lease_until=0, queues=queues)
        states = store.search.states_of(waiting)
        cancelled = [number for number in waiting if states[number] == CANCELLED]
        assert (claimed.number if claimed else None) == self.model.claim(order, self.now, cancelled)
        if claimed is not None:
            self.model.claimed(claimed.number, claimed.attempt_id)
            row = self.model.jobs[claimed.number]
            assert (claimed.attempt, claimed.attempts) == (row["last_attempt"], row["attempts"])
            self.claims.append(claimed)
            self.attempts.append((claimed.number, claimed.attempt_id))

    def finish(self, store: Store) -> None:
        """Often of an attempt that has long lost its job."""
        if not self.claims:
            return
        claimed = self.random.choice(self.claims[-4:] if self.random.random() < 0.8 else self.claims)
        state = self.random.choice([COMPLETED, FAILED, FAILED, DEAD, CANCELLED, PENDING, SCHEDULED])
        run_at = self.some_moment()
        done = store.jobs.finish(claimed, outcome_for(state), state=state, run_at=run_at, duration=1, now=self.now)
        assert done == self.model.finish(claimed.number, claimed.attempt_id, state, run_at, self.now)
        if done:
            assert store.attempts.end(claimed.attempt_id, outcome_for(state), duration=1, output_size=0, now=self.now)

    def limit(self, store: Store) -> None:
        """Give a queue slots or a pause, or take them away."""
        queue, slots = self.random.choice("xyz"), self.random.choice([0, 1, 2, None, None])
        store.lanes.set(Lane(queue, slots=slots or None, paused_at=self.now if slots == 0 else None))
        self.model.slots.pop(queue, None)
        if slots is not None:
            self.model.slots[queue] = slots

    def limit_lane(self, store: Store) -> None:
        """Give a lock or a batch other slots."""
        if self.random.random() < 0.5:
            name, slots = self.random.choice("lm"), self.random.choice([1, 1, 2])
            store.locks.limit(name, slots)
            store.jobs.parking.leave([name], None)
            self.model.lock_slots[name] = slots
            return
        batch, some = self.random.choice("bc"), self.random.choice([None, 1, 2])
        assert store.batches.limit(batch, some) == (batch in self.model.batch_slots)
        store.jobs.parking.leave([], batch)
        if batch in self.model.batch_slots:
            self.model.batch_slots[batch] = some

    def renew(self, store: Store) -> None:
        if self.claims:
            claimed = self.random.choice(self.claims)
            held = self.model.holds(claimed.number, claimed.attempt_id)
            assert store.jobs.renew(claimed.number, claimed.attempt_id, self.now) == held
            wanted = bool(self.model.jobs[claimed.number]["cancel_requested"]) if held else None
            assert store.jobs.cancel_requested(claimed.number, claimed.attempt_id) == wanted

    def finish_and_claim(self, store: Store) -> None:
        """What a worker does."""
        self.finish(store)
        self.claim(store)

    def promote_and_claim(self, store: Store) -> None:
        self.promote(store)
        self.claim(store)

    def promote(self, store: Store) -> None:
        limit = self.random.choice([1, 2, 100])
        assert store.jobs.promote(self.now, limit) == self.model.promote(self.now, limit)

    def cancel(self, store: Store) -> None:
        number = self.some_job()
        assert store.jobs.cancel(number, self.now) == self.model.cancel(number, self.now)

    def suspend(self, store: Store) -> None:
        number, by = self.some_claimed(), self.random.choice([USER, PAUSE])
        assert store.jobs.suspend(number, self.now, by) == self.model.suspend(number, self.now, by)

    def resume(self, store: Store) -> None:
        number, by = self.some_claimed(), self.random.choice([None, USER, PAUSE])
        assert store.jobs.resume(number, self.now, by) == self.model.resume(number, self.now, by)

    def cancel_stopped(self, store: Store) -> None:
        expected = self.model.cancel_stopped(self.now)
        assert store.jobs.has_stopped() == (expected > 0)
        assert store.jobs.cancel_stopped(self.now, 1_000, actor="test") == expected

    def retry(self, store: Store) -> None:
        number, keep = self.some_job(), self.random.random() < 0.5
        assert store.jobs.retry(number, self.now, keep_attempts=keep) == self.model.retry(number, self.now, keep)

    def hold(self, store: Store) -> None:
        number = self.some_job()
        assert store.jobs.hold(number, self.now) == self.model.hold(number, self.now)

    def front(self, store: Store) -> None:
        number, priority = self.some_job(), self.random.choice([6, 7])
        assert store.jobs.front(number, priority, self.now) == self.model.front(number, priority)

    def edit(self, store: Store) -> None:
        number, choose = self.some_job(), self.random.choice
        changes: dict[str, Any] = choose(
            [
                {"queue": choose("xyz")},
                {"priority": 5, "queue": "w"},
                {"priority": choose([0, 5])},
                {"locks": self._locks()},
                {"run_at": self.some_moment()},
                {"run_at": self.now},
                {"parents": self._parents(number - 1)},
                {"parents": self._parents(number - 1), "run_at": self.some_moment()},
            ]
        )
        assert store.jobs.edit(number, changes, self.now) == self.model.edit(number, dict(changes), self.now)

    def release(self, store: Store) -> None:
        number = self.some_job()
        assert store.jobs.release(number, self.now) == self.model.release(number, self.now)

    def remove(self, store: Store) -> None:
        number = self.some_job()
        assert store.jobs.remove(number) == self.model.remove(number)

    def prune(self, store: Store) -> None:
        state, before, limit = self.random.choice(STATES), self.some_moment(), self.random.choice([1, 50])
        assert len(store.jobs.prune(state, before, limit, now=before)) == self.model.prune(state, before, limit)
        store.contexts.prune()

    def pass_time(self, store: Store) -> None:
        """Seldom backwards, as wall clocks do."""
        self.now += self.random.choice([1, 5, 10, -7])


OPERATIONS = {
    "enqueue": 8,
    "claim": 8,
    "finish": 6,
    "finish_and_claim": 5,
    "promote_and_claim": 2,
    "limit": 1,
    "limit_lane": 2,
    "renew": 2,
    "promote": 2,
    "cancel": 3,
    "suspend": 4,
    "resume": 4,
    "cancel_stopped": 1,
    "retry": 3,
    "hold": 2,
    "front": 2,
    "edit": 4,
    "release": 3,
    "remove": 2,
    "prune": 1,
    "pass_time": 5,
}


@pytest.mark.parametrize("connections", [1, 2])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_store_and_a_dictionary_stay_the_same(stores: Stores, seed: int, connections: int) -> None:
    print(f"seed {seed}")
    walk = Walk(seed, [stores() for _ in range(connections)], stores)
    for _ in range(STEPS):
        walk.step()
    assert_whole(walk.stores[0])
    assert len(walk.attempts) > 10, "the walk went nowhere"
