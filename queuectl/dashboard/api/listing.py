"""Walking through jobs by filter and order: one page for people, everything for an export or an action."""

from __future__ import annotations

from ...model.errors import FilterError
from ...model.filterparse import parse
from ...model.sorts import ORDERS
from ..http.message import HttpError
from . import cursors
from .cursors import Cursor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Tuple

    from ...model.filter import Filter
    from ...store import Store

    Key = Tuple[int, ...]

SORTS = tuple(ORDERS)
# Where only the rows themselves say whether they match, at most so many are read for one page,
WINDOW = 10_000
# beginning with few: most filters are answered by them.
FIRST_WINDOW = 400
# and so many where it is known that there are more: the others are only of another state or queue.
FARTHEST = 200_000
BATCH = 2_000


def read(text: str, now: int, *, field: str = "q", sort: str = SORTS[0], takes_all: bool = True) -> Filter:
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
    store: Store, wanted: Filter, text: str, *, sort: str, cursor: str | None, limit: int, scan: bool
) -> dict[str, Any]:
    """Return the numbers of one page, and `next`, `total` and `searched` as the API says them.

    `text` is the filter as it was written: a cursor belongs to it. With `scan` everything is looked at.
    Raises HttpError for a cursor that does not belong here.
    """
    belongs_to = (text, sort)
    place = None if cursor is None else cursors.read(cursor, belongs_to, len(ORDERS[sort].columns))
    seen = 0 if place is None else place.seen
    changes = store.changes()
    total = store.find.count(wanted.within(ORDERS[sort].states)) if wanted.is_counted else None
    farthest = WINDOW if total is None else FARTHEST
    rows: list[tuple[Key, int, str]] = []
    looked, after, window = 0, None if place is None else place.key, FIRST_WINDOW
    while True:
        found = store.find.page(wanted, sort, after, limit + 1, window)
        rows += found.rows
        looked, after = looked + found.looked, found.end
        window = min(window * 4, WINDOW if scan else max(FIRST_WINDOW, farthest - looked))
        if total == len(rows) <= limit and place is None and store.changes() == changes:
            # All that there are were found. A count of another instant would not tell.
            after = None
        if after is None or len(rows) > limit or (looked >= farthest and not scan):
            break
    shown = rows[:limit]
    end = shown[-1][0] if len(rows) > limit else after
    following = None if end is None else cursors.write(Cursor(end, seen + len(shown)), belongs_to)
    return {
        "numbers": [number for _, number, _ in shown],
        "next": following,
        "total": {"value": seen + len(rows) if total is None else total, "exact": total is not None or after is None},
        "searched": {"rows": looked, "complete": after is None or len(rows) > limit},
    }


def everything(store: Store, wanted: Filter, sort: str = SORTS[0]) -> Iterator[list[tuple[int, str]]]:
    """Yield (number, state) of all jobs of a filter in order, some at a time, each time by a short reading."""
    after: Key | None = None
    while True:
        found = store.find.page(wanted, sort, after, BATCH, WINDOW)
        yield [(number, state) for _, number, state in found.rows]
        if found.end is None:
            return
        after = found.end
