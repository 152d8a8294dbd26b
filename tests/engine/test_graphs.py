"""Whatever is killed while a graph of jobs is worked off: it ends in the one state that the graph allows."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.job import CANCELLED, COMPLETED, DEAD
from queuectl.model.link import ANY, BADLY, STUCK
from tests.engine.graphs import BAD, GraphRun, Node, ends, random_graph

KILLS = 25
SEEDS = [1, int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1 << 32))]


@pytest.mark.parametrize(
    ("first", "kind", "second"),
    [
        ("good", COMPLETED, COMPLETED),
        ("good", ANY, COMPLETED),
        ("good", BADLY, CANCELLED),
        (BAD, COMPLETED, STUCK),
        (BAD, ANY, COMPLETED),
        (BAD, BADLY, COMPLETED),
    ],
)
def test_the_end_of_a_child_follows_from_its_parent_and_their_link(first: str, kind: str, second: str) -> None:
    assert ends([Node(first, {}), Node("good", {0: kind})])[1] == second


@pytest.mark.parametrize(
    ("members", "kind", "end"),
    [
        (["good", "good"], COMPLETED, COMPLETED),
        (["good", BAD], COMPLETED, STUCK),
        (["good", BAD], ANY, COMPLETED),
        (["good", BAD], BADLY, COMPLETED),
        (["good", "good"], BADLY, CANCELLED),
    ],
)
def test_the_end_of_a_child_follows_from_all_jobs_of_a_batch(members: list[str], kind: str, end: str) -> None:
    assert ends([*(Node(one, {}, "b") for one in members), Node("good", {}, None, {"b": kind})])[-1] == end


def test_a_random_graph_has_batches_that_end_in_both_ways() -> None:
    for seed in range(20):
        graph = random_graph(random.Random(seed))
        found = ends(graph)
        waited_for = {batch for node in graph for batch in node.batches}
        members = [{end for end, node in zip(found, graph) if node.batch == batch} for batch in waited_for]
        completed = members.count({COMPLETED})
        assert min(completed, len(members) - completed) >= 3, (seed, completed, len(members))


def test_a_random_graph_has_jobs_that_end_in_each_way() -> None:
    for seed in range(20):
        counts = Counter(ends(random_graph(random.Random(seed))))
        assert min(counts[end] for end in (COMPLETED, DEAD, CANCELLED, STUCK)) >= 10, (seed, counts)


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_graph_ends_as_it_must_whatever_is_killed(queue: Queue, tmp_path: Path, seed: int) -> None:
    print(f"CHAOS_SEED={seed}")
    run = GraphRun(queue, tmp_path, seed)
    try:
        run.run(KILLS)
        assert {"worker", "pool", "scheduler"} <= set(run.killing.kills)
        assert {what: jobs for what, jobs in run.check().items() if jobs} == {}, run.killing.kills
    finally:
        run.close()
