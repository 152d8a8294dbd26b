"""Buckets of durations, and percentiles as Prometheus estimates them."""

from __future__ import annotations

import pytest

from queuectl.model.histogram import BOUNDS, BUCKETS, bucket_of, percentile


def counts(**buckets: int) -> list[int]:
    """Return how many are in each bucket: `le_10=3` are three of the bucket up to 10 ms, `more` of the last one."""
    found: dict[str, int] = {**{f"le_{bound}": 0 for bound in BOUNDS}, "more": 0}
    assert set(buckets) <= set(found)
    found.update(buckets)
    return list(found.values())


def test_the_bounds_are_those_that_the_store_was_filled_by() -> None:
    assert BOUNDS == (
        5,
        10,
        25,
        50,
        100,
        250,
        500,
        1000,
        2500,
        5000,
        10000,
        30000,
        60000,
        300000,
        1800000,
        3600000,
        21600000,
    )
    assert BUCKETS == 18


@pytest.mark.parametrize(
    "duration, bucket",
    [
        (-3, 0),
        (0, 0),
        (5, 0),
        (6, 1),
        (10, 1),
        (11, 2),
        (100, 4),
        (101, 5),
        (21_600_000, 16),
        (21_600_001, 17),
        (1 << 60, 17),
    ],
)
def test_a_bucket_holds_what_is_at_most_its_bound(duration: int, bucket: int) -> None:
    assert bucket_of(duration) == bucket


def test_each_bound_is_in_a_bucket_of_its_own_and_what_exceeds_it_in_the_next() -> None:
    assert [bucket_of(bound) for bound in BOUNDS] == list(range(BUCKETS - 1))
    assert [bucket_of(bound + 1) for bound in BOUNDS] == list(range(1, BUCKETS))


@pytest.mark.parametrize(
    "buckets, percent, estimate",
    [
        # All in one bucket, from 50 to 100: spread evenly over it.
        ({"le_100": 10}, 50, 75.0),
        ({"le_100": 10}, 100, 100.0),
        ({"le_100": 10}, 10, 55.0),
        ({"le_100": 1}, 50, 75.0),
        # The first bucket begins at 0.
        ({"le_5": 4}, 50, 2.5),
        ({"le_5": 4}, 25, 1.25),
        # A half of them in each of two: the median is the bound between them.
        ({"le_10": 5, "le_25": 5}, 50, 10.0),
        ({"le_10": 5, "le_25": 5}, 75, 17.5),
        # Buckets without any in between do not matter.
        ({"le_5": 50, "le_10000": 50}, 50, 5.0),
        ({"le_5": 50, "le_10000": 50}, 51, 5100.0),
        ({"le_5": 90, "le_1000": 10}, 95, 750.0),
        ({"le_5": 90, "le_1000": 10}, 99, 950.0),
        # Nobody knows how long those of the last one took.
        ({"more": 3}, 50, 21_600_000.0),
        ({"le_5": 1, "more": 99}, 99, 21_600_000.0),
        ({"le_5": 1, "more": 99}, 1, 5.0),
    ],
)
def test_a_percentile_is_interpolated_within_its_bucket(
    buckets: dict[str, int], percent: float, estimate: float
) -> None:
    assert percentile(counts(**buckets), percent) == pytest.approx(estimate)


def test_there_is_no_percentile_of_nothing() -> None:
    assert percentile(counts(), 50) is None
    assert percentile((), 99) is None


@pytest.mark.parametrize("percent", [0, -1, 100.1])
def test_a_percentile_beyond_the_scale_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(counts(le_5=1), percent)


def test_percentiles_never_go_down() -> None:
    spread = [(number * 7) % 5 for number in range(BUCKETS)]
    estimates = [percentile(spread, percent) or 0 for percent in range(1, 101)]
    assert estimates == sorted(estimates)


def test_an_estimate_is_off_by_no_more_than_its_bucket() -> None:
    durations = sorted(number * number % 9_973 for number in range(1, 2_000))
    spread = [0] * BUCKETS
    for duration in durations:
        spread[bucket_of(duration)] += 1
    for percent in (1, 25, 50, 90, 95, 99):
        truth = durations[-(-len(durations) * percent // 100) - 1]
        estimate = percentile(spread, percent)
        assert estimate is not None and bucket_of(round(estimate)) == bucket_of(truth)
