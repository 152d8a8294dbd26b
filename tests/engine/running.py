"""What the tests of the engine share: a worker that drains a home, a pool, and looking at both."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Mapping, Sequence

from queuectl.engine.machine import process
from queuectl.engine.queue import Queue
from queuectl.model.job import Job
from queuectl.store import Home
from tests.support import ROOT, Processes, cli_environment, kill, run_cli, tree, wait_until

LIMIT = 60.0

# One worker and the scheduler, by turns in one process, until nothing is left to do.
DRAIN = """
import resource
import queuectl.engine.work.worker
from queuectl.engine.clockwork.tick import Clockwork
from queuectl.engine.work.worker import Worker
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.store import Home, Store

queuectl.engine.work.worker.POLL_SECONDS = 0.01
worker = Worker(Home(sys.argv[1]))
scheduler = Clockwork(Store(worker.home), worker.log)
while True:
    scheduler.tick()
    counts = worker.store.counts.by_state()
    if counts.get("pending") or counts.get("processing"):
        worker.step()
    elif not counts.get("failed"):
        break
worker.close()
print(resource.getrusage(resource.RUSAGE_SELF).ru_utime + resource.getrusage(resource.RUSAGE_SELF).ru_stime)
"""
WORK = """
from queuectl.engine.work.worker import Worker
from queuectl.store import Home

Worker(Home(sys.argv[1])).run()
"""


def python(code: str, *arguments: str) -> list[str]:
    """Return the words that run code which can import the project."""
    return [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}", *arguments]


def drain(home: str, *, env: Mapping[str, str | None] | None = None) -> subprocess.CompletedProcess[str]:
    """Run all jobs with one worker; return its log, and as its output the seconds of CPU time it used."""
    done = subprocess.run(
        python(DRAIN, home),
        env=cli_environment(home, env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    return done


def start_worker(
    processes: Processes, home: str, log: Path, env: Mapping[str, str | None] | None = None
) -> subprocess.Popen[Any]:
    """Start a worker that belongs to no pool."""
    with open(log, "wb") as file:
        return processes.start(python(WORK, home), env=cli_environment(home, env), stderr=file)


def run_one(home: Queue, command: str, **fields: Any) -> Job:
    """Add a job to a home's queue, drain it, and return the job as it is then."""
    job = home.add(command, **fields)
    drain(home.home.path)
    return home.get(job.id)


def attempts(queue: Queue, job: Job) -> list[dict[str, Any]]:
    return [row.parts_by_name() for row in queue.store.attempts.of_job(job.number)]


def survivors(queue: Queue, job: Job) -> list[int]:
    """Return the processes of a job's attempts that still live and carry a marker."""
    home_id = queue.store.meta.home_id()
    ids = "|".join(str(row.id) for row in queue.store.attempts.of_job(job.number))
    marked = re.compile(f"{process.MARKER}={home_id}-[0-9a-f]+-{job.number}-({ids})".encode())
    return [
        pid
        for pid, entry in process.list_processes().items()
        if not entry.is_zombie and any(map(marked.fullmatch, process.environment(pid)))
    ]


def wait_for_state(queue: Queue, job: Job, *states: str, seconds: float = LIMIT) -> Job:
    wait_until(lambda: queue.get(job.id).state in states, seconds, f"{job.id} becomes {states}")
    return queue.get(job.id)


def wait_for_file(path: Path, seconds: float = LIMIT) -> str:
    """Wait until a file has a whole line; return its text."""
    wait_until(lambda: path.exists() and path.read_text().endswith("\n"), seconds, f"{path} is written")
    return path.read_text()


def hold_a_worker(queue: Queue, tmp_path: Path, name: str) -> str:
    """Have a worker run a job of this queue until there is a file `go`; return the job's id."""
    job = queue.add(f"echo >{tmp_path}/{name}; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done", queue=name)
    wait_for_file(tmp_path / name)
    return job.id


class RunningPool:
    """The pool of a home, started by the command line and ended with the test."""

    def __init__(self, home: str, queue: Queue) -> None:
        self.home = Home(home)
        self._queue = queue
        # It looks from outside each time, with a store of its own.
        self._outside = Queue(home)

    def start(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> int:
        """Start it; return its pid."""
        done = run_cli(self.home.path, "worker", "start", *arguments, env=env)
        assert done.returncode == 0, done.stderr
        return self.pid

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a `worker` command that must succeed."""
        done = run_cli(self.home.path, "worker", *words)
        assert done.returncode == 0, done.stderr
        return done

    @property
    def pid(self) -> int:
        pid = self._outside.workers.pid
        assert pid is not None, "no pool is running"
        return pid

    @property
    def is_running(self) -> bool:
        return self._outside.workers.pid is not None

    def rows(self) -> Sequence[Any]:
        """Return the registered workers whose processes live."""
        return [row for row in self._queue.store.workers.all() if process.is_same_process(row.pid, row.pid_start)]

    def pids(self) -> list[int]:
        return [row.pid for row in self.rows()]

    def log(self) -> str:
        return Path(self.home.daemon_log("pool")).read_text()

    def close(self) -> None:
        """End the pool and everything below it."""
        pid = self._outside.workers.pid
        doomed = [found for each in [pid, *self.pids()] if each for found in tree(each)]
        for found in doomed:
            kill(found)


def groups(pool: RunningPool) -> dict[str, int]:
    """Return how many workers of each group live and stay."""
    return dict(Counter(row.queues for row in pool.rows() if not row.stopping))


def file_descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def peak_memory(pid: int) -> int:
    """Return the most resident memory a process ever had, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")
