"""What the dashboard's API costs with 1,000,000 jobs: a page of the list, the overview, one job.

The home is that of `scale`, with a few dead jobs, a day of rollups and events. Requests are
answered in this process, as a handler's thread does it, without the socket: what is measured is the
questions and the JSON. Each figure is the median; the detail names the slowest.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import sys
import time
from typing import Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support
from benchmarks.scale import fill
from queuectl.dashboard.api.routes import handle
from queuectl.dashboard.app import App
from queuectl.dashboard.http.message import Request
from queuectl.store import Home, Store

PAST = """
BEGIN IMMEDIATE;
UPDATE jobs SET state = 'dead', exit_code = 1, error = 'exit code 1' WHERE number % 1000 = 500;
UPDATE attempts SET exit_code = 1, error = 'exit code 1' WHERE job % 1000 = 500;
DELETE FROM counts;
INSERT INTO counts (queue, state, jobs) SELECT queue, state, count(*) FROM jobs GROUP BY queue, state;
COMMIT;
"""
ROLLUP = "INSERT INTO rollups VALUES (?, 'default', 40, 3, 1, 9000, 700)"
MINUTE_MS, MINUTES = 60_000, 1_440
RUNNING = 10

# Name, path, parameters, and the most that it may take in milliseconds.
QUESTIONS: tuple[tuple[str, str, dict[str, str], float | None], ...] = (
    ("list", "/jobs", {}, 20),
    ("list of pending", "/jobs", {"q": "state:pending"}, 20),
    ("list of dead", "/jobs", {"q": "state:dead"}, 20),
    ("list of dead, latest first", "/jobs", {"q": "state:dead", "sort": "finished"}, 20),
    ("list in claiming order", "/jobs", {"sort": "priority"}, 20),
    ("list of one queue", "/jobs", {"q": "queue:default"}, 20),
    ("list of an id's beginning", "/jobs", {"q": "id:job-99999*"}, 20),
    ("list by a text that is found", "/jobs", {"q": "echo"}, 20),
    ("list by a text that is not there", "/jobs", {"q": "nowhere"}, 20),
    ("list by a text that is not there, all", "/jobs", {"q": "nowhere", "scan": "all"}, None),
    ("overview", "/overview", {}, 20),
    ("job", "/jobs/{id}", {}, 20),
    ("queues", "/queues", {}, 20),
    ("dead letter groups", "/dlq/groups", {}, 50),
    ("series of a day", "/metrics/series", {"from": "-24h"}, 20),
    ("top commands", "/metrics/top", {}, None),
    ("events", "/events", {}, 20),
)


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Fill a home, then ask."""
    with support.temporary_home() as home:
        began = time.perf_counter()
        fill(home, options.jobs)
        prepare(home)
        run_some(home)
        support.say(f"  filled with {options.jobs} jobs in {time.perf_counter() - began:.1f} s")
        app = App(home)
        try:
            yield from ask(app, options)
            yield deep_page(app, options)
        finally:
            app.queue.close()


def prepare(home: str) -> None:
    """Give the home dead jobs and a day of rollups."""
    connection = sqlite3.connect(os.path.join(home, "queue.db"), isolation_level=None)
    connection.executescript(PAST)
    minute = int(time.time() * 1000) // MINUTE_MS
    connection.executemany(ROLLUP, [(minute - back,) for back in range(1, MINUTES)])
    connection.close()


def run_some(home: str) -> None:
    """Have ten jobs run, as far as the store knows."""
    with Store(Home(home)) as store, store.writing():
        for worker in range(1, RUNNING + 1):
            store.jobs.claim(worker=worker, now=int(time.time() * 1000), lease_until=1 << 60)


def ask(app: App, options: argparse.Namespace) -> Iterator[support.Goal]:
    """Ask everything in turns."""
    taken: dict[str, list[float]] = {name: [] for name, *_ in QUESTIONS}
    for _ in range(options.rounds + 1):
        for name, path, query, _ in QUESTIONS:
            job = f"job-{random.randint(1, options.jobs)}"
            taken[name].append(milliseconds(app, path.format(id=job), query))
    for name, _, _, must in QUESTIONS:
        # The first round fills caches.
        times = taken[name][1:]
        yield support.Goal(
            f"{name} at {options.jobs} jobs",
            support.middle(times),
            must,
            at_least=False,
            unit="ms",
            detail=support.spread(times),
        )


def deep_page(app: App, options: argparse.Namespace) -> support.Goal:
    """Go on by cursor: a page far down costs what the first one does."""
    import json

    cursor, times = "", []
    for _ in range(200):
        query = {"limit": "200", "sort": "priority", **({"cursor": cursor} if cursor else {})}
        began = time.perf_counter()
        body = handle(app, Request("GET", "/api/v1/jobs", query, {})).body
        times.append((time.perf_counter() - began) * 1000)
        cursor = json.loads(body)["next"] or ""
    return support.Goal(
        f"page of 200, after 40,000 others, at {options.jobs} jobs",
        support.middle(times[-20:]),
        20,
        at_least=False,
        unit="ms",
        detail=f"the first: {times[0]:.1f} ms",
    )


def milliseconds(app: App, path: str, query: dict[str, str]) -> float:
    """Ask once; return how long it took."""
    began = time.perf_counter()
    answer = handle(app, Request("GET", "/api/v1" + path, query, {}))
    took = (time.perf_counter() - began) * 1000
    assert answer.status == 200
    return took


if __name__ == "__main__":
    support.main(__doc__, measure, rounds=7, options=[("jobs", 1_000_000, "how many jobs the home has")])
