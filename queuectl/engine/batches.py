"""Batches as users see them: which there are, and how far each one is."""

from __future__ import annotations

from ..model.batch import Batch
from ..model.errors import NotFound, did_you_mean, quoted
from .home.opened import Part

# So many of the newest batches are looked at for one whose name was meant.
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
