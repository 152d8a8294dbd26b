"""What users and daemons did: when, to which job and by whom. Attempts have a table of their own."""

from __future__ import annotations

from ..model.event import Event
from .table import Table

ADD = "INSERT INTO events (at, job, kind, detail, actor) VALUES (?, ?, ?, ?, ?)"
PRUNE = "DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY id LIMIT ?) AND at < ?"
PARTS = 'at, kind AS what, jobs.id AS job, detail, actor AS "by"'
EVENTS = f"SELECT events.id AS number, {PARTS} FROM events LEFT JOIN jobs ON jobs.number = events.job"
NEWEST = f"{EVENTS} WHERE events.id > ? ORDER BY events.id DESC LIMIT ?"
WINDOW = "SELECT id, at, job, kind, detail, actor FROM events WHERE id < ? ORDER BY id DESC LIMIT ?"
PAGE = f"""
SELECT page.id AS number, {PARTS}
FROM ({WINDOW}) AS page LEFT JOIN jobs ON jobs.number = page.job WHERE ? IN ('', kind) ORDER BY page.id DESC LIMIT ?
"""
END_OF_WINDOW = f"SELECT min(id) AS last, count(*) AS events FROM ({WINDOW})"
OF_JOB = f"{EVENTS} WHERE events.job = ? ORDER BY events.id"


class Events(Table):
    def add(self, kind: str, *, actor: str, now: int, job: int | None = None, detail: str = "") -> None:
        """Note that something was done. In the transaction that does it."""
        self._database.insert(ADD, (now, job, kind, detail, actor))

    def since(self, last: int, limit: int) -> list[Event]:
        """Return the newest `limit` events after the one with the number `last`, oldest first; negative: all."""
        return [Event.of(row) for row in self._database.rows(NEWEST, (last, limit))][::-1]

    def count(self) -> int:
        """Return how many events there are."""
        return int(self._database.value("SELECT count(*) FROM events"))

    def page(self, before: int, kind: str, window: int, limit: int) -> list[Event]:
        """Return up to `limit` events of a kind, any if empty, of the `window` newest before an id; newest first."""
        return [Event.of(row) for row in self._database.rows(PAGE, (before, window, kind, limit))]

    def end_of_window(self, before: int, window: int) -> int | None:
        """Return the id of the last of the `window` newest events before an id, None if there are fewer."""
        row = self._database.rows(END_OF_WINDOW, (before, window))[0]
        return int(row["last"]) if row["events"] == window else None

    def has_before(self, instant: int) -> bool:
        """Return whether the oldest event is older than an instant."""
        oldest = self._database.value("SELECT at FROM events ORDER BY id LIMIT 1")
        return oldest is not None and oldest < instant

    def prune(self, before: int, limit: int) -> int:
        """Delete those of the `limit` oldest events that are older than an instant. In a transaction."""
        return self._database.change(PRUNE, (limit, before))

    def of_job(self, number: int) -> list[Event]:
        """Return the events of a job, oldest first."""
        return [Event.of(row) for row in self._database.rows(OF_JOB, (number,))]
