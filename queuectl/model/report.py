"""What reports tell of jobs."""

from __future__ import annotations

from .record import Record


class Reason(Record):
    """Why a job is in its state, and what helps, where anything does."""

    id: str
    state: str
    reason: str
    hint: str | None


class Coming(Record):
    """What is due at an instant: `what` it is, and the id of the job or the name of the schedule."""

    at: int
    what: str
    id: str
    command: str
