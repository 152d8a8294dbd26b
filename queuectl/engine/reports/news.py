"""What became of jobs since the last look, for front ends that say it between two commands."""

from __future__ import annotations

from ...model.job import FINAL_STATES, Job
from ..home.opened import OpenHome

AT_MOST = 1_000
# A worker notes the time before it commits: what ended this long before the last look may be new.
LATE_MS = 5_000


class News:
    """Jobs that came to an end, each reported once. Nothing that ended before `since` is news."""

    def __init__(self, opened: OpenHome, since: int) -> None:
        self._opened = opened
        self._began = self._read_at = since
        self._reported: dict[int, int] = {}

    def look(self) -> list[Job]:
        """Return the jobs that ended since the last look, oldest first, at most a thousand of each state."""
        store, now = self._opened.store, self._opened.clock.wall()
        since = max(self._began, self._read_at - LATE_MS)
        ended = [found for state in FINAL_STATES for found in store.search.ended_since(state, since, AT_MOST)]
        fresh = [(at, number) for at, number in ended if self._reported.get(number) != at]
        self._read_at = now
        self._reported = {number: at for at, number in ended}
        return store.search.jobs([number for _, number in sorted(fresh)])
