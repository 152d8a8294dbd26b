"""The figures of all reports, each with one formula."""

from __future__ import annotations

from .histogram import Histogram
from .job import QUEUED_STATES
from .when import MINUTE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Mapping

    from .rollup import Rollup, Timing

RATE_MINUTES = 5


def depth(counts: Mapping[str, int]) -> int:
    """Return how many jobs of {state: jobs} will run without help once a worker and their time have come."""
    return sum(counts.get(state, 0) for state in QUEUED_STATES)


def per_minute(minutes: Iterable[Rollup], now: int) -> float:
    """Return how many jobs ended (completed or dead) a minute, on average over the last five."""
    this, since = divmod(now, MINUTE)
    first = this - RATE_MINUTES
    # The sixth minute back counts in proportion.
    weights = {first: 1 - since / MINUTE, **dict.fromkeys(range(first + 1, this + 1), 1)}
    return round(sum((row.finished + row.dead) * weights.get(row.bucket, 0) for row in minutes) / RATE_MINUTES, 2)


def histograms(rows: Iterable[Timing]) -> tuple[Histogram, Histogram]:
    """Return how long attempts ran, and how long they had waited."""
    run, wait = Histogram(), Histogram()
    for row in rows:
        run.add(row.run, row.attempts, row.run_time, row.run_min, row.run_max)
        wait.add(row.wait, row.attempts, row.wait_time, row.wait_min, row.wait_max)
    return run, wait


def success_rate(ended: Rollup) -> float | None:
    """Return the share of completed jobs among those that ran to their end, None without any."""
    total = ended.finished + ended.dead
    return round(ended.finished / total, 4) if total else None


def share(part: int, whole: int) -> float | None:
    """Return the share, 1 at most, to three places; None of nothing."""
    return round(min(1.0, part / whole), 3) if whole > 0 else None


def median(values: Iterable[int]) -> int | None:
    """Return the middle of some values, None without any."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else None
