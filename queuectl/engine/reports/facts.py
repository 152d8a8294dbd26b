"""What a home is like at one instant. Each fact is read once, when a report first needs it.

Every screen takes its numbers from here, so that two of them show the same. The cost of a fact does not grow with the
number of jobs.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model.cached import cached_property
from ...model.job import PENDING, PROCESSING, STATES, Job, ran_for
from ...model.lane import BATCH, HOME, LOCK, Lane
from ...model.link import AWAITING_STATES
from ...model.numbers import RATE_MINUTES, depth, per_minute, share
from ...model.rollup import Rollup
from ...model.scheduler import AUTO, SchedulerRecord, SchedulerState
from ...model.when import MINUTE
from ...model.worker import Group, PoolState, RegisteredWorker, WorkerState, queues_of
from ..daemons.daemon import POOL, SCHEDULER
from ..home.liveness import is_worker_alive
from ..home.opened import OpenHome
from ..home.underway import jobs_under_way
from ..machine import process
from ..machine.identity import Identity

# The most jobs that are counted as parked.
COUNTED = 10_000


class Facts:
    """The facts of an open home at `now`, by its clock. Reading one raises StoreUnavailable."""

    def __init__(self, opened: OpenHome) -> None:
        self.opened = opened
        self.store = opened.store
        self.home = opened.home.path
        self.now = opened.clock.wall()

    @cached_property
    def queues(self) -> dict[str, dict[str, int]]:
        """{queue: {state: jobs}}, without the zeros."""
        return self.store.counts.by_queue()

    @cached_property
    def jobs(self) -> dict[str, int]:
        """{state: jobs} of every state."""
        return {state: sum(counts.get(state, 0) for counts in self.queues.values()) for state in STATES}

    @cached_property
    def lanes(self) -> dict[str, Lane]:
        """The lanes of queues, by name, and that of the home under HOME."""
        return self.store.lanes.all()

    @property
    def pause(self) -> Lane | None:
        """The pause of the whole home, None if there is none."""
        return self.paused_lane(HOME)

    def paused_lane(self, name: str) -> Lane | None:
        """Return what a queue was given if it is paused, else None."""
        lane = self.lanes.get(name)
        return lane if lane is not None and lane.is_paused(self.now) else None

    @cached_property
    def stuck(self) -> int:
        """How many unfinished jobs wait for something that ended in another way than they need."""
        return self.store.links.count_stuck() if any(self.jobs[state] for state in AWAITING_STATES) else 0

    @cached_property
    def waiting_for_locks(self) -> int:
        """How many jobs are parked because others hold their lock, at most COUNTED."""
        return self.store.lanes.count_parked(LOCK, COUNTED)

    @cached_property
    def waiting_for_batches(self) -> int:
        """How many jobs are parked because their batch is full, at most COUNTED."""
        return self.store.lanes.count_parked(BATCH, COUNTED)

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
        waiting = [name for name, counts in self.queues.items() if counts.get(PENDING)]
        found = {name: self.store.stats.oldest_pending(name) for name in waiting}
        return {name: since for name, since in found.items() if since is not None}

    @property
    def oldest_pending_age(self) -> int | None:
        """How long, in milliseconds, the job has waited that has been claimable longest; None if none is."""
        return max((max(0, self.now - since) for since in self.waiting_since.values()), default=None)

    @cached_property
    def _ended(self) -> list[Rollup]:
        return self.store.stats.series(self.now - RATE_MINUTES * MINUTE, step=MINUTE)

    @property
    def per_minute(self) -> float:
        """How many jobs have recently ended per minute."""
        return self.per_minute_of(None)

    def per_minute_of(self, queue: str | None) -> float:
        """Return how many jobs of a queue, or of all, have recently ended per minute."""
        return per_minute((row for row in self._ended if queue in (None, row.queue)), self.now)

    @cached_property
    def worker_list(self) -> list[WorkerState]:
        """Every registered worker, lost ones too; those of a group together."""
        return sorted(map(self._worker_state, self.store.workers.all()), key=lambda worker: worker.queues)

    def _worker_state(self, worker: RegisteredWorker) -> WorkerState:
        lives, uptime = is_worker_alive(self.opened.home, worker), self.now - worker.started_at
        # The pid of a worker in another container is a stranger's here.
        is_here = lives and Identity.of_worker(worker).is_alive()
        elapsed = None
        if worker.job_started_at is not None:
            elapsed = ran_for(worker.job_started_at, worker.job_suspended_at, worker.job_suspended_for or 0, self.now)
        return WorkerState.of(
            {
                **worker.parts_by_name(),
                "worker": worker.id,
                "state": "lost" if not lives else "stopping" if worker.stopping else "busy" if worker.job else "idle",
                "elapsed": elapsed,
                "memory": process.memory(worker.pid) if is_here else worker.memory,
                "uptime": uptime,
                # Its present job is counted once it has ended.
                "busy": share(worker.busy_time + (elapsed or 0), uptime),
                "queues": queues_of(worker.queues),
            }
        )

    @cached_property
    def alive(self) -> list[WorkerState]:
        """The workers that live."""
        return [worker for worker in self.worker_list if worker.state != "lost"]

    @cached_property
    def workers(self) -> dict[str, int]:
        """How many workers live, and how many are in each state."""
        states = [worker.state for worker in self.worker_list]
        counts = {state: states.count(state) for state in ("busy", "idle", "stopping", "lost")}
        return {"total": len(self.alive), **counts}

    @cached_property
    def _under_way(self) -> Sequence[Job]:
        return jobs_under_way(self.opened) if self.jobs[PROCESSING] else []

    @property
    def gone(self) -> list[Job]:
        """The jobs that are processing and whose worker is gone."""
        return [job for job in self._under_way if job.is_gone]

    @property
    def suspended(self) -> int:
        """How many jobs are suspended and have a worker that keeps them so."""
        return sum(job.is_suspended and not job.is_gone for job in self._under_way)

    @cached_property
    def pool(self) -> PoolState:
        """The pool, if one runs, and its groups."""
        pool = POOL.find(self.opened)
        if pool is None:
            return PoolState(False, [])
        groups = [Group(queues_of(group), target) for group, target in sorted(self.store.meta.pool_groups().items())]
        return PoolState(True, groups, pool.pid, pool.is_elsewhere, pool.other_version(self.opened))

    @cached_property
    def scheduler(self) -> SchedulerState:
        """The scheduler daemon, if one runs, and what it and the home's clockwork are about to do."""
        running = SCHEDULER.find(self.opened)
        record = SchedulerRecord() if running is None else self.store.meta.scheduler()
        return SchedulerState(
            running=running is not None,
            pid=None if running is None else running.pid,
            version=None if running is None else running.other_version(self.opened),
            mode=record.mode,
            max_workers=record.workers if record.mode == AUTO else None,
            interval=None if record.interval is None else round(record.interval * 1000),
            uptime=None if record.started_at is None else max(0, self.now - record.started_at),
            last_tick_at=record.ticked_at,
            next_due_at=self.store.next_due(),
            **{name: record.totals.get(name, 0) for name in ("promoted", "fired", "recovered", "pruned")},
            schedules=self.store.schedules.count(),
            pool_running=self.pool.running,
        )
