"""What the tests of the scheduler daemon share: one that is started by the command line and ended with the test."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from queuectl.engine.queue import Queue
from queuectl.store import Home, Store
from tests.support import FakeClock, Processes, identify, is_alive, kill, run_cli, tree, wait_until


def let_run(store: Store, clock: FakeClock, ms: int) -> None:
    """Let time pass in which somebody keeps house."""
    clock.advance(ms)
    with store.writing():
        store.meta.set_downtime(clock.wall(), store.meta.downtime()[1])


class RunningScheduler:
    """The scheduler of a home."""

    def __init__(self, home: str, processes: Processes) -> None:
        self.home = Home(home)
        # It looks from outside each time, with a store of its own.
        self._outside = Queue(home)
        self._processes = processes

    def start(self, *arguments: str) -> int:
        """Start it; return its pid."""
        done = run_cli(self.home.path, "scheduler", "start", *arguments)
        assert done.returncode == 0, done.stderr
        self._processes.add(self.pid)
        return self.pid

    def try_command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run_cli(self.home.path, "scheduler", *words)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a `scheduler` command that must succeed."""
        done = self.try_command(*words)
        assert done.returncode == 0, done.stderr
        return done

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.try_command("status", "--json").stdout)
        return found

    @property
    def pid(self) -> int:
        pid = self._outside.scheduler.pid
        assert pid is not None, "no scheduler is running"
        return pid

    @property
    def is_running(self) -> bool:
        return self._outside.scheduler.pid is not None

    def kill(self) -> None:
        """Kill it, and wait until it is gone."""
        victim = identify(self.pid)
        assert victim is not None
        kill(victim)
        # Its main thread may be gone before the one that ticks, with which the lock goes.
        wait_until(lambda: not is_alive(victim) and not self.is_running, what="the scheduler is gone")

    def log(self) -> str:
        return Path(self.home.daemon_log("scheduler")).read_text(encoding="utf-8")

    def close(self) -> None:
        """End it and everything below it."""
        pid = self._outside.scheduler.pid
        for found in tree(pid) if pid else []:
            kill(found)
