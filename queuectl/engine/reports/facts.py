"""What a home is like at one instant. Each fact is read once, when a report first needs it.

Every screen takes its numbers from here, so that two of them show the same. What a fact costs does not grow with the
number of jobs.
"""

from __future__ import annotations

from functools import cached_property

from ...model.figures import RATE_MINUTES, depth, per_minute
from ...model.job import PENDING, STATES
from ...model.when import MINUTE
from ..daemons.daemon import POOL, SCHEDULER
from ..home import timezone
from .scheduler import scheduler_state
from .workers import pool_state, worker_states, worker_totals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.daemon import PoolState, SchedulerState, WorkerState
    from ...model.rollup import Rollup
    from ..home.opened import OpenHome


class Facts:
    """The facts of an open home at `now`, by its clock. Reading one raises StoreUnavailable."""

    def __init__(self, opened: OpenHome) -> None:
        self.opened = opened
        self.store = opened.store
        self.now = opened.clock.wall()

    @property
    def home(self) -> str:
        """The path of the home."""
        return self.opened.home.path

    @cached_property
    def queues(self) -> dict[str, dict[str, int]]:
        """{queue: {state: jobs}}, without the zeros."""
        return self.store.counts.by_queue()

    @cached_property
    def jobs(self) -> dict[str, int]:
        """{state: jobs} of every state."""
        return {state: sum(counts.get(state, 0) for counts in self.queues.values()) for state in STATES}

    @property
    def total(self) -> int:
        """How many jobs there are."""
        return sum(self.jobs.values())

    @property
    def depth(self) -> int:
        """How many jobs will run by themselves."""
        return depth(self.jobs)

    @cached_property
    def waiting_since(self) -> dict[str, int]:
        """{queue: since when its job waits that has been claimable longest}, of queues with pending jobs."""
        found = {name: self.store.stats.oldest_in(name) for name, counts in self.queues.items() if counts.get(PENDING)}
        return {name: since for name, since in found.items() if since is not None}

    @property
    def oldest_pending_age(self) -> int | None:
        """How long, in milliseconds, the job has waited that has been claimable longest; None if none is."""
        return max((max(0, self.now - since) for since in self.waiting_since.values()), default=None)

    @cached_property
    def _ended(self) -> list[Rollup]:
        return self.store.stats.series(self.now - RATE_MINUTES * MINUTE, self.now + MINUTE, 1)

    @property
    def per_minute(self) -> float:
        """How many jobs ended a minute lately."""
        return self.per_minute_of(None)

    def per_minute_of(self, queue: str | None) -> float:
        """Return how many jobs of a queue, or of all, ended a minute lately."""
        ended: dict[int, int] = {}
        for row in self._ended:
            if queue in (None, row.queue):
                ended[row.bucket] = ended.get(row.bucket, 0) + row.finished + row.dead
        return per_minute(ended, self.now)

    @cached_property
    def worker_list(self) -> list[WorkerState]:
        """Every registered worker, lost ones too."""
        return worker_states(self.opened.home, self.store, self.now)

    @cached_property
    def alive(self) -> list[WorkerState]:
        """The workers that live."""
        return [worker for worker in self.worker_list if worker.state != "lost"]

    @cached_property
    def workers(self) -> dict[str, int]:
        """How many workers live, and how many are in each state."""
        return worker_totals(self.worker_list)

    @cached_property
    def pool(self) -> PoolState:
        """The pool, if one runs."""
        return pool_state(self.opened.home, self.store)

    @cached_property
    def scheduler(self) -> SchedulerState:
        """The scheduler daemon, if one runs, and what is about to be due."""
        return scheduler_state(self.opened.home, self.store, self.now)

    @cached_property
    def zone_troubles(self) -> list[tuple[str, str]]:
        """What is wrong with the zones of schedules, here and in the daemons, each with the command that helps."""
        daemons = {
            f"{daemon.phrases.subject} {daemon.phrases.be}": daemon.zone(self.store) for daemon in (POOL, SCHEDULER)
        }
        return timezone.alerts(self.store, self.now, daemons)
