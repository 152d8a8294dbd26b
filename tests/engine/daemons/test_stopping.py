"""To stop a daemon ends: it is gone, or an error says who does not answer. No stranger is signalled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest

from queuectl.engine.daemons import daemon, groups
from queuectl.engine.daemons.daemon import DASHBOARD, POOL, SCHEDULER, Daemon
from queuectl.engine.machine.identity import Identity
from queuectl.engine.queue import Queue
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.errors import DaemonUnavailable
from queuectl.store import Home
from queuectl.store.lockfile import LockFile
from tests.engine.running import RunningPool, python
from tests.support import FakeClock, Processes, cli_command, cli_environment, identify, run_cli, wait_until

KINDS = (POOL, SCHEDULER, DASHBOARD)
START = {
    "pool": ("worker", "start", "--count", "1"),
    "scheduler": ("scheduler", "start"),
    "dashboard": ("dashboard", "start", "--detach", "--port", "0"),
}
# Holds the lock of a daemon as one that runs, and heeds no request to end.
DEAF = """
import signal
from queuectl.engine.daemons import daemon
from queuectl.engine.queue import Queue
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGQUIT, signal.SIG_IGN)
lock = getattr(daemon, sys.argv[2]).take_lock(Queue(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
"""


class Hurried(FakeClock):
    """A clock that stands still for who looks, and lets the system do something meanwhile."""

    def pause(self, seconds: float) -> None:
        SYSTEM_CLOCK.pause(0.05)
        self.advance(1_000)


def deaf(processes: Processes, home: str, kind: Daemon) -> subprocess.Popen[Any]:
    """Start a process that has the place of a daemon and does not answer."""
    started = processes.start(
        python(DEAF, home, kind.name.upper()), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=cli_environment(home)
    )
    assert started.stdout is not None and started.stdout.readline() == b"ready\n"
    return started


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_daemon_that_was_stopped_by_a_signal_goes_on_to_end(home: str, queue: Queue, kind: Daemon) -> None:
    assert run_cli(home, *START[kind.name]).returncode == 0
    running = kind.find(Queue(home))
    assert running is not None and running.pid is not None
    os.kill(running.pid, signal.SIGSTOP)
    done = run_cli(home, kind.command, "stop")
    assert (done.returncode, done.stderr) == (0, "")
    assert identify(running.pid) is None


def test_who_does_not_answer_is_named_with_what_helps(home: str, queue: Queue, processes: Processes) -> None:
    hanging = deaf(processes, home, POOL)
    queue.clock = Hurried()
    with pytest.raises(DaemonUnavailable) as caught:
        queue.workers.stop()
    assert f"(pid {hanging.pid}) do not answer" in caught.value.message
    assert caught.value.hint is not None and "worker stop --force" in caught.value.hint
    assert hanging.poll() is None


@pytest.mark.parametrize("patience, force", [(None, True), (1.0, False)])
def test_who_does_not_answer_is_ended_by_force(
    home: str, queue: Queue, processes: Processes, patience: Any, force: bool
) -> None:
    hanging = deaf(processes, home, POOL)
    queue.clock = Hurried()
    assert queue.workers.stop(patience=patience, force=force) == hanging.pid
    assert hanging.wait(60) == -signal.SIGKILL


@pytest.mark.parametrize("kind", [SCHEDULER, DASHBOARD], ids=lambda kind: kind.name)
def test_a_daemon_without_jobs_is_ended_when_it_does_not_answer(
    home: str, queue: Queue, processes: Processes, kind: Daemon
) -> None:
    hanging = deaf(processes, home, kind)
    queue.clock = Hurried()
    assert getattr(queue, kind.name).stop() == hanging.pid
    assert hanging.wait(60) == -signal.SIGKILL


def test_what_cannot_be_ended_is_said_and_not_waited_for(
    home: str, queue: Queue, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = deaf(processes, home, SCHEDULER)
    monkeypatch.setattr(Identity, "send", lambda self, number: True)
    clock = queue.clock = Hurried()
    before = clock.monotonic()
    with pytest.raises(DaemonUnavailable, match=f"pid {hanging.pid}.*cannot be ended"):
        queue.scheduler.stop()
    assert clock.monotonic() - before <= daemon.KILL_AFTER_MS + daemon.DEATH_MS + 2_000


@pytest.fixture
def elsewhere(queue: Queue) -> Iterator[LockFile]:
    """The lock of a pool that has this process's pid in another pid namespace."""
    told = Identity.own()
    lock = LockFile(queue.home.daemon_lock("pool"))
    assert lock.acquire()
    lock.write(str(Identity(told.pid, told.start, told.boot, "pid:[1]")))
    yield lock
    lock.close()


@pytest.mark.parametrize("words", [("stop",), ("stop", "--force"), ("stop", "--timeout", "0"), ("restart",)])
def test_a_pool_of_another_container_is_not_signalled(
    home: str, queue: Queue, elsewhere: LockFile, words: list[str]
) -> None:
    done = run_cli(home, "worker", *words)
    assert done.returncode == 6
    assert "run in another container or pid namespace" in done.stderr and "stop them there" in done.stderr


@pytest.mark.slow
def test_start_and_status_say_the_same_of_a_pool_of_another_container(
    home: str, queue: Queue, elsewhere: LockFile
) -> None:
    done = run_cli(home, "worker", "start")
    assert done.returncode == 4 and "in another container or pid namespace" in done.stderr
    assert "in another container or pid namespace" in run_cli(home, "worker", "status").stderr
    assert "in another container or pid namespace" in run_cli(home, "status").stdout


def test_a_worker_of_another_container_is_not_signalled(home: str, queue: Queue, processes: Processes) -> None:
    # Another process has its pid here, with the very same start time.
    other = processes.start(["sleep", "600"])
    told = Identity.of(other.pid)
    with queue.store.writing():
        number = queue.store.workers.add(
            pid=told.pid, pid_start=told.start, boot=told.boot or "", queues="", now=0, namespace="pid:[1]"
        )
    lock = LockFile(queue.home.worker_lock(number))
    assert lock.acquire()
    done = run_cli(home, "worker", "stop", "--force")
    assert done.returncode == 6 and f"worker {number} runs in another container" in done.stderr
    assert other.poll() is None
    lock.close()


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="making a namespace needs root")
def test_from_another_pid_namespace_nobody_is_signalled(home: str, queue: Queue, pool: RunningPool) -> None:
    pid = pool.start("--count", "1")
    script = f"for i in $(seq 5); do sleep 600 & done; {' '.join(cli_command(home, 'worker', 'stop'))}; pgrep -c sleep"
    done = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script],
        env=cli_environment(home),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    if "unshare:" in done.stderr:
        pytest.skip("namespaces cannot be made here")
    assert done.stdout == "5\n" and "another container" in done.stderr
    assert pool.pid == pid


