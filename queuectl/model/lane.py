"""A lane: the limits and the defaults of a queue. Slots and a rate limit it, a pause or a drain closes it.

    slots     at most this many of its jobs run at a time
    rate      at most this many of its jobs start in a period, evenly spread except for a burst
    pause     none of its jobs starts until it is resumed, or until an instant
    drain     it takes no new jobs until it is resumed
    defaults  values for its new jobs that give none

The rate is kept by GCRA: `due` is when the next job would start if all were spread evenly. A job may start up to
`burst - 1` distances earlier, and moves `due` on by one. It is in microseconds, as 600 jobs a second need.
"""

from __future__ import annotations

from . import when
from .checks import MAX_SLOTS, check_integer, check_name
from .errors import InvalidInput, with_value
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping

NO_DEFAULT = object()
# The name of the home's own lane: its pause applies to all queues.
HOME = ""
# The lanes in which jobs are parked, by what has them.
LOCK, BATCH = "lock", "batch"
US = 1_000  # microseconds in a millisecond
MAX_RATE = 1_000_000
RATE_RULE = "must be a number and a unit, and perhaps a burst, such as 10/s, 30/m or 100/h:20, or none"
PERIODS = {"s": when.SECOND, "m": when.MINUTE, "h": when.HOUR, "d": when.DAY}
# Setting the clock back by at most this much goes unnoticed.
SLACK_US = 3_000_000
OPEN, PAUSED, FULL, DRAINING = STATES = ("open", "paused", "full", "draining")


