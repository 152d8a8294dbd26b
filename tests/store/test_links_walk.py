"""Random steps on a graph of jobs and batches: each link stays in line with how its parent stands."""

from __future__ import annotations

import random
import time

import pytest

from queuectl.engine.linking import demand_no_circle_in_batches, demand_no_circle_of_edit
from queuectl.model.errors import InvalidInput
from queuectl.model.job import (
    BLOCKED,
    CANCELLED,
    COMPLETED,
    DEAD,
    FAILED,
    FINAL_STATES,
    HELD,
    PENDING,
    PROCESSING,
    SCHEDULED,
)
from queuectl.model.link import BADLY, HOPELESS, KINDS, SATISFIED, STUCK, UNFINISHED, fate, of_batch
from queuectl.store import Store, links
from tests.store.building import LATER, NOW, assert_whole, finish, spec, write
from tests.store.linking import add, settle_all

BATCHES = ("b", "c", "d")
SEEDS = [*range(1, 9), time.time_ns()]


class Graph:
    """A random graph of jobs, and everything that may happen to one, step by step."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.random = random.Random(seed)
        self.numbers: list[int] = []
        self.circles = 0
        self.retried: set[int] = set()

    def step(self) -> None:
        getattr(self, self.random.choice(["add", "add", "add", "run", "run", "run", "cancel", "retry", "others"]))()
        self.numbers = self.store.database.integers("SELECT number FROM jobs")

    def some(self, most: int) -> list[int]:
        return self.random.sample(self.numbers, self.random.randint(0, min(most, len(self.numbers))))

    def add(self) -> None:
        parents: list[tuple[int | str, str]] = [(parent, self.random.choice(KINDS)) for parent in self.some(3)]
        batch = self.random.choice([None, *BATCHES])
        batches = [one for one in BATCHES if self.store.batches.get(one, NOW) and self.random.random() < 0.3]
        parents += [(of_batch(one), self.random.choice(KINDS)) for one in batches]
        specs = [spec(batch=batch)]
        try:
            with self.store.writing():
                demand_no_circle_in_batches(self.store, specs, [parents])
        except InvalidInput:
            self.circles += 1
            return
        add(self.store, *parents, state=self.random.choice([PENDING, PENDING, HELD, SCHEDULED]), batch=batch)

    def run(self) -> None:
        with self.store.writing():
            claimed = self.store.jobs.claim(worker=1, now=NOW, lease_until=0)
        if claimed is not None:
            finish(self.store, claimed, self.random.choice([COMPLETED, COMPLETED, DEAD, FAILED]), run_at=LATER)

    def cancel(self) -> None:
        for number in self.some(2):
            write(self.store, self.store.jobs.cancel, number, NOW)

    def retry(self) -> None:
        for number in self.some(3):
            if write(self.store, self.store.jobs.retry, number, NOW, keep_attempts=False):
                self.retried.add(number)

    def others(self) -> None:
        store, verb = self.store, self.random.choice(["hold", "release", "promote", "edit", "remove", "prune", "go_on"])
        if verb == "promote":
            write(store, store.jobs.promote, LATER, 2)
        elif verb == "prune":
            write(store, store.jobs.prune, self.random.choice(FINAL_STATES), LATER, 1, now=LATER)
        elif verb == "go_on":
            write(store, store.links.go_on, NOW)
        for number in self.some(1) if verb in ("hold", "release", "edit", "remove") else ():
            if verb == "edit":
                self.edit(number)
            elif verb == "remove":
                write(store, store.jobs.remove, number)
            else:
                write(store, getattr(store.jobs, verb), number, NOW)

    def edit(self, number: int) -> None:
        store = self.store
        found = [*self.some(2), *store.database.integers("SELECT -id FROM batches WHERE id % 2 = ?", (number % 2,))]
        parents = [(one, self.random.choice(KINDS)) for one in found]
        try:
            with store.writing():
                demand_no_circle_of_edit(store, [number], parents)
                store.jobs.edit(number, {"parents": parents}, NOW)
        except InvalidInput:
            self.circles += 1


def assert_in_line(graph: Graph) -> None:
    """Each open link says how its parent stands, each job counts its links, and nobody waits who need not."""
    store = graph.store
    jobs = {row["number"]: row for row in store.database.rows("SELECT * FROM jobs")}

    names = {row["id"]: row["name"] for row in store.database.rows("SELECT id, name FROM batches")}

    def standing(number: int) -> str:
        if number < 0:
            found = [standing(row["number"]) for row in jobs.values() if row["batch"] == names[-number]]
            return UNFINISHED if UNFINISHED in found else COMPLETED if set(found) == {COMPLETED} else CANCELLED
        row = jobs.get(number)
        if row is None:
            return CANCELLED
        if row["finished_at"] is not None:
            return str(row["state"])
        return STUCK if row["hopeless"] else UNFINISHED

    found: dict[int, list[int]] = {number: [0, 0] for number in jobs}
    for row in store.database.rows("SELECT * FROM links WHERE satisfied_at IS NULL"):
        found[row["child"]][0] += 1
        found[row["child"]][1] += row["is_hopeless"]
        # An ended child learns how a batch stands once it is retried: jobs of that may be removed until then.
        is_batch = -row["parent"] in names and jobs[row["child"]]["finished_at"] is None
        if row["parent"] in jobs or is_batch:
            expected = fate(row["kind"], standing(row["parent"]))
            assert expected != SATISFIED
            assert row["is_hopeless"] == (expected == HOPELESS)
            if (row["kind"], standing(row["parent"])) == (BADLY, COMPLETED):
                # A retry lets even such a job wait.
                assert jobs[row["child"]]["finished_at"] is not None or row["child"] in graph.retried
    for number, row in jobs.items():
        assert [row["waits"], row["hopeless"]] == found[number]
        assert (row["state"] == BLOCKED) <= (row["waits"] > 0)
        assert (row["waits"] > 0) <= (row["state"] not in (PENDING, PROCESSING, FAILED))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_after_any_steps_each_link_is_in_line_with_its_parent(
    store: Store, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(links, "AT_ONCE", 3)
    graph = Graph(store, seed)
    for _ in range(150):
        graph.step()
        assert_whole(store)
        if graph.random.random() < 0.3:
            settle_all(store)
            assert_in_line(graph)
    settle_all(store)
    assert_in_line(graph)


@pytest.mark.slow
def test_the_steps_lead_to_links_of_batches_in_each_state_and_to_circles(store: Store) -> None:
    graph = Graph(store, 1)
    found = set()
    for _ in range(300):
        graph.step()
        found |= {
            (row["kind"], row["is_hopeless"], row["satisfied_at"] is not None)
            for row in store.database.rows("SELECT * FROM links WHERE parent < 0")
        }
    assert {(kind, 0, is_satisfied) for kind in KINDS for is_satisfied in (False, True)} <= found
    assert {(COMPLETED, 1, False), (BADLY, 1, False)} <= found
    assert graph.circles > 10
