"""Locks as users see them: which there are, which jobs hold them, and how many may."""

from __future__ import annotations

from ..model.lane import checked_name, demand_slots
from ..model.lock import Lock
from .home.opened import Part
from .machine.doorbell import ALL, ring
from .outgrown import demand_workers_that_know


class Locks(Part):
    """The locks of a home. Any name may be one."""

    def all(self) -> list[Lock]:
        """Return the locks that unfinished jobs need, and those with a limit of their own, by name."""
        return self._opened.store.locks.all()

    def get(self, name: str) -> Lock:
        """Return a lock, whether any job needs it or not. Raises InvalidInput."""
        return self._opened.store.locks.get(checked_name("lock", name))

    def limit(self, name: str, slots: int) -> Lock:
        """Limit how many jobs hold a lock at a time; those that hold it go on.

        Raises InvalidInput, or DaemonUnavailable if workers run that know no locks.
        """
        demand_slots(slots, to_stop=f"queuectl hold lock:{checked_name('lock', name)}", may_be_none=False)
        opened = self._opened
        demand_workers_that_know(opened, "lock limit")
        with opened.store.writing():
            opened.store.locks.limit(name, slots)
            opened.store.jobs.parking.leave([name], None)
            opened.note("lock", f"{name}: limit {slots}")
        ring(opened.home, ALL)
        return self.get(name)
