"""A lock: a name that a job holds while it runs, and that one job at a time may hold, or as many as it has slots."""

from __future__ import annotations

from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

FREE, TAKEN = STATES = ("free", "taken")


class Lock(Record):
    """A lock as it stood when it was read: how many jobs hold it, and how many unfinished ones need it.

    `holders` are the ids of the jobs that hold it.
    """

    name: str
    slots: int
    running: int
    waiting: int
    holders: Sequence[str] = ()

    @property
    def is_needed(self) -> bool:
        """Whether an unfinished job needs it."""
        return self.running + self.waiting > 0

    @property
    def state(self) -> str:
        """Whether another job may hold it, a word of STATES."""
        return TAKEN if self.running >= self.slots else FREE
