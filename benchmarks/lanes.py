"""Claim and finish jobs of a home full of lanes, against one of as many jobs without any.

Both homes have 50 queues. In one of them 25 queues are paused, 10 are full and 15 have a limit and a rate; 1,000 locks
are held, and a tenth of all jobs wait for these in the 15 queues. The homes take turns. A claim and a finish are one
transaction, as in a worker; the jobs are not run. It also tells how long the claims take that park those jobs, and
what a job with a lock costs that others wait for.
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
from queuectl.model.job import COMPLETED
from queuectl.model.lane import Lane
from queuectl.model.outcome import Outcome
from queuectl.store import Store
from queuectl.store.claim import Claim

QUEUES = [f"q{number:02}" for number in range(50)]
PAUSED, FULL, LIMITED = QUEUES[:25], QUEUES[25:35], QUEUES[35:]
LOCKS = [f"lock-{number}" for number in range(1_000)]
CHUNK = 50_000
MOST = 1.5
LONGEST_MS = 250


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Fill two homes, let the jobs be parked, then let the two take turns."""
    least = 10 * len(LOCKS) * options.rounds
    if options.jobs < least:
        sys.exit(f"error: in {options.rounds} rounds a lock is released as often: --jobs must be {least} or more")
    with support.temporary_home() as plain, support.temporary_home() as laned:
        for home, locked in ((plain, 0), (laned, options.jobs // 10)):
            with Queue(home) as queue:
                _fill(queue, options.jobs - locked, locked)
        with Store(Queue(plain).home, durable=False) as few, Store(Queue(laned).home, durable=False) as many:
            holders = _hold(many)
            _give(many)
            yield from _park(many)
            ratios, rates, locked_ratios = [], [], []
            for _ in range(options.rounds):
                took = _work(few, options.claims)
                rates.append(options.claims / took)
                ratios.append(_work(many, options.claims) / took)
                locked_ratios.append(_work_locked(many, holders, options.claims // 10) * 10 / took)
    yield support.Goal(
        f"claim and finish at {options.jobs} jobs, with lanes against plain",
        support.middle(ratios),
        MOST,
        at_least=False,
        unit="x",
        detail=f"{support.spread(ratios)}, plain {support.middle(rates):.0f}/s",
    )
    yield support.Goal(
        "the same of jobs with a lock that others of all queues wait for",
        support.middle(locked_ratios),
        unit="x",
        detail=support.spread(locked_ratios),
    )


def _fill(queue: Queue, jobs: int, locked: int) -> None:
    # Those that are to hold the locks come first.
    queue.enqueue(_locked(number, priority=1) for number in range(len(LOCKS) if locked else 0))
    for start in range(0, locked, CHUNK):
        numbers = range(start, min(locked, start + CHUNK))
        queue.enqueue(map(_locked, numbers))
    for start in range(0, jobs, CHUNK):
        numbers = range(start, min(jobs, start + CHUNK))
        queue.enqueue({"command": "true", "queue": QUEUES[number % len(QUEUES)]} for number in numbers)
    queue.store.checkpoint()


def _locked(number: int, priority: int = 0) -> dict[str, object]:
    queue, lock = LIMITED[number % len(LIMITED)], LOCKS[number % len(LOCKS)]
    return {"command": "true", "queue": queue, "lock": lock, "priority": priority}


def _hold(store: Store) -> list[Claim]:
    """Have a job run that holds each lock, and one of each queue that is to be full; return the first."""
    holders = []
    with store.writing():
        for _ in LOCKS:
            claim = store.jobs.claim(worker=1, now=store.clock.wall(), lease_until=1 << 40, queues=LIMITED)
            assert claim is not None and claim.locks
            holders.append(claim)
        for name in FULL:
            assert store.jobs.claim(worker=1, now=store.clock.wall(), lease_until=1 << 40, queues=[name])
    return holders


def _give(store: Store) -> None:
    now = store.clock.wall()
    with store.writing():
        for name in PAUSED:
            store.lanes.set(Lane(name, paused_at=now))
        for name in (*FULL, *LIMITED):
            store.lanes.set(Lane(name, slots=1 if name in FULL else 10_000, rate_count=1_000_000))


def _park(store: Store) -> Iterator[support.Goal]:
    """Claim and finish until all jobs that wait for a lock are parked."""
    waiting = sum(store.counts.of_locks.count(name, "pending") for name in LOCKS)
    taken: list[float] = []
    last: Claim | None = None
    while len(taken) % 100 or _parked(store) < waiting:
        began = time.perf_counter()
        last = _finish_and_claim(store, last)
        taken.append((time.perf_counter() - began) * 1000)
    if last is not None:
        with store.writing():
            _finish(store, last)
    detail = f"{waiting} jobs parked by {len(taken)} claims in {sum(taken) / 1000:.1f} s"
    yield support.Goal(
        "the longest claim that parks jobs", max(taken), LONGEST_MS, at_least=False, unit="ms", detail=detail
    )


def _parked(store: Store) -> int:
    return int(store.database.value("SELECT count(*) FROM jobs INDEXED BY jobs_parked WHERE parked IS NOT NULL"))


def _work(store: Store, claims: int) -> float:
    """Return the seconds that some claims take, each with the finish of the one before."""
    began, last = time.perf_counter(), None
    for _ in range(claims):
        last = _finish_and_claim(store, last)
        if last is None:
            raise RuntimeError("no job was found")
    took = time.perf_counter() - began
    assert last is not None
    with store.writing():
        _finish(store, last)
    return took


def _work_locked(store: Store, holders: list[Claim], claims: int) -> float:
    """Return the seconds that finishes of jobs with a lock take, each with the claim of a job that gets the lock."""
    began = time.perf_counter()
    for number in range(claims):
        claim = _finish_and_claim(store, holders[number])
        if claim is None or not claim.locks:
            raise RuntimeError("nobody waited for the lock")
        holders[number] = claim
    return time.perf_counter() - began


def _finish_and_claim(store: Store, last: Claim | None) -> Claim | None:
    with store.writing():
        if last is not None:
            _finish(store, last)
        claim = store.jobs.claim(worker=1, now=store.clock.wall(), lease_until=1 << 40)
    return claim


def _finish(store: Store, claim: Claim) -> None:
    done, now = Outcome.exited(0), store.clock.wall()
    store.jobs.finish(claim, done, state=COMPLETED, run_at=claim.run_at, duration=1, now=now)
    store.attempts.end(claim.attempt_id, done, duration=1, output_size=0, now=now)


if __name__ == "__main__":
    jobs = ("jobs", 1_000_000, "how many jobs each home has")
    support.main(__doc__, measure, rounds=7, options=[jobs, ("claims", 1_000, "how many are claimed in a round")])
