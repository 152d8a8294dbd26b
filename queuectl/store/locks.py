"""The locks: names that running jobs hold. How many jobs with a lock are in each state stands in `Counts.of_locks`.

A lock exists as long as a job needs it or it has a limit other than one.
"""

from __future__ import annotations

from ..model.job import PROCESSING, WAITING_STATES
from ..model.lock import Lock
from .namelists import names_of
from .table import Table

HOLDERS = f"""
SELECT id, locks FROM jobs INDEXED BY jobs_processing WHERE state = '{PROCESSING}' AND locks <> ''
ORDER BY started_at, number
"""


class Locks(Table):
    def all(self) -> list[Lock]:
        """Return the locks that an unfinished job needs, and those with a limit of their own, by name."""
        counts = self._counts.of_locks.all()
        slots = {row["name"]: row["slots"] for row in self._database.rows("SELECT name, slots FROM locks")}
        found = [_lock(name, slots.get(name, 1), counts.get(name, {})) for name in sorted({*counts, *slots})]
        return self._held([lock for lock in found if lock.name in slots or lock.is_needed])

    def get(self, name: str) -> Lock:
        """Return a lock, whether any job needs it or not."""
        return self._held([_lock(name, self.slots(name), self._counts.of_locks.of(name))])[0]

    def slots(self, name: str) -> int:
        """Return how many jobs may hold a lock at a time."""
        return self._database.integer("SELECT slots FROM locks WHERE name = ?", (name,)) or 1

    def _held(self, locks: list[Lock]) -> list[Lock]:
        held = {lock.name: lock for lock in locks if lock.running}
        for id, names in self._database.rows(HOLDERS) if held else ():
            for lock in (held[name] for name in names_of(names) if name in held):
                lock.holders.append(id)
        return locks

    def limit(self, name: str, slots: int) -> None:
        """Limit how many jobs hold a lock at a time. In a transaction; call `Parking.leave` if there may be room."""
        if slots == 1:
            self._database.change("DELETE FROM locks WHERE name = ?", (name,))
        else:
            self._database.change("INSERT OR REPLACE INTO locks (name, slots) VALUES (?, ?)", (name, slots))


def _lock(name: str, slots: int, states: dict[str, int]) -> Lock:
    waiting = sum(states.get(state, 0) for state in WAITING_STATES)
    return Lock(name, slots, states.get(PROCESSING, 0), waiting, [])
