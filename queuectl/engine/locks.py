"""Locks as users see them: which there are, which jobs hold them, and how many may."""

from __future__ import annotations

from ..model.errors import InvalidInput, with_value
from ..model.kinds import NAME
from ..model.lane import check_slots
from ..model.lock import Lock
from .home.opened import Part
from .machine.doorbell import WORKERS, ring, ring_schedulers
from .outgrown import demand_workers_that_know


class Locks(Part):
    """The locks of a home. Any name may be one."""

    def all(self) -> list[Lock]:
        """Return the locks that unfinished jobs need, and those with a limit of their own, by name."""
        locks = self._opened.store.locks.all()
        holders = self._holders() if any(lock.running for lock in locks) else {}
        for lock in locks:
            lock.holders = holders.get(lock.name, [])
        return locks

    def get(self, name: str) -> Lock:
        """Return a lock, whether any job needs it or not. Raises InvalidInput."""
        lock = self._opened.store.locks.get(_checked(name))
        lock.holders = self._holders().get(name, [])
        return lock

    def limit(self, name: str, slots: int) -> Lock:
        """Let so many jobs hold a lock at a time at most; those that hold it go on.

        Raises InvalidInput, or DaemonUnavailable if workers run that know no locks.
        """
        check_slots(slots, to_stop=f"queuectl hold lock:{_checked(name)}", may_be_none=False)
        opened = self._opened
        demand_workers_that_know(opened, "lock limit")
        with opened.store.writing():
            opened.store.locks.limit(name, slots)
            opened.store.jobs.parking.leave([name], None)
            opened.note("lock", f"{name}: limit {slots}")
        ring(opened.home, WORKERS)
        ring_schedulers(opened.home)
        return self.get(name)

    def _holders(self) -> dict[str, list[str]]:
        """Return {lock: ids of the jobs that hold it}, the one that has held it longest first."""
        search = self._opened.store.search
        found: dict[str, list[str]] = {}
        for job in search.jobs(search.running(-1)):
            for name in job.locks:
                found.setdefault(name, []).append(job.id)
        return found


def _checked(name: str) -> str:
    """Return a lock's name. Raises InvalidInput."""
    try:
        return str(NAME.check(name, 0))
    except ValueError as error:
        raise InvalidInput(f"lock {with_value(error, name)}", field="name") from None
