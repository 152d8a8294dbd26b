"""An attempt at a job, and a job with all of them."""

from __future__ import annotations

from .exits import accepted_end
from .job import HookJob, Job
from .link import Relative
from .record import Record


class Attempt(Record):
    """One try of a job; its times are in milliseconds."""

    id: int
    attempt: int
    worker: int
    pid: int | None
    started_at: int
    wait_time: int
    finished_at: int | None
    duration: int | None
    outcome: str | None
    exit_code: int | None
    signal: int | None
    error: str | None
    output_size: int

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        if self.error is not None or self.exit_code == 0:
            return self.error or "exit code 0"
        return accepted_end(self.exit_code, self.signal)


class JobDetail(Job):
    """A job with what is known about it beyond its fields; `hook_jobs` are the last that it added, newest first."""

    cancel_requested: bool
    created_by: str
    attempt_history: list[Attempt]
    parents: list[Relative]
    children: list[Relative]
    hook_jobs: list[HookJob]

    FIELDS = (*Job.FIELDS, *__annotations__)
    __slots__ = tuple(__annotations__)
