"""The daemons of a home, killed at random and started again."""

from __future__ import annotations

import collections
import os
import random
import signal
from typing import Callable, Mapping

from queuectl.engine.machine import process
from queuectl.engine.queue import Queue
from tests.engine.running import RunningPool
from tests.support import identify, is_alive, run_cli

WORKERS = 4
# How often each is killed, in relation to the others.
WEIGHTS = {"worker": 70, "pool": 6, "fork server": 6, "scheduler": 8}
SETTINGS = (("retry_delay", "0.02s"), ("backoff_base", "1"), ("kill_grace", "0.3s"))


class Killing:
    """A pool and a scheduler; `kills` counts the killed by kind.

    `others` names more that may be killed: how often, and who has which pid at that moment.
    """

    def __init__(
        self,
        queue: Queue,
        chance: random.Random,
        others: Mapping[str, tuple[int, Callable[[], int]]] | None = None,
        workers: int = WORKERS,
    ) -> None:
        self.kills: dict[str, int] = collections.Counter()
        self.pool = RunningPool(queue.home.path, queue)
        self._home, self._workers = queue.home.path, workers
        self._chance = chance
        self._victims: dict[str, Callable[[], int | None]] = {
            "worker": self._some_worker,
            "pool": lambda: self.pool.pid if self.pool.is_running else None,
            "fork server": self._fork_server,
            "scheduler": lambda: Queue(self._home).scheduler.pid,
        }
        self._weights = dict(WEIGHTS)
        for kind, (weight, victim) in (others or {}).items():
            self._victims[kind], self._weights[kind] = victim, weight
        for name, value in SETTINGS:
            queue.config.set(name, value)

    def start_what_is_missing(self) -> None:
        """Start the pool and the scheduler unless they run."""
        if not self.pool.is_running:
            self._start("worker", "start", "--count", str(self._workers))
        self._start("scheduler", "start")

    def _start(self, *words: str) -> None:
        done = run_cli(self._home, *words)
        # A conflict: one that was killed a moment ago, or that runs already.
        assert done.returncode in (0, 4, 6), done.stderr

    def kill_one(self) -> None:
        """Kill one of them, if it is there; each fourth time one of a kind of which none was killed yet."""
        spared = self.never_killed()
        weights = self._weights if not spared or self._chance.random() < 0.75 else dict.fromkeys(spared, 1)
        (kind,) = self._chance.choices(list(weights), weights=list(weights.values()))
        pid = self._victims[kind]()
        victim = None if pid is None else identify(pid)
        if victim is not None and is_alive(victim):
            os.kill(victim.pid, signal.SIGKILL)
            self.kills[kind] += 1

    def never_killed(self) -> list[str]:
        """Return the kinds of which none was killed."""
        return sorted(set(self._weights) - set(self.kills))

    def _some_worker(self) -> int | None:
        pids = self.pool.pids()
        return self._chance.choice(pids) if pids else None

    def _fork_server(self) -> int | None:
        worker = self._some_worker()
        entry = process.list_processes().get(worker or 0)
        return entry.parent if entry is not None and self.pool.is_running and entry.parent != self.pool.pid else None

    def close(self) -> None:
        """End the pool and the scheduler."""
        for words in (("worker", "stop", "--force"), ("scheduler", "stop")):
            run_cli(self._home, *words)
        self.pool.close()
