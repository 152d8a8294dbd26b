"""Buckets of durations, and percentiles estimated from them."""

from __future__ import annotations

import math
from random import Random
from typing import Callable

import pytest

from queuectl.model.histogram import BOUNDS, BUCKETS, Histogram, bucket_of


def histogram(*durations: int, ends: bool = True) -> Histogram:
    """Return what is known of some durations; without `ends` as an older version knew it."""
    found = Histogram()
    for duration in durations:
        found.add(bucket_of(duration), 1, duration, *((duration, duration) if ends else (None, None)))
    return found


def nearest_rank(durations: list[int], percent: float) -> int:
    ordered = sorted(durations)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def test_the_bounds_are_those_that_the_store_was_filled_by() -> None:
    written = "5 10 25 50 100 250 500 1000 2500 5000 10000 30000 60000 300000 1800000 3600000 21600000"
    assert list(BOUNDS) == list(map(int, written.split()))
    assert BUCKETS == 18


def test_a_bucket_holds_what_is_at_most_its_bound() -> None:
    assert [bucket_of(bound) for bound in BOUNDS] == list(range(BUCKETS - 1))
    assert [bucket_of(bound + 1) for bound in BOUNDS] == list(range(1, BUCKETS))
    assert [bucket_of(duration) for duration in (-3, 0, 1 << 60)] == [0, 0, BUCKETS - 1]


def test_there_is_no_percentile_of_nothing() -> None:
    assert histogram().percentile(50) is None
    assert histogram().spread((50,)) is None


@pytest.mark.parametrize("percent", [0, -1, 100.1])
def test_a_percentile_beyond_the_scale_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        histogram(1).percentile(percent)


@pytest.mark.parametrize("durations", [[70_000], [70_000] * 5, [1], [0, 0], [21_600_001] * 2])
def test_percentiles_of_equal_durations_are_exact(durations: list[int]) -> None:
    assert {histogram(*durations).percentile(percent) for percent in (1, 50, 99, 100)} == {durations[0]}


@pytest.mark.parametrize(
    ("durations", "percent", "estimate"),
    [
        # Spread evenly over a bucket.
        ([60, 70, 80, 90], 50, 75),
        ([60, 70, 80, 90], 100, 90),
        # A half of them in each of two buckets.
        ([8] * 5 + [20] * 5, 50, 8),
        ([8] * 5 + [20] * 5, 51, 20),
        # Most of them are near the shortest of their bucket.
        ([60_001] * 9 + [299_000], 50, 60_100),
        ([60_001] * 9 + [299_000], 100, 299_000),
    ],
)
def test_a_percentile_is_estimated_from_the_ends_and_the_average_of_its_bucket(
    durations: list[int], percent: float, estimate: float
) -> None:
    assert histogram(*durations).percentile(percent) == pytest.approx(estimate, rel=0.02)


def test_ends_that_are_not_known_are_those_of_the_bucket() -> None:
    assert histogram(75, 75, ends=False).percentile(100) == 100
    assert histogram(75, 75, ends=False).percentile(50) == 75
    # Nobody knows how far the last bucket goes: its average is known.
    assert histogram(30_000_000, 40_000_000, ends=False).percentile(100) == 40_000_000


SEED = 20_261_127


def samples() -> list[list[int]]:
    """Return lists of durations of many shapes."""
    random = Random(SEED)
    shapes: list[Callable[[], int]] = [
        lambda: random.randrange(100_000),
        lambda: round(random.expovariate(1 / 3_000)),
        lambda: round(random.gauss(70_000, 2_000)),
        lambda: random.choice((4, 4, 4, 250_000)),
        lambda: round(random.paretovariate(1.1) * 50),
    ]
    return [[max(0, shape()) for _ in range(size)] for shape in shapes for size in (1, 2, 7, 500)]


@pytest.mark.parametrize("durations", samples(), ids=lambda durations: f"{len(durations)} from {durations[0]}")
def test_an_estimate_is_in_the_bucket_of_the_truth_and_between_the_ends(durations: list[int]) -> None:
    found = histogram(*durations)
    before = float(min(durations))
    for percent in (0.1, 1, 25, 50, 90, 95, 99, 99.9, 100):
        estimate = found.percentile(percent)
        assert estimate is not None and before <= estimate <= max(durations), (SEED, percent)
        assert bucket_of(math.ceil(estimate)) == bucket_of(nearest_rank(durations, percent)), (SEED, percent)
        before = estimate
    assert found.percentile(100) == max(durations)


@pytest.mark.parametrize("durations", samples(), ids=lambda durations: f"{len(durations)} from {durations[0]}")
def test_average_and_ends_are_exact(durations: list[int]) -> None:
    spread = histogram(*durations).spread((50,))
    assert spread is not None and list(spread) == ["average", "minimum", "maximum", "p50"]
    exact = (round(sum(durations) / len(durations)), min(durations), max(durations))
    assert tuple(spread.values())[:3] == exact, SEED
