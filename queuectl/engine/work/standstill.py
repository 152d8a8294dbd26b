"""Stop the processes of an attempt where they are, let them go on, and count for how long they stood still."""

from __future__ import annotations

import signal
from collections.abc import Callable

from ...model.clock import Clock
from ..machine import process
from ..machine.journal import Pair
from ..machine.process import Entry
from .tree import send_to_all

STOP_BUDGET_MS = 500


class Standstill:
    """Whether an attempt stands still; `tree` lists its living processes, and may raise OSError."""

    def __init__(self, clock: Clock, tree: Callable[[], list[Entry]]) -> None:
        self._clock = clock
        self._tree = tree
        self._since: int | None = None
        self._before = 0
        self._is_complete = False
        self._asked: set[Pair] = set()

    @property
    def is_on(self) -> bool:
        """Whether it stands still, or is about to."""
        return self._since is not None

    def lasted(self, now: int) -> int:
        """Return for how many milliseconds it has stood still, until `now` by the monotonic clock."""
        return self._before + (0 if self._since is None else max(0, now - self._since))

    def begin(self) -> None:
        """Stop what runs. What could not be stopped, or not be looked for, the next call stops."""
        if self._since is None:
            self._since = self._clock.monotonic()
            self._is_complete = False
            self._asked.clear()
        if self._is_complete:
            return
        try:
            left = send_to_all(self._running, signal.SIGSTOP, clock=self._clock, budget=STOP_BUDGET_MS)
        except OSError:
            return  # The system could not tell; the next call asks again.
        self._is_complete = not left

    def end(self) -> None:
        """Let what is stopped go on. If it cannot be looked for, it stands still until the next call."""
        try:
            members = self._tree()
        except OSError:
            return  # The system could not tell; the next call asks again.
        process.send(members, signal.SIGCONT)
        self.forget(self._clock.monotonic())

    def forget(self, now: int) -> None:
        """Let time go on from `now`: somebody else sees to the processes."""
        self._before, self._since = self.lasted(now), None

    def _running(self) -> list[Entry]:
        """Return what is not stopped, without what was asked to and sleeps where no signal wakes it: it stops later.

        A shell sleeps so for as long as the child of its vfork is stopped before it could exec.
        """
        found = [
            member
            for member in self._tree()
            if not member.is_stopped and not (member.is_uninterruptible and (member.pid, member.start) in self._asked)
        ]
        self._asked.update((member.pid, member.start) for member in found)
        return found
