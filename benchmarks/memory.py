"""Memory of a pool with 2 workers: PSS of all its processes, the fork server included.

PSS shares a page among the processes that map it, so the sum is what the machine pays; pages of the Python
binary shared with other Pythons make it smaller, so the memory of these processes alone (private pages)
is shown as the lower bound and RSS as the upper one. Measured when idle, and again after some jobs.
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

SETTLE_SECONDS = 2.0


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Look at a fresh pool, then at one that has worked."""
    fresh, used = [], []
    for _ in range(options.rounds):
        with support.temporary_home() as home, Queue(home) as queue, support.Pool(home, 2) as pool:
            time.sleep(SETTLE_SECONDS)
            fresh.append(figures(pool))
            queue.wait(*queue.enqueue([{"command": "echo hello"}] * options.jobs), timeout=support.LIMIT_SECONDS)
            time.sleep(SETTLE_SECONDS)
            used.append(figures(pool))
            parts = ", ".join(f"{support.kilobytes(pid, 'smaps_rollup', 'Pss') / 1024:.1f}" for pid in pool.processes())
            support.say(f"  PSS {fresh[-1][0]:.1f} MB, after {options.jobs} jobs {used[-1][0]:.1f} MB: {parts}")
    for name, found, must in (("idle", fresh, 40), (f"after {options.jobs} jobs", used, None)):
        pss, private, rss = (support.middle(values) for values in zip(*found))
        yield support.Goal(
            f"PSS of pool and 2 workers, {name}",
            pss,
            must,
            at_least=False,
            unit="MB",
            detail=f"private {private:.1f} MB, RSS {rss:.1f} MB",
        )


def figures(pool: support.Pool) -> tuple[float, float, float]:
    """Return PSS, private pages and RSS of all processes, in MB."""

    def total(*fields: str) -> float:
        return sum(support.kilobytes(pid, "smaps_rollup", *fields) for pid in pool.processes()) / 1024

    return total("Pss"), total("Private_Clean", "Private_Dirty"), total("Rss")


if __name__ == "__main__":
    support.main(__doc__, measure, rounds=3, options=[("jobs", 200, "how many jobs it works on")])
