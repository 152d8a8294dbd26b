"""Room in queues, for workers: how long to rest until there may be some, and whether a slot is left to others."""

from __future__ import annotations

from collections.abc import Sequence

from ...store import Store
from ...store.claim import Claim


def seconds_to_room(store: Store, queues: Sequence[str], longest: float) -> float:
    """Return how long a worker of some or all queues may rest, `longest` at most. Raises StoreUnavailable."""
    now = store.clock.wall()
    room = store.lanes.next_room(now, queues)
    return longest if room is None else min(longest, max(1, room - now) / 1000)


def leaves_room(store: Store, queue: str, claim: Claim | None) -> bool:
    """Return whether others may wait for the slot that a job of a queue has left: the next one does not take it."""
    return (claim is None or claim.queue != queue) and store.lanes.is_waited_for(queue)
