"""Whether the dashboard and its store are well, for `/healthz`.

A readable store may still refuse writes: the disk is full or read-only, the file is damaged, another program keeps it
locked. So the check writes: it makes room for a file, and undoes a transaction. Its result holds for a moment, so that
frequent requests cost nothing. Anybody may ask, so the answer names no path.
"""

from __future__ import annotations

import threading

from ..engine.queue import Queue
from ..model.errors import StoreBusy, StoreDamaged, StoreFull, StoreReadOnly, StoreTooNew, StoreUnavailable
from .http.message import HttpError

WELL_HOLDS_MS = 2_000
TROUBLE_HOLDS_MS = 1_000
# The answer comes within a second, also while the store is locked.
PATIENCE_SECONDS = 0.7
# A large batch may lock the store for seconds: that is not a failure yet.
LOCKED_LONG_MS = 5_000
REASONS = {
    StoreFull.code: ("the disk is full", "free some space on it"),
    StoreReadOnly.code: ("the home is read-only", "check the permissions and whether the disk is mounted read-only"),
    StoreBusy.code: ("the store is locked", "another program keeps it locked"),
    StoreDamaged.code: ("the store is damaged", "restore a backup"),
    StoreTooNew.code: ("the store is of a newer version", "start the dashboard of that version"),
    StoreUnavailable.code: ("the home cannot be used", "any command on this home says why"),
}


class Health:
    """The last result of the check of a home."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._clock = queue.clock
        self._lock = threading.Lock()
        self._holds_until: int | None = None
        self._well_at: int | None = None
        self._trouble: str | None = None
        self._workers = 0

    def workers(self) -> int:
        """Return how many workers are alive. Raises HttpError if nothing can be written."""
        with self._lock:
            now = self._clock.monotonic()
            if self._holds_until is None or now >= self._holds_until:
                self._check(now)
            if self._trouble is None:
                return self._workers
            reason, hint = REASONS[self._trouble]
        raise HttpError(503, self._trouble, f"nothing can be written: {reason}", hint=hint)

    def _check(self, now: int) -> None:
        self._trouble = None
        holds = WELL_HOLDS_MS
        try:
            self._workers = self._queue.reports.prove_writable(PATIENCE_SECONDS)
            self._well_at = now
        except StoreUnavailable as error:
            holds = TROUBLE_HOLDS_MS
            if not isinstance(error, StoreBusy) or self._well_at is None or now - self._well_at >= LOCKED_LONG_MS:
                self._trouble = error.code
        self._holds_until = self._clock.monotonic() + holds
