"""Enqueue 100,000 jobs from JSON lines, against a bare executemany of the same rows into the same tables.

The queue's side is all that `queuectl enqueue FILE` does once it runs: decode, parse, validate, insert,
commit. The baseline inserts the finished rows with the same statement into a fresh home of the same
schema with the same pragmas, in one transaction with synchronous=FULL. The whole process is shown too.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import tempfile
import time
from typing import Any, Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support
from queuectl import Queue
from queuectl.engine.intake import decode, parse_jobs
from queuectl.store.enqueue import ENQUEUE

COLUMNS = ENQUEUE[ENQUEUE.index("(") + 1 : ENQUEUE.index(")")]
CONTEXTS = "SELECT id, cwd, path, env FROM contexts"


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Take turns: queue, bare, whole process."""
    jobs: int = options.jobs
    queued, bare, process = [], [], []
    with tempfile.TemporaryDirectory(prefix="queuectl-bench-") as directory:
        path = os.path.join(directory, "jobs.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(
                json.dumps({"command": f"echo {n}", "priority": n % 5, "max_retries": 2}) + "\n" for n in range(jobs)
            )
        for _ in range(options.rounds):
            seconds, rows, contexts = by_queue(path)
            queued.append(seconds)
            bare.append(by_executemany(rows, contexts))
            del rows
            process.append(by_process(path))
            support.say(f"  queue {jobs / queued[-1]:.0f}/s, bare {jobs / bare[-1]:.0f}/s, process {process[-1]:.2f} s")
    ratios = [base / queue for base, queue in zip(bare, queued)]
    yield support.Goal(
        f"enqueue {jobs} JSON lines against executemany",
        support.middle(ratios),
        0.4,
        unit="x",
        detail=f"{support.spread(ratios)}, {jobs / support.middle(queued):.0f}/s",
    )
    yield support.Goal(
        f"`queuectl enqueue FILE` of {jobs} jobs, whole process",
        support.middle(process),
        unit="s",
        detail=f"{jobs / support.middle(process):.0f}/s",
    )


def by_queue(path: str) -> tuple[float, list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return the seconds, and the rows that came of it."""
    with support.temporary_home() as home, Queue(home) as queue:
        queue.settings()
        began = time.perf_counter()
        with open(path, "rb") as file:
            found = parse_jobs(decode(file.read(), path), path)
        queue.enqueue(found.jobs, names=found.places)
        took = time.perf_counter() - began
        del found
        connection = sqlite3.connect(queue.home.database)
        rows = connection.execute(f"SELECT {COLUMNS} FROM jobs ORDER BY number").fetchall()
        contexts = connection.execute(CONTEXTS).fetchall()
        connection.close()
    return took, rows, contexts


def by_executemany(rows: list[tuple[Any, ...]], contexts: list[tuple[Any, ...]]) -> float:
    """Return the seconds for the same rows without us."""
    with support.temporary_home() as home:
        with Queue(home) as queue:
            queue.settings()
            path = queue.home.database
        connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("foreign_keys=ON", "wal_autocheckpoint=0", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.executemany("INSERT INTO contexts (id, cwd, path, env) VALUES (?, ?, ?, ?)", contexts)
        began = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(ENQUEUE, rows)
        connection.execute("COMMIT")
        took = time.perf_counter() - began
        connection.close()
    return took


def by_process(path: str) -> float:
    """Return the seconds of `main.py enqueue FILE` into a fresh home."""
    with support.temporary_home() as home:
        return support.seconds_of([support.PYTHON, support.MAIN, "enqueue", path], home=home)


if __name__ == "__main__":
    support.main(__doc__, measure, rounds=5, options=[("jobs", 100_000, "how many jobs, at most 100000")])
