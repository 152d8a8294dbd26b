"""CPU of an idle pool of 4 workers, all its processes together, in percent of one core.

The time on the CPU comes from /proc/PID/task/*/schedstat, in nanoseconds: utime and stime count in steps
of 10 ms, of which an idle minute has about ten.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support

WORKERS = 4
SETTLE_SECONDS = 3.0


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Look at the CPU time of each process before and after."""
    shares = []
    with support.temporary_home() as home, support.Pool(home, WORKERS) as pool:
        time.sleep(SETTLE_SECONDS)
        pids = pool.processes()
        for _ in range(options.rounds):
            before, began = [cpu_seconds(pid) for pid in pids], time.monotonic()
            time.sleep(options.seconds)
            used = [cpu_seconds(pid) - start for pid, start in zip(pids, before)]
            passed = time.monotonic() - began
            shares.append(sum(used) / passed * 100)
            parts = (f"{name(pid)} {seconds * 1000:.1f}" for pid, seconds in zip(pids, used))
            support.say("  ms of CPU: " + ", ".join(parts))
        if pool.processes() != pids:
            raise RuntimeError("the pool's processes changed while it was idle")
    yield support.Goal(
        f"CPU of an idle pool of {WORKERS} workers",
        support.middle(shares),
        0.2,
        at_least=False,
        unit="%",
        detail=f"{support.spread(shares, '.3f')} of {options.seconds} s",
    )


def cpu_seconds(pid: int) -> float:
    """Return the time that the threads of a process have had on a CPU."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def name(pid: int) -> str:
    """Return what a process of the pool is."""
    with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
        words = file.read()
    return "forked" if "engine.daemons.fork_server" in words else "pool"


if __name__ == "__main__":
    support.main(__doc__, measure, rounds=1, options=[("seconds", 60, "how long to look")])
