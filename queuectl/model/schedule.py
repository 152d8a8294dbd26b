"""A schedule: a command that is queued again and again, and what its user decides about its times."""

from __future__ import annotations

from .job import Job
from .record import Record
from .zones import LOCAL

# What becomes of the times that passed while nothing ran, and of a time while the last job has not ended.
CATCH_UP = {"none": "times are left out", "last": "times run once", "all": "times run each"}
OVERLAP = {"skip": "left out while the last job has not ended", "queue": "queued although the last job has not ended"}


class Schedule(Record):
    """A schedule as it stood when it was read. Times are milliseconds since 1970."""

    id: int
    name: str
    expression: str
    timezone: str
    command: str
    queue: str
    priority: int
    max_retries: int
    timeout: int | None
    nice: int
    locks: tuple[str, ...]
    on_success: str | None
    on_failure: str | None
    on_finish: str | None
    catch_up: str
    overlap: str
    expires: int | None
    paused: bool
    next_at: int | None
    created_at: int
    created_by: str
    cwd: str
    path: str
    env: dict[str, str]

    @property
    def words(self) -> str:
        """When it fires, in words; of an expression that is wrong, the expression."""
        from .cron import Cron
        from .cronwords import describe

        try:
            return describe(Cron.parse(self.expression))
        except ValueError:
            return self.expression

    @property
    def follows_home(self) -> bool:
        """Whether it has no zone of its own. Older versions stored the word as it was written."""
        return self.timezone.strip().lower() == LOCAL

    def zone(self, home: str) -> str:
        """Return the zone by which it goes in a home of this zone."""
        return home if self.follows_home else self.timezone


class ShownSchedule(Schedule):
    """A schedule as users see it: `timezone` is the zone by which it goes, `next_at` is None while it is paused.

    `last_job` and `last_state` are those of its newest job; `problem` is why its times cannot be computed here.
    """

    timezone_source: str
    last_fired_at: int | None
    last_job: str | None
    last_state: str | None
    problem: str | None


class ScheduleDetail(ShownSchedule):
    """A schedule with its next times, as if it were not paused, and its last jobs."""

    next_times: list[int]
    jobs: list[Job]


class CronPreview(Record):
    """What a cron expression means in a zone, and its next times as people and programs read them."""

    expression: str
    words: str
    timezone: str
    next_times: list[dict[str, str | None]]
