"""What attempts do not tell: what users and daemons did, with when, to which job and by whom."""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .database import Database
    from .sqlite import Row

ADD = "INSERT INTO events (at, job, kind, detail, actor) VALUES (?, ?, ?, ?, ?)"
OF_JOB = "SELECT at, kind, detail, actor FROM events WHERE job = ? ORDER BY id"


class Events:
    """The table of events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, kind: str, *, actor: str, now: int, job: int | None = None, detail: str = "") -> None:
        """Note that something was done. In the transaction that does it."""
        self._database.insert(ADD, (now, job, kind, detail, actor))

    def of_job(self, number: int) -> list[Row]:
        """Return the events of a job, oldest first."""
        return self._database.rows(OF_JOB, (number,))
