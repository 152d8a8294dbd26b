"""A lock: a name that a job holds while it runs, and that one job at a time may hold, or as many as it has slots."""

from __future__ import annotations

from .record import Record

FREE, TAKEN = STATES = ("free", "taken")


class Lock(Record):
    """A lock as it stood when it was read."""

    name: str
    slots: int
    running: int  # how many jobs hold it
    waiting: int  # how many other unfinished jobs need it
    holders: list[str]  # the ids of those that hold it, the longest first

    @property
    def is_needed(self) -> bool:
        """Whether an unfinished job needs it."""
        return self.running + self.waiting > 0

    @property
    def state(self) -> str:
        """Whether another job may hold it, a word of STATES."""
        return TAKEN if self.running >= self.slots else FREE
