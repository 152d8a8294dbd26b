"""A pool that runs until nothing is left to do: when that is, and what became of the jobs.

A queue is empty when none of its jobs runs, waits for a worker or for its next attempt, or was put off. Jobs whose
time is later, that are held, or that wait for such ones keep no pool. Nor do jobs of a paused queue, but for those that
run.
"""

from __future__ import annotations

from collections.abc import Collection

from ...model.job import DEAD, FAILED, PENDING, PROCESSING
from ...model.lane import is_queue_paused
from ...model.record import Record
from ...model.worker import ALL, queues_of
from ...store import Store

LEFT = (PENDING, PROCESSING, FAILED)
MOST_DEAD = 10_000


class DrainEnd(Record):
    """How a drain ended: whether the queues are empty, and the ids of the jobs that died meanwhile, oldest first.

    `paused` is how many jobs wait in paused queues.
    """

    is_empty: bool
    dead: list[str]
    paused: int


def is_empty(store: Store, groups: Collection[str], now: int) -> bool:
    """Return whether nothing is left to do for the workers of some groups. Raises StoreUnavailable."""
    lanes, snoozed = store.lanes.all(), store.jobs.snoozed_queues()
    for queue, counts in store.counts.by_queue().items():
        is_paused = is_queue_paused(lanes, queue, now)
        left = any(counts.get(state) for state in ((PROCESSING,) if is_paused else LEFT))
        if _takes(groups, queue) and (left or queue in snoozed and not is_paused):
            return False
    if store.links.has_follow_ups():
        return False
    # What is due is pending in a moment, of whichever queue it is.
    due_at = store.jobs.next_due()
    return due_at is None or due_at > now


def outcome(store: Store, groups: Collection[str], since: int, now: int) -> DrainEnd:
    """Return how a drain that began at `since` has ended; times in milliseconds. Raises StoreUnavailable."""
    numbers = [number for _, number in store.search.ended_since(DEAD, since, MOST_DEAD)]
    dead = [job.id for job in store.search.jobs(numbers) if _takes(groups, job.queue)]
    lanes, counts = store.lanes.all(), store.counts.by_queue()
    paused = [queue for queue in counts if _takes(groups, queue) and is_queue_paused(lanes, queue, now)]
    waiting = sum(counts[queue].get(state, 0) for queue in paused for state in (PENDING, FAILED))
    return DrainEnd(is_empty(store, groups, now), dead, waiting)


def _takes(groups: Collection[str], queue: str) -> bool:
    return any(group == ALL or queue in queues_of(group) for group in groups)
