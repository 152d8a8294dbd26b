"""A rate: how many jobs may start in a second, minute, hour or day, and how many of them at once."""

from __future__ import annotations

from . import when
from .record import Record

US = 1_000  # microseconds in a millisecond
MAX_RATE = 1_000_000
RATE_RULE = "must be a number and a unit, and perhaps a burst, such as 10/s, 30/m or 100/h:20, or none"
PERIODS = {"s": when.SECOND, "m": when.MINUTE, "h": when.HOUR, "d": when.DAY}


class Rate(Record):
    """How many jobs may start in a period of so many milliseconds, and how many of them at once."""

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
