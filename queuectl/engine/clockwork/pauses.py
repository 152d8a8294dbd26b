"""Pauses that end by themselves.

A claim takes one for over as soon as its time has come: here this is written down, and workers are woken.
"""

from __future__ import annotations

from ...store import Store
from ..machine.log import Log


def end_pauses(store: Store, now: int, log: Log) -> int:
    """End the pauses whose time has come, with an event for each; return how many there were."""
    until = store.lanes.next_end()
    if until is None or until > now:
        return 0
    with store.writing():
        over = store.lanes.paused_until(now)
        for lane in over:
            lane.end_pause()
            store.lanes.set(lane)
            store.events.add(
                "resumed", actor=log.speaker, now=now, detail=f"{lane.subject}: the time of its pause is over"
            )
    return len(over)
