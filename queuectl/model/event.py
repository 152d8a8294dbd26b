"""What happened: the steps of a job's history, and the events of a home."""

from __future__ import annotations

from .record import Record


class Step(Record):
    """What happened at an instant, in milliseconds since 1970, and who did it."""

    at: int
    what: str
    detail: str
    by: str


class Event(Step):
    """A step that was noted when it was done; `number` counts them, `job` is the id of the job that it was done to."""

    number: int
    job: str | None
