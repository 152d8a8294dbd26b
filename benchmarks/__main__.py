"""Measure everything: `python3 -m benchmarks [NAME...]`; one table of goals, exit code 1 if one was missed.

Each program runs in a process of its own, as `python3 -m benchmarks.NAME` does, which has further
options (`--rounds`, `--jobs` ...).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support

PROGRAMS = (
    "drain",
    "latency",
    "bulk",
    "inputs",
    "add_cli",
    "memory",
    "idle",
    "big_output",
    "scale",
    "links",
    "lanes",
    "schedule",
    "retention",
    "dashboard_api",
    "dashboard",
    "browser",
)
# By name only: it fetches the others, and writes a page.
PEERS = "peers"


def main() -> None:
    """Run the programs that were named, or all."""
    parser = argparse.ArgumentParser(prog="python3 -m benchmarks", description="Measure the goals of speed.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which: {', '.join(PROGRAMS)} (default: all these), or {PEERS}"
    )
    names = parser.parse_args().names or PROGRAMS
    unknown = [name for name in names if name not in (*PROGRAMS, PEERS)]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]}, only {', '.join(PROGRAMS)}")
    goals: list[support.Goal] = []
    broken = []
    for name in names:
        support.say(f"== {name}")
        found = run(name)
        goals += found
        if not found:
            broken.append(name)
    support.print_table(goals)
    for name in broken:
        support.say(f"error: {name} measured nothing")
    sys.exit(0 if not broken and all(goal.is_met for goal in goals) else 1)


def run(name: str) -> list[support.Goal]:
    """Run one program; return its goals, none if it failed."""
    done = subprocess.run(
        [support.PYTHON, "-m", f"benchmarks.{name}", "--json"],
        cwd=support.ROOT,
        check=False,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=support.environment(),
    )
    return [support.Goal(**json.loads(line)) for line in done.stdout.splitlines()] if done.returncode in (0, 1) else []


if __name__ == "__main__":
    main()
