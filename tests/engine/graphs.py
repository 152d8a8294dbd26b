"""Random graphs of jobs that wait for others and for batches, what must become of them, and what may not happen.

Each job holds a file lock as long as any process of it lives, and writes down in a ledger when an attempt begins and
when its command comes to the end. `ends` says how each job must end, whatever is killed:

    completed, dead    it has run
    cancelled          it waits for the failure of a job that has completed
    stuck              it waits for what cannot come: blocked for good

A batch is to its children one job: completed if all of its jobs are, and else cancelled.
"""

from __future__ import annotations

import collections
import random
from pathlib import Path
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from queuectl.engine.queue import Queue
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.job import BLOCKED, CANCELLED, COMPLETED, DEAD, FAILED, PENDING, PROCESSING
from queuectl.model.link import ANY, BADLY, STUCK, WHENS, of_batch
from tests.engine.killing import Killing
from tests.support import wait_until

JOBS = 500
DOCUMENTS = 10
HELD = 30
BETWEEN_KILLS = 0.15
DRAIN_SECONDS = 120.0
OVERLAP = 99
# A batch may have jobs of so many places in a row: which part of them is in it, and of the next ones waits for it.
IN_A_ROW = 10
MEMBERS, WAITERS = 0.2, 0.3
BAD, FLAKY = "bad", "flaky"

BEGIN = (
    "note() {{ (flock 9; echo $1 $QUEUECTL_JOB_ID $QUEUECTL_ATTEMPT >&9) 9>>{directory}/ledger; }}; "
    "exec 8>>{directory}/$QUEUECTL_JOB_ID; flock -n 8 || exit {overlap}; note begin; "
)
COMMANDS = {
    "good": BEGIN + "sleep {seconds}; note end",
    "prints": BEGIN + "seq 3000; note end",
    FLAKY: BEGIN + "t={directory}/$QUEUECTL_JOB_ID.tried; [ -e $t ] || {{ : >$t; note end; exit 1; }}; note end",
    BAD: BEGIN + "sleep {seconds}; note end; exit 3",
}
KINDS = {"good": 60, "prints": 10, FLAKY: 15, BAD: 15}
LINKS = {COMPLETED: 60, ANY: 25, BADLY: 15}
# One that is lost counts as an attempt: a bad job dies either way, no other is lost so often.
RETRIES = {BAD: 1}
MANY = 100
ENDS_OF_PARENTS = {COMPLETED: (COMPLETED,), BADLY: (DEAD, CANCELLED), ANY: (COMPLETED, DEAD, CANCELLED)}


class Node(NamedTuple):
    """A job: its kind in COMMANDS, and its parents, which come before it, each with the kind of the link.

    `batch` is the one that it is in, `batches` are those that it waits for: all of their jobs come before it.
    """

    kind: str
    parents: dict[int, str]
    batch: str | None = None
    batches: Mapping[str, str] = {}


def random_graph(chance: random.Random, jobs: int = JOBS) -> list[Node]:
    """Return a graph in which about half of the jobs can run."""
    nodes: list[Node] = []
    for place in range(jobs):
        near = range(max(0, place - 60), place)
        batch = place // IN_A_ROW
        member = f"b-{batch}" if chance.random() < MEMBERS else None
        # Of a batch, more than of others can run: or hardly any batch would be completed.
        most = chance.choice([0, 1, 1, 1, 2, 3] if member is None else [0, 0, 0, 1])
        parents = chance.sample(near, min(len(near), most))
        batches = [f"b-{batch - 1}"] if chance.random() < WAITERS else []
        found = {one for one in batches if any(node.batch == one for node in nodes)}
        # A batch that seems to have failed for a while must be waited for so that this does no harm.
        links = {one: LINKS if is_steady(nodes, one) else {COMPLETED: 1} for one in found}
        nodes.append(
            Node(
                _choose(chance, KINDS),
                {parent: _choose(chance, LINKS) for parent in sorted(parents)},
                member,
                {one: _choose(chance, weights) for one, weights in links.items()},
            )
        )
    return nodes


def _choose(chance: random.Random, weights: dict[str, int]) -> str:
    (chosen,) = chance.choices(list(weights), weights=list(weights.values()))
    return chosen


def ends(graph: Sequence[Node]) -> list[str]:
    """Return how each job ends."""
    found: list[str] = []
    for node in graph:
        links = [(kind, found[parent]) for parent, kind in node.parents.items()]
        for batch, kind in node.batches.items():
            members = {end for end, other in zip(found, graph) if other.batch == batch}
            links.append((kind, COMPLETED if members == {COMPLETED} else CANCELLED))
        if (BADLY, COMPLETED) in links:
            found.append(CANCELLED)
        elif any(end not in ENDS_OF_PARENTS[kind] for kind, end in links):
            found.append(STUCK)
        else:
            found.append(DEAD if node.kind == BAD else COMPLETED)
    return found


