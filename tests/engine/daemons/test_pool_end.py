"""How a pool ends when something is wrong with it: killed, stopped by the system, or without its home."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

from queuectl.engine.queue import Queue
from tests.engine.running import RunningPool, survivors, wait_for_file
from tests.support import identify, run_cli, wait_until

FOR_EVER = "echo >{}/started; sleep 600"


def test_a_forced_stop_ends_a_worker_that_has_outlived_its_pool(
    home: str, queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    pid = pool.start("--count", "1")
    job = queue.add(FOR_EVER.format(tmp_path))
    wait_for_file(tmp_path / "started")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not pool.is_running)
    done = run_cli(home, "worker", "stop", "--force")
    assert (done.returncode, done.stdout) == (0, "Workers stopped\n")
    found = queue.get(job.id)
    assert (found.state, found.attempts) == ("pending", 0)
    assert survivors(queue, job) == []
    assert run_cli(home, "worker", "stop").stdout == "no workers were running\n"


def test_a_pool_whose_home_is_removed_ends_by_itself(home: str, queue: Queue, pool: RunningPool) -> None:
    pid = pool.start("--count", "2")
    workers = pool.pids()
    queue.close()
    shutil.rmtree(home)
    wait_until(lambda: not any(map(identify, (pid, *workers))))


def test_a_retried_job_shows_nothing_of_its_last_attempt(home: str, queue: Queue, pool: RunningPool) -> None:
    pool.start("--count", "1")
    job = queue.add('echo "$QUEUECTL_ATTEMPT of $QUEUECTL_MAX_ATTEMPTS"; exit 3', retries=0)
    assert queue.wait(job.id, timeout=60)[0].error == "exit code 3"
    run_cli(home, "worker", "stop")
    queue.retry(job.id)
    found = queue.get(job.id)
    assert (found.state, found.error, found.exit_code, found.duration) == ("pending", None, None, None)
    pool.start("--count", "1")
    queue.wait(job.id, timeout=60)
    assert queue.output(job.id, attempt=1) == b"1 of 1\n"
    assert queue.output(job.id, attempt=2) == b"2 of 2\n"
