"""The file after many jobs came and went, against one that has always held what is left.

Jobs are added, ended and pruned in turns, as retention does it; what stays is compared with a fresh home that
was given the same jobs alone.
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

AT_ONCE = 50_000


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Let jobs come and go, then look at the file."""
    with support.temporary_home() as home, Queue(home) as queue:
        began = time.monotonic()
        for start in range(0, options.jobs, AT_ONCE):
            come(queue, min(AT_ONCE, options.jobs - start))
            support.say(f"  {start + AT_ONCE:,} of {options.jobs:,} jobs came, {size(queue) >> 20} MiB")
        peak = size(queue)
        pruned = queue.prune(["completed"], queue.clock.wall() + 1)
        took = time.monotonic() - began
        come(queue, options.left)
        queue.store.checkpoint()
        used = size(queue)
    with support.temporary_home() as home, Queue(home) as queue:
        come(queue, options.left)
        queue.store.checkpoint()
        fresh = size(queue)
    detail = f"{pruned:,} jobs in {took:.0f} s, {options.left:,} left, at most {peak >> 20} MiB"
    yield support.Goal(
        "the file after many jobs came and went, against a fresh one",
        used / fresh,
        1.5,
        at_least=False,
        unit="x",
        detail=detail,
    )


def come(queue: Queue, jobs: int) -> None:
    """Add jobs that have ended."""
    if not jobs:
        return
    queue.enqueue([{"command": f"echo {'x' * 100}"}] * jobs)
    now = queue.clock.wall()
    with queue.store.writing():
        queue.store.database.change(
            "UPDATE jobs SET state = 'completed', finished_at = ? WHERE state = 'pending'", (now,)
        )
        queue.store.counts.add("default", None, (), "pending", -jobs)
        queue.store.counts.add("default", None, (), "completed", jobs)
    queue.store.checkpoint()


def size(queue: Queue) -> int:
    """Return the size of the database file."""
    return os.stat(queue.home.database).st_size


if __name__ == "__main__":
    support.main(
        __doc__,
        measure,
        rounds=1,
        options=[("jobs", 1_000_000, "how many jobs come and go"), ("left", 20_000, "how many stay")],
    )