def is_steady(graph: Sequence[Node], batch: str) -> bool:
    """Return whether no job of a batch can be stuck for a while and run in the end.

    One can that waits for any end of a stuck job, which is cancelled later, since the failure that it waits for too has
    not happened.
    """
    found = ends(graph)
    ever_stuck: list[bool] = []
    for node in graph:
        ends_otherwise = any(found[parent] not in ENDS_OF_PARENTS[kind] for parent, kind in node.parents.items())
        above = [ever_stuck[parent] for parent in node.parents]
        if node.batches:
            above += [is_stuck for is_stuck, other in zip(ever_stuck, graph) if other.batch in node.batches]
        ever_stuck.append(ends_otherwise or any(above) or found[len(ever_stuck)] == STUCK)
    members = [place for place, node in enumerate(graph) if node.batch == batch]
    return not any(ever_stuck[place] and found[place] in (COMPLETED, DEAD) for place in members)


class GraphRun:
    """A graph that is added document by document and worked off while everything is killed."""

    def __init__(self, queue: Queue, directory: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.graph = random_graph(self.chance)
        self.queue = queue
        self.killing = Killing(queue, self.chance)
        self._directory = directory / "graph"
        self._directory.mkdir()
        (self._directory / "ledger").touch()

    def run(self, kills: int) -> None:
        """Add the graph and kill so many, and some of each kind; then let it work until nothing is left to do.

        Meanwhile some jobs are held for a while, which must not change how any ends.
        """
        documents = list(self._documents())
        added: list[str] = []
        while documents or sum(self.killing.kills.values()) < kills or self.killing.never_killed():
            if documents:
                added += self.queue.enqueue(documents.pop(0))
            self.queue.release("state:held")
            self.queue.hold(*self.chance.sample(added, HELD))
            self.killing.start_what_is_missing()
            self.killing.kill_one()
            SYSTEM_CLOCK.pause(BETWEEN_KILLS)
        self.queue.release("state:held")
        self.killing.start_what_is_missing()
        wait_until(self._is_done, DRAIN_SECONDS, "all is done that can be")

    def _documents(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the jobs, of which each waits for some of its own document or of one before it."""
        size = len(self.graph) // DOCUMENTS
        for start in range(0, len(self.graph), size):
            document = [self._job(place) for place in range(start, min(start + size, len(self.graph)))]
            # Within one, a job may name those behind it.
            self.chance.shuffle(document)
            yield document

    def _job(self, place: int) -> dict[str, Any]:
        node = self.graph[place]
        after: dict[str, list[str]] = collections.defaultdict(list)
        for parent, kind in node.parents.items():
            after[WHENS[kind]].append(id_of(parent))
        for batch, kind in node.batches.items():
            after[WHENS[kind]].append(of_batch(batch))
        command = COMMANDS[node.kind].format(
            directory=self._directory, overlap=OVERLAP, seconds=round(self.chance.uniform(0, 0.05), 3)
        )
        retries = RETRIES.get(node.kind, MANY)
        return {"id": id_of(place), "command": command, "max_retries": retries, "batch": node.batch, **after}

    def _is_done(self) -> bool:
        counts = self.queue.store.counts.by_state()
        is_busy = any(counts.get(state) for state in (PENDING, PROCESSING, FAILED))
        return not is_busy and not self.queue.store.links.has_follow_ups()

    def check(self) -> dict[str, list[str]]:
        """Return the jobs with which something went wrong, by what."""
        expected = dict(zip(map(id_of, range(len(self.graph))), ends(self.graph)))
        jobs = {job.id: job for job in self.queue.list()}
        found = {id: STUCK if job.state == BLOCKED and job.stuck else job.state for id, job in jobs.items()}
        attempts = {id: self.queue.store.attempts.of_job(job.number) for id, job in jobs.items()}
        lines = [tuple(line.split()) for line in (self._directory / "ledger").read_text().splitlines()]
        first: dict[str, int] = {}
        last: dict[str, int] = {}
        for place, (_, id, _) in enumerate(lines):
            first.setdefault(id, place)
            last[id] = place
        too_early, before_commit = [], []
        for place, node in enumerate(self.graph):
            id = id_of(place)
            members = [place for place, other in enumerate(self.graph) if other.batch in node.batches]
            # One that will be cancelled may have been stuck before.
            ended = [place for place in members if expected[id_of(place)] in (COMPLETED, DEAD)]
            for parent in map(id_of, [*node.parents, *ended]):
                if id in first and last.get(parent, -1) > first[id]:
                    too_early.append(id)
                if attempts[id] and attempts[id][0].started_at < (jobs[parent].finished_at or MOST):
                    before_commit.append(id)
        succeeded = {id: [row.exit_code for row in rows].count(0) for id, rows in attempts.items()}
        return {
            "other end": [f"{id}: {found.get(id)}, not {end}" for id, end in expected.items() if found.get(id) != end],
            "not one success": [id for id, end in expected.items() if succeeded[id] != (end == COMPLETED)],
            "ran in vain": [id for id, end in expected.items() if end in (CANCELLED, STUCK) and id in first],
            "overlap": [id for id, rows in attempts.items() if OVERLAP in [row.exit_code for row in rows]],
            "begun twice": [" ".join(line) for line, count in collections.Counter(lines).items() if count > 1],
            "before its parent's last line": too_early,
            "before its parent's end": before_commit,
        }

    def close(self) -> None:
        """End all that this run has started."""
        self.killing.close()


MOST = 1 << 62


def id_of(place: int) -> str:
    """Return the id of a job of a graph."""
    return f"g-{place}"
