"""Groups of dead jobs: those that failed in one way, or whose command is the same."""

from __future__ import annotations

from .record import Record


class DeadGroup(Record):
    """`count` dead jobs with the same `value`: an error, or a command, as `pattern` says.

    Those that failed in one way also have the exit code and the signal in common. `first_at` and `last_at` are when
    the first and the last of them ended; the ids are those of the newest and, by error, of the oldest of them.
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

    @property
    def sample_ids(self) -> list[str]:
        """The ids of one or two of them."""
        return [self.last_id] if self.first_id in (None, self.last_id) else [self.last_id, str(self.first_id)]


class DeadGroups(Record):
    """How many jobs are dead, and the largest groups of them."""

    dead: int
    by_error: list[DeadGroup]
    by_command: list[DeadGroup]
