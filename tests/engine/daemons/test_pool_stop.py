"""Stopping: jobs may finish for a while, then they go back to the queue; that attempt does not count."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.job import Job
from tests.engine.running import RunningPool, attempts, survivors, wait_for_file
from tests.support import Processes, identify, run_cli, send, tree, wait_until

# Jobs may finish for so long: a stop that takes less than the second has not waited for that.
SHUTDOWN_TIMEOUT = "10m"
SOON_MS = 60_000


def patient(tmp_path: Path, name: str = "started") -> str:
    """Return a command that says it has started and ends when told to."""
    return f"echo >{tmp_path}/{name}; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done"


def started(queue: Queue, tmp_path: Path, count: int = 1) -> list[Job]:
    jobs = [queue.add(patient(tmp_path, f"started-{number}")) for number in range(count)]
    for number in range(count):
        wait_for_file(tmp_path / f"started-{number}")
    return jobs


def assert_released(queue: Queue, jobs: list[Job]) -> None:
    for job in jobs:
        found = queue.get(job.id)
        assert (found.state, found.attempts) == ("pending", 0)
        assert [row["outcome"] for row in attempts(queue, job)] == ["released"]
        assert survivors(queue, job) == []


def log_says(pool: RunningPool, text: str) -> None:
    wait_until(lambda: text in pool.log())


def test_a_stop_lets_the_job_finish_and_takes_no_other(
    home: str, queue: Queue, pool: RunningPool, processes: Processes, tmp_path: Path
) -> None:
    pool.start("--count", "1")
    (job,) = started(queue, tmp_path)
    waiting = queue.add("true")
    stop = processes.start_cli(home, "worker", "stop", stdout=subprocess.DEVNULL)
    log_says(pool, "current jobs may finish")
    assert stop.poll() is None
    (tmp_path / "go").touch()
    assert stop.wait(60) == 0
    assert (queue.get(job.id).state, queue.get(waiting.id).state) == ("completed", "pending")
    assert not pool.is_running and queue.store.workers.all() == []


def test_stopping_twice_or_without_workers_is_fine(home: str, queue: Queue, pool: RunningPool) -> None:
    assert run_cli(home, "worker", "stop").returncode == 0
    pool.start("--count", "1")
    pool.run("stop")
    done = pool.run("stop")
    assert "no workers were running" in done.stdout


def test_a_second_signal_ends_the_job_which_goes_back_uncounted(
    queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    pid = pool.start("--count", "1")
    jobs = started(queue, tmp_path)
    os.kill(pid, signal.SIGTERM)
    log_says(pool, "current jobs may finish")
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not pool.is_running)
    assert_released(queue, jobs)


def test_force_ends_all_jobs_at_once_and_each_goes_back_uncounted(
    queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    queue.config.set("shutdown_timeout", SHUTDOWN_TIMEOUT)
    for turn in range(3):
        place = tmp_path / f"turn-{turn}"
        place.mkdir()
        pool.start("--count", "8")
        jobs = started(queue, place, 8)
        before = SYSTEM_CLOCK.monotonic()
        pool.run("stop", "--force")
        assert SYSTEM_CLOCK.monotonic() - before < SOON_MS
        assert_released(queue, jobs)
        assert queue.store.workers.all() == []
        queue.remove(*(job.id for job in jobs))
    # The workers had one order and no request before it: what the pool writes between two would keep them waiting.
    assert "stopping at once" in pool.log() and "current jobs may finish" not in pool.log()


def test_force_costs_no_attempt_while_nobody_can_write_to_the_store(
    home: str, queue: Queue, pool: RunningPool, processes: Processes, tmp_path: Path
) -> None:
    pool.start("--count", "4")
    jobs = started(queue, tmp_path, 4)
    workers = pool.pids()
    with queue.store.writing():
        stop = processes.start_cli(home, "worker", "stop", "--force", stdout=subprocess.DEVNULL)
        # The pool tells them before it writes, and they wait for the store a while only.
        wait_until(lambda: not any(survivors(queue, job) for job in jobs))
        wait_until(lambda: not any(map(identify, workers)))
    assert stop.wait(60) == 0
    assert_released(queue, jobs)
    assert queue.store.workers.all() == []
    assert pool.log().count("was stopped before it could record the end, now pending") == 4


def test_force_also_ends_what_ignores_the_request(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    queue.config.set("shutdown_timeout", SHUTDOWN_TIMEOUT)
    pool.start("--count", "1")
    job = queue.add(f"trap '' TERM; {patient(tmp_path)}")
    wait_for_file(tmp_path / "started")
    before = SYSTEM_CLOCK.monotonic()
    pool.run("stop", "--force")
    assert SYSTEM_CLOCK.monotonic() - before < SOON_MS
    assert_released(queue, [job])


def test_a_stop_with_a_limit_ends_what_is_not_done_by_then(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    queue.config.set("shutdown_timeout", SHUTDOWN_TIMEOUT)
    pool.start("--count", "2")
    jobs = started(queue, tmp_path, 2)
    before = SYSTEM_CLOCK.monotonic()
    pool.run("stop", "--timeout", "0.5")
    assert 500 <= SYSTEM_CLOCK.monotonic() - before < SOON_MS
    assert_released(queue, jobs)


def test_a_job_that_outlasts_the_shutdown_timeout_goes_back(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    queue.config.set("shutdown_timeout", "1s")
    pool.start("--count", "1")
    jobs = started(queue, tmp_path)
    before = SYSTEM_CLOCK.monotonic()
    pool.run("stop")
    assert 1_000 <= SYSTEM_CLOCK.monotonic() - before < SOON_MS
    assert_released(queue, jobs)


def test_a_released_job_is_run_by_the_next_pool(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    pool.start("--count", "1")
    (job,) = started(queue, tmp_path)
    pool.run("stop", "--force")
    (tmp_path / "go").touch()
    pool.start("--count", "1")
    assert queue.wait(job.id, timeout=60)[0].attempts == 1
    assert [row["outcome"] for row in attempts(queue, job)] == ["released", "exited"]


def test_a_worker_that_leaves_already_is_not_hurried_by_a_stop(
    home: str, queue: Queue, pool: RunningPool, processes: Processes, tmp_path: Path
) -> None:
    pool.start("--count", "2")
    jobs = started(queue, tmp_path, 2)
    pool.run("scale", "1")
    stop = processes.start_cli(home, "worker", "stop", stdout=subprocess.DEVNULL)
    log_says(pool, "current jobs may finish")
    # Workers look at a stop at once; one that was hurried would have let go of its job by its next look.
    wait_until(lambda: all(row.stopping for row in pool.rows()) and len(pool.rows()) == 2)
    (tmp_path / "go").touch()
    assert stop.wait(60) == 0
    assert [queue.get(job.id).state for job in jobs] == ["completed"] * 2


def test_a_job_that_had_ended_well_is_completed_even_if_its_leftovers_are_ended_by_force(
    queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    queue.config.set("kill_grace", "3s")
    pool.start("--count", "1")
    # The shell waits until the process it leaves behind is safe from the polite request to end.
    job = queue.add(
        f"( trap '' TERM; echo >{tmp_path}/deaf; sleep 600; sleep 600 ) >/dev/null 2>&1 & "
        f"while [ ! -e {tmp_path}/deaf ]; do sleep 0.02; done; echo $$ >{tmp_path}/shell"
    )
    shell = int(wait_for_file(tmp_path / "shell"))
    wait_until(lambda: identify(shell) is None, what="the shell has exited")
    pool.run("stop", "--force")
    found = queue.get(job.id)
    assert (found.state, found.exit_code) == ("completed", 0)
    assert survivors(queue, job) == []


def foreground(home: str, processes: Processes, tmp_path: Path) -> subprocess.Popen[Any]:
    """Start workers that stay in the foreground, as leaders of a process group like a terminal's."""
    with open(tmp_path / "foreground.log", "wb") as log:
        return processes.start_cli(
            home, "worker", "start", "--no-detach", "--count", "2", stderr=log, start_new_session=True
        )


