"""Orphans that fall to a process, as PID 1 of a container or as a subreaper: somebody has to take their exit codes.

The code that has started a child waits for it at once. So a child that has ended and is
there still a second later is an orphan's: nobody else will ever wait for it.
"""

from __future__ import annotations

import os

from ...model.clock import Clock
from . import process

LOOK_MS = 1_000


class Reaper:
    """Takes the exit codes of the orphans that have fallen to this process."""

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
        try:
            ended = _ended()
        except OSError:
            return  # For want of descriptors, say. They wait for the next look.
        for pid in ended & self._seen:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue  # The code that started it was faster.
        self._seen = ended


def _ended() -> set[int]:
    """Return the children that have ended and were not waited for."""
    if not process.HAS_PROC or process.ended_child() is None:
        return set()
    ours = os.getpid()
    return {entry.pid for entry in process.list_processes().values() if entry.parent == ours and entry.is_zombie}
