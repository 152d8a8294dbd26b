"""What reports say about jobs: runs, which are attempts that have ended; which jobs are due or do not run, and why."""

from __future__ import annotations

from .record import Record


class Run(Record):
    """An attempt that has ended, with its job as it is now: `id`, `number`, `command`, `state`."""

    id: str
    number: int
    command: str
    state: str
    attempt: int
    outcome: str
    duration: int | None
    exit_code: int | None
    signal: int | None
    error: str | None
    finished_at: int


class CommandStats(Record):
    """How the attempts at one command went; `sample_id` is the id of its newest job, times are in milliseconds."""

    command: str
    attempts: int
    failed: int
    average: float | None
    longest: int | None
    last_at: int
    sample_id: str


class OutcomeCount(Record):
    """How many attempts ended in one way."""

    outcome: str
    exit_code: int | None
    signal: int | None
    attempts: int


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
