"""What the scheduler daemon writes down of itself."""

from __future__ import annotations

from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

MANUAL, AUTO = "manual", "auto"


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
