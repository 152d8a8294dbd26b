"""Follows what one job prints, attempt by attempt, until it is over: one look at a time."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.attempt import Attempt
from ..model.errors import NotFound
from ..model.job import Job
from .finding import Finding
from .logs import Logs

# Between two looks.
LOOK_SECONDS = 0.05


class Follower:
    """What a job prints from attempt `first` on, which counts from 0; with `only`, attempt number `only` alone.

    `stream` 1 is stdout, 2 stderr, None both. `position` is the place in the attempt's output; once it `is_done`,
    nothing more will come.
    """

    def __init__(
        self,
        finding: Finding,
        logs: Logs,
        job: Job,
        *,
        first: int = 0,
        stream: int | None = None,
        only: int | None = None,
    ) -> None:
        self.is_done = False
        self.position = 0
        self._finding = finding
        self._logs = logs
        self._number = job.number
        self._stream = stream
        self._only = only
        self._shown = first if only is None else only - 1

    def look(self) -> Iterator[bytes]:
        """Yield what is new. Raises NotFound if the job was removed, or never had the attempt."""
        # The job is read before its attempts: if it is over, they are all there.
        job = read_job(self._finding, self._number)
        attempts = self._logs.attempts(job)
        for attempt in attempts[self._shown : self._only]:
            self.position = yield from self._logs.printed(attempt, self.position, self._stream)
            if attempt.outcome is None:
                break
            # The attempt may have ended after the job was read.
            ended = job if job.is_over else read_job(self._finding, self._number)
            yield from self.end_of(attempt, ended, is_last=attempt is attempts[-1] and ended.is_over)
            self._shown, self.position = self._shown + 1, 0
        if self._shown == self._only:
            self.is_done = True
        elif job.is_over and self._shown >= len(attempts):
            if self._only is not None:
                self._logs.attempt(job, self._only)
            self.is_done = True

    def end_of(self, attempt: Attempt, job: Job, *, is_last: bool) -> Iterator[bytes]:
        """Yield what follows the output of an attempt that has ended; `is_last` if no other one comes."""
        yield from ()


def read_job(finding: Finding, number: int) -> Job:
    """Return the job of this number. Raises NotFound if it was removed."""
    found = finding.read([number])
    if not found:
        raise NotFound("the job was removed")
    return found[0]
