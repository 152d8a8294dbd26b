"""Figures by time, which outlive the jobs: how attempts ended, how long they took, how many jobs waited."""

from __future__ import annotations

from .job import COMPLETED, DEAD, FAILED
from .record import Record
from .when import MINUTE

# The time that a row of timings covers.
SLOT_MS = 5 * MINUTE
OUTCOMES = (COMPLETED, FAILED, DEAD)
RUN_TIME, WAIT_TIME = "run_time", "wait_time"


class Rollup(Record):
    """How the attempts of a queue (empty: of all) ended in some minutes; times are sums, in milliseconds."""

    bucket: int  # numbers stretches of so many minutes since 1970, where there are several
    queue: str
    finished: int
    failed: int
    dead: int
    run_time: int
    wait_time: int


class Timing(Record):
    """How many attempts of a queue took that long. Times are in milliseconds."""

    bucket: int  # numbers stretches of so many slots since 1970, where there are several
    queue: str
    run: int  # a bucket of the histogram, as `wait` is
    wait: int
    attempts: int
    run_time: int  # a sum, as `wait_time` is
    wait_time: int
    run_min: int | None  # the shortest and longest are None where an older version did not write them down
    run_max: int | None
    wait_min: int | None
    wait_max: int | None


class Sample(Record):
    """How much waited in a minute since 1970; `oldest_age` is in milliseconds, 0 if none waits."""

    minute: int
    pending: int
    processing: int
    oldest_age: int

    @property
    def is_idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.pending or self.processing)
