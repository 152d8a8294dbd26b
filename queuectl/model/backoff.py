"""How long a job waits after a failed attempt.

    fixed        DELAY
    linear       DELAY * (1 + BASE * (attempt - 1)), at most MAX
    exponential  DELAY * BASE ** (attempt - 1), at most MAX
    10s,1m,10m   each after its attempt, the last one after all others

all times `1 + U(0, retry_jitter)`. The default is `exponential` with `retry_delay`, `backoff_base` and
`max_retry_delay`; these also stand in for missing parts, except that the base of `linear` is 1 by default.

The jitter only adds: no retry comes early, and jobs that failed together come back spread out. The cap is applied
before the jitter, so that jobs at the cap spread as well.
"""

from __future__ import annotations

import math

from . import when

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Protocol

    class Retries(Protocol):
        """The settings for jobs without their own backoff."""

        retry_delay: int
        backoff_base: float
        max_retry_delay: int
        retry_jitter: float


FIXED, LINEAR, EXPONENTIAL = "fixed", "linear", "exponential"
# How many parts may follow each.
SHAPES = {FIXED: 1, LINEAR: 3, EXPONENTIAL: 3}
MOST_DELAYS = 100
HIGHEST_BASE = 10
RULE = "must be fixed, linear or exponential, with :DELAY:BASE:MAX behind it, or delays such as 10s,1m,10m"


def delay(attempt: int, settings: Retries, random: Callable[[], float], shape: str | None = None) -> int:
    """Return the milliseconds to wait after the attempt-th failure, which counts from 1.

    `random` returns numbers of [0, 1). `shape` is a backoff as `check_backoff` returns it, None for the settings'.
    """
    if attempt < 1:
        raise ValueError(f"attempts count from 1, got {attempt}")
    return math.ceil(_without_jitter(attempt, settings, shape) * (1 + settings.retry_jitter * random()))


def _without_jitter(attempt: int, settings: Retries, shape: str | None) -> float:
    name, *parts = (shape or EXPONENTIAL).split(":")
    if name not in SHAPES:
        delays = name.split(",")
        return when.parse_duration(delays[min(attempt, len(delays)) - 1])
    start = when.parse_duration(parts[0]) if parts else settings.retry_delay
    if name == FIXED:
        return start
    cap = when.parse_duration(parts[2]) if len(parts) > 2 else max(settings.max_retry_delay, start if parts else 0)
    default_base = 1.0 if name == LINEAR else settings.backoff_base
    base = float(parts[1]) if len(parts) > 1 else default_base
    try:
        factor = 1 + base * (attempt - 1) if name == LINEAR else base ** (attempt - 1)
    except OverflowError:
        return cap if start else 0
    return min(float(cap), start * factor)


def check_backoff(value: object, now: int) -> str | None:
    """Return a backoff as it is kept, None for the setting. Raises ValueError with the rule."""
    if value is None or isinstance(value, str) and value.strip().lower() in ("", "none", "default"):
        return None
    text = "".join(value.lower().split()) if isinstance(value, str) else ""
    name, *parts = text.split(":")
    if name in SHAPES:
        delays, bases = [*parts[:1], *parts[2:]], parts[1:2]
        is_right = len(parts) <= SHAPES[name] and all(_is_base(base, lowest=name == EXPONENTIAL) for base in bases)
    else:
        delays = text.split(",")
        is_right = len(delays) <= MOST_DELAYS
    if is_right and all(when.is_duration(delay, 0, when.DAY) for delay in delays):
        return text
    raise ValueError(RULE)


def _is_base(text: str, lowest: int) -> bool:
    try:
        return lowest * 1_000 <= when.scaled(text, 1_000) <= HIGHEST_BASE * 1_000
    except ValueError:
        return False
