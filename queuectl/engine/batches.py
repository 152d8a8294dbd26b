"""Batches as users see them: which there are, and how far each one is."""

from __future__ import annotations

from ..model.batch import Batch
from ..model.errors import NotFound, did_you_mean, quoted
from ..model.lane import demand_slots
from .home.opened import Part
from .machine.doorbell import ALL, ring
from .outgrown import demand_workers_that_know

# So many of the newest batches are searched for the name that was meant.
RECENT = 200


class Batches(Part):
    """The batches of a home."""

    def get(self, name: str) -> Batch:
        """Return a batch with its counts. Raises NotFound."""
        found = self._opened.store.batches.get(name, self._opened.clock.wall()) if name.isascii() else None
        if found is None:
            meant = did_you_mean(name, [batch.name for batch in self.all(RECENT)])
            raise NotFound(f"there is no batch {quoted(name)}{meant}", hint="see them with: queuectl batch list")
        return found

    def all(self, limit: int = -1) -> list[Batch]:
        """Return the batches with their counts, newest first, up to `limit`; negative: all."""
        return self._opened.store.batches.newest(limit, self._opened.clock.wall())

    def count(self) -> int:
        """Return how many batches there are."""
        return self._opened.store.batches.count()

    def limit(self, name: str, slots: int | None) -> Batch:
        """Limit how many jobs of a batch run at a time, None for no limit; those that run go on.

        Raises InvalidInput, NotFound, or DaemonUnavailable if workers run that know no limits of batches.
        """
        demand_slots(slots, to_stop=f"queuectl hold batch:{name}")
        opened = self._opened
        demand_workers_that_know(opened, "batch limit")
        self.get(name)
        with opened.store.writing():
            if opened.store.batches.limit(name, slots):
                opened.store.jobs.parking.leave([], name)
                opened.note("batch", f"{name}: {'no limit' if slots is None else f'limit {slots}'}")
        ring(opened.home, ALL)
        return self.get(name)
