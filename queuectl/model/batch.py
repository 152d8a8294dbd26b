"""A batch: jobs that were added together, under a name.

Where it stands follows from how many of its jobs are in each state; `max_fails` is how many dead jobs stop it.
"""

from __future__ import annotations

from collections.abc import Mapping

from .filter import written
from .job import CANCELLED, COMPLETED, DEAD, FINAL_STATES, PROCESSING, jobs_text
from .link import UNFINISHED
from .record import Record
from .shellwords import in_quotes
from .when import HOUR

OPEN, FAILED, STOPPED = "open", "failed", "stopped"
# Some of its jobs have not ended; all are completed; all have ended, and some are dead, cancelled or stuck; too many
# were dead.
STATES = (OPEN, COMPLETED, FAILED, STOPPED)
# How a batch stands as a parent, in the words for a job.
AS_PARENT = {OPEN: UNFINISHED, COMPLETED: COMPLETED, FAILED: CANCELLED}


def standing(states: Mapping[str, int], stuck: int) -> str:
    """Return OPEN, COMPLETED or FAILED for these numbers of jobs by state; those that are stuck count as ended."""
    if sum(jobs for state, jobs in states.items() if state not in FINAL_STATES) > stuck:
        return OPEN
    return FAILED if stuck or states.get(DEAD) or states.get(CANCELLED) else COMPLETED


def stops_at(max_fails: str, jobs: int) -> int:
    """Return how many dead jobs stop a batch of this many jobs: a percentage is rounded up."""
    number = int(max_fails.rstrip("%"))
    return -(-jobs * number // 100) if max_fails.endswith("%") else number


def stop_text(name: str, dead: int) -> str:
    """Return why a batch was stopped, and so why its jobs were cancelled."""
    return f"batch {name} was {STOPPED} after {jobs_text(dead, DEAD)}"


def state_text(batch: Batch) -> str:
    """Return the state of a batch in words; for a stopped one, after how many dead jobs."""
    return batch.state if batch.stop_reason is None else batch.stop_reason.partition(" was ")[2]


def go_on(name: str) -> str:
    """Return the command that lets a stopped batch go on."""
    jobs = f"{written('batch', name)} {written('state', DEAD, CANCELLED)}"
    return f"queuectl retry {in_quotes(jobs)}"


class Batch(Record):
    """A batch as it stood when it was read. Times are in milliseconds."""

    id: int
    name: str
    states: dict[str, int]  # its jobs by state, without zeros
    stuck: int  # how many wait for jobs that ended in another way than they need
    waiting: int  # how many unfinished jobs wait for the batch
    max_fails: str | None
    slots: int | None
    created_at: int
    created_by: str
    started_at: int | None  # when the first job was claimed
    ended_at: int | None  # when the last run ended
    stopped_at: int | None
    stop_reason: str | None
    read_at: int  # when the batch was read

    @property
    def jobs(self) -> int:
        """How many jobs it has."""
        return sum(self.states.values())

    @property
    def ended(self) -> int:
        """How many of them have ended."""
        return sum(self.states.get(state, 0) for state in FINAL_STATES)

    @property
    def running(self) -> int:
        """How many of them run."""
        return self.states.get(PROCESSING, 0)

    @property
    def is_full(self) -> bool:
        """Whether no other job may start until one ends."""
        return self.slots is not None and self.running >= self.slots

    @property
    def dead(self) -> int:
        """How many of them are dead."""
        return self.states.get(DEAD, 0)

    @property
    def state(self) -> str:
        """Its state, a word of STATES: a stop goes before what follows from its jobs."""
        return standing(self.states, self.stuck) if self.stopped_at is None else STOPPED

    @property
    def finished_at(self) -> int | None:
        """When its last run ended, None while any job is still to run."""
        return None if self.ended + self.stuck < self.jobs else self.ended_at

    @property
    def rate(self) -> float | None:
        """How many of its jobs run to their end in an hour, None while that is unknown."""
        ran = self.states.get(COMPLETED, 0) + self.states.get(DEAD, 0)
        if not ran or self.started_at is None or self.ended_at is None:
            return None
        # While it is open, the time in which none ends counts, too.
        taken = (max(self.ended_at, self.read_at) if self.state == OPEN else self.ended_at) - self.started_at
        return round(ran * HOUR / taken, 3) if taken > 0 else None

    @property
    def time_left(self) -> int | None:
        """In how many milliseconds it will have ended at this rate; None if that is unknown, or if it has ended."""
        left = self.jobs - self.ended - self.stuck
        return round(left * HOUR / self.rate) if left and self.rate and self.stopped_at is None else None
