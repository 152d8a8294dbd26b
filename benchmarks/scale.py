"""What a question costs with 200,000 jobs against 1,000, and how many claims and finishes a second there are.

Half of the jobs are completed, each with its attempt, half are pending. Questions are asked in this process,
in turns of both homes, so that the ratio is the store's and not the start of Python; `status` as a whole
process is shown too. Claim and finish is what a worker does around a job, without the job: one
transaction that records the last attempt and takes the next job.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import sys
import time
from typing import Any, Callable, Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support
from queuectl import Queue
from queuectl.engine.work.settle import settle
from queuectl.model.filter import Filter, Term
from queuectl.model.nouns.home import METRICS, STATUS
from queuectl.model.outcome import Outcome
from queuectl.store import Store

FEW = 1000
PAGE = 50
CHUNK = 10_000
CLAIMS = 400
ASKED = 60
# A home with a past, made at once: running 100,000 jobs would take minutes.
PAST = """
BEGIN IMMEDIATE;
INSERT INTO attempts (job, attempt, worker, started_at, wait_time, finished_at, duration, outcome, exit_code)
    SELECT number, 1, 1, created_at + 5, 5, created_at + 10, 5, 'exited', 0 FROM jobs WHERE number % 2 = 0;
UPDATE jobs SET state = 'completed', attempts = 1, last_attempt = 1, started_at = created_at + 5,
    finished_at = created_at + 10, duration = 5, exit_code = 0,
    attempt_id = (SELECT attempts.id FROM attempts WHERE attempts.job = jobs.number) WHERE number % 2 = 0;
DELETE FROM counts;
INSERT INTO counts (queue, state, jobs) SELECT queue, state, count(*) FROM jobs GROUP BY queue, state;
COMMIT;
"""


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Fill two homes, then ask both the same."""
    with support.temporary_home() as small, support.temporary_home() as large:
        for home, jobs in ((small, FEW), (large, options.jobs)):
            began = time.perf_counter()
            fill(home, jobs)
            support.say(f"  filled with {jobs} jobs in {time.perf_counter() - began:.1f} s")
        yield from ask(small, large, options)
        yield from claim(small, large, options)
        for word, must in (("status", 150), ("list", None)):
            took = [support.seconds_of([support.PYTHON, support.MAIN, word], home=large) * 1000 for _ in range(7)]
            yield support.Goal(
                f"`{word}` at {options.jobs} jobs, whole process", support.middle(took), must, at_least=False, unit="ms"
            )


def fill(home: str, jobs: int) -> None:
    """Make a home with this many jobs."""
    with Queue(home) as queue:
        for start in range(0, jobs, CHUNK):
            queue.enqueue(
                [
                    {"command": f"echo {number}", "priority": number % 3}
                    for number in range(start, min(jobs, start + CHUNK))
                ]
            )
        connection = sqlite3.connect(queue.home.database, isolation_level=None)
        connection.executescript(PAST)
        connection.close()
        queue.store.checkpoint()


def ask(small: str, large: str, options: argparse.Namespace) -> Iterator[support.Goal]:
    """Compare the questions that people and the dashboard ask all the time."""
    questions: dict[str, Callable[[Queue], Any]] = {
        "list page": lambda queue: queue.list(limit=PAGE),
        "list page of completed": lambda queue: queue.list("state:completed", limit=PAGE),
        "list page of pending": lambda queue: queue.list("state:pending", limit=PAGE),
        "list page of dead": lambda queue: queue.list("state:dead", limit=PAGE),
        "list page of one queue": lambda queue: queue.list(queue="other", limit=PAGE),
        "list page of a filter": lambda queue: queue.list("!state:dead priority:>0 created:<1w", limit=PAGE),
        "count of a queue": lambda queue: queue.store.find.count(Filter(terms=[Term("queue", (("=", ("default",)),))])),
        "show": show,
        "status": lambda queue: STATUS.json(queue.reports.status()),
        "metrics": lambda queue: METRICS.json(queue.reports.metrics()),
        "alerts of a prompt": lambda queue: queue.reports.status().alerts,
    }
    with Queue(small) as few, Queue(large) as many:
        for name, question in questions.items():
            taken: tuple[list[float], list[float]] = ([], [])
            for _ in range(options.rounds * ASKED // 5):
                for times, queue in zip(taken, (few, many)):
                    began = time.perf_counter()
                    question(queue)
                    times.append((time.perf_counter() - began) * 1000)
                if sum(taken[1]) > 10_000:
                    break
            before, after = (support.middle(times) for times in taken)
            is_goal = name in ("list page", "show", "status")
            yield support.Goal(
                f"{name} at {options.jobs} jobs against {FEW}",
                after / before,
                1.5 if is_goal else None,
                at_least=False,
                unit="x",
                detail=f"{before:.3f} -> {after:.3f} ms",
            )


def show(queue: Queue) -> object:
    """Ask for a job by its id, with its attempts."""
    last = queue.store.names.last() or 1
    job = queue.get(f"job-{random.randint(1, last)}")
    return queue.store.attempts.of_job(job.number)


def claim(small: str, large: str, options: argparse.Namespace) -> Iterator[support.Goal]:
    """Compare how fast jobs can be claimed and finished, as a worker's transactions do it."""
    rates: tuple[list[float], list[float]] = ([], [])
    rounds = min(options.rounds, FEW // 2 // CLAIMS * 5)
    each = CLAIMS // rounds
    for _ in range(rounds):
        for found, home in zip(rates, (small, large)):
            found.append(claims_a_second(home, each))
    few, many = (support.middle(found) for found in rates)
    yield support.Goal(
        "claim and finish without a command", few, 6000, unit="/s", detail=support.spread(rates[0], ".0f")
    )
    yield support.Goal(
        f"claim and finish at {options.jobs} jobs against {FEW}",
        few / many,
        1.5,
        at_least=False,
        unit="x",
        detail=f"{many:.0f}/s",
    )


def claims_a_second(home: str, jobs: int) -> float:
    """Claim and finish some jobs; return how many a second."""
    with Queue(home) as queue, Store(queue.home, durable=False) as store:
        settings, wall = queue.settings(), queue.clock.wall
        with store.writing():
            worker = store.workers.add(pid=os.getpid(), pid_start="", boot="", queues="", now=wall())
        held = None
        began = time.perf_counter()
        for _ in range(jobs):
            with store.writing():
                if held is not None:
                    settle(
                        store,
                        held,
                        Outcome.exited(0),
                        settings=settings,
                        random=random.random,
                        now=wall(),
                        duration=1,
                        output_size=0,
                    )
                held = store.jobs.claim(worker=worker, now=wall(), lease_until=queue.clock.monotonic() + 30_000)
            if held is None:
                raise RuntimeError("there is nothing left to claim")
        took = time.perf_counter() - began
        with store.writing():
            assert held is not None
            settle(
                store,
                held,
                Outcome.exited(0),
                settings=settings,
                random=random.random,
                now=wall(),
                duration=1,
                output_size=0,
            )
            store.workers.remove(worker)
    return jobs / took


if __name__ == "__main__":
    support.main(__doc__, measure, rounds=5, options=[("jobs", 200_000, "how many jobs the large home has")])
