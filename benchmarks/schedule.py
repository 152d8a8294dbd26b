"""Jobs that are due: how late they start, what waiting for them costs, and how fast many become claimable.

- *Late*: jobs due at instants spread over some seconds, two idle workers; from the instant that was asked
  for to the start that was recorded with the attempt.
- *Idle*: a scheduler daemon in a home with many jobs that are scheduled for next year.
- *Promote*: many jobs that fall due at once; a second process writes all the while, and the longest it had to
  wait for the store is how long promoting held it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from typing import Any, Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support
from benchmarks.idle import cpu_seconds
from queuectl import Queue
from queuectl.engine.clockwork.tick import Clockwork
from queuectl.engine.machine.log import Log
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.store import Home, Store

AT_ONCE = 20_000
SPREAD_MS = 10_000
LEAD_MS = 3_000
SETTLE_SECONDS = 3.0
WORKERS = 2
CONTEXT = multiprocessing.get_context("spawn")


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Measure the three, each in a home of its own."""
    yield from late(options.jobs)
    yield from idle(options.waiting, options.seconds)
    yield from promote(options.waiting)


def late(jobs: int) -> Iterator[support.Goal]:
    """Let jobs fall due one after the other."""
    with support.temporary_home() as home, Queue(home) as queue, support.Pool(home, WORKERS):
        begin = queue.clock.wall() + LEAD_MS
        due = [begin + SPREAD_MS * number // jobs for number in range(jobs)]
        ids = queue.enqueue([{"command": "true", "run_at": f"+{at - queue.clock.wall()}ms"} for at in due])
        done = queue.wait(*ids, timeout=60)
        lateness = [(job.started_at or 0) - job.run_at for job in done]
    detail = f"{jobs} jobs in {SPREAD_MS / 1000:g} s, p50 {support.middle(lateness):.0f} ms, worst {max(lateness)} ms"
    yield support.Goal(
        "a due job starts after its time, p99",
        support.percentile(lateness, 99),
        100,
        at_least=False,
        unit="ms",
        detail=detail,
    )


def idle(waiting: int, seconds: int) -> Iterator[support.Goal]:
    """Look at the CPU time of a scheduler that has nothing to do."""
    with support.temporary_home() as home, Queue(home) as queue:
        fill(queue, waiting, "+365d")
        support.cli(home, "scheduler", "start")
        try:
            pid = queue.scheduler.pid
            assert pid is not None
            time.sleep(SETTLE_SECONDS)
            before, began = cpu_seconds(pid), time.monotonic()
            time.sleep(seconds)
            share = (cpu_seconds(pid) - before) / (time.monotonic() - began) * 100
        finally:
            support.cli(home, "scheduler", "stop")
    yield support.Goal(
        "CPU of an idle scheduler",
        share,
        0.5,
        at_least=False,
        unit="%",
        detail=f"{waiting:,} scheduled jobs, {seconds} s",
    )


def promote(waiting: int) -> Iterator[support.Goal]:
    """Tick once when everything is due, with another writer beside it."""
    with support.temporary_home() as home, Queue(home) as queue:
        fill(queue, waiting, "+1h")
        with queue.store.writing():
            queue.store.database.change("UPDATE jobs SET run_at = ?", (queue.clock.wall(),))
        stop, waits = CONTEXT.Event(), CONTEXT.Queue()
        writer = CONTEXT.Process(target=write_all_the_time, args=(home, stop, waits))
        writer.start()
        waits.get(timeout=support.LIMIT_SECONDS)
        with Store(Home(home)) as store:
            scheduler = Clockwork(store, Log("benchmark", SYSTEM_CLOCK))
            held = watch_holding(store)
            began = time.monotonic()
            scheduler.tick()
            took = time.monotonic() - began
        stop.set()
        commits, longest = waits.get(timeout=support.LIMIT_SECONDS)
        writer.join()
        assert scheduler.totals["promoted"] == waiting
    yield support.Goal(
        "promoting many jobs due at once",
        took,
        3,
        at_least=False,
        unit="s",
        detail=f"{waiting:,} jobs, {commits:,} commits of another writer meanwhile",
    )
    yield support.Goal(
        "the longest that it held the store",
        max(held) * 1000,
        250,
        at_least=False,
        unit="ms",
        detail=f"{len(held)} transactions, another writer waited {longest * 1000:.0f} ms at most",
    )


def watch_holding(store: Store) -> list[float]:
    """Return a list that gets the seconds of each transaction of a store."""
    held: list[float] = []
    begin, commit = store.database.begin, store.database.commit
    began = [0.0]

    def timed_begin() -> None:
        begin()
        began[0] = time.monotonic()

    def timed_commit() -> None:
        commit()
        held.append(time.monotonic() - began[0])

    store.database.begin, store.database.commit = timed_begin, timed_commit  # type: ignore[method-assign]
    return held


def write_all_the_time(home: str, stop: Any, waits: Any) -> None:
    """In a process of its own: commit something small again and again; tell how often, and how long at most."""
    commits, longest = 0, 0.0
    with Store(Home(home)) as store:
        waits.put(None)
        while not stop.is_set():
            began = time.monotonic()
            with store.writing():
                store.meta.touch(0)
            commits, longest = commits + 1, max(longest, time.monotonic() - began)
            time.sleep(0.001)
    waits.put((commits, longest))


def fill(queue: Queue, jobs: int, run_at: str) -> None:
    """Add scheduled jobs."""
    for start in range(0, jobs, AT_ONCE):
        queue.enqueue([{"command": "true", "run_at": run_at}] * min(AT_ONCE, jobs - start))


if __name__ == "__main__":
    support.main(
        __doc__,
        measure,
        rounds=1,
        options=[
            ("jobs", 1000, "jobs that fall due one after the other"),
            ("waiting", 100_000, "scheduled jobs"),
            ("seconds", 30, "how long to look at the idle scheduler"),
        ],
    )
