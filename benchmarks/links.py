"""What jobs that wait for others cost: many children, long chains, large documents, and homes that have none.

- A parent with 10,000 children ends: how long until all are claimable.
- The first job of a chain dies: how long until all behind it are stuck, four times as many in four times the time.
- A document of 100,000 jobs, each waiting for the one before, against one of the same jobs without links.
- Claim and finish, as a worker does them, of jobs that wait for each other against jobs that do not; and the part of
  it that the look for children takes where no job has any.

In addition, the longest writing transaction of those that tell children, and of a bulk cancel.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import sys
import time
from typing import Any, Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support
from queuectl import Queue
from queuectl.engine.work.settle import settle
from queuectl.model.outcome import Outcome
from queuectl.model.settings import Settings
from queuectl.store import Store
from queuectl.store.claim import Claim
from queuectl.store.database import WriteTransaction

CLAIMS = 1_000
LONGEST_MS = 250


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Measure all of it."""
    yield from children(options)
    yield from chains(options)
    yield from documents(options)
    yield from claims(options)


def children(options: argparse.Namespace) -> Iterator[support.Goal]:
    """End a parent of many children, then cancel another one."""
    seconds, longest, bulk = [], [], []
    for _ in range(options.rounds):
        with queue_of(
            [{"id": "j", "command": "true"}, *[{"command": "true", "after": ["j"]}] * options.children]
        ) as queue:
            with transactions() as taken:
                began = time.perf_counter()
                finish(queue, 1)
                tell(queue.store)
                seconds.append(time.perf_counter() - began)
            longest.append(max(taken) * 1000)
            if queue.counts()["pending"] != options.children:
                raise RuntimeError("some children do not know that their parent has ended")
            with transactions() as taken:
                queue.cancel("state:pending")
            bulk.append(max(taken) * 1000)
        support.say(f"  {options.children} children in {seconds[-1]:.2f} s, longest {longest[-1]:.0f} ms")
    name = f"{options.children} children of a job that ends"
    yield support.Goal(f"{name}: until all can run", support.middle(seconds), 2, at_least=False, unit="s")
    yield support.Goal(
        f"{name}: the longest transaction", support.middle(longest), LONGEST_MS, at_least=False, unit="ms"
    )
    yield support.Goal(
        "cancelling them all: the longest transaction", support.middle(bulk), LONGEST_MS, at_least=False, unit="ms"
    )


