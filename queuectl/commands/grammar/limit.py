"""How many rows a list has: what a person reads on a terminal, and everywhere else all. What is left out is said."""

from __future__ import annotations

from . import arguments
from .registry import Arg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from ..context import Context

# How many rows of a table a person gets by default.
ROWS_ON_A_TERMINAL = 50
LIMIT = Arg(
    "--limit",
    "-l",
    also=("-n",),
    parse=arguments.integer(0, 10_000_000),
    metavar="N",
    group="filter",
    help="at most this many, 0 for all (default: 50 on a terminal, else all)",
)


def limit_of(context: Context, limit: int | None) -> int:
    """Return how many rows are listed at most, -1 for all: by default what a person reads, or all for a program."""
    if limit is None:
        limit = ROWS_ON_A_TERMINAL if context.front_end.is_read_by_people else 0
    return limit or -1


def beyond_limit(shown: int, most: int, count: Callable[[], int], noun: str) -> list[str]:
    """Return what to say of rows that a limit left out, nothing if there are none; `count` counts all there are."""
    total = count() if shown == most else shown
    return [f"showing {shown} of {total} {noun}, all with --limit 0"] if total > shown else []
