"""Claim and finish jobs of 50 queues, of which 25 are paused, 10 are full and 15 have a limit, against 50 plain ones.

Both take turns in one home: what the queues were given is taken away and given back between the rounds. A claim and
a finish are one transaction, as in a worker. The jobs are not run.
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
from queuectl.model.job import COMPLETED, Outcome
from queuectl.model.lane import Lane
from queuectl.store import Store

QUEUES = [f"q{number:02}" for number in range(50)]
PAUSED, FULL, LIMITED = QUEUES[:25], QUEUES[25:35], QUEUES[35:]
MOST = 1.5


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Let the two take turns."""
    with support.temporary_home() as home, Queue(home) as queue:
        _fill(queue, options.jobs)
        with Store(queue.home, durable=False) as store:
            _hold_one_of_each(store)
            ratios, plain = [], []
            for _ in range(options.rounds):
                _give(store, False)
                plain.append(_work(store, options.claims))
                _give(store, True)
                ratios.append(_work(store, options.claims) / plain[-1])
    detail = f"{support.spread(ratios)}, plain {options.claims / support.middle(plain):.0f}/s"
    name = "claim and finish, 50 queues with lanes against plain"
    yield support.Goal(name, support.middle(ratios), MOST, at_least=False, unit="x", detail=detail)


def _fill(queue: Queue, jobs: int) -> None:
    for start in range(0, jobs, 50_000):
        numbers = range(start, min(jobs, start + 50_000))
        queue.enqueue({"command": "true", "queue": QUEUES[number % 50]} for number in numbers)


def _hold_one_of_each(store: Store) -> None:
    """Have a job of each queue that is to be full run."""
    with store.writing():
        for name in FULL:
            assert store.jobs.claim(worker=1, now=store.clock.wall(), lease_until=1 << 40, queues=[name])


def _give(store: Store, given: bool) -> None:
    now = store.clock.wall()
    with store.writing():
        for name in QUEUES:
            store.lanes.set(Lane(name))
        for name in PAUSED if given else ():
            store.lanes.set(Lane(name, paused_at=now))
        for name in (*FULL, *LIMITED) if given else ():
            store.lanes.set(Lane(name, slots=1 if name in FULL else 1_000, rate_count=1_000_000))


def _work(store: Store, claims: int) -> float:
    """Return the seconds that some claims take, each with the finish of the one before."""
    began, last = time.perf_counter(), None
    for _ in range(claims):
        now = store.clock.wall()
        with store.writing():
            if last is not None:
                done = Outcome.exited(0)
                store.jobs.finish(last, done, state=COMPLETED, run_at=last.run_at, duration=1, now=now)
                store.attempts.end(last.attempt_id, done, duration=1, output_size=0, now=now)
            last = store.jobs.claim(worker=1, now=now, lease_until=1 << 40)
        if last is None:
            raise RuntimeError("no job was found")
    assert last is not None
    with store.writing():
        store.jobs.finish(last, Outcome.exited(0), state=COMPLETED, run_at=0, duration=1, now=store.clock.wall())
    return time.perf_counter() - began


if __name__ == "__main__":
    jobs = ("jobs", 200_000, "how many jobs the home has")
    support.main(__doc__, measure, rounds=7, options=[jobs, ("claims", 1_000, "how many are claimed in a round")])
