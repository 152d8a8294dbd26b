"""Reports: how a home is doing, what needs attention, what comes next, and why a job is in its state."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from .. import __version__
from ..model.dead import DeadGroups
from ..model.errors import StoreUnavailable
from ..model.filter import Filter
from ..model.job import DEAD, DUE_STATES, FINAL_STATES, SCHEDULED, Job
from ..model.report import Coming, Reason
from ..store.home import prove_room
from ..store.sqlite import VERSION as SQLITE_VERSION
from .home.opened import OpenHome, Part
from .logs import Logs
from .reports.status import Metrics, Status, start_for, takers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.link import Graph
    from .finding import Finding

GROUPS = 20
# The last output of at most this many dead jobs is read.
NEWEST_DEAD = 1_000
AT_MOST = 1_000
# A worker notes the time before it commits: what ended this long before the last look may be new.
LATE_MS = 5_000


def version() -> str:
    """Return our version, and those of Python and SQLite, in one line."""
    return f"queuectl {__version__} (Python {sys.version.split()[0]}, SQLite {SQLITE_VERSION})"


class Reports(Part):
    """The reports of a home; any of them may raise StoreUnavailable."""

    _opened: Finding

    def status(self) -> Status:
        """Return how the home is now: counts, workers, daemons, alerts, each read on first use."""
        return Status(self._opened)

    def metrics(self) -> Metrics:
        """Return run and wait times, success rates and utilization, beside the counts."""
        return Metrics(self._opened)

    def why(self, reference: str | int | Job) -> Reason:
        """Return why a job is in its state, and what helps. Raises NotFound."""
        from .reports.reasons import explain

        job = self._job(reference)
        reason, hint = explain(self.status(), job)
        left = Logs(self._opened).ended_background(job) if job.is_final else None
        return Reason(job.id, job.state, f"{reason}; {left}" if left else reason, hint)

    def graph(self, reference: str | int | Job) -> Graph:
        """Return the jobs that are linked to a job, directly or not, up to a limit. Raises NotFound."""
        from .reports.graph import graph_of

        return graph_of(self._opened.store, self._job(reference).number)

    def _job(self, reference: str | int | Job) -> Job:
        """Return a Job unchanged, or the job that is named. Raises NotFound, InvalidInput."""
        return reference if isinstance(reference, Job) else self._opened.get(reference)

    def without_workers(self, queues: Iterable[str]) -> dict[str, str]:
        """Return queues that nobody takes jobs from, with the command that helps; none in automatic mode."""
        status = self.status()
        if status.scheduler.mode == "auto":
            return {}
        return {queue: start_for(queue) for queue in queues if not takers(status, queue)}

    def upcoming(self, limit: int | None) -> tuple[list[Coming], int]:
        """Return the jobs to come, also of schedules, the next one first; and their number without the limit."""
        store = self._opened.store
        recurring = [
            Coming(schedule.next_at, "recurring", schedule.name, schedule.runs)
            for schedule in store.schedules.all()
            if schedule.next_at is not None and not schedule.paused
        ]
        counts = store.counts.by_state()
        total = sum(counts.get(state, 0) for state in DUE_STATES) + len(recurring)
        rows = self.upcoming_jobs(limit) + recurring
        return sorted(rows, key=lambda row: row.at)[:limit], total

    def upcoming_jobs(self, limit: int | None) -> list[Coming]:
        """Return the scheduled jobs and further attempts to come, the next one first."""
        store = self._opened.store
        numbers = store.find.numbers(Filter(DUE_STATES), "run_at", -1 if limit is None else limit)
        found = []
        for job in store.search.jobs(numbers):
            what = "scheduled" if job.state == SCHEDULED else f"attempt {job.attempts + 1}"
            found.append(Coming(job.run_at, what, job.id, job.command))
        return found

    def dead_groups(self, limit: int = GROUPS) -> DeadGroups:
        """Return how many jobs are dead, and the largest groups of them by how they failed, command and stderr."""
        store = self._opened.store
        dead = store.counts.by_state().get(DEAD, 0)
        found = store.dead
        return DeadGroups(dead, found.by_error(limit), found.by_command(limit), found.by_stderr(limit, NEWEST_DEAD))

    def prove_writable(self, patience: float) -> int:
        """Write something to the home, wait until the disk has it, and undo it; return how many workers live.

        `patience` is how many seconds to wait for other writers. This opens the store again: one that was opened
        before the trouble may not notice. Raises StoreUnavailable.
        """
        home, clock = self._opened.home, self._opened.clock
        if not home.exists():
            raise StoreUnavailable(f"there is no store in {home.path} any more")
        prove_room(home)
        with OpenHome(home, actor="", clock=clock) as opened:
            opened.busy_budget = patience
            opened.store.rehearse(patience)
            return Status(opened).workers["total"]

    def news(self, since: int) -> News:
        """Return the news of jobs that end from an instant on, each end once."""
        return News(self._opened, since)


class News:
    """Jobs that came to an end, each reported once. Nothing that ended before `since` is news."""

    def __init__(self, opened: OpenHome, since: int) -> None:
        self._opened = opened
        self._began = self._read_at = since
        self._reported: dict[int, int] = {}

    def look(self) -> list[Job]:
        """Return the jobs that ended since the last look, oldest first, at most a thousand of each state."""
        store, now = self._opened.store, self._opened.clock.wall()
        since = max(self._began, self._read_at - LATE_MS)
        ended = [found for state in FINAL_STATES for found in store.search.ended_since(state, since, AT_MOST)]
        fresh = [(at, number) for at, number in ended if self._reported.get(number) != at]
        self._read_at = now
        self._reported = {number: at for at, number in ended}
        return store.search.jobs([number for _, number in sorted(fresh)])
