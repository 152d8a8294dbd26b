"""How long a failed job waits: exact without jitter, only ever longer with it."""

from __future__ import annotations

import random
import time
from typing import Callable

import pytest

from queuectl.model import backoff
from queuectl.model.settings import Settings

SEED = time.time_ns()


def never() -> float:
    """The smallest random number."""
    return 0.0


def almost_one() -> float:
    """A random number just below 1."""
    return 1 - 2**-53


def delay(attempt: int, random: Callable[[], float] = never, **changes: float) -> int:
    return backoff.delay(attempt, Settings(changes), random)


def test_the_delay_doubles_until_the_cap() -> None:
    delays = [delay(attempt) for attempt in range(1, 12)]
    assert delays[:8] == [2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000]
    assert delays[8:] == [300_000] * 3


def test_base_one_keeps_the_delay() -> None:
    assert delay(1, backoff_base=1.0) == delay(10**6, backoff_base=1.0) == 2_000


def test_no_delay_stays_no_delay() -> None:
    assert delay(10**6, random=almost_one, retry_delay=0) == 0


def test_a_delay_above_the_cap_is_capped_at_once() -> None:
    assert delay(1, retry_delay=400_000) == 300_000


@pytest.mark.parametrize("base", [1.0, 1 + 2**-52, 1.000001, 1.5, 2.0, 10.0, 1e300])
@pytest.mark.parametrize("start", [1, 2_000, 86_400_000])
def test_a_millionth_attempt_does_not_overflow(base: float, start: int) -> None:
    waited = delay(10**6, backoff_base=base, retry_delay=start, max_retry_delay=86_400_000)
    assert start <= waited <= 86_400_000


def test_a_base_just_above_one_still_reaches_the_cap() -> None:
    assert delay(10**6, backoff_base=1.001) == 300_000
    assert delay(1_000, backoff_base=1.001) == pytest.approx(2_000 * 1.001**999, abs=1)


def test_jitter_adds_up_to_its_part_and_never_shortens() -> None:
    assert delay(3) == 8_000
    assert delay(3, random=lambda: 0.5) == 8_400
    assert delay(3, random=almost_one) == 8_800
    assert delay(3, random=almost_one, retry_jitter=1) == 16_000
    assert delay(3, random=almost_one, retry_jitter=0) == 8_000


def test_jitter_spreads_jobs_at_the_cap_too() -> None:
    print("seed", SEED)
    source = random.Random(SEED)
    delays = [delay(50, random=source.random) for _ in range(1_000)]
    assert min(delays) >= 300_000
    assert max(delays) <= 330_000
    assert max(delays) - min(delays) > 20_000


def test_any_delay_is_at_least_what_the_formula_asks_for() -> None:
    print("seed", SEED)
    source = random.Random(SEED)
    for _ in range(2_000):
        start, cap = source.randrange(0, 86_400_001), source.randrange(1_000, 86_400_001)
        base, jitter, attempt = source.uniform(1, 10), source.random(), source.randrange(1, 101)
        asked = min(cap, start * base ** (attempt - 1))
        waited = delay(
            attempt, source.random, retry_delay=start, backoff_base=base, max_retry_delay=cap, retry_jitter=jitter
        )
        assert isinstance(waited, int)
        assert asked * (1 - 1e-12) <= waited <= asked * (1 + jitter) + 1


@pytest.mark.parametrize("attempt", [0, -1])
def test_attempts_count_from_one(attempt: int) -> None:
    with pytest.raises(ValueError, match="count from 1"):
        delay(attempt)


def waits(shape: str, attempts: int = 5, **changes: float) -> list[int]:
    """Return the delays after the first attempts, in seconds."""
    settings = Settings(changes)
    return [backoff.delay(attempt, settings, never, shape) // 1000 for attempt in range(1, attempts + 1)]


@pytest.mark.parametrize(
    "shape, seconds",
    [
        ("fixed", [2, 2, 2, 2, 2]),
        ("fixed:10s", [10, 10, 10, 10, 10]),
        ("linear", [2, 4, 6, 8, 10]),
        ("linear:10s", [10, 20, 30, 40, 50]),
        ("linear:10s:0.5", [10, 15, 20, 25, 30]),
        ("linear:10s:1:25s", [10, 20, 25, 25, 25]),
        ("exponential", [2, 4, 8, 16, 32]),
        ("exponential:1s", [1, 2, 4, 8, 16]),
        ("exponential:1s:3", [1, 3, 9, 27, 81]),
        ("exponential:1s:3:10s", [1, 3, 9, 10, 10]),
        ("exponential:1h", [3600] * 5),
        ("10s,1m,10m", [10, 60, 600, 600, 600]),
        ("0s,1m", [0, 60, 60, 60, 60]),
        ("7", [7] * 5),
    ],
)
def test_a_backoff_says_how_long_each_wait_is(shape: str, seconds: list[int]) -> None:
    assert backoff.check_backoff(shape, 0) == shape
    assert waits(shape) == seconds


def test_the_settings_stand_in_for_missing_parts_of_a_backoff() -> None:
    settings = {"retry_delay": 3_000, "backoff_base": 10.0, "max_retry_delay": 20_000}
    assert waits("exponential", 3, **settings) == [3, 20, 20]
    assert waits("fixed", 3, **settings) == [3, 3, 3]
    assert waits("linear", 3, **settings) == [3, 6, 9]
    assert waits("10m", 1, **settings) == [600]


@pytest.mark.parametrize("shape", ["fixed:10s", "linear:10s", "10s,1m"])
def test_the_jitter_makes_each_of_them_longer_only(shape: str) -> None:
    most = backoff.delay(1, Settings({"retry_jitter": 0.5}), almost_one, shape)
    assert 10_000 < most <= 15_000


@pytest.mark.parametrize("shape", ["linear:10s:10", "exponential:1ms:10"])
def test_no_attempt_is_so_late_that_its_wait_overflows(shape: str) -> None:
    assert backoff.delay(10**9, Settings({}), never, shape) == 300_000


@pytest.mark.parametrize("value", [None, "", "none", " NONE ", "default"])
def test_no_backoff_means_the_settings(value: object) -> None:
    assert backoff.check_backoff(value, 0) is None


@pytest.mark.parametrize(
    "value",
    [
        *("quadratic", "fixed:", "fixed:10s:2", "linear:x", "exponential:1s:0.5", "exponential:1s:11"),
        *("exponential:1s:2:3s:4", "10s,", ",10s", "10s,soon", "-1s", "2d", "fixed:25h", "1s," * 100 + "1s"),
        *(5, True, ["10s"], {}),
    ],
)
def test_an_invalid_backoff_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be fixed, linear or exponential"):
        backoff.check_backoff(value, 0)
