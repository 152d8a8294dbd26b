"""Once a minute: write down how much waits and runs, so that a chart can show it later.

An idle home is not written to: after the last job one sample says that nothing is left, and that is all.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...model.job import PENDING, PROCESSING
from ...model.when import MINUTE
from ...store import Store


def sample(store: Store, counts: Mapping[str, int]) -> None:
    """Take this minute's sample if it is needed and no other process was first. `counts` are of jobs by state."""
    now = store.clock.wall()
    pending, processing = counts.get(PENDING, 0), counts.get(PROCESSING, 0)
    last = store.backlog.last(now)
    is_taken = last is not None and last.minute == now // MINUTE
    was_idle = last is None or last.is_idle
    if is_taken or (was_idle and not pending and not processing):
        return
    oldest = store.stats.oldest_pending() if pending else None
    with store.writing():
        age = 0 if oldest is None else max(0, now - oldest)
        store.backlog.add(pending=pending, processing=processing, now=now, oldest_age=age)
