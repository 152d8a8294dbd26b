"""How workers, their pool and the scheduler are at one instant."""

from __future__ import annotations

from .record import Record


class WorkerState(Record):
    """A registered worker: busy, idle, stopping or lost; `queues` is empty if it takes jobs from all.

    `elapsed` and `uptime` are in milliseconds, `memory` in bytes; `busy` is the share of its time in which it ran jobs.
    """

    worker: int
    pid: int
    state: str
    job: str | None
    elapsed: int | None
    jobs_done: int
    heartbeat_at: int
    memory: int
    uptime: int
    busy: float | None
    queues: list[str]
    command: str | None
    trouble: str | None


class Group(Record):
    """Some of a pool's workers: those that take jobs from `queues`, and how many there are to be."""

    queues: list[str]
    target: int


class PoolState(Record):
    """Whether a pool runs, whether in another container, and its version if that is not ours."""

    running: bool
    groups: list[Group]
    pid: int | None = None
    elsewhere: bool = False
    version: str | None = None

    @property
    def target(self) -> int:
        """How many workers there are to be."""
        return sum(group.target for group in self.groups)


class SchedulerState(Record):
    """Whether a scheduler daemon runs, its version if that is not ours, what it did, and what will be due.

    `interval` and `uptime` are in milliseconds.
    """

    running: bool
    pid: int | None
    version: str | None
    mode: str | None
    max_workers: int | None
    interval: int | None
    uptime: int | None
    last_tick_at: int | None
    next_due_at: int | None
    promoted: int
    fired: int
    recovered: int
    pruned: int
    schedules: int
    pool_running: bool
