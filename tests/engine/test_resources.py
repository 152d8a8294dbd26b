"""Workers stay as they are however many jobs they run; their health is told as it is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from queuectl.engine.machine import process
from queuectl.engine.queue import Queue
from tests.engine.running import RunningPool, file_descriptors, wait_for_file
from tests.support import Processes, run_cli, wait_until

JOBS = 500
KILLED = "kill -9 $$"
MIB = 1 << 20


def zombies_of(parents: list[int]) -> list[int]:
    return [entry.pid for entry in process.list_processes().values() if entry.is_zombie and entry.parent in parents]


def run_many(queue: Queue, commands: list[str]) -> None:
    ids = queue.enqueue(
        [{"command": command, "retries": 0, "allow_background": "allowed" in command} for command in commands]
    )
    queue.wait(*ids, timeout=120)


def settled(count: Any) -> int:
    """Return a number once it is the same twice in a row."""
    seen = [-1]

    def same() -> bool:
        seen.append(count())
        return seen[-1] == seen[-2]

    wait_until(same, what="the number stays")
    return seen[-1]


def test_a_worker_neither_leaks_descriptors_nor_zombies_nor_memory(
    queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    pid = pool.start("--count", "1")
    (worker,) = pool.pids()
    kinds = [
        "true",
        "echo text",
        "exit 3",
        KILLED,
        f"cd {tmp_path}; pwd",
        "true & setsid true & echo done",
        "( sleep 0.01 >/dev/null 2>&1 & ) # allowed",
        "no-such-command",
    ]
    run_many(queue, [kind for kind in kinds for _ in range(1 if kind == KILLED else 5)])
    before = (settled(lambda: file_descriptors(worker)), process.memory(worker))
    pool_before = settled(lambda: file_descriptors(pid))
    # Each waits a second for a stop of the machine that may have killed it: ten show a leak as well.
    run_many(queue, [kind for kind in kinds for _ in range(10 if kind == KILLED else JOBS // len(kinds))])
    # A few are opened on first use and kept; one for each job would be hundreds.
    assert settled(lambda: file_descriptors(worker)) <= before[0] + 3
    assert settled(lambda: file_descriptors(pid)) <= pool_before + 3
    assert process.memory(worker) < before[1] + 8 * MIB
    wait_until(lambda: not zombies_of([worker, pid]))
    assert pool.pids() == [worker]


def test_a_background_process_that_ends_while_its_worker_is_idle_leaves_no_zombie(
    queue: Queue, pool: RunningPool
) -> None:
    pool.start("--count", "1")
    (worker,) = pool.pids()
    run_many(queue, ["( sleep 0.3; ( sleep 0.3 & ) ) >/dev/null 2>&1 & # allowed"])
    wait_until(lambda: not [entry for entry in process.list_processes().values() if entry.parent == worker])


def health(home: str) -> dict[int, dict[str, Any]]:
    done = run_cli(home, "worker", "status", "--json")
    assert done.returncode == 0, done.stderr
    return {row["worker"]: row for row in json.loads(done.stdout)}


def test_the_health_of_workers_is_reported_as_it_is(
    home: str, queue: Queue, pool: RunningPool, processes: Processes, tmp_path: Path
) -> None:
    pid = pool.start("--count", "2")
    found = health(home)
    assert [row["state"] for row in found.values()] == ["idle", "idle"]
    assert {row["pid"] for row in found.values()} == set(pool.pids())
    assert all(MIB < row["memory"] < 100 * MIB and row["jobs_done"] == 0 for row in found.values())
    job = queue.add(f"echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done", id="work")
    wait_for_file(tmp_path / "started")
    (busy,) = [row for row in health(home).values() if row["state"] == "busy"]
    assert busy["job"] == "work" and busy["elapsed"] >= 0 and job.command == busy["command"]
    stop = processes.start_cli(home, "worker", "stop", stdout=subprocess.DEVNULL)
    wait_until(lambda: [row["state"] for row in health(home).values()] == ["stopping"])
    assert os.path.exists(f"/proc/{pid}")
    (tmp_path / "go").touch()
    assert stop.wait(60) == 0
    assert run_cli(home, "worker", "status").returncode == 6


def test_a_worker_that_died_is_shown_as_lost_until_it_is_recovered(
    home: str, queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    pid = pool.start("--count", "1")
    (worker,) = pool.pids()
    queue.add(f"echo >{tmp_path}/started; sleep 600", retries=0)
    wait_for_file(tmp_path / "started")
    os.kill(pid, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: [worker.state for worker in queue.reports.status().worker_list] == ["lost"])
    pool.start("--count", "1")
    wait_until(lambda: [row["state"] for row in health(home).values()] == ["idle"])


def test_jobs_done_and_time_are_counted(home: str, queue: Queue, pool: RunningPool) -> None:
    pool.start("--count", "1")
    run_many(queue, ["true"] * 20 + ["sleep 0.2"])
    wait_until(lambda: [row["jobs_done"] for row in health(home).values()] == [21])
