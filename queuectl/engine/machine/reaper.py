"""Orphans that become children of this process, as PID 1 of a container or a subreaper: it must take their exit codes.

The code that starts a child waits for it at once. So a child that has ended and is still there a second later is an
orphan: nobody else will ever wait for it.
"""

from __future__ import annotations

import os

from ...model.clock import Clock
from . import process

LOOK_MS = 1_000


class Reaper:
    """Takes the exit codes of orphans."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._look_at = clock.monotonic()
        self._seen: set[int] = set()

    def step(self) -> None:
        """Once a second, take the exit codes of children that had ended a second ago already."""
        now = self._clock.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_MS
        ended: set[int] = set()
        try:
            if process.HAS_PROC and process.ended_child() is not None:
                ours, entries = os.getpid(), process.list_processes().values()
                ended = {entry.pid for entry in entries if entry.parent == ours and entry.is_zombie}
        except OSError:
            return  # There are no descriptors, say. They wait for the next look.
        for pid in ended & self._seen:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue  # The code that started it was faster.
        self._seen = ended
