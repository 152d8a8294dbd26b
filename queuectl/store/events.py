"""What attempts do not tell: what users and daemons did, with when, to which job and by whom."""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .database import Database
    from .sqlite import Row

ADD = "INSERT INTO events (at, job, kind, detail, actor) VALUES (?, ?, ?, ?, ?)"
HAS_BEFORE = "SELECT at FROM events ORDER BY id LIMIT 1"
PRUNE = "DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY id LIMIT ?) AND at < ?"
NEWEST = """
SELECT events.id AS id, at, kind, detail, actor, jobs.id AS job FROM events LEFT JOIN jobs ON jobs.number = events.job
WHERE events.id > ? ORDER BY events.id DESC LIMIT ?
"""
OF_JOB = "SELECT at, kind, detail, actor FROM events WHERE job = ? ORDER BY id"


class Events:
    """The table of events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, kind: str, *, actor: str, now: int, job: int | None = None, detail: str = "") -> None:
        """Note that something was done. In the transaction that does it."""
        self._database.insert(ADD, (now, job, kind, detail, actor))

    def since(self, last: int, limit: int) -> list[Row]:
        """Return the newest `limit` events after the one with the id `last`, oldest first; `job` is its job's id."""
        return self._database.rows(NEWEST, (last, limit))[::-1]

    def has_before(self, instant: int) -> bool:
        """Return whether the oldest event is older than an instant."""
        oldest = self._database.value(HAS_BEFORE)
        return oldest is not None and oldest < instant

    def prune(self, before: int, limit: int) -> int:
        """Delete those of the `limit` oldest events that are older than an instant. In a transaction."""
        return self._database.change(PRUNE, (limit, before))

    def of_job(self, number: int) -> list[Row]:
        """Return the events of a job, oldest first."""
        return self._database.rows(OF_JOB, (number,))
