"""Groups of dead jobs: with the same failure, the same command, or the same last line of stderr.

Texts that differ only in numbers are the same: N stands for a number that differs.
"""

from __future__ import annotations

from collections.abc import Sequence

from .record import Record

ANY = "N"
# A group of texts of at most this size names all its jobs.
MOST_NAMED = 50


class DeadGroup(Record):
    """`count` dead jobs with the same `value`: an error, a command or the last line of stderr, as `pattern` says.

    By error they also share the exit code and the signal. `first_at` and `last_at` are when the first and the last of
    them ended, `last_id` is the newest and, by error, `first_id` the oldest. A small group by text has all `ids`, the
    newest first; a filter finds those by error.
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
    """How many jobs are dead, and the largest groups; those by stderr are of the newest jobs only."""

    dead: int
    by_error: list[DeadGroup]
    by_command: list[DeadGroup]
    by_stderr: list[DeadGroup]


def words_and_numbers(text: str) -> list[str]:
    """Return the parts of a text; every second one is a number, the others identify its group."""
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
        """Add `count` dead jobs with the same text; for very many, `numbers` has at least the newest."""
        parts, last = words_and_numbers(text), max(numbers)
        group = self._groups.setdefault(tuple(parts[::2]), TextGroup(parts, 0, first_at, last_at, last, []))
        group.parts = [one if one == other else ANY for one, other in zip(group.parts, parts)]
        group.count += count
        group.first_at, group.last_at = min(group.first_at, first_at), max(group.last_at, last_at)
        group.last = max(group.last, last)
        if group.count <= MOST_NAMED:
            group.numbers.extend(numbers)

    def largest(self, limit: int) -> list[TextGroup]:
        """Return the largest groups; among equal sizes the latest first."""
        return sorted(self._groups.values(), key=lambda group: (-group.count, -group.last_at))[:limit]
