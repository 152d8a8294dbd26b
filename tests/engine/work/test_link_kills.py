"""The process that tells children how their parent stands is killed: others go on, and each child learns it once."""

from __future__ import annotations

import os
import shutil
import signal
from itertools import count
from typing import Any, Callable

import pytest

from queuectl.engine.clockwork.tick import Clockwork
from queuectl.engine.home.opened import load_settings
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.engine.work.settle import settle
from queuectl.model.event import CANCELLED_FOR
from queuectl.model.job import BLOCKED, CANCELLED, COMPLETED, DEAD, FAILED, PROCESSING
from queuectl.model.link import ANY, BADLY, STUCK, WHENS, of_batch
from queuectl.model.outcome import Outcome
from queuectl.store import Store, links
from queuectl.store.database import Database
from tests.engine.graphs import BAD, Node, ends, id_of
from tests.engine.running import python
from tests.store.building import LEASE, assert_whole, employ, open_store, write
from tests.support import FakeClock, Processes, cli_environment

# The first job is the one that ends; it has children of each kind, and they have children.
CHILDREN = [
    Node("good", {0: COMPLETED}),
    Node("good", {0: ANY}),
    Node("good", {0: BADLY}),
    Node("good", {1: COMPLETED}, "b"),
    Node("good", {3: ANY}, "b"),
    Node("good", {3: COMPLETED, 2: ANY}),
    Node("good", {3: BADLY, 1: BADLY}),
    Node(BAD, {5: COMPLETED}),
    Node("good", {8: BADLY}),
    Node("good", {}, None, {"b": COMPLETED}),
    Node("good", {}, None, {"b": ANY}),
    Node("good", {2: ANY}, None, {"b": BADLY}),
]
FIRST = 1


def add_graph(home: str, graph: list[Node]) -> None:
    jobs: list[dict[str, Any]] = []
    for place, node in enumerate(graph):
        retries = 0 if node.kind == BAD else 3
        jobs.append({"id": id_of(place), "command": "true", "max_retries": retries, "batch": node.batch})
        parents = {**{id_of(parent): kind for parent, kind in node.parents.items()}, **_batches_of(node)}
        for parent, kind in parents.items():
            jobs[-1].setdefault(WHENS[kind], []).append(parent)
    with Queue(home) as queue:
        queue.enqueue(jobs)


def _batches_of(node: Node) -> dict[str, str]:
    return {of_batch(batch): kind for batch, kind in node.batches.items()}


def end_one(store: Store, graph: list[Node]) -> bool:
    """Claim a job and end it as its kind says; return False if there was none."""
    now = store.clock.wall()
    worker = employ(store)
    claim = write(store, store.jobs.claim, worker=worker, now=now, lease_until=store.clock.monotonic() + LEASE)
    if claim is not None:
        outcome = Outcome.exited(int(graph[claim.number - 1].kind == BAD))
        write(store, settle, store, claim, outcome, settings=load_settings(store), random=lambda: 0.5, now=now)
    return claim is not None


def tell_all(store: Store) -> None:
    while store.links.has_follow_ups():
        write(store, store.links.go_on, store.clock.wall())


def end_first(store: Store, graph: list[Node]) -> None:
    """What a worker does, and after it the scheduler."""
    assert end_one(store, graph)
    tell_all(store)


def cancel_first(store: Store, graph: list[Node]) -> None:
    """What a client does."""
    write(store, store.jobs.cancel, FIRST, store.clock.wall())
    tell_all(store)