def foreground_says(tmp_path: Path, text: str) -> None:
    wait_until(lambda: text in (tmp_path / "foreground.log").read_text())


def test_ctrl_c_in_the_foreground_lets_jobs_finish(
    home: str, queue: Queue, processes: Processes, tmp_path: Path
) -> None:
    pool = foreground(home, processes, tmp_path)
    (job,) = started(queue, tmp_path)
    foreground_says(tmp_path, "2 workers are up")
    os.killpg(pool.pid, signal.SIGINT)
    foreground_says(tmp_path, "current jobs may finish")
    (tmp_path / "go").touch()
    assert pool.wait(60) == 0
    assert queue.get(job.id).state == "completed"


def test_ctrl_c_twice_in_the_foreground_ends_them(
    home: str, queue: Queue, processes: Processes, tmp_path: Path
) -> None:
    pool = foreground(home, processes, tmp_path)
    jobs = started(queue, tmp_path, 2)
    foreground_says(tmp_path, "2 workers are up")
    os.killpg(pool.pid, signal.SIGINT)
    foreground_says(tmp_path, "current jobs may finish")
    os.killpg(pool.pid, signal.SIGINT)
    assert pool.wait(60) == 0
    assert_released(queue, jobs)


def everybody(pool: RunningPool) -> list[int]:
    return [each.pid for each in tree(pool.pid)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["TERM", "HUP"])
