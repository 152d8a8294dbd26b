"""The open connections, a limited number. When all places are taken, a new connection is not refused: it takes the
place of the one that has been idle longest, so that nobody can block others by doing nothing.

A client is idle while it keeps us waiting: for a request, or to read its answer. A byte now and then does not change
that. A client whose request is in work is not idle.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from ...model.clock import Clock
from .wire import Connection

# A thread whose connection was shut down ends as soon as it runs, which may take a moment on a busy machine.
ENDING_SECONDS = 1.0


class Visits:
    """The open connections, at most `most`. `dismiss` is called with each one that has to go."""

    def __init__(self, most: int, dismiss: Callable[[Connection], None], clock: Clock) -> None:
        self._most = most
        self._dismiss = dismiss
        self._clock = clock
        self._lock = threading.Lock()
        # In order of arrival, which decides between connections that are idle for the same time.
        self._open: dict[Connection, None] = {}
        # They were dismissed, and their threads are about to end.
        self._going: set[Connection] = set()
        self._may_dismiss = threading.Event()
        self._may_dismiss.set()

    def __len__(self) -> int:
        return len(self._open) + len(self._going)

    def enter(self, connection: Connection) -> bool:
        """Count a new connection, and dismiss an idle one if that makes room; return whether there was room."""
        self._clock.wait(self._may_dismiss, ENDING_SECONDS)
        with self._lock:
            leaver = self._dismiss_one() if len(self._open) >= self._most else None
            if leaver is not None:
                del self._open[leaver]
                self._going.add(leaver)
                self._tell_whether_full()
            is_welcome = len(self._open) < self._most
            if is_welcome:
                self._open[connection] = None
        return is_welcome

    def leave(self, connection: Connection) -> None:
        """Stop counting a connection. Calling it twice is harmless."""
        with self._lock:
            self._open.pop(connection, None)
            self._going.discard(connection)
            self._tell_whether_full()

    def _tell_whether_full(self) -> None:
        if len(self._going) < self._most:
            self._may_dismiss.set()
        else:
            self._may_dismiss.clear()

    def _dismiss_one(self) -> Connection | None:
        """Dismiss the connection that is idle longest and return it; None if none is idle, or too many are ending."""
        if not self._may_dismiss.is_set():
            return None
        idle = [(since, each) for each in self._open for since in [each.idle_since] if since is not None]
        idle.sort(key=lambda pair: pair[0])
        return next((each for _, each in idle if each.dismiss_if_idle(self._dismiss)), None)
