"""What jobs a request is about: the filter that it gives, and a page of what that finds."""

from __future__ import annotations

from ...model.errors import FilterError
from ...model.filterparse import parse
from ...model.sorts import ORDERS
from ..http.message import HttpError
from . import cursors
from .cursors import Cursor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine.queue import Queue
    from ...model.filter import Filter


def read(text: str, now: int, *, field: str = "q", sort: str = "newest", takes_all: bool = True) -> Filter:
    """Return the filter that a parameter holds. Raises HttpError, also for a sort that its states do not have."""
    try:
        wanted = parse(text, now, takes_all=takes_all)
    except FilterError as error:
        raise HttpError(
            400,
            error.code,
            error.message,
            hint=error.hint,
            field=field,
            position=error.position,
            suggestion=error.suggestion,
        ) from None
    if wanted.states and not wanted.within(ORDERS[sort].states).states:
        raise HttpError(
            400,
            "bad_sort",
            f"sort={sort} is for jobs that are {', '.join(ORDERS[sort].states)}",
            field="sort",
            hint="use newest or oldest with other states",
        )
    return wanted


def sorts_of(wanted: Filter) -> list[str]:
    """Return the orders in which all that a filter finds can be listed."""
    return [sort for sort, order in ORDERS.items() if set(wanted.states).issubset(order.states)]


def page(
    queue: Queue, wanted: Filter, text: str, *, sort: str, cursor: str | None, limit: int, scan: bool
) -> dict[str, Any]:
    """Return the numbers of one page, and `next`, `total` and `searched` as the API says them.

    `text` is the filter as it was written: a cursor belongs to it. With `scan` everything is looked at.
    Raises HttpError for a cursor that does not belong here.
    """
    belongs_to = (text, sort)
    place = None if cursor is None else cursors.read(cursor, belongs_to, len(ORDERS[sort].columns))
    after, seen = (None, 0) if place is None else (place.key, place.seen)
    found = queue.page(wanted, sort, after, limit, seen=seen, looks_at_all=scan)
    return {
        "numbers": found.numbers,
        "next": None if found.end is None else cursors.write(Cursor(found.end, seen + len(found.numbers)), belongs_to),
        "total": {"value": found.total, "exact": found.is_exact},
        "searched": {"rows": found.looked, "complete": found.is_complete},
    }
