"""Arguments that several commands take, and what they mean."""

from __future__ import annotations

from ...model.filter import with_quotes
from . import arguments
from .registry import Arg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from ..context import Context

ID = Arg("id", metavar="ID", help="the job's id, number, a unique prefix, or last", complete="job")
FILTER = Arg(
    "filter",
    many=True,
    parse=with_quotes,
    complete="filter",
    help="only the jobs that this filter finds, such as 'state:dead exit:1 created:<2h !tag:nightly'",
)
DRY_RUN = Arg("--dry-run", "-n", flag=True, help="only say which jobs it would change")
YES = Arg("--yes", "-y", flag=True, help="do not ask for a confirmation")
# So that a script may give it to any verb.
YES_ANYWAY = Arg("--yes", "-y", flag=True, help="accepted by every verb; this one asks nothing")
SLOTS = Arg(
    "limit",
    metavar="N|none",
    parse=arguments.slots_or_none,
    help="how many of its jobs may run at a time; none: any number",
)
# How many rows of a table a person gets by default; a program gets all. What is left out is said.
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
