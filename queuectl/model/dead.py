"""Groups of dead jobs: with the same failure, the same command, or the same last line of stderr.

Texts that differ only in numbers are the same: N stands for a number that differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .record import Record

ANY = "N"
# A group of texts of at most this size names all its jobs.
MOST_NAMED = 50


class DeadGroup(Record):
    """Dead jobs with the same error, command or last line of stderr."""

    pattern: str  # which of the three
    count: int
    exit_code: int | None  # by error they share it, and the signal
    signal: int | None
    value: str | None
    first_at: int  # when the first of them ended
    last_at: int
    last_id: str  # the newest
    first_id: str | None  # the oldest, by error only
    ids: Sequence[str] = ()  # all of a small group by text, the newest first; a filter finds those by error

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
    """Texts that differ in numbers only."""

    parts: list[str]  # the words and numbers
    count: int
    first_at: int
    last_at: int
    last: int  # the number of the newest job
    numbers: list[int]  # those of the jobs; beyond `MOST_NAMED` not all of them are there

    @property
    def value(self) -> str:
        """What they have in common."""
        return "".join(self.parts)


def largest_groups(texts: Iterable[tuple[str, int, int, int, Sequence[int]]], limit: int) -> list[TextGroup]:
    """Return the largest groups of texts; among equal sizes the latest first.

    Each text comes with a count of dead jobs, when the first and the last of them ended, and the numbers of the newest.
    """
    groups: dict[tuple[str, ...], TextGroup] = {}
    for text, count, first_at, last_at, numbers in texts:
        parts, last = words_and_numbers(text), max(numbers)
        group = groups.setdefault(tuple(parts[::2]), TextGroup(parts, 0, first_at, last_at, last, []))
        group.parts = [one if one == other else ANY for one, other in zip(group.parts, parts)]
        group.count += count
        group.first_at, group.last_at = min(group.first_at, first_at), max(group.last_at, last_at)
        group.last = max(group.last, last)
        if group.count <= MOST_NAMED:
            group.numbers.extend(numbers)
    return sorted(groups.values(), key=lambda group: (-group.count, -group.last_at))[:limit]