class Rate(Record):
    """How many jobs may start in a period (in milliseconds), and how many of them at once."""

    count: int
    period: int
    burst: int

    @property
    def distance(self) -> int:
        """The even distance between two starts in microseconds, rounded up."""
        return -(-self.period * US // self.count)

    def __str__(self) -> str:
        unit = next(unit for unit, period in PERIODS.items() if period == self.period)
        return f"{self.count}/{unit}" + (f":{self.burst}" if self.burst > 1 else "")


def parse_rate(text: str) -> Rate | None:
    """Return the rate of a text such as `10/m:5`, None for `none`. Raises ValueError with the rule."""
    if text.strip().lower() == "none":
        return None
    numbers, slash, rest = text.strip().lower().partition("/")
    unit, colon, burst = rest.partition(":")
    count, period = when.integer(numbers), when.UNIT_WORDS.get(unit.strip(), 0)
    at_once = when.integer(burst) if colon else 1
    if not slash or count is None or at_once is None or period not in PERIODS.values():
        raise ValueError(RATE_RULE)
    if not 0 < count <= MAX_RATE or not 0 < at_once <= MAX_RATE:
        raise ValueError(f"must have a number and a burst between 1 and {MAX_RATE}")
    return Rate(count, period, at_once)


class Lane(Record):
    """A lane as it stood when it was read. Times are milliseconds since 1970, except for `due`."""

    name: str
    slots: int | None = None
    rate_count: int | None = None
    rate_period: int = when.SECOND
    rate_burst: int = 1
    due: int = 0
    paused_at: int | None = None
    paused_until: int | None = None
    is_delay: int = 0
    pause_reason: str | None = None
    pauses_schedules: int = 0
    is_draining: int = 0
    defaults: str | None = None

    @property
    def rate(self) -> Rate | None:
        """Its rate, None without one."""
        return None if self.rate_count is None else Rate(self.rate_count, self.rate_period, self.rate_burst)

    @property
    def subject(self) -> str:
        """Its name for people."""
        return "everything" if self.name == HOME else f"queue {self.name}"

    def is_paused(self, now: int) -> bool:
        """Return whether none of its jobs may start at a wall time."""
        return self.paused_at is not None and (self.paused_until is None or now < self.paused_until)

    def is_full(self, running: int) -> bool:
        """Return whether so many running jobs take all its slots."""
        return self.slots is not None and running >= self.slots

    def starts_at(self, now: int) -> int:
        """Return when its rate lets a job start; that is in the past if one may start now."""
        rate = self.rate
        if rate is None:
            return now
        ahead = self.due - now * US
        # It cannot be this far ahead: the clock was set, and `due` was not moved along.
        if ahead > rate.burst * rate.distance + SLACK_US:
            return now
        return -(-(self.due - (rate.burst - 1) * rate.distance) // US)

    def opens_at(self, now: int, running: int) -> int | None:
        """Return when another job may start while so many run, None if that does not depend on time."""
        if self.is_full(running):
            return None
        return self.paused_until if self.is_paused(now) else self.starts_at(now)

    def has_room(self, now: int, running: int) -> bool:
        """Return whether another job may start at a wall time while so many run."""
        return not self.is_paused(now) and not self.is_full(running) and self.starts_at(now) <= now

    def room(self, now: int, running: int) -> int:
        """Return how many jobs may start at a wall time while so many run, MAX_SLOTS for any number."""
        if not self.has_room(now, running):
            return 0
        most = MAX_SLOTS if self.slots is None else self.slots - running
        return most if self.rate_count is None else min(most, self.rate_burst)

    def due_after(self, now: int) -> int:
        """Return `due` once a job has started at a wall time."""
        rate = self.rate
        assert rate is not None
        base = now * US
        if base < self.due <= base + rate.burst * rate.distance + SLACK_US:
            base = self.due
        return base + rate.distance

    def pause_text(self, now: int) -> str:
        """Return how it is paused: `paused until 18:00: game`."""
        until = "" if self.paused_until is None else f" until {when.clock_text(self.paused_until, now)}"
        return f"paused{until}" + (f": {self.pause_reason}" if self.pause_reason else "")

    def set_rate(self, rate: Rate | None) -> None:
        """Give it a rate, or none; the first job may start at once."""
        self.due, self.rate_count = 0, None
        if rate is not None:
            self.rate_count, self.rate_period, self.rate_burst = rate.count, rate.period, rate.burst

    @property
    def job_defaults(self) -> dict[str, Any]:
        """The defaults of its new jobs, as they are kept."""
        if self.defaults is None:
            return {}
        import json

        return dict(json.loads(self.defaults))

    def set_default(self, name: str, value: Any) -> None:
        """Give it a default, as it is kept, for a field of its jobs; NO_DEFAULT removes it."""
        import json

        given = {key: kept for key, kept in self.job_defaults.items() if key != name}
        if value is not NO_DEFAULT:
            given[name] = value
        self.defaults = json.dumps(given) if given else None

    def state(self, now: int, running: int) -> str:
        """Return its state, a word of STATES, while so many of its jobs run."""
        if self.is_paused(now):
            return PAUSED
        if self.is_full(running):
            return FULL
        return DRAINING if self.is_draining else OPEN

    def end_pause(self) -> None:
        """End its pause."""
        self.paused_at = self.paused_until = self.pause_reason = None
        self.is_delay = self.pauses_schedules = 0

    @property
    def is_plain(self) -> bool:
        """Whether it has neither limits nor defaults, and is open."""
        given = (self.slots, self.rate_count, self.paused_at, self.defaults)
        return not self.is_draining and all(value is None for value in given)


def is_queue_paused(lanes: Mapping[str, Lane], queue: str, now: int) -> bool:
    """Return whether a queue, or the whole home, is paused at a wall time; `lanes` by name, the home's under HOME."""
    return any(name in lanes and lanes[name].is_paused(now) for name in (HOME, queue))


class Pause(Record):
    """A pause as users see it: of a queue, or of the home if `queue` is None. Times are milliseconds since 1970."""

    queue: str | None
    at: int
    until: int | None
    reason: str | None
    schedules: bool

    @classmethod
    def of_lane(cls, lane: Lane) -> Pause:
        """Return the pause of a lane that is paused."""
        assert lane.paused_at is not None
        until, schedules = lane.paused_until, bool(lane.pauses_schedules)
        return cls(lane.name or None, lane.paused_at, until, lane.pause_reason, schedules)


def checked_name(kind: str, name: str) -> str:
    """Return the name of a queue or a lock; `kind` is which of them, for the message. Raises InvalidInput."""
    try:
        return check_name(name, 0)
    except ValueError as error:
        raise InvalidInput(f"{kind} {with_value(error, name)}", field="name") from None


def demand_slots(slots: object, *, to_stop: str, may_be_none: bool = True) -> None:
    """Raise InvalidInput unless it is a number of slots; `to_stop` is the command that lets no job run."""
    if slots is None and may_be_none:
        return
    try:
        check_integer(slots, 1, MAX_SLOTS)
    except ValueError as error:
        rule = ValueError(f"{error}, or none" if may_be_none else str(error))
        hint = f"to let none run: {to_stop}" if slots == 0 else None
        raise InvalidInput(f"the limit {with_value(rule, slots)}", field="slots", hint=hint) from None
