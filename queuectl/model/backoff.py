"""How long a job waits after a failed attempt.

    min(max_retry_delay, retry_delay * backoff_base ** (attempt - 1)) * (1 + U(0, retry_jitter))

The jitter only ever adds: no retry comes earlier than was asked for, and jobs that failed
together come back spread out. The cap is applied before the jitter, so that jobs at the cap
are spread as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from .settings import Settings


def delay(attempt: int, settings: Settings, random: Callable[[], float]) -> int:
    """Return the milliseconds to wait after the attempt-th failure, which counts from 1.

    `random` returns numbers of [0, 1).
    """
    if attempt < 1:
        raise ValueError(f"attempts count from 1, got {attempt}")
    plain = _plain(attempt - 1, settings.retry_delay, settings.backoff_base, settings.max_retry_delay)
    return math.ceil(plain * (1 + settings.retry_jitter * random()))


def _plain(exponent: int, start: int, base: float, cap: int) -> float:
    """Return the delay without jitter."""
    if start <= 0 or start >= cap or base <= 1:
        return max(0, min(start, cap))
    # From this exponent on the cap rules; a bigger one would only overflow the power.
    enough = math.ceil(math.log(cap / start) / math.log(base))
    return min(float(cap), start * base ** min(exponent, enough))
