"""Which jobs are meant: those that references name, or those that one filter finds."""

from __future__ import annotations

from ..model.errors import InvalidInput
from ..model.filter import is_filter
from ..model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Sequence

    from ..model.filter import Filter

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
