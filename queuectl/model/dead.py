"""A group of dead jobs: those that failed in one way, or whose command is the same."""

from __future__ import annotations

from .record import Record


class DeadGroup(Record):
    """`count` dead jobs with the same `value`: an error, or a command, as `pattern` says.

    Those that failed in one way also have the exit code and the signal in common. `first_at` and `last_at` are when
    the first and the last of them ended; `newest` and `oldest` are numbers of two of them.
    """

    pattern: str
    count: int
    exit_code: int | None
    signal: int | None
    value: str | None
    first_at: int
    last_at: int
    newest: int
    oldest: int | None
