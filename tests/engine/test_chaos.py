"""Workers and recoverers are killed at random while a queue drains: nothing is lost, nothing runs twice at a time."""

from __future__ import annotations

import collections
import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Any, Callable, List, Optional

import pytest

from queuectl.engine import process
from queuectl.engine.queue import Queue
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.store import Home
from tests.engine.running import RunningPool, drain, python
from tests.support import Processes, cli_environment, wait_until

JOBS = 300
WORKERS = 4
KILLING_MS = 10_000
BETWEEN_KILLS = 0.1
DRAIN_SECONDS = 90.0
OVERLAP = 99

# Exit code 99 tells that another live process holds the job's lock: two executions at a time.
COMMAND = (
    "flock -n -E {overlap} {locks}/$QUEUECTL_JOB_NUMBER sh -c '"
    'printf "S %s %s\\n" $QUEUECTL_JOB_ID $QUEUECTL_ATTEMPT >>{ledger}; sleep {seconds}; '
    'printf "E %s %s\\n" $QUEUECTL_JOB_ID $QUEUECTL_ATTEMPT >>{ledger}\''
)

RECOVER = """
from queuectl.engine.log import Log
from queuectl.engine.scheduler import Scheduler
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.store import Home, Store

home = Home(sys.argv[1])
scheduler = Scheduler(home, Store(home), clock=SYSTEM_CLOCK, log=Log("recoverer", SYSTEM_CLOCK))
while True:
    scheduler.tick()
    SYSTEM_CLOCK.pause(0.01)
"""


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Randomness whose seed is printed when the test fails; CHAOS_SEED repeats one."""
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"CHAOS_SEED={seed}")
    return random.Random(seed)


def commands(directory: Path, chance: random.Random, count: int) -> List[str]:
    (directory / "locks").mkdir()
    (directory / "ledger").touch()
    return [
        COMMAND.format(
            overlap=OVERLAP,
            locks=directory / "locks",
            ledger=directory / "ledger",
            seconds=round(chance.uniform(0.05, 0.1), 3),
        )
        for _ in range(count)
    ]


def enqueue(queue: Queue, directory: Path, chance: random.Random) -> None:
    for name, value in (("retry_delay", "0.02s"), ("backoff_base", "1")):
        queue.change_setting(name, value)
    queue.enqueue([{"command": command, "retries": 100} for command in commands(directory, chance, JOBS)])


def kill_a_worker(pool: RunningPool, chance: random.Random) -> bool:
    rows = pool.rows()
    if not rows:
        return False
    victim = chance.choice(rows)
    if process.is_same_process(victim["pid"], victim["pid_start"]):
        os.kill(victim["pid"], signal.SIGKILL)
    return True


def kill_at_random(queue: Queue, kill_one: Callable[[], bool]) -> int:
    """Kill ten times a second for ten seconds, or until everything is done; return how many were killed."""
    until = SYSTEM_CLOCK.monotonic() + KILLING_MS
    killed = 0
    while SYSTEM_CLOCK.monotonic() < until and not is_drained(queue):
        killed += kill_one()
        SYSTEM_CLOCK.pause(BETWEEN_KILLS)
    return killed


def is_drained(queue: Queue) -> bool:
    counts = queue.store.counts.by_state()
    return not any(counts.get(state) for state in ("pending", "processing", "failed"))


def check(queue: Queue, directory: Path, killed: int) -> None:
    """Check that every job is completed, once at a time, and that what is written down agrees with the ledger."""
    ledger = collections.Counter((directory / "ledger").read_text().splitlines())
    assert killed > 20, "hardly anything was killed"
    jobs = queue.list()
    assert collections.Counter(job.state for job in jobs) == {"completed": JOBS}
    lost = 0
    for job in jobs:
        rows = queue.store.attempts.of_job(job.number)
        assert OVERLAP not in [row["exit_code"] for row in rows], f"{job.id} ran twice at a time"
        assert [row["attempt"] for row in rows] == list(range(1, job.attempts + 1))
        assert [row["outcome"] for row in rows] == ["lost"] * (len(rows) - 1) + ["exited"]
        assert rows[-1]["exit_code"] == 0
        assert ledger[f"E {job.id} {job.attempts}"] == 1
        lost += len(rows) - 1
    assert set(ledger.values()) == {1}, "an attempt was started twice"
    assert lost > 0, "no attempt was hit"


def files_of_workers(home: Home) -> List[str]:
    return sorted(name for name in os.listdir(home.run) if name.startswith("worker-"))


def check_tidy(pool: RunningPool) -> None:
    """The killed leave no rows and no files behind."""
    wait_until(lambda: len(pool.rows()) == WORKERS, what="the pool has its workers again")
    wait_until(
        lambda: (
            files_of_workers(pool.home)
            == sorted(f"worker-{row['id']}.{kind}" for row in pool.rows() for kind in ("lock", "journal"))
        ),
        what="the locks and journals of the killed are gone",
    )
    wait_until(
        lambda: set(os.listdir(pool.home.bells)) == {"pool", *(f"worker-{pid}" for pid in pool.pids())},
        what="the bells of the killed are gone",
    )


def test_the_ledger_and_lock_would_notice_two_executions(
    home: str, queue: Queue, tmp_path: Path, processes: Processes
) -> None:
    (command,) = commands(tmp_path, random.Random(0), 1)
    (job,) = queue.enqueue([{"command": command, "retries": 0}])
    holder = processes.start(
        ["flock", str(tmp_path / "locks" / "1"), "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE
    )
    assert holder.stdout is not None and holder.stdout.readline() == b"\n"
    drain(home)
    assert queue.get(job).exit_code == OVERLAP


def test_killed_workers_lose_no_job_and_none_runs_twice_at_a_time(
    queue: Queue, pool: RunningPool, chance: random.Random, tmp_path: Path
) -> None:
    enqueue(queue, tmp_path, chance)
    pool.start("--count", str(WORKERS))
    killed = kill_at_random(queue, lambda: kill_a_worker(pool, chance))
    wait_until(lambda: is_drained(queue), DRAIN_SECONDS)
    check(queue, tmp_path, killed)
    check_tidy(pool)


class Recoverers:
    """Processes that recover beside the pool; each that was killed is replaced."""

    def __init__(self, home: str, processes: Processes, count: int) -> None:
        self._home = home
        self._processes = processes
        self._running: List[subprocess.Popen[Any]] = [self._start() for _ in range(count)]

    def _start(self) -> subprocess.Popen[Any]:
        return self._processes.start(
            python(RECOVER, self._home), env=cli_environment(self._home), stderr=subprocess.DEVNULL
        )

    def kill_one(self, chance: random.Random) -> Optional[bool]:
        place = chance.randrange(len(self._running))
        assert self._running[place].poll() is None, "a recoverer ended by itself"
        self._running[place].kill()
        self._running[place].wait()
        self._running[place] = self._start()
        return True


def test_the_same_holds_while_several_recover_and_are_killed_too(
    home: str, queue: Queue, pool: RunningPool, processes: Processes, chance: random.Random, tmp_path: Path
) -> None:
    enqueue(queue, tmp_path, chance)
    pool.start("--count", str(WORKERS))
    recoverers = Recoverers(home, processes, 2)

    def kill_one() -> bool:
        if chance.random() < 0.2:
            return bool(recoverers.kill_one(chance))
        return kill_a_worker(pool, chance)

    killed = kill_at_random(queue, kill_one)
    wait_until(lambda: is_drained(queue), DRAIN_SECONDS)
    check(queue, tmp_path, killed)
    check_tidy(pool)
