"""The pool keeps as many workers as it should, whatever happens to them."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, Iterator

import pytest

from queuectl.engine.daemons import pool as pool_module
from queuectl.engine.daemons.pool import LOOK_SECONDS, OVERTIME_MS, Pool
from queuectl.engine.machine import process
from queuectl.engine.machine.log import Log
from queuectl.engine.machine.wakeup import Wakeup
from queuectl.engine.queue import Queue
from queuectl.model.clock import SYSTEM_CLOCK, Clock
from queuectl.model.worker import ALL
from queuectl.store import Home
from tests.engine.daemons import forking
from tests.engine.daemons.forking import Fork
from tests.engine.running import RunningPool, wait_for_file, wait_for_state
from tests.support import ROOT, FakeClock, Processes, cli_environment, identify, is_alive, run_cli, wait_until

fork = forking.fork

STARTERS = 10


def test_ten_that_start_at_once_make_one_pool(home: str, queue: Queue, pool: RunningPool, processes: Processes) -> None:
    started: list[subprocess.Popen[Any]] = [
        processes.start_cli(home, "worker", "start", "--count", "1", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(STARTERS)
    ]
    said = [starter.communicate(timeout=60)[1].decode() for starter in started]
    assert [starter.returncode for starter in started] == [0] * STARTERS, said
    assert len(pool.rows()) == 1 and pool.log().count(" 1 worker is up\n") == 1


@pytest.mark.parametrize("text", ["", "123456 789\n", f"{os.getpid()} 1\n", "1 0\n", "nonsense\n"])
def test_a_lock_file_left_by_a_dead_pool_blocks_nothing(home: str, queue: Queue, pool: RunningPool, text: str) -> None:
    Path(Home(home).daemon_lock("pool")).write_text(text)
    for number in (7, 8):
        Path(Home(home).worker_lock(number)).write_text(text)
    pool.start("--count", "1")
    assert Path(Home(home).daemon_lock("pool")).read_text().split()[0] == str(pool.pid)


def _pair_without(killed: int, pool: RunningPool) -> list[int]:
    """Return the pids of two workers that the killed one is not among, or nothing."""
    pids = pool.pids()  # One look: it may go between two.
    return pids if len(pids) == 2 and killed not in pids else []


def test_workers_need_no_file_of_the_package_once_they_run(
    home: str, queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    """What an upgrade has put in place of a file that they load only now would not fit them."""
    shutil.copytree(ROOT / "queuectl", tmp_path / "older" / "queuectl")
    words = [sys.executable, "-m", "queuectl", "worker", "start", "--count", "1"]
    subprocess.run(words, cwd=tmp_path / "older", env=cli_environment(home), check=True, timeout=60)
    shutil.rmtree(tmp_path / "older" / "queuectl")
    hooked = queue.add("exit 1", retries=0, on_failure="true", locks="gpu")
    wait_for_state(queue, queue.add("true", shell="none"), "completed")
    wait_until(lambda: queue.list(f"hook:{hooked.number} state:completed"))
    assert "ended with" not in pool.log()


def test_a_killed_worker_is_replaced_at_once(queue: Queue, pool: RunningPool) -> None:
    pool.start("--count", "2")
    for _ in range(3):
        before = pool.pids()
        os.kill(before[0], signal.SIGKILL)
        after = wait_until(partial(_pair_without, before[0], pool))
        assert before[1] in after
    assert pool.log().count("starting another in 0 s") == 3
    assert queue.wait(queue.add("true").id, timeout=60)[0].state == "completed"


def test_when_the_pool_is_killed_its_workers_finish_and_leave(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    pid = pool.start("--count", "2")
    job = queue.add(f"echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done")
    wait_for_file(tmp_path / "started")
    workers = [identify(each) for each in pool.pids()]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(pool.rows()) == 1, what="the idle one leaves")
    assert queue.get(job.id).state == "processing"
    (tmp_path / "go").touch()
    wait_for_state(queue, job, "completed")
    wait_until(lambda: not any(is_alive(each) for each in workers if each is not None))
    assert queue.get(job.id).attempts == 1


def test_when_the_pool_is_killed_another_can_be_started_at_once(
    queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    first = pool.start("--count", "2")
    running = queue.add(f"echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done")
    wait_for_file(tmp_path / "started")
    os.kill(first, signal.SIGKILL)
    second = pool.start("--count", "2")
    assert second != first
    assert queue.wait(queue.add("true").id, timeout=60)[0].state == "completed"
    (tmp_path / "go").touch()
    wait_for_state(queue, running, "completed")
    assert queue.get(running.id).attempts == 1
    wait_until(lambda: len(pool.rows()) == len(queue.store.workers.all()) == 2)


def test_the_pool_can_be_made_larger_and_smaller(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    pool.start("--count", "1")
    pool.run("scale", "4")
    assert len(pool.pids()) == 4
    job = queue.add(f"echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done")
    wait_for_file(tmp_path / "started")
    pool.run("scale", "1")
    (tmp_path / "go").touch()
    assert queue.wait(job.id, timeout=60)[0].state == "completed"
    wait_until(lambda: len(pool.pids()) == 1)
    assert queue.get(job.id).attempts == 1


def test_scaling_needs_a_pool_and_a_number_in_range(home: str, queue: Queue, pool: RunningPool) -> None:
    assert run_cli(home, "worker", "scale", "2").returncode == 6
    pool.start("--count", "1")
    assert run_cli(home, "worker", "scale", "11").returncode == 2
    assert len(pool.pids()) == 1


def test_a_restart_keeps_the_number_and_the_queues(queue: Queue, pool: RunningPool) -> None:
    first = pool.start("--count", "1", "--queue", "left", "--queue", "right")
    pool.run("scale", "3")
    pool.run("restart")
    assert pool.pid != first
    assert [row.queues for row in pool.rows()] == ["left,right"] * 3
    jobs = {name: queue.add("true", queue=name) for name in ("left", "right", "other")}
    queue.wait(jobs["left"].id, jobs["right"].id, timeout=60)
    assert queue.get(jobs["other"].id).state == "pending"


def test_a_setting_reaches_idle_workers_before_the_next_job(queue: Queue, pool: RunningPool) -> None:
    pool.start("--count", "1")
    queue.config.set("output_limit", "1KiB")
    job = queue.add("head -c 1000000 /dev/zero")
    queue.wait(job.id, timeout=60)
    assert len(queue.output(job.id)) < 200_000


def test_a_setting_reaches_a_worker_that_is_never_idle(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    pool.start("--count", "1")
    first = queue.add(f"echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done")
    second = queue.add("head -c 1000000 /dev/zero")
    wait_for_file(tmp_path / "started")
    queue.config.set("output_limit", "1KiB")
    queue.config.set("lease", "600s")
    wait_until(lambda: lease_left(queue) > 500_000, what="the lease is renewed for longer")
    (tmp_path / "go").touch()
    queue.wait(first.id, second.id, timeout=60)
    assert len(queue.output(second.id)) < 200_000


def lease_left(queue: Queue) -> int:
    running = queue.store.attempts.running(queue.store.contexts)
    return running[0].claim.lease_until - SYSTEM_CLOCK.monotonic() if running else 0


class IdleScheduler:
    """A scheduler that has nothing to do."""

    error = None

    def __init__(self, home: Home, *, clock: Clock, log: Log) -> None:
        self.is_alive = lambda: True

    def revived(self) -> IdleScheduler:
        return self

    def poke(self) -> None:
        return

    def stop(self) -> None:
        return


class OwnPool:
    """A pool of this process that is stepped by hand, with a child of the test as its worker."""

    def __init__(self, home: str, fork: Fork) -> None:
        self.clock = FakeClock()
        self.pool = Pool(Home(home), {ALL: 1}, clock=self.clock, on_ready=lambda: None)
        self._fork = fork
        self.pool.step()

    def employ(self, queue: Queue, pid: int) -> None:
        """Let the process be the worker that was asked for."""
        with queue.store.writing():
            queue.store.workers.add(pid=pid, pid_start="", boot="", queues=ALL, now=self.clock.wall())
        self._fork.has_started(pid)
        self.pool.step()

    def stop(self) -> None:
        """Tell it to stop."""
        os.kill(os.getpid(), signal.SIGTERM)
        self.pool.step()

    def step_after(self, ms: int) -> None:
        self.clock.advance(ms)
        self.pool.step()


@pytest.fixture
def own_pool(
    home: str, queue: Queue, own_signals: None, fork: Fork, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OwnPool]:
    """A pool of this process whose only worker was asked for."""
    monkeypatch.setattr(pool_module, "ClockworkThread", IdleScheduler)
    made = OwnPool(home, fork)
    yield made
    made.pool.close()


@pytest.fixture
def stubborn(processes: Processes) -> subprocess.Popen[bytes]:
    """A process that does not end when it is told to."""
    return processes.start(["sleep", "600"], preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN))


def test_the_pool_gives_workers_the_time_that_the_settings_of_now_give_them(
    own_pool: OwnPool, queue: Queue, fork: Fork, stubborn: subprocess.Popen[bytes]
) -> None:
    own_pool.employ(queue, stubborn.pid)
    queue.config.set("shutdown_timeout", "600s")
    own_pool.stop()
    own_pool.step_after(600_000)
    assert stubborn.poll() is None
    own_pool.step_after(300 + OVERTIME_MS)
    assert stubborn.wait(60) == -signal.SIGKILL


def test_a_shortage_ends_no_pool(
    own_pool: OwnPool, queue: Queue, fork: Fork, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = processes.start(["sleep", "600"]), processes.start(["sleep", "600"])
    own_pool.employ(queue, first.pid)
    first.kill()
    fork.has_ended(first.pid, -first.wait(60))
    own_pool.pool.step()
    fork.has_started(second.pid)

    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        for name in ("start_time", "list_processes", "open_files"):
            patch.setattr(process, name, refuse)
        for _ in range(2):
            own_pool.pool.step()
    own_pool.pool.step()
    own_pool.stop()
    assert second.wait(60) == -signal.SIGTERM


def test_a_pool_waits_though_its_time_to_stop_is_over(
    own_pool: OwnPool, queue: Queue, stubborn: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def wait(self: Wakeup, seconds: float) -> list[int]:
        waits.append(seconds)
        return []

    own_pool.employ(queue, stubborn.pid)
    monkeypatch.setattr(Wakeup, "wait", wait)
    own_pool.stop()
    own_pool.step_after(30_000 + OVERTIME_MS)  # all but its kill_grace
    own_pool.step_after(300)
    assert waits == [LOOK_SECONDS, 0.3, LOOK_SECONDS]
