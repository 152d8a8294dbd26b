"""Groups of dead jobs: those that failed in one way, whose command is the same, or that last complained of the same.

Commands and complaints that differ in numbers only are the same: N stands for a number that differs.
"""

from __future__ import annotations

from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence
else:
    Sequence = tuple

ANY = "N"
# Of a group of texts that is not larger, all jobs are named.
MOST_NAMED = 50


class DeadGroup(Record):
    """`count` dead jobs with the same `value`: an error, a command or the last line of stderr, as `pattern` says.

    Those that failed in one way also have the exit code and the signal in common. `first_at` and `last_at` are when
    the first and the last of them ended; two ids are those of the newest and, by error, of the oldest of them. `ids`
    are all of them, the newest first, in a small group by text; a filter finds those by error.
    """

    pattern: str
    count: int
    exit_code: int | None
    signal: int | None
    value: str | None
    first_at: int
    last_at: int
    last_id: str
    first_id: str | None
    ids: Sequence[str] = ()

    @property
    def sample_ids(self) -> list[str]:
        """The ids of one or two of them."""
        return [self.last_id] if self.first_id in (None, self.last_id) else [self.last_id, str(self.first_id)]


class DeadGroups(Record):
    """How many jobs are dead, and the largest groups of them; by stderr of the newest ones alone."""

    dead: int
    by_error: list[DeadGroup]
    by_command: list[DeadGroup]
    by_stderr: list[DeadGroup]


def words_and_numbers(text: str) -> list[str]:
    """Return the parts of a text, of which every second one is a number: the others are those of its group."""
    import re

    return re.split(r"(\d+)", text)


class TextGroup(Record):
    """Texts that differ in numbers only: `parts` are the words and numbers, `numbers` those of the jobs.

    Beyond `MOST_NAMED` jobs, not all of them are there; `last` is the number of the newest in any case.
    """

    parts: list[str]
    count: int
    first_at: int
    last_at: int
    last: int
    numbers: list[int]

    @property
    def value(self) -> str:
        """What they have in common."""
        return "".join(self.parts)


class TextGroups:
    """Groups of texts that differ in numbers only."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, ...], TextGroup] = {}

    def add(self, text: str, count: int, first_at: int, last_at: int, numbers: Sequence[int]) -> None:
        """Add so many dead jobs with the same text; of very many, `numbers` has at least the newest."""
        parts, last = words_and_numbers(text), max(numbers)
        group = self._groups.setdefault(tuple(parts[::2]), TextGroup(parts, 0, first_at, last_at, last, []))
        group.parts = [one if one == other else ANY for one, other in zip(group.parts, parts)]
        group.count += count
        group.first_at, group.last_at = min(group.first_at, first_at), max(group.last_at, last_at)
        group.last = max(group.last, last)
        if group.count <= MOST_NAMED:
            group.numbers.extend(numbers)

    def largest(self, limit: int) -> list[TextGroup]:
        """Return the largest groups, of those of one size the latest first."""
        return sorted(self._groups.values(), key=lambda group: (-group.count, -group.last_at))[:limit]
