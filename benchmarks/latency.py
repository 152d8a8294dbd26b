"""From an enqueue committed to the command running, with one idle worker.

The command is `echo >FIFO`, a shell builtin: as its first act it writes to a named pipe on which this
program waits, which takes the time as soon as it reads that. So what is measured is: doorbell, claim and
its commit, fork and exec of the shell, the shell's own start, and one wake-up of the reader. The baseline is
the same command spawned directly, in the same round: the share of it that no queue can save.

The time starts when the commit has returned, before the bell is rung.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support
from queuectl import Queue
from queuectl.engine.machine.doorbell import WORKERS, ring

# Long enough for the worker to record the job and to go to sleep again.
IDLE_SECONDS = 0.02


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Take turns: a job through the queue, the same command directly."""
    through, directly = [], []
    with support.temporary_home() as home, Queue(home) as queue, support.Pool(home, 1):
        pipe = os.path.join(home, "started")
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDWR)
        for _ in range(options.rounds):
            time.sleep(IDLE_SECONDS)
            through.append(by_queue(queue, f"echo >{pipe}", reader))
            time.sleep(IDLE_SECONDS)
            directly.append(by_spawning(f"echo >{pipe}", reader))
        os.close(reader)
    detail = (
        f"directly spawned p50 {support.middle(directly):.2f} ms, p99 {support.percentile(directly, 99):.2f} ms; "
        f"{options.rounds} samples, worst {max(through):.1f} ms"
    )
    yield support.Goal(
        "enqueue committed -> command started, p50",
        support.middle(through),
        5,
        at_least=False,
        unit="ms",
        detail=detail,
    )
    yield support.Goal("the same, p99", support.percentile(through, 99), unit="ms", detail="the design wants <= 10")
    yield support.Goal(
        "the same, p50 against the direct spawn", support.middle(through) / support.middle(directly), unit="x"
    )


def by_queue(queue: Queue, command: str, reader: int) -> float:
    """Return the milliseconds from the commit to the command's first act."""
    specs = queue.check([{"command": command}])
    origins = {spec.inherit_env: queue.origin(spec.inherit_env, has_usual=True) for spec in specs}
    with queue.store.writing():
        queue.store.jobs.enqueue(specs, origins=origins, actor="benchmark", now=queue.clock.wall())
    began = time.perf_counter()
    ring(queue.home, WORKERS)
    os.read(reader, 16)
    return (time.perf_counter() - began) * 1000


def by_spawning(command: str, reader: int) -> float:
    """Return the milliseconds from a direct posix_spawn to the command's first act."""
    began = time.perf_counter()
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", command], os.environ, setsid=True)
    os.read(reader, 16)
    took = (time.perf_counter() - began) * 1000
    os.waitpid(pid, 0)
    return took


if __name__ == "__main__":
    support.main(__doc__, measure, rounds=300)
