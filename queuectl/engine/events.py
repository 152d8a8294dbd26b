"""The history of a home: what users and daemons did."""

from __future__ import annotations

from ..model.event import Event
from .home.opened import Part

NEWEST = 1 << 60
# So many events are searched at once for those of one kind.
WINDOW = 10_000


class Events(Part):
    """The events of a home."""

    def since(self, last: int, limit: int) -> list[Event]:
        """Return the newest `limit` events after the one with number `last`, oldest first; a negative limit: all."""
        return self._opened.store.events.since(last, limit)

    def count(self) -> int:
        """Return how many events are kept."""
        return self._opened.store.events.count()

    def page(self, limit: int, *, before: int = NEWEST, what: str = "") -> tuple[list[Event], int | None]:
        """Return up to `limit` events before a number, newest first, and the number to go on before, None at the end.

        With `what`, such as `retry`, only those are returned: maybe none on this page.
        """
        events = self._opened.store.events
        found = events.page(before, what, WINDOW if what else limit, limit)
        if len(found) == limit:
            return found, found[-1].number
        return found, events.end_of_window(before, WINDOW) if what else None
