"""What the scheduler daemon records about itself, and its state."""

from __future__ import annotations

from collections.abc import Mapping

from .record import Record

MANUAL, AUTO = "manual", "auto"
# The things that it does and counts.
TOTALS = ("promoted", "fired", "recovered", "pruned")


class SchedulerRecord(Record):
    """What a scheduler daemon is and did. Times are in milliseconds."""

    mode: str | None = None  # None of one that never ran
    workers: int | None = None  # the most that automatic mode may start, also kept in manual mode
    interval: float | None = None  # the longest time between two checks, in seconds
    started_at: int | None = None
    ticked_at: int | None = None
    totals: Mapping[str, int] = {}  # what it did
    has_started: bool = False  # whether it started the running workers for all queues


class SchedulerState(Record):
    """Whether a scheduler runs, its version if not ours, what it did and what will be due; times in milliseconds."""

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
