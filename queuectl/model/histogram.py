"""Buckets of durations, and percentiles estimated from them, for all screens.

A bucket holds what is longer than the bound before it and at most its own, as `le` in Prometheus; the last has none.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from .record import Record

# In milliseconds. The store keeps indexes into this: a bound may never change its place.
BOUNDS = (
    *(5, 10, 25, 50, 100, 250, 500),
    *(1_000, 2_500, 5_000, 10_000, 30_000),
    *(60_000, 300_000, 1_800_000, 3_600_000, 21_600_000),
)
BUCKETS = len(BOUNDS) + 1


def bucket_of(duration: int) -> int:
    """Return the index of the bucket that a duration in milliseconds falls into."""
    return bisect_left(BOUNDS, duration)


class Histogram:
    """How long attempts took, in milliseconds: for each bucket count, sum, and the shortest and longest if known."""

    def __init__(self) -> None:
        self._buckets: dict[int, _Bucket] = {}

    def add(self, bucket: int, count: int, total: int, shortest: int | None, longest: int | None) -> None:
        """Add attempts of one bucket. The bounds of the bucket stand in for unknown ends."""
        low = (0, *BOUNDS)[bucket] if shortest is None else shortest
        # The last bucket has no bound: the average of what is in it stands in.
        high = (*BOUNDS, total / count)[bucket] if longest is None else longest
        self._buckets.setdefault(bucket, _Bucket()).add(count, total, low, high)

    @property
    def count(self) -> int:
        """How many attempts there are."""
        return sum(bucket.count for bucket in self._buckets.values())

    def percentile(self, percent: float) -> float | None:
        """Return what `percent` of 100 of all do not exceed; None without any. 100 is the longest.

        Within a bucket it is estimated: durations are taken to be spread from the shortest to the longest in it, the
        denser at one end the nearer the average is to that end. So an estimate is never beyond the longest. Raises
        ValueError unless 0 < percent <= 100.
        """
        if not 0 < percent <= 100:
            raise ValueError(f"a percentile must be above 0 and at most 100, got {percent}")
        left = self.count * percent / 100
        for _, bucket in sorted(self._buckets.items()):
            if left <= bucket.count:
                return bucket.at(left / bucket.count)
            left -= bucket.count
        return None

    def spread(self, percents: Sequence[int]) -> dict[str, int] | None:
        """Return average, minimum, maximum and some percentiles, None without attempts."""
        if not self._buckets:
            return None
        total = sum(bucket.total for bucket in self._buckets.values())
        found: dict[str, float] = {
            "average": total / self.count,
            "minimum": self._buckets[min(self._buckets)].low,
            "maximum": self._buckets[max(self._buckets)].high,
        }
        found.update((f"p{percent}", self.percentile(percent) or 0) for percent in percents)
        return {name: round(value) for name, value in found.items()}


class _Bucket(Record):
    count: int = 0
    total: int = 0
    low: float = float("inf")
    high: float = float("-inf")

    def add(self, count: int, total: int, low: float, high: float) -> None:
        self.count += count
        self.total += total
        self.low, self.high = min(self.low, low), max(self.high, high)

    def at(self, share: float) -> float:
        """Return what a share of the durations in here does not exceed."""
        mean = self.total / self.count - self.low
        if mean <= 0:
            return self.low
        width = self.high - self.low
        # The average of `width * x ** power` for x from 0 to 1 is `mean`.
        return float(self.low + width * share ** max(0.0, width / mean - 1))