def test_workers_on_a_damaged_store_are_stopped_and_waited_for(home: str, queue: Queue, pool: RunningPool) -> None:
    pid = pool.start("--count", "1")
    queue.close()
    whole = Path(Home(home).database).read_bytes()
    with open(Home(home).database, "r+b") as file:
        file.write(os.urandom(8192))
    done = run_cli(home, "worker", "stop")
    assert (done.returncode, done.stdout) == (0, "Workers stopped\n"), done.stderr
    assert identify(pid) is None
    Path(Home(home).database).write_bytes(whole)


def test_a_pool_that_was_stopped_by_a_signal_follows_a_change_of_its_size(queue: Queue, pool: RunningPool) -> None:
    os.kill(pool.start("--count", "1"), signal.SIGSTOP)
    pool.run("scale", "2")
    assert len(pool.pids()) == 2


@pytest.mark.slow
def test_the_time_to_wait_is_that_of_the_settings(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.config.set("shutdown_timeout", "600s")
    queue.config.set("kill_grace", "1s")
    told: list[signal.Signals] = []
    monkeypatch.setattr(Identity, "order", lambda self, order: told.append(order))
    lock = POOL.take_lock(queue)
    clock = queue.clock = FakeClock()
    before = clock.monotonic()
    with pytest.raises(DaemonUnavailable):
        queue.workers.stop()
    assert told == [signal.SIGTERM]
    assert 0 <= clock.monotonic() - before - 601_000 - groups.FOLLOW_MS < 1_000
    lock.close()


def test_a_lock_that_says_nothing_of_its_holder_is_reported_as_that(home: str, queue: Queue) -> None:
    lock = LockFile(queue.home.daemon_lock("pool"))
    assert lock.acquire()
    Path(queue.home.daemon_lock("pool")).write_text("")
    done = run_cli(home, "worker", "stop")
    assert done.returncode == 6 and "does not tell its pid" in done.stderr
    lock.close()
    wait_until(lambda: run_cli(home, "worker", "stop").returncode == 0)
