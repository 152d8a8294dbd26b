"""Jobs that are cancelled unless their first attempt has begun by a certain time.

One that has begun once does not expire any more, also while it waits for its next attempt.
"""

from __future__ import annotations

from ..model.event import EXPIRED
from ..model.when import local
from .events import ADD as ADD_EVENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from .database import Database
    from .sqlite import Row

    Cancel = Callable[[int, int], bool]

# The condition of the partial index, in full.
EXPIRING = "expires_at IS NOT NULL AND last_attempt = 0 AND finished_at IS NULL"
OVER = f"SELECT number, expires_at FROM jobs WHERE {EXPIRING} AND expires_at <= ? ORDER BY expires_at LIMIT ?"
NEXT = f"SELECT min(expires_at) FROM jobs WHERE {EXPIRING}"
MOVE = f"UPDATE jobs SET expires_at = max(0, expires_at + ?) WHERE {EXPIRING} AND expires_from_now"
GIVE_REASON = "UPDATE jobs SET error = ? WHERE number = ?"


def is_over(head: Row, now: int) -> bool:
    """Return whether a job that could be claimed has expired; of most jobs this only looks whether they can."""
    return head["expires_at"] is not None and head["expires_at"] <= now and head["last_attempt"] == 0


class Expiry:
    """Cancels jobs that have expired. `cancel` does that to one: it takes its number and the wall time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next(self) -> int | None:
        """Return the wall time at which the next job expires, None if none can."""
        return self._database.integer(NEXT)

    def is_due(self, now: int) -> bool:
        """Return whether any job has expired by a wall time."""
        at = self.next()
        return at is not None and at <= now

    def move(self, by: int) -> None:
        """Move what counts from some instant on: the clock was set by so many milliseconds. In a transaction."""
        self._database.change(MOVE, (by,))

    def step(self, now: int, limit: int, actor: str, cancel: Cancel) -> int:
        """Cancel up to `limit` jobs that have expired, the longest ago first; return how many. In a transaction."""
        over = self._database.rows(OVER, (now, limit))
        for row in over:
            self.end(row, now, actor, cancel)
        return len(over)

    def end(self, row: Row, now: int, actor: str, cancel: Cancel) -> None:
        """Cancel one job that has expired, with the reason and an event. In a transaction."""
        reason = f"not started by {local(row['expires_at'])}"
        self._database.change(GIVE_REASON, (f"expired: {reason}", row["number"]))
        self._database.insert(ADD_EVENT, (now, row["number"], EXPIRED, reason, actor))
        cancel(row["number"], now)