def chains(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Let the first job of a chain die, of one that is long and of one that is four times as long, in CPU time."""
    taken: dict[int, list[float]] = {options.children // 4: [], options.children: []}
    longest = []
    for _ in range(options.rounds):
        for length, seconds in taken.items():
            with queue_of(chain(length)) as queue, transactions() as each:
                began = time.process_time()
                finish(queue, 1, exit_code=1)
                tell(queue.store)
                seconds.append(time.process_time() - began)
                longest.append(max(each) * 1000)
                if queue.store.links.count_stuck() != length - 1:
                    raise RuntimeError("some jobs of the chain do not know that they are stuck")
    short, long = taken.values()
    ratios = [after / before for before, after in zip(short, long)]
    yield support.Goal(
        f"a chain of {options.children} is stuck, against a quarter of it",
        support.middle(ratios),
        5.5,
        at_least=False,
        unit="x",
        detail=f"{support.spread(ratios)}, {support.middle(long):.2f} s, longest transaction {max(longest):.0f} ms",
    )


def documents(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Add one large document with links, and one without."""
    ratios, seconds = [], []
    for _ in range(options.rounds):
        took = [added(jobs) for jobs in (plain(options.jobs), chain(options.jobs))]
        ratios.append(took[1] / took[0])
        seconds.append(took[1])
        support.say(f"  {options.jobs} jobs in {took[0]:.2f} s, with links in {took[1]:.2f} s")
    yield support.Goal(
        f"{options.jobs} jobs with as many links in one document, against none",
        support.middle(ratios),
        3,
        at_least=False,
        unit="x",
        detail=f"{support.spread(ratios)}, {support.middle(seconds):.2f} s",
    )


def added(jobs: list[dict[str, Any]]) -> float:
    with support.temporary_home() as home, Queue(home) as queue:
        queue.settings()
        began = time.perf_counter()
        queue.enqueue(jobs)
        return time.perf_counter() - began


def claims(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Claim and finish a chain and jobs without links, by turns, and look for children that are not there."""
    linked, alone, looks = [], [], []
    for _ in range(options.rounds * 3):
        with queue_of(plain(CLAIMS)) as queue:
            alone.append(seconds_to_work_off(queue))
            looks.append(seconds_to_look(queue))
        with queue_of(chain(CLAIMS)) as queue:
            linked.append(seconds_to_work_off(queue))
    ratios = [after / before for before, after in zip(alone, linked)]
    yield support.Goal(
        "claim and finish in a chain, against without links",
        support.middle(ratios),
        2,
        at_least=False,
        unit="x",
        detail=f"{support.spread(ratios)}, {CLAIMS / support.middle(linked):.0f}/s",
    )
    parts = [look / whole * 100 for look, whole in zip(looks, alone)]
    yield support.Goal(
        "the look for children, part of claim and finish",
        support.middle(parts),
        3,
        at_least=False,
        unit="%",
        detail=support.spread(parts),
    )


def seconds_to_look(queue: Queue) -> float:
    """Look for the children of all jobs; return how much CPU time it took."""
    with Store(queue.home, durable=False) as store, store.writing():
        began = time.process_time()
        for number in range(CLAIMS):
            store.links.follow(number, None, 0)
        return time.process_time() - began


def seconds_to_work_off(queue: Queue) -> float:
    """Claim and finish all jobs, as a worker's transactions do it; return how much CPU time it took."""
    settings = queue.settings()
    with Store(queue.home, durable=False) as store:
        held = None
        began = time.process_time()
        for _ in range(CLAIMS + 1):
            with store.writing():
                if held is not None:
                    end(store, settings, held)
                held = claimed(store)
        took = time.process_time() - began
    if held is not None or queue.counts() != {"completed": CLAIMS}:
        raise RuntimeError("some jobs were left")
    return took


def claimed(store: Store) -> Claim | None:
    return store.jobs.claim(worker=1, now=store.clock.wall(), lease_until=store.clock.monotonic() + 30_000)


def end(store: Store, settings: Settings, held: Claim, exit_code: int = 0) -> None:
    settle(
        store,
        held,
        Outcome.exited(exit_code),
        settings=settings,
        random=random.random,
        now=store.clock.wall(),
        duration=1,
        output_size=0,
    )


def finish(queue: Queue, number: int, exit_code: int = 0) -> None:
    """Run the only job that can be claimed."""
    with queue.store.writing():
        held = claimed(queue.store)
    if held is None or held.number != number:
        raise RuntimeError("another job was in front")
    with queue.store.writing():
        end(queue.store, queue.settings(), held, exit_code)


def tell(store: Store) -> None:
    """Do what a scheduler does for the children that were deferred."""
    while store.links.has_follow_ups():
        with store.writing():
            store.links.go_on(store.clock.wall())


def plain(count: int) -> list[dict[str, Any]]:
    """Return jobs that wait for none."""
    return [{"id": f"j{place}", "command": "true", "max_retries": 0} for place in range(count)]


def chain(count: int) -> list[dict[str, Any]]:
    """Return jobs each of which waits for the one before."""
    jobs = plain(count)
    for place in range(1, count):
        jobs[place]["after"] = [f"j{place - 1}"]
    return jobs


@contextlib.contextmanager
def queue_of(jobs: list[dict[str, Any]]) -> Iterator[Queue]:
    """Give the queue of a new home with some jobs."""
    with support.temporary_home() as home, Queue(home) as queue:
        queue.enqueue(jobs)
        yield queue


@contextlib.contextmanager
def transactions() -> Iterator[list[float]]:
    """Collect how many seconds each writing transaction takes."""
    taken: list[float] = []
    enter, leave = WriteTransaction.__enter__, WriteTransaction.__exit__
    began = 0.0

    def entered(self: WriteTransaction) -> None:
        nonlocal began
        enter(self)
        began = time.perf_counter()

    def left(self: WriteTransaction, *error: Any) -> None:
        leave(self, *error)
        taken.append(time.perf_counter() - began)

    WriteTransaction.__enter__, WriteTransaction.__exit__ = entered, left  # type: ignore[method-assign]
    try:
        yield taken
    finally:
        WriteTransaction.__enter__, WriteTransaction.__exit__ = enter, leave  # type: ignore[method-assign]


if __name__ == "__main__":
    support.main(
        __doc__,
        measure,
        rounds=3,
        options=[
            ("children", 10_000, "how many children a job has, and jobs a chain"),
            ("jobs", 100_000, "how many jobs a document has"),
        ],
    )
