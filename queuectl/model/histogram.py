"""Buckets of durations, and percentiles estimated from how many durations fell into each.

A bucket holds what is longer than the bound before it and at most its own bound, as `le` does in
Prometheus; the last one has no bound.
"""

from __future__ import annotations

from bisect import bisect_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

# In milliseconds. The store keeps indexes into this: a bound may never change its place.
BOUNDS = (
    5,
    10,
    25,
    50,
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    30_000,
    60_000,
    300_000,
    1_800_000,
    3_600_000,
    21_600_000,
)
BUCKETS = len(BOUNDS) + 1


def bucket_of(duration: int) -> int:
    """Return the index of the bucket that a duration in milliseconds falls into."""
    return bisect_left(BOUNDS, duration)


def percentile(counts: Sequence[int], percent: float) -> float | None:
    """Return the estimated duration, in milliseconds, that `percent` of 100 of all do not exceed; None without any.

    `counts` says how many are in each of the BUCKETS. The durations of a bucket are taken to be spread
    evenly over it, and the first one to begin at 0. What falls into the last bucket is said to be as
    long as the last bound. So does `histogram_quantile` of Prometheus:
    https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
    Raises ValueError unless 0 < percent <= 100.
    """
    if not 0 < percent <= 100:
        raise ValueError(f"a percentile is of more than 0 and at most 100, got {percent}")
    rank = sum(counts) * percent / 100
    if not rank:
        return None
    below, lower = 0, 0
    for count, upper in zip(counts, BOUNDS):
        if below + count >= rank:
            return lower + (upper - lower) * (rank - below) / count
        below, lower = below + count, upper
    return float(BOUNDS[-1])
