"""Drain 2,000 jobs `true` with 2 workers, against xargs and against a bare posix_spawn loop.

The baseline is `xargs -P2 -n1 sh -c true` reading 2,000 lines from a file. `-n1` is the plain way to
give each command one line; the line becomes `$0` of the shell and costs nothing, and a file instead of a
pipe spares it the feeding process. The bare loop is two processes that only posix_spawn `sh -c true` in a
session of its own, its output going to a file, and wait for it: what the system can do without a queue.

The queue is timed from just before the commit that makes all jobs claimable, with the workers up and
idle, to the last `finished_at`. Afterwards every job must be completed by its first attempt.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from typing import Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support
from queuectl import Queue
from queuectl.engine.machine.doorbell import WORKERS, ring

LOOK_SECONDS = 0.05
PROCESSES = 2


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Let the three take turns; the order turns too, so that none always follows the same one."""
    jobs: int = options.jobs
    ways = {"xargs": by_xargs, "bare": by_spawning, "queue": by_queue}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    by_xargs(jobs // 4)
    for round_number in range(options.rounds):
        names = list(ways)
        for name in names[round_number % 3 :] + names[: round_number % 3]:
            taken[name].append(ways[name](jobs))
        support.say("  " + ", ".join(f"{name} {jobs / taken[name][-1]:.0f}/s" for name in names))
    for baseline, must in (("xargs", 0.9), ("bare", 0.75)):
        ratios = [base / queue for base, queue in zip(taken[baseline], taken["queue"])]
        name = "xargs -P2" if baseline == "xargs" else "bare posix_spawn x2"
        yield support.Goal(
            f"drain `true` against {name}",
            support.middle(ratios),
            must,
            unit="x",
            detail=f"{support.spread(ratios)}, queue {jobs / support.middle(taken['queue']):.0f}/s",
        )


def by_xargs(jobs: int) -> float:
    """Return the seconds that xargs takes."""
    with tempfile.NamedTemporaryFile("w") as lines:
        lines.writelines(f"{number}\n" for number in range(jobs))
        lines.flush()
        return support.seconds_of(["xargs", f"-P{PROCESSES}", "-n1", "sh", "-c", "true"], stdin=lines.name)


def by_spawning(jobs: int) -> float:
    """Return the seconds that two processes take to spawn and wait for half of the jobs each."""
    go, begin = os.pipe()
    children = []
    for _ in range(PROCESSES):
        child = os.fork()
        if child == 0:
            _spawn_on_signal(jobs // PROCESSES, go, begin)
        children.append(child)
    os.close(go)
    time.sleep(LOOK_SECONDS)
    began = time.perf_counter()
    os.close(begin)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    took = time.perf_counter() - began
    if any(statuses):
        raise RuntimeError(f"the bare loop ended with {statuses}")
    return took


def _spawn_on_signal(jobs: int, go: int, begin: int) -> None:
    """In a child: wait until the last writer of the pipe is gone, then spawn. Never returns."""
    try:
        os.close(begin)
        with tempfile.TemporaryFile() as spool:
            actions = [
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, spool.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, spool.fileno(), 2),
            ]
            os.read(go, 1)
            for _ in range(jobs):
                pid = os.posix_spawn("/bin/sh", ["sh", "-c", "true"], os.environ, file_actions=actions, setsid=True)
                os.waitpid(pid, 0)
        os._exit(0)
    finally:
        os._exit(1)


def by_queue(jobs: int) -> float:
    """Return the seconds from the commit to the last finished job."""
    with support.temporary_home() as home, Queue(home) as queue, support.Pool(home, PROCESSES):
        specs = queue.check([{"command": "true"}] * jobs)
        store = queue.store
        origins = {words: queue.origin(words, has_usual=True) for words in {spec.inherit_env for spec in specs}}
        with store.writing():
            store.jobs.enqueue(specs, origins=origins, actor="benchmark", now=queue.clock.wall())
            began = queue.clock.wall()
        ring(queue.home, WORKERS)
        while store.counts.by_state().get("completed", 0) < jobs:
            time.sleep(LOOK_SECONDS)
            if queue.clock.wall() - began > support.LIMIT_SECONDS * 1000:
                raise RuntimeError(f"not drained in time: {store.counts.by_state()}")
        done = queue.list()
    if any(job.state != "completed" or job.attempts != 1 for job in done) or len(done) != jobs:
        raise RuntimeError("a job was lost, failed or ran twice")
    return (max(job.finished_at or 0 for job in done) - began) / 1000


if __name__ == "__main__":
    support.main(__doc__, measure, rounds=7, options=[("jobs", 2000, "how many jobs")])
