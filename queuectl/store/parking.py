"""Jobs that are kept from being claimed because a lock or their batch has no room: they are *parked*.

        pending --claimed--> processing          parked: out of the index of what can be claimed
           |  ^
  no room  v  | another job leaves the lane, or it has more slots
          parked

A job is in the lanes of its locks and of its batch. The state of a parked job stays `pending`. A job is parked when a
claim comes to it and one of its lanes has no room, and is woken when a job leaves that lane: of each queue the first
one, for not all workers serve all queues. Who is woken may find another of its lanes full; then it is parked there,
and passes on what it was woken for. So this always holds:

    If a lane has room, and jobs of a queue are parked in it, then another job of that queue and lane can be claimed.

All methods that write must be called inside `with store.writing():`.
"""

from __future__ import annotations

from ..model.job import PROCESSING
from .claim import ORDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Collection, Iterator

    from .counts import Counts
    from .database import Database
    from .locks import Locks

BATCH_SLOTS = "SELECT slots FROM batches WHERE name = ?"
PARK = "UPDATE jobs SET parked = ? WHERE number = ? AND state = 'pending' AND parked IS NULL"
NEXT_QUEUE = """
SELECT queue FROM jobs INDEXED BY jobs_parked_in WHERE parked IS NOT NULL AND parked = ? AND queue > ?
ORDER BY queue LIMIT 1
"""
WAKE = f"""
UPDATE jobs SET parked = NULL WHERE state = 'pending' AND number = (
    SELECT number FROM jobs INDEXED BY jobs_parked_in WHERE parked IS NOT NULL AND parked = ? AND queue = ?
    ORDER BY {ORDER} LIMIT 1)
"""

# Between the keys of the lanes of one kind: behind `:` comes `;`.
COUNT = """
SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_parked_in
    WHERE parked IS NOT NULL AND parked >= ? || ':' AND parked < ? || ';' LIMIT ?)
"""
LOCK, BATCH = "lock", "batch"


class Lane:
    """A lane that jobs are parked in: `key` is what their rows say, `text` what users read."""

    def __init__(self, kind: str, name: str, slots: int, running: int) -> None:
        self.key = f"{kind}:{name}"
        self.text = f"{kind} {name}"
        self.slots = slots
        self.running = running

    @property
    def has_room(self) -> bool:
        """Whether another job may start."""
        return self.running < self.slots


class Parking:
    """Parks jobs and wakes them. `woken` counts those that this store has woken so far."""

    def __init__(self, database: Database, counts: Counts, locks: Locks) -> None:
        self._database = database
        self._counts = counts
        self._locks = locks
        self.woken = 0

    def lanes(self, locks: Collection[str], batch: str | None) -> Iterator[Lane]:
        """Yield the lanes of a job with limits, as they stand in this transaction."""
        for name in locks:
            yield Lane(LOCK, name, self._locks.slots(name), self._counts.of_locks.count(name, PROCESSING))
        if batch is not None:
            slots: int | None = self._database.value(BATCH_SLOTS, (batch,))
            if slots is not None:
                yield Lane(BATCH, batch, slots, self._counts.of_batches.count(batch, PROCESSING))

    def count(self, kind: str, limit: int) -> int:
        """Return how many jobs are parked in lanes of this kind, LOCK or BATCH, counting up to `limit`."""
        return int(self._database.value(COUNT, (kind, kind, limit)))

    def full_lane(self, locks: Collection[str], batch: str | None) -> Lane | None:
        """Return the first lane of a job that has no room, None if all have some."""
        return next((lane for lane in self.lanes(locks, batch) if not lane.has_room), None)

    def park(self, number: int, queue: str, locks: Collection[str], batch: str | None, full: Lane) -> None:
        """Park a pending job in a lane of its that is full; its other lanes pass it by."""
        if self._database.change(PARK, (full.key, number)):
            self.pass_by(queue, locks, batch)

    def pass_by(self, queue: str, locks: Collection[str], batch: str | None) -> None:
        """Wake the next job of a queue in each lane with room of a job that can no longer be claimed."""
        for lane in self.lanes(locks, batch):
            if lane.has_room:
                self._wake(lane.key, queue)

    def leave(self, locks: Collection[str], batch: str | None) -> None:
        """Wake the next job of each queue in the lanes of a job that runs no more, or that has more slots now."""
        for lane in self.lanes(locks, batch):
            queue: str | None = self._database.value(NEXT_QUEUE, (lane.key, "")) if lane.has_room else None
            while queue is not None:
                self._wake(lane.key, queue)
                queue = self._database.value(NEXT_QUEUE, (lane.key, queue))

    def _wake(self, key: str, queue: str) -> None:
        self.woken += self._database.change(WAKE, (key, queue))
