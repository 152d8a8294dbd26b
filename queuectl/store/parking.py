"""Jobs that are kept from being claimed because a lock or their batch has no room: they are *parked*.

        pending --claimed--> processing          parked: out of the index of what can be claimed
           |  ^
  no room  v  | another job leaves the lane, or it has more slots
          parked

A job is in the lanes of its locks and of its batch. The state of a parked job stays `pending`. A job is parked when a
claim comes to it and one of its lanes has no room, and is woken when a job leaves that lane: of each queue the first
one, for not all workers serve all queues. A job that is woken may find another of its lanes full; then it is parked
there, and passes on what it was woken for. So this always holds:

    If a lane has room, and jobs of a queue are parked in it, then another job of that queue and lane can be claimed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..model.job import PROCESSING
from ..model.lane import BATCH, LOCK
from ..model.record import Record
from .claim import ORDER
from .locks import Locks
from .table import Table

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


class ParkingLane(Record):
    """A lane of a job."""

    key: str  # what `jobs.parked` says of the jobs that are parked in it
    slots: int | None  # None for any number
    running: int
    stop_reason: str | None  # why its batch was stopped
    has_begun: bool  # whether a job of its batch was claimed before

    @property
    def has_room(self) -> bool:
        """Whether another job may start."""
        return self.slots is None or self.running < self.slots


class Parking(Table):
    """Parks jobs and wakes them. `woken` counts those that this store has woken so far."""

    woken = 0

    def lanes(self, locks: Collection[str], batch: str | None) -> list[ParkingLane]:
        """Return the lanes of a job with these locks and this batch, as they stand in this transaction."""
        return [self._lane(kind, name) for kind, name in _lanes_named(locks, batch)]

    def _lane(self, kind: str, name: str) -> ParkingLane:
        key = f"{kind}:{name}"
        if kind == LOCK:
            running = self._counts.of_locks.count(name, PROCESSING)
            return ParkingLane(key, Locks(*self._shared).slots(name), running, None, True)
        row = self._database.row("SELECT slots, stop_reason, started_at FROM batches WHERE name = ?", (name,))
        if row is None:
            return ParkingLane(key, None, 0, None, True)
        slots, stop_reason, started_at = row
        running = 0 if slots is None else self._counts.of_batches.count(name, PROCESSING)
        return ParkingLane(key, slots, running, stop_reason, started_at is not None)

    def park(self, number: int, queue: str, lanes: Iterable[ParkingLane], full: ParkingLane) -> None:
        """Park a pending job in the one of its lanes that is full; in the others the next job has its turn."""
        if self._database.change(PARK, (full.key, number)):
            self.pass_by(queue, lanes)

    def pass_by(self, queue: str, lanes: Iterable[ParkingLane]) -> None:
        """Wake the next job of a queue in each lane with room, since one that needed it can no longer be claimed."""
        for lane in lanes:
            if lane.slots is not None and lane.has_room:
                self._wake(lane.key, queue)

    def leave(self, locks: Collection[str], batch: str | None) -> None:
        """Wake the next job of each queue in lanes that a job has left, or that have more slots now."""
        for kind, name in _lanes_named(locks, batch):
            key = f"{kind}:{name}"
            queue = self._next_queue(key, "")
            if queue is None or not self._lane(kind, name).has_room:
                continue
            while queue is not None:
                self._wake(key, queue)
                queue = self._next_queue(key, queue)

    def _next_queue(self, key: str, queue: str) -> str | None:
        found: str | None = self._database.value(NEXT_QUEUE, (key, queue))
        return found

    def _wake(self, key: str, queue: str) -> None:
        self.woken += self._database.change(WAKE, (key, queue))


def _lanes_named(locks: Collection[str], batch: str | None) -> list[tuple[str, str]]:
    found = [(LOCK, name) for name in locks]
    return found if batch is None else [*found, (BATCH, batch)]
