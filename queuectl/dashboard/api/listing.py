"""Which jobs a request is about: the filter that it gives, and the orders that fit."""

from __future__ import annotations

from ...model.errors import FilterError
from ...model.filter import Filter
from ...model.filterparse import parse
from ...model.sorts import ORDERS
from ..http.message import HttpError


def read(text: str, now: int, *, field: str = "q", sort: str = "newest", takes_all: bool = True) -> Filter:
    """Return the filter that a parameter holds. Raises FilterError, and HttpError for a sort that it cannot have."""
    try:
        wanted = parse(text, now, takes_all=takes_all)
    except FilterError as error:
        error.field = field
        raise
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
