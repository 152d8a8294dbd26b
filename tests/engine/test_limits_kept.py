"""Limits, rates and locks under SIGKILL of workers and pool, by what the jobs themselves write down."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.job import COMPLETED
from tests.engine.running import RunningPool
from tests.support import identify, kill, wait_until

JOBS, SLOTS, WORKERS = 40, 2, 5
# Of each lane `NAME:SLOTS` a job holds one of so many kernel locks while it runs; they go with it, however it ends.
JOB = """
import fcntl, os, sys, time
def has(path):
    file = os.open(path, os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
folder, *lanes = sys.argv[1:]
def fits(lane):
    name, slots = lane.split(":")
    return any(has(f"{folder}/{name}-{number}") for number in range(int(slots)))
word = "begun" if all(map(fits, lanes)) else "over"
os.write(os.open(f"{folder}/ledger", os.O_CREAT | os.O_APPEND | os.O_WRONLY), f"{word}\\n".encode())
time.sleep(0.1)
"""
# The locks of a job: of `a` there is one, of `b` there are two.
LOCKS = [[], ["a"], ["b"], ["b", "a"]]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    (tmp_path / "job.py").write_text(JOB)
    return tmp_path / "ledger"


def command_in(folder: Path, *lanes: str) -> str:
    return f"exec {sys.executable} -I -S {folder}/job.py {folder} {' '.join(lanes)}"


def add_jobs(queue: Queue, folder: Path) -> None:
    queue.enqueue([{"command": command_in(folder, f"few:{SLOTS}"), "queue": "few", "max_retries": 100}] * JOBS)
    queue.enqueue([{"command": "sleep 0.02", "queue": "other", "max_retries": 100}] * JOBS)


def run_under_kills(queue: Queue, pool: RunningPool, seed: int, kills: int) -> None:
    """Run all jobs, and kill workers and pools meanwhile."""
    chance = random.Random(seed)
    pool.start("--count", str(WORKERS))
    for number in range(kills):
        wait_for_another(queue)
        victim = pool.pid if number % 4 == 3 else chance.choice(pool.pids() or [pool.pid])
        found = identify(victim)
        if found is not None:
            kill(found)
        if number % 4 == 3:
            wait_until(lambda: not pool.is_running)
            pool.start("--count", str(WORKERS))
    wait_until(lambda: is_done(queue), 120, "all jobs are completed")


def wait_for_another(queue: Queue) -> None:
    """Wait until another job has ended."""
    before = queue.counts().get(COMPLETED, 0)
    wait_until(lambda: queue.counts().get(COMPLETED, 0) > before or is_done(queue), 60)


def is_done(queue: Queue) -> bool:
    return queue.counts() == {COMPLETED: 2 * JOBS}


@pytest.mark.once
@pytest.mark.parametrize("seed", [1, 2])
def test_no_more_jobs_run_than_a_queue_has_slots_whatever_is_killed(
    queue: Queue, pool: RunningPool, ledger: Path, seed: int
) -> None:
    queue.queues.limit("few", SLOTS)
    add_jobs(queue, ledger.parent)
    run_under_kills(queue, pool, seed, kills=8)
    words = ledger.read_text().split()
    assert len(words) >= JOBS and set(words) == {"begun"}


@pytest.mark.parametrize("seed", [1, 2])
def test_no_lock_is_held_twice_and_no_batch_exceeds_its_limit_whatever_is_killed(
    queue: Queue, pool: RunningPool, ledger: Path, seed: int
) -> None:
    with queue.store.writing():
        queue.store.locks.limit("b", 2)
    slots = {"a": "a:1", "b": "b:2"}
    queue.enqueue(
        {
            "command": command_in(ledger.parent, "batch:3", *[slots[name] for name in LOCKS[number % 4]]),
            "queue": f"q{number % 3}",
            "lock": LOCKS[number % 4],
            "batch": "some%3",
            "max_retries": 100,
        }
        for number in range(JOBS)
    )
    queue.enqueue([{"command": "sleep 0.02", "queue": "other", "max_retries": 100}] * JOBS)
    run_under_kills(queue, pool, seed, kills=8)
    words = ledger.read_text().split()
    assert len(words) >= JOBS and set(words) == {"begun"}


@pytest.mark.once
def test_no_more_jobs_start_than_a_rate_allows_whatever_is_killed(
    queue: Queue, pool: RunningPool, ledger: Path
) -> None:
    queue.queues.rate("few", "10/s:3")
    add_jobs(queue, ledger.parent)
    run_under_kills(queue, pool, 3, kills=8)
    starts = sorted(
        attempt.started_at for job in queue.list("queue:few") for attempt in queue.store.attempts.of_job(job.number)
    )
    assert len(starts) >= JOBS
    # So many of a burst and those that have become due since.
    for first in range(len(starts)):
        for last in range(first, len(starts)):
            assert last - first + 1 <= 3 + (starts[last] - starts[first]) / 100


def test_a_free_slot_is_taken_at_once_by_a_worker_that_rests(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    queue.queues.limit("few", 1)
    pool.start("--count", "2")
    # The worker that ends the first job goes on with the more urgent one.
    queue.add(f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done", queue="few", id="first")
    wait_until(lambda: queue.get("first").state == "processing")
    second = queue.add("true", queue="few")
    queue.add(f"while [ ! -e {tmp_path}/end ]; do sleep 0.02; done", priority=9)
    (tmp_path / "go").touch()
    (found,) = queue.wait(second.id, timeout=30)
    (tmp_path / "end").touch()
    first = queue.get("first")
    assert found.started_at is not None and first.finished_at is not None
    assert found.started_at - first.finished_at < 2_000
