"""Groups of dead jobs."""

from __future__ import annotations

from .record import Record


class DeadGroup(Record):
    """Dead jobs that failed in the same way (pattern `error`) or have the same command (pattern `command`)."""

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
