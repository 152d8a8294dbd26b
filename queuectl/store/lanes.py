"""The lanes of queues: slots, a rate, a pause, a drain. They move no job: a claim passes over a queue without room.

How many jobs of a queue run is what the counts say; the rate is moved on by the transaction that claims.
"""

from __future__ import annotations

from ..model.checks import MAX_SLOTS
from ..model.job import PENDING, PROCESSING
from ..model.lane import HOME, Lane
from .schema import CLAIMABLE, PARKED
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, Sequence, Tuple

NAMES = tuple(Lane(HOME).parts_by_name())
SET = f"INSERT OR REPLACE INTO queues ({', '.join(NAMES)}) VALUES (?{', ?' * (len(NAMES) - 1)})"
HAS_CLAIMABLE = f"SELECT 1 FROM jobs WHERE {CLAIMABLE} AND queue = ? LIMIT 1"
HAS_PARKED = f"SELECT 1 FROM jobs INDEXED BY jobs_parked WHERE {PARKED} AND queue = ? LIMIT 1"
COUNT_CLAIMABLE = f"SELECT count(*) FROM (SELECT 1 FROM jobs WHERE {CLAIMABLE} AND queue = ? LIMIT {MAX_SLOTS})"
# Between the keys of the lanes of one kind: behind `:` comes `;`.
COUNT_PARKED = """
SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_parked_in
    WHERE parked IS NOT NULL AND parked >= ? || ':' AND parked < ? || ';' LIMIT ?)
"""
MOVE = """
UPDATE queues SET due = CASE WHEN rate_count IS NULL THEN due ELSE max(0, due + ?1 * 1000) END,
    paused_until = CASE WHEN is_delay THEN max(0, paused_until + ?1) ELSE paused_until END
"""


class Lanes(Table):
    _read: Mapping[str, Lane] = {}  # as the last `with_room` found them

    def all(self) -> dict[str, Lane]:
        """Return the lanes that queues have and, under HOME, the one of the home, by name."""
        return {row["name"]: Lane.of(row) for row in self._database.rows("SELECT * FROM queues")}

    def get(self, name: str) -> Lane:
        """Return the lane of a queue, a plain one if it has none."""
        return self.all().get(name) or Lane(name)

    def set(self, lane: Lane) -> None:
        """Store the lane of a queue. In a transaction."""
        if lane.is_plain:
            self._database.change("DELETE FROM queues WHERE name = ?", (lane.name,))
        else:
            self._database.change(SET, tuple(lane.parts_by_name().values()))

    def with_room(self, now: int, queues: Sequence[str] = ()) -> list[str]:
        """Return the queues, of some or all, from which a job may start now, those of this transaction too."""
        waiting, self._read = self._waiting(queues)
        lanes = self._read
        if not lanes:
            return waiting
        if HOME in lanes and lanes[HOME].is_paused(now):
            return []
        running = self._counts.of_queues.in_state(PROCESSING)
        return [queue for queue in waiting if queue not in lanes or lanes[queue].has_room(now, running.get(queue, 0))]

    def _waiting(self, queues: Sequence[str]) -> Tuple[List[str], Dict[str, Lane]]:
        """Return which of some or all queues have pending jobs and, if any has, the lanes."""
        waiting = [queue for queue in self._counts.queues_with(PENDING) if not queues or queue in queues]
        return waiting, self.all() if waiting else {}

    def has_claimable(self, now: int, queues: Sequence[str] = ()) -> bool:
        """Return whether a job of some or all queues may be claimed now; its locks and its batch may turn out full."""
        return any(map(self._is_claimable, self.with_room(now, queues)))

    def _is_claimable(self, queue: str) -> bool:
        return self._database.value(HAS_CLAIMABLE, (queue,)) is not None

    def start(self, queue: str, now: int) -> None:
        """Let a job of a queue start, which has room by the last `with_room`. In its transaction."""
        lane = self._read.get(queue)
        if lane is not None and lane.rate_count is not None:
            self._database.change("UPDATE queues SET due = ? WHERE name = ?", (lane.due_after(now), queue))

    def next_room(self, now: int, queues: Sequence[str] = ()) -> int | None:
        """Return when the next pending job may start that waits for a rate or the end of a pause, None if none does."""
        waiting, lanes = self._waiting(queues)
        if HOME in lanes and lanes[HOME].is_paused(now):
            return lanes[HOME].paused_until
        running = self._counts.of_queues.in_state(PROCESSING) if lanes else {}
        waiting = [queue for queue in waiting if queue in lanes and self._is_claimable(queue)]
        found = [lanes[queue].opens_at(now, running.get(queue, 0)) for queue in waiting]
        return min((at for at in found if at is not None), default=None)

    def is_waited_for(self, queue: str) -> bool:
        """Return whether pending jobs may be waiting for a slot of a queue."""
        lane = self.all().get(queue)
        return lane is not None and lane.slots is not None and queue in self._counts.queues_with(PENDING)

    @property
    def have_rates(self) -> bool:
        """Whether any queue had a rate at the last `with_room`."""
        return any(lane.rate_count is not None for lane in self._read.values())

    def startable(self, now: int) -> int:
        """Return how many pending jobs could start now, if there were workers for all of them."""
        lanes = self.all()
        if HOME in lanes and lanes[HOME].is_paused(now):
            return 0
        running = self._counts.of_queues.in_state(PROCESSING) if lanes else {}
        total = 0
        for queue, jobs in self._counts.of_queues.in_state(PENDING).items():
            if self._database.value(HAS_PARKED, (queue,)) is not None:
                jobs = int(self._database.value(COUNT_CLAIMABLE, (queue,)))
            total += min(jobs, lanes[queue].room(now, running.get(queue, 0))) if queue in lanes else jobs
        return total

    def count_parked(self, kind: str, limit: int) -> int:
        """Return how many jobs are parked in lanes of this kind, LOCK or BATCH, counting up to `limit`."""
        return int(self._database.value(COUNT_PARKED, (kind, kind, limit)))

    def with_pause_over(self, now: int) -> list[Lane]:
        """Return the lanes whose pause is over at a wall time and is still stored."""
        return [lane for lane in self.all().values() if lane.paused_at is not None and not lane.is_paused(now)]

    def next_end(self) -> int | None:
        """Return when the next pause ends by itself, None if none does."""
        return self._database.integer("SELECT min(paused_until) FROM queues")

    def move_delays(self, by: int) -> None:
        """Move what counts from some instant on: the clock was set by so many milliseconds. In a transaction."""
        self._database.change(MOVE, (by,))
