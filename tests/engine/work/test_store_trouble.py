"""A store that cannot be written to for a while: jobs go on, and what ended is recorded when it can be again."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Iterator

import pytest

from queuectl.engine.machine import journal
from queuectl.engine.machine.wakeup import AT_ONCE
from queuectl.engine.queue import Queue
from queuectl.engine.work.worker import Worker
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.errors import StoreUnavailable
from queuectl.store import Home
from tests.engine.running import (
    LIMIT,
    RunningPool,
    attempts,
    python,
    start_worker,
    survivors,
    wait_for_file,
    wait_for_state,
)
from tests.support import Processes, run_cli, send, tree, wait_until

LOCK = """
import sqlite3
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


def lock(home: str, processes: Processes) -> subprocess.Popen[Any]:
    """Start a process that holds the database's write lock until its input is closed."""
    holder = processes.start(python(LOCK, Home(home).database), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdout.readline() == b"locked\n"
    return holder


def unlock(holder: subprocess.Popen[Any]) -> None:
    assert holder.stdin is not None
    holder.stdin.close()
    assert holder.wait(LIMIT) == 0


def test_a_pool_that_starts_while_the_store_is_locked_waits_for_it(
    home: str, queue: Queue, processes: Processes, pool: RunningPool
) -> None:
    job = queue.add("true")
    holder = lock(home, processes)
    starter = processes.start_cli(home, "worker", "start", "--count", "1", stderr=subprocess.PIPE)
    wait_until(lambda: pool.is_running)
    # Time in which it must not give up, longer than it takes to the store.
    SYSTEM_CLOCK.pause(1)
    unlock(holder)
    assert starter.communicate(timeout=LIMIT)[1] == b""
    assert starter.returncode == 0
    assert queue.wait(job.id, timeout=LIMIT)[0].state == "completed"


def test_a_locked_store_costs_no_job_that_has_its_lease(
    home: str, queue: Queue, processes: Processes, pool: RunningPool, tmp_path: Path
) -> None:
    queue.config.set("lease", "30s")
    pool.start("--count", "2")
    job = queue.add(f"echo begin; echo >{tmp_path}/started; sleep 2.5; echo end; echo >{tmp_path}/ended")
    wait_for_file(tmp_path / "started")
    holder = lock(home, processes)
    wait_for_file(tmp_path / "ended")
    # It has ended and cannot be recorded: neither recovery nor the worker itself may give it up.
    # Time in which that must not happen, longer than a look of either.
    SYSTEM_CLOCK.pause(2)
    assert queue.get(job.id).state == "processing"
    unlock(holder)
    found = wait_for_state(queue, job, "completed")
    assert found.attempts == 1 and queue.output(job.id) == b"begin\nend\n"
    assert [row["outcome"] for row in attempts(queue, job)] == ["exited"]
    assert queue.wait(queue.add("true").id, timeout=60)[0].state == "completed"


def test_a_worker_that_cannot_renew_for_longer_than_its_lease_keeps_its_job(
    home: str, queue: Queue, processes: Processes, pool: RunningPool, tmp_path: Path
) -> None:
    queue.config.set("lease", "2s")
    pool.start("--count", "1")
    job = queue.add(f"echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done", retries=0)
    wait_for_file(tmp_path / "started")
    holder = lock(home, processes)
    # Time in which neither the worker nor a recovery may end it: longer than the lease and the recovery's grace.
    SYSTEM_CLOCK.pause(6)
    unlock(holder)
    (tmp_path / "go").touch()
    assert wait_for_state(queue, job, "completed", "dead").state == "completed"
    assert [row["outcome"] for row in attempts(queue, job)] == ["exited"]


def test_a_pause_of_all_processes_longer_than_the_lease_costs_no_attempt(
    queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    queue.config.set("lease", "2s")
    pool.start("--count", "1")
    job = queue.add(f"echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done", retries=0)
    wait_for_file(tmp_path / "started")
    everybody = tree(pool.pid)
    for each in everybody:
        send(signal.SIGSTOP, each.pid)
    # As a container that is paused: longer than the lease.
    SYSTEM_CLOCK.pause(4)
    for each in everybody:
        send(signal.SIGCONT, each.pid)
    # Time in which somebody might draw the wrong conclusion.
    SYSTEM_CLOCK.pause(2)
    (tmp_path / "go").touch()
    assert wait_for_state(queue, job, "completed", "dead").state == "completed"
    assert [row["outcome"] for row in attempts(queue, job)] == ["exited"]


def test_a_job_that_prints_is_not_held_up_by_a_locked_store(
    home: str, queue: Queue, processes: Processes, tmp_path: Path
) -> None:
    job = queue.add(f"echo >{tmp_path}/started; sleep 0.5; head -c 20000000 /dev/zero; echo >{tmp_path}/printed")
    start_worker(processes, home, tmp_path / "log")
    wait_for_file(tmp_path / "started")
    holder = lock(home, processes)
    wait_for_file(tmp_path / "printed")
    assert holder.poll() is None
    unlock(holder)
    wait_for_state(queue, job, "completed")


def test_a_signal_is_heeded_while_the_store_is_locked(
    home: str, queue: Queue, processes: Processes, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    worker = start_worker(processes, home, log)
    wait_until(lambda: queue.store.workers.all())
    job = queue.add(f"echo >{tmp_path}/started; sleep 600")
    wait_for_file(tmp_path / "started")
    holder = lock(home, processes)
    worker.send_signal(signal.SIGQUIT)
    wait_until(lambda: not survivors(queue, job))
    worker.wait(LIMIT)
    unlock(holder)
    assert queue.get(job.id).state == "processing", "recovery will find it"


def test_a_worker_that_is_stopped_at_once_and_cannot_record_leaves_as_if_it_was_killed(
    queue: Queue, own_signals: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("queuectl.engine.work.worker.FORCED_PATIENCE_MS", 0)
    job = queue.add("true")
    worker = Worker(queue.home)
    worker.step()
    worker.wakeup.stop(AT_ONCE)
    with queue.store.writing(), pytest.raises(StoreUnavailable):
        worker.step()
    assert [row.id for row in queue.store.workers.all()] == [worker.number]
    (record,) = journal.read(queue.home.worker_journal(worker.number))
    assert record.outcome == "exited"
    assert queue.get(job.id).state == "processing"
    worker.close()


@pytest.fixture
def small_disk(home: str) -> Iterator[Path]:
    """A home on a disk of its own, of a few megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    os.mkdir(home, 0o700)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", home], check=False)
    if mounted.returncode != 0:
        pytest.skip("this system does not let us mount a disk")
    yield Path(home)
    subprocess.run(["umount", "-l", home], check=True)


def fill(disk: Path) -> Path:
    """Fill the disk to its last byte; return the file to remove."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            while True:
                try:
                    file.write(b"x" * size)
                except OSError:
                    break
    return filler


def test_a_full_disk_ends_no_job_and_the_result_is_recorded_when_there_is_space(
    small_disk: Path, queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    pool.start("--count", "2")
    workers = pool.pids()
    job = queue.add(
        f"echo begin; echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do head -c 3000 /dev/zero | "
        f"tr '\\0' x; echo; sleep 0.2; done; echo end; echo >{tmp_path}/ended",
        retries=0,
    )
    wait_for_file(tmp_path / "started")
    filler = fill(small_disk)
    refused = run_cli(str(small_disk), "add", "true")
    assert refused.returncode == 5 and "full" in refused.stderr, refused
    # Time for renewals that fail, and for recovery to make a mistake.
    SYSTEM_CLOCK.pause(3)
    (tmp_path / "go").touch()
    wait_for_file(tmp_path / "ended")
    # Time for the worker to try to record the result.
    SYSTEM_CLOCK.pause(1.5)
    assert queue.get(job.id).state == "processing"
    filler.unlink()
    found = wait_for_state(queue, job, "completed", "dead")
    assert (found.state, found.attempts) == ("completed", 1)
    lines = queue.output(job.id).decode().splitlines()
    assert (lines[0], lines[-1]) == ("begin", "end")
    assert set(lines[1:-1]) == {"x" * 3_000} and len(lines) > 10
    assert len(queue.output(job.id)) == queue.store.attempts.of_job(job.number)[0].output_size
    assert pool.pids() == workers, "a worker had ended"
    assert queue.wait(queue.add("true").id, timeout=60)[0].state == "completed"
