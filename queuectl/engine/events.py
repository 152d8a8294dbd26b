"""What users and daemons did in a home, as users look back on it."""

from __future__ import annotations

from ..model.event import Event
from .home.opened import Part

NEWEST = 1 << 60
# So many events are searched at once for those of one kind.
WINDOW = 10_000


class Events(Part):
    """The events of a home."""

    def since(self, last: int, limit: int) -> list[Event]:
        """Return the newest `limit` events after the one with the number `last`, oldest first; negative: all."""
        return self._opened.store.events.since(last, limit)

    def count(self) -> int:
        """Return how many events are kept."""
        return self._opened.store.events.count()

    def page(self, limit: int, *, before: int = NEWEST, what: str = "") -> tuple[list[Event], int | None]:
        """Return up to `limit` events before the one of a number, newest first, and the number to go on before.

        None means that there are no more. With `what` only those such as `retry` are returned, maybe none yet.
        """
        events = self._opened.store.events
        found = events.page(before, what, WINDOW if what else limit, limit)
        if len(found) == limit:
            return found, found[-1].number
        return found, events.end_of_window(before, WINDOW) if what else None
