"""How workers, their pool and the scheduler are at one instant, and what the scheduler writes down of itself."""

from __future__ import annotations

from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

MANUAL, AUTO = "manual", "auto"


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


class SchedulerRecord(Record):
    """What a scheduler daemon is and did; one that never ran has no mode.

    `workers` is the most that it may start, `interval` the longest time between two checks in seconds, `totals` how
    often it did what. Times are in milliseconds.
    """

    mode: str | None = None
    workers: int | None = None
    interval: float | None = None
    started_at: int | None = None
    ticked_at: int | None = None
    totals: Mapping[str, int] = {}


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
