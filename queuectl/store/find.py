"""The one executor of filters: which jobs, how many, in which order, a page at a time.

A page is read from ranges, so many rows of each from a key on, so it may end before it is full: `end`
says where to go on. Since jobs come and go, a page begins after a key, never after a count: none is found twice.
"""

from __future__ import annotations

from ..model.fields import FILTERS
from ..model.job import STATES
from ..model.record import Record
from ..model.sorts import NEWEST_FIRST, ORDERS, ORDERS_OF_KEYS, SORT_KEYS
from .condition import BEHIND, ELSEWHERE, condition
from .ranges import Range, Ranges
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..model.filter import Filter
    from .ranges import Key

KEYS = "number, priority, run_at, finished_at"
# All that a condition may ask for.
OF_JOBS = [field.name for key, field in FILTERS.items() if key not in ELSEWHERE]
COLUMNS = ", ".join(dict.fromkeys([*BEHIND, *KEYS.split(", "), *OF_JOBS]))
ROWS = f"SELECT {KEYS} FROM ({{}}) WHERE {{}} LIMIT ?"
COUNT = "SELECT count(*) FROM ({} LIMIT ?)"
SORTED = "SELECT number FROM jobs {} ORDER BY {} LIMIT ?"


class Found(Record):
    """What was found: (key, number) in order, how many rows were read, and where to go on, None at the end."""

    rows: list[tuple[Key, int]]
    looked: int
    end: Key | None


class Find(Table):
    def __init__(self, *shared: Any) -> None:
        super().__init__(*shared)
        self._ranges = Ranges(*shared)

    def numbers(self, wanted: Filter, sort: str = NEWEST_FIRST, limit: int = -1) -> list[int]:
        """Return the numbers of the jobs of a filter, sorted by one of SORT_KEYS; a negative limit means all."""
        column = sort[sort.startswith("-") :]
        if column not in SORT_KEYS:
            # It would become SQL.
            raise ValueError(f"no such order: {sort}")
        if wanted.is_counted:
            total = self.count(wanted)
            if not total or not limit:
                return []
            # Once all are found the rest need not be read.
            limit = total if limit < 0 else min(limit, total)
        order = ORDERS_OF_KEYS.get(sort)
        if order is None or not set(wanted.states).issubset(ORDERS[order].states):
            return self._sorted(wanted, column, "DESC" if sort.startswith("-") else "ASC", limit)
        ranges = self._ranges.of(wanted, order)
        if len(ranges) == 1:
            sql, parameters = ranges[0].matching("number")
            return self._database.integers(f"{sql} ORDER BY {ranges[0].order} LIMIT ?", [*parameters, limit])
        keys: list[tuple[Key, int]] = []
        for span in ranges:
            sql, parameters = span.matching(KEYS)
            rows = self._database.rows(f"{sql} ORDER BY {span.order} LIMIT ?", [*parameters, limit])
            keys += [(span.key_of(row), row["number"]) for row in rows]
        return [number for _, number in sorted(keys)[: limit if limit >= 0 else None]]

    def _sorted(self, wanted: Filter, column: str, direction: str, limit: int) -> list[int]:
        """Return numbers in an order that no index has."""
        sql, parameters = condition(wanted.states, wanted.terms)
        order = f"{column} {direction}" + ("" if column == "number" else f", number {direction}")
        where = f"WHERE {sql}" if sql else ""
        return self._database.integers(SORTED.format(where, order), [*parameters, limit])

    def count(self, wanted: Filter) -> int:
        """Return how many jobs a filter finds, from the kept counts where they can tell."""
        return sum(self.count_by_state(wanted).values())

    def count_by_state(self, wanted: Filter) -> dict[str, int]:
        """Return how many jobs a filter finds in each state that it finds any in, in the order of STATES."""
        kept = self._kept_counts(wanted) if wanted.is_counted else self._counted(wanted)
        found = {state: sum(counts.get(state) or 0 for counts in kept) for state in STATES}
        return {state: jobs for state, jobs in found.items() if jobs}

    def _kept_counts(self, wanted: Filter) -> list[dict[str, int]]:
        if wanted.batch is not None:
            kept = [self._counts.of_batches.of(wanted.batch)]
        else:
            kept = [states for queue, states in self._counts.by_queue().items() if wanted.has_queue(queue)]
        return [{state: states.get(state, 0) for state in wanted.states} for states in kept]

    def _counted(self, wanted: Filter) -> list[dict[str, int]]:
        # GROUP BY would sort all rows.
        columns = ", ".join(f"sum(state = '{state}')" for state in STATES)
        spans = self._ranges.of(wanted, "newest")
        return [dict(zip(STATES, self._database.rows(*span.matching(columns))[0])) for span in spans]

    def page(self, wanted: Filter, sort: str, after: Key | None, limit: int, window: int) -> Found:
        """Return what follows a key in one of ORDERS: `limit` rows of each range, or what `window` of them have."""
        rows: list[tuple[Key, int]] = []
        looked, end = 0, None
        for span in self._ranges.of(wanted, sort, after):
            found = self._read(span, limit, window)
            rows += found.rows
            looked += found.looked
            end = found.end if end is None else end if found.end is None else min(end, found.end)
        rows.sort()
        # Beyond the end of one range the others are not complete.
        return Found([row for row in rows if end is None or row[0] <= end], looked, end)

    def _read(self, span: Range, limit: int, window: int) -> Found:
        if span.condition()[0]:
            return Found(self._rows_in(span, -1, window), *self._extent(span, window))
        rows = self._rows_in(span, limit, window)
        return Found(rows, len(rows), rows[-1][0] if len(rows) == limit else None)

    def _rows_in(self, span: Range, limit: int, window: int) -> list[tuple[Key, int]]:
        sql, parameters = span.condition()
        if not sql:
            rows = self._database.rows(f"{span.window(KEYS)} LIMIT ?", [*span.parameters, limit])
        else:
            asked = ROWS.format(f"{span.window(COLUMNS)} LIMIT ?", sql)
            rows = self._database.rows(asked, [*span.parameters, window, *parameters, limit])
        return [(span.key_of(row), row["number"]) for row in rows]

    def _extent(self, span: Range, window: int) -> tuple[int, Key | None]:
        """Return how many rows of a range a window shows, and the last one's key if it is full."""
        last = self._database.rows(f"{span.window(KEYS)} LIMIT 1 OFFSET ?", [*span.parameters, window - 1])
        if last:
            return window, span.key_of(last[0])
        return int(self._database.value(COUNT.format(span.window("1")), [*span.parameters, window])), None

    def first(self, wanted: Filter, sort: str, limit: int, window: int) -> list[int]:
        """Return the numbers of the first jobs in one of ORDERS that a filter finds in `window` rows of each range."""
        rows = [row for span in self._ranges.of(wanted, sort) for row in self._rows_in(span, limit, window)]
        return [number for _, number in sorted(rows)[:limit]]
