"""A job that prints 1 GB: the worker's peak memory, and its throughput against `cat` through a pipe.

The baseline is `head -c BYTES /dev/zero | cat >/dev/null`; the queue's time is the job's own, from
`started_at` to `finished_at`. The peak is VmHWM of the worker process, which had nothing else to do.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support
from queuectl import Queue


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Take turns; each job has a worker of its own, so that every peak is one job's."""
    size = options.megabytes * 1_000_000
    command = f"head -c {size} /dev/zero"
    peaks, ratios, rates = [], [], []
    for _ in range(options.rounds):
        piped = support.seconds_of(["sh", "-c", f"{command} | cat >/dev/null"])
        peak, seconds = by_queue(command)
        peaks.append(peak)
        ratios.append(piped / seconds)
        rates.append(size / seconds / 1e6)
        support.say(f"  peak {peak:.1f} MB, {rates[-1]:.0f} MB/s, cat {size / piped / 1e6:.0f} MB/s")
    yield support.Goal("peak memory of a worker whose job prints 1 GB", max(peaks), 64, at_least=False, unit="MB")
    yield support.Goal(
        "throughput against `| cat`",
        support.middle(ratios),
        0.8,
        unit="x",
        detail=f"{support.spread(ratios)}, {support.middle(rates):.0f} MB/s",
    )


def by_queue(command: str) -> tuple[float, float]:
    """Return the worker's peak in MB and the job's seconds."""
    with support.temporary_home() as home, Queue(home) as queue, support.Pool(home, 1) as pool:
        (worker,) = pool.workers()
        (done,) = queue.wait(queue.add(command).id, timeout=support.LIMIT_SECONDS)
        peak = support.kilobytes(worker, "status", "VmHWM") / 1024
    if done.state != "completed" or done.finished_at is None or done.started_at is None:
        raise RuntimeError(f"the job is {done.state}: {done.error}")
    return peak, (done.finished_at - done.started_at) / 1000


if __name__ == "__main__":
    support.main(__doc__, measure, rounds=5, options=[("megabytes", 1000, "how much it prints")])
