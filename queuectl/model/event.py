"""What happened: events of a home, and the steps of one job's history."""

from __future__ import annotations

from .record import Record


class Event(Record):
    """Something that was done, when, to the job of which id and by whom. `at` is in milliseconds since 1970."""

    number: int
    at: int
    what: str
    job: str | None
    detail: str
    by: str


class Step(Record):
    """Something that happened to one job. `at` is in milliseconds since 1970."""

    at: int
    what: str
    detail: str
    by: str
