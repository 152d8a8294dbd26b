"""A queue as users see it: its jobs, its lane, and the defaults of its new jobs."""

from __future__ import annotations

from .fields import BY_NAME
from .job import PENDING, PROCESSING
from .lane import NO_DEFAULT, PAUSED, Lane
from .policy import LISTS
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

# The fields for which a queue may have defaults.
DEFAULTS = ("max_retries", "timeout", "priority", "shell", "kill_grace", "kill_signal", *LISTS, "backoff")


class ShownQueue(Record):
    """A queue as users see it. Times are milliseconds since 1970; `defaults` are as JSON has them."""

    queue: str
    state: str
    pending: int
    processing: int
    total: int
    slots: int | None
    rate: str | None
    paused_at: int | None
    paused_until: int | None
    pause_reason: str | None
    draining: bool
    defaults: dict[str, Any]

    @classmethod
    def of_lane(cls, lane: Lane, counts: Mapping[str, int], now: int, *, is_shut: bool) -> ShownQueue:
        """Return a queue with its jobs by state; `is_shut` says that the home is paused."""
        running, paused = counts.get(PROCESSING, 0), lane.is_paused(now)
        return cls(
            lane.name,
            PAUSED if is_shut else lane.state(now, running),
            counts.get(PENDING, 0),
            running,
            sum(counts.values()),
            lane.slots,
            None if lane.rate is None else str(lane.rate),
            lane.paused_at if paused else None,
            lane.paused_until if paused else None,
            lane.pause_reason if paused else None,
            bool(lane.is_draining),
            {name: BY_NAME[name].kind.json(value) for name, value in lane.job_defaults.items()},
        )


def default_of(name: str, value: object, now: int) -> Any:
    """Return a default as it is kept, from JSON or a text; NO_DEFAULT for the text `default`. Raises ValueError."""
    if value == "default":
        return NO_DEFAULT
    field = BY_NAME[name]
    return field.check(field.kind.read(value) if isinstance(value, str) else value, now)
