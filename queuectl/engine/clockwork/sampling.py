"""Once a minute: write down how much waits and runs, so that a chart can show it later.

An idle home is not written to: after the last job one sample says that nothing is left, and that is all.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...model.job import PENDING, PROCESSING
from ...model.when import MINUTE
from ...store import Store


class Sampler:
    """Takes the sample of each minute, unless another process was first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sampled: int | None = None

    def step(self, counts: Mapping[str, int]) -> bool:
        """Take this minute's sample if it is needed; return whether it was. `counts` are of jobs by state."""
        now = self._store.clock.wall()
        minute = now // MINUTE
        if minute == self._sampled:
            return False
        pending, processing = counts.get(PENDING, 0), counts.get(PROCESSING, 0)
        last = self._store.backlog.last(now)
        if last is not None and last.minute == minute:
            self._sampled = minute
            return False
        was_idle = last is None or last.is_idle
        if was_idle and not (pending or processing):
            return False
        oldest = self._store.stats.oldest_pending() if pending else None
        with self._store.writing():
            age = 0 if oldest is None else max(0, now - oldest)
            taken = self._store.backlog.add(pending=pending, processing=processing, now=now, oldest_age=age)
        self._sampled = minute
        return taken
