"""Which jobs are meant: those that references name, or those that one filter finds."""

from __future__ import annotations

from ..model.errors import InvalidInput
from ..model.filter import is_filter
from ..model.filterparse import parse
from ..model.job import STATES
from ..model.record import Record
from .references import resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Sequence

    from ..model.filter import Filter
    from ..store import Store

NOT_BOTH = "give either ids or a filter, not both"
NO_COUNTS: Mapping[str, int] = {}


class Selection(Record):
    """The jobs that were meant, by number.

    `wanted` is the filter that found them, None if they were named. `left_out` counts by state the jobs that
    a verb could be used on, and that the filter found in states which the verb means only if they are given.
    """

    numbers: list[int]
    wanted: Filter | None = None
    left_out: Mapping[str, int] = NO_COUNTS

    @property
    def is_named(self) -> bool:
        """Whether the jobs were named: by id, number, range or on stdin."""
        return self.wanted is None


def is_by_filter(words: Sequence[str | int]) -> bool:
    """Return whether words in the place of ids are a filter. Raises InvalidInput if only some of them are."""
    found = [isinstance(word, str) and is_filter(word) for word in words]
    if any(found) and not all(found):
        raise InvalidInput(NOT_BOTH, hint="jobs by id beside others: run the command twice")
    return any(found)


def select(
    store: Store, words: Sequence[str | int], now: int, *, means: Sequence[str] = STATES, takes: Sequence[str] = ()
) -> Selection:
    """Return the jobs that words mean: references, a union, or words of a filter, which make one.

    `means` are the states of a filter that names none, `takes` all those that the verb can be used on. Raises
    NotFound, FilterError, or InvalidInput if there are both references and filters.
    """
    if not is_by_filter(words):
        return Selection(resolve(store.names, words))
    wanted = parse(" ".join(map(str, words)), now, takes_text=False, takes_all=False)
    return found_by(store, wanted, means=means, takes=takes)


def found_by(
    store: Store,
    wanted: Filter,
    *,
    means: Sequence[str] = STATES,
    takes: Sequence[str] = (),
    sort: str = "number",
    limit: int = -1,
) -> Selection:
    """Return the jobs that a filter finds, the oldest first; see `select`. A negative limit means all."""
    if wanted.names_states:
        return Selection(store.find.numbers(wanted, sort, limit), wanted)
    narrowed = wanted.within(means)
    others = [state for state in takes if state not in means]
    left_out = store.find.count_by_state(wanted.within(others)) if others else {}
    return Selection(store.find.numbers(narrowed, sort, limit), narrowed, left_out)