def is_killed_at(point: int, act: Callable[[], None]) -> bool:
    """Do something in a process that kills itself before a writing statement or a commit; return whether it did."""
    pid = os.fork()
    if not pid:
        _die_at(point, act)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def _die_at(point: int, act: Callable[[], None]) -> None:
    left = [point]

    def risky(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
            return method(*arguments, **options)

        return call

    code = 1
    try:
        for name in ("begin", "_write", "commit"):
            setattr(Database, name, risky(getattr(Database, name)))
        act()
        code = 0
    finally:
        # Nothing of the tests is run twice.
        os._exit(code)


def state_of_each(store: Store) -> list[str]:
    jobs = store.search.jobs(range(1, 100))
    return [STUCK if job.state == BLOCKED and job.stuck else job.state for job in sorted(jobs, key=lambda j: j.number)]


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "act", "first"),
    [("good", end_first, COMPLETED), (BAD, end_first, DEAD), ("good", cancel_first, CANCELLED)],
)
def test_a_kill_at_any_statement_leads_to_the_same_end(
    home: str,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    act: Callable[[Store, list[Node]], None],
    first: str,
) -> None:
    monkeypatch.setattr(links, "AT_ONCE", 2)
    graph = [Node(kind, {}), *CHILDREN]
    # One that is cancelled is to its children what one is that waits for the failure of a good one.
    expected = ends(graph) if first != CANCELLED else ends([Node("good", {}), *_behind_a_cancelled_one()])[1:]
    add_graph(home, graph)
    for point in count():
        path, clock = f"{home}-{point}", FakeClock()
        shutil.copytree(home, path)
        store = open_store(path, clock=clock)

        def alone(path: str = path, clock: FakeClock = clock) -> None:
            act(open_store(path, clock=clock), graph)

        killed = is_killed_at(point, alone)
        assert_whole(store)
        if first == CANCELLED:
            # A process that is killed before it is done is asked again.
            write(store, store.jobs.cancel, FIRST, clock.wall())
        work_off(store, graph, clock)
        assert state_of_each(store) == expected, point
        assert_told_once(store, expected)
        store.close()
        if not killed:
            break
    assert point > 25, "it was killed at hardly any statement"


def _behind_a_cancelled_one() -> list[Node]:
    moved = [node._replace(parents={parent + 1: kind for parent, kind in node.parents.items()}) for node in CHILDREN]
    return [Node("good", {0: BADLY}), *moved]


def work_off(store: Store, graph: list[Node], clock: FakeClock) -> None:
    """Do what scheduler and workers do until nothing is left."""
    scheduler = Clockwork(store, Log("test", clock))
    while True:
        scheduler.tick()
        clock.advance(3_600_000)
        if not end_one(store, graph) and not any(store.counts.by_state().get(left) for left in (PROCESSING, FAILED)):
            break
    assert not store.links.has_follow_ups()


def assert_told_once(store: Store, expected: list[str]) -> None:
    assert_whole(store)
    for number, end in enumerate(expected, 1):
        notes = [event for event in store.events.of_job(number) if event.what == CANCELLED_FOR]
        assert len(notes) == (end == CANCELLED and number != FIRST)
        attempts = [row.exit_code for row in store.attempts.of_job(number)]
        if number != FIRST:
            assert len(attempts) == (end in (COMPLETED, DEAD)), (number, attempts)


# More children than one transaction tells

MANY = 1_200
KILLED_WORKER = """
import os, signal
from queuectl.engine.work.worker import Worker
from queuectl.store import Home

Worker._report = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
Worker(Home(sys.argv[1])).run()
"""
KILLED_CANCEL = """
import os, signal
from queuectl.__main__ import run
from queuectl.store.links import Links

Links.go_on = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = ["queuectl", "--home", sys.argv[1], "cancel", "1"]
run(bare="menu")
"""


@pytest.mark.parametrize("awaited", ["1", "batch:b"])
@pytest.mark.parametrize(
    ("code", "kind", "parent", "is_stuck"),
    [
        (KILLED_WORKER, "after", COMPLETED, False),
        (KILLED_CANCEL, "after_any", CANCELLED, False),
        (KILLED_CANCEL, "after", CANCELLED, True),
    ],
)
def test_a_scheduler_goes_on_where_somebody_was_killed_between_two_transactions(
    home: str, queue: Queue, processes: Processes, code: str, kind: str, parent: str, is_stuck: bool, awaited: str
) -> None:
    queue.add("true", batch="b")
    queue.enqueue([{"command": "true", kind: [awaited]}] * MANY)
    killed = processes.start(python(code, home), env=cli_environment(home))
    assert killed.wait(60) == -signal.SIGKILL
    assert queue.get("1").state == parent

    def told() -> int:
        return queue.store.links.count_stuck() if is_stuck else MANY - queue.counts().get(BLOCKED, 0)

    assert told() == links.AT_ONCE
    with Store(queue.home) as store:
        Clockwork(store, Log("next", store.clock)).tick()
    assert told() == MANY
    assert not queue.store.links.has_follow_ups()
    assert_whole(queue.store)
