"""A schedule: a command or several jobs that are queued at set times."""

from __future__ import annotations

from .fields import RECURRING
from .job import Job, jobs_text
from .record import Record
from .spec import JobSpec
from .surroundings import Origin
from .zones import LOCAL

# What to do with times that passed while nothing ran, and with a time at which the last job has not ended.
CATCH_UP = {"none": "left out", "last": "run once for all of them", "all": "run once for each"}
OVERLAP = {"skip": "left out while the last job has not ended", "queue": "queued although the last job has not ended"}
# A short text names at most this many of several jobs.
NAMED = 5


class Schedule(Record):
    """A schedule as it stood when it was read. Times are milliseconds since 1970."""

    id: int
    name: str
    expression: str
    timezone: str
    command: str | None
    queue: str | None
    priority: int | None
    max_retries: int | None
    timeout: int | None
    nice: int | None
    shell: str | None
    kill_grace: int | None
    kill_signal: str | None
    ok_codes: str | None
    snooze_on: str | None
    fail_on: str | None
    retry_on: str | None
    backoff: str | None
    locks: tuple[str, ...] | None
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
    cwd: str | None
    path: str
    inherited: dict[str, str]
    umask: int | None
    env: dict[str, str]
    document: str | None  # several jobs with their own fields, in place of a command and the other fields of its jobs

    @property
    def origin(self) -> Origin:
        """What its caller gave to its jobs."""
        return Origin(self.path, self.inherited, self.umask)

    @property
    def is_graph(self) -> bool:
        """Whether it has several jobs, which may wait for each other."""
        return self.document is not None

    @property
    def jobs(self) -> list[JobSpec] | None:
        """Its several jobs, with their local names; None if it has a command."""
        if self.document is None:
            return None
        from .fire import read

        return read(self.document)

    @property
    def specs(self) -> list[JobSpec]:
        """What each of its times adds."""
        return self.jobs or [JobSpec(**{field.name: getattr(self, field.name) for field in RECURRING})]

    @property
    def runs(self) -> str:
        """Its command, or the number of its jobs and the names of the first."""
        jobs = self.jobs
        if jobs is None:
            return self.command or ""
        names = [spec.id for spec in jobs if spec.id is not None]
        shown = ", ".join(names[:NAMED]) + ", ..." * (len(names) > NAMED)
        return jobs_text(len(jobs)) + (f": {shown}" if shown else "")

    @property
    def words(self) -> str:
        """When it fires, in words; a wrong expression as it is."""
        from .cron import Cron
        from .cronwords import describe

        try:
            return describe(Cron.parse(self.expression))
        except ValueError:
            return self.expression

    @property
    def follows_home(self) -> bool:
        """Whether it follows the zone of the home. Older versions stored the word as it was written."""
        return self.timezone.strip().lower() == LOCAL

    def zone(self, home: str) -> str:
        """Return its zone in a home of this zone."""
        return home if self.follows_home else self.timezone


class ShownSchedule(Schedule):
    """A schedule as users see it: `timezone` is its effective zone, `next_at` is None while it is paused."""

    timezone_source: str
    last_fired_at: int | None
    last_job: str | None  # its newest job
    last_batch: str | None  # the newest batch of several jobs
    last_state: str | None  # the state of either
    problem: str | None  # why its times cannot be computed here


class ScheduleDetail(ShownSchedule):
    """A schedule with its next times, as if it were not paused, and its last jobs."""

    next_times: list[int]
    last_jobs: list[Job]


class CronPreview(Record):
    """What a cron expression means in a zone, and its next times as people and programs read them."""

    expression: str
    words: str
    timezone: str
    next_times: list[dict[str, str | None]]