def test_a_stop_that_signals_the_jobs_too_costs_no_attempt(
    queue: Queue, pool: RunningPool, tmp_path: Path, number: signal.Signals
) -> None:
    # What a service manager does to a whole control group, a login to what it leaves behind.
    pool.start("--count", "2")
    jobs = started(queue, tmp_path, 2)
    for pid in everybody(pool):
        send(signal.SIGTERM if pid == pool.pid else number, pid)
    wait_until(lambda: not pool.is_running)
    assert_released(queue, jobs)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=["TERM", "HUP", "KILL"])
def test_a_stop_right_after_the_jobs_signal_costs_no_attempt(
    queue: Queue, pool: RunningPool, tmp_path: Path, number: signal.Signals
) -> None:
    pid = pool.start("--count", "1")
    (job,) = started(queue, tmp_path)
    for survivor in survivors(queue, job):
        send(number, survivor)
    wait_until(lambda: not survivors(queue, job))
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not pool.is_running)
    assert_released(queue, [job])


def test_a_shell_that_tells_of_the_signal_by_its_exit_code_costs_no_attempt(
    queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    pid = pool.start("--count", "1")
    job = queue.add(f"trap 'exit 143' TERM; {patient(tmp_path)}", retries=0)
    wait_for_file(tmp_path / "started")
    os.kill(pid, signal.SIGTERM)
    log_says(pool, "current jobs may finish")
    for survivor in survivors(queue, job):
        send(signal.SIGTERM, survivor)
    wait_until(lambda: not pool.is_running)
    assert_released(queue, [job])


def test_a_signal_without_a_stop_is_the_jobs_own_end(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    pool.start("--count", "1")
    job = queue.add("kill -TERM $$", retries=0)
    (done,) = queue.wait(job.id, timeout=60)
    assert (done.state, done.attempts, done.error) == ("dead", 1, "killed by SIGTERM")


def test_a_second_request_to_stop_ends_no_job(
    home: str, queue: Queue, pool: RunningPool, processes: Processes, tmp_path: Path
) -> None:
    pool.start("--count", "1")
    (job,) = started(queue, tmp_path)
    first = processes.start_cli(home, "worker", "stop", stdout=subprocess.DEVNULL)
    wait_until(lambda: [row.stopping for row in queue.store.workers.all()] == [1])
    first.kill()
    first.wait()
    second = processes.start_cli(home, "worker", "stop", stdout=subprocess.DEVNULL)
    # Time in which it would have ended the job.
    SYSTEM_CLOCK.pause(1)
    assert queue.get(job.id).state == "processing"
    (tmp_path / "go").touch()
    assert second.wait(60) == 0
    assert queue.get(job.id).state == "completed"


@pytest.mark.parametrize("words", ["worker stop", "worker stop -Q '*'", "worker stop --timeout 30"])
def test_a_job_that_stops_its_workers_does_not_wait_for_itself(queue: Queue, pool: RunningPool, words: str) -> None:
    pool.start("--count", "1")
    job = queue.add(f'"$QUEUECTL" {words}')
    wait_until(lambda: not pool.is_running)
    assert (queue.get(job.id).state, queue.get(job.id).attempts) == ("completed", 1)
    assert "Workers" in queue.output(job.id).decode()


def test_a_job_cannot_restart_its_workers(queue: Queue, pool: RunningPool) -> None:
    pool.start("--count", "1")
    pid = pool.pid
    job = queue.add('"$QUEUECTL" worker restart', retries=0)
    assert queue.wait(job.id, timeout=SOON_MS / 1000)[0].exit_code == 4
    assert pool.pid == pid


def test_a_job_of_another_home_waits_until_the_workers_are_gone(
    queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    pool.start("--count", "1")
    with Queue(str(tmp_path / "other")) as other:
        other.workers.start(count=1)
        try:
            job = queue.add(f'"$QUEUECTL" --home {tmp_path}/other worker stop')
            assert queue.wait(job.id, timeout=SOON_MS / 1000)[0].state == "completed"
            assert other.workers.pid is None
        finally:
            other.workers.stop(force=True)


def test_a_job_cannot_wait_for_itself(queue: Queue, pool: RunningPool) -> None:
    pool.start("--count", "1")
    job = queue.add('"$QUEUECTL" wait "$QUEUECTL_JOB_ID"', retries=0)
    assert queue.wait(job.id, timeout=SOON_MS / 1000)[0].exit_code == 4
    assert "wait for its own end" in queue.output(job.id).decode()
