"""The sort keys of jobs, and the orders that have an index: `priority` is the one in which workers claim jobs."""

from __future__ import annotations

from .fields import KEPT
from .job import DUE_STATES, FINAL_STATES, PENDING, STATES
from .record import Record

# A list is sorted by one of these, `-` in front for descending; ties go by number.
SORT_KEYS = tuple(field.name for field in KEPT if field.is_sortable)
NEWEST_FIRST = "-number"


class Order(Record):
    """An order that an index has, for jobs of these states: by which columns, `-` in front for descending."""

    columns: tuple[str, ...]
    states: tuple[str, ...] = STATES


ORDERS = {
    "newest": Order((NEWEST_FIRST,)),
    "oldest": Order(("number",)),
    "finished": Order(("-finished_at", NEWEST_FIRST), FINAL_STATES),
    "run_at": Order(("run_at", "number"), DUE_STATES),
    "priority": Order(("-priority", "run_at", "number"), (PENDING,)),
}
# Those that a list by a single sort key has too.
ORDERS_OF_KEYS = {order.columns[0]: name for name, order in ORDERS.items() if len(order.columns) < 3}
