"""How busy the machine is: its load average, the memory that is available, and what it is short of.

A worker asks before it takes a job, at most once a second, whether the machine is within the limits `max_load` and
`min_memory`. Running jobs are left alone.

A job whose command could not be started because the machine was short of something goes back to its queue and loses no
attempt. The worker claims nothing for a while: a tenth of a second at first, twice as long after each further failure,
at most half a minute; a random share keeps workers apart.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from ...model.clock import Clock
from ...model.errors import InvalidInput
from ...model.quantity import size_text
from ...model.settings import Settings

MEMORY_FILE = "/proc/meminfo"
LOOK_MS = 1_000
FIRST_PAUSE_MS = 100
LONGEST_PAUSE_MS = 30_000


def load_average() -> float:
    """Return how many processes ran or wanted to run on average during the last minute. Raises OSError."""
    return os.getloadavg()[0]


def available_memory() -> int | None:
    """Return the bytes that new processes can take without swapping, None where the system does not say."""
    try:
        with open(MEMORY_FILE, encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass  # A system without /proc, or one that we may not read.
    return None


def demand_known_memory() -> None:
    """Raise InvalidInput where the system does not say how much memory is available."""
    if available_memory() is None:
        problem = f"min_memory cannot be kept here: {MEMORY_FILE} does not say how much memory is available"
        hint = "start them without it: queuectl worker start --min-memory none"
        raise InvalidInput(problem, field="min_memory", hint=hint)


class Limits:
    """What the last look found: `reason` says which limit the machine is beyond, None for none."""

    def __init__(self, clock: Clock) -> None:
        self.reason: str | None = None
        self._clock = clock
        self._look_at = clock.monotonic()

    def exceeded(self, settings: Settings) -> str | None:
        """Return the reason, after a look if one is due. Without limits this costs nothing."""
        if settings.max_load is None and settings.min_memory is None:
            self.reason = None
            return None
        now = self._clock.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_MS
            self.reason = _reason(settings)
        return self.reason


def _reason(settings: Settings) -> str | None:
    most, least = settings.max_load, settings.min_memory
    load = 0.0 if most is None else load_average()
    if most is not None and load >= most:
        # Cut off and not rounded: 3.96 is within 4 and must not be shown as 4.0.
        return f"load {int(load * 100) / 100:g}, allowed {most:g}"
    available = None if least is None else available_memory()
    # Where nobody says how much there is, no worker starts with this limit; one that runs would wait forever.
    if least is None or available is None or available >= least:
        return None
    return f"{size_text(available)} of memory available, needed {size_text(least)}"


class Pauses:
    """When the worker may claim again. `reason` says what the machine is short of, None for nothing."""

    def __init__(self, clock: Clock, random: Callable[[], float]) -> None:
        self.reason: str | None = None
        self._clock = clock
        self._random = random
        self._failures = 0
        self._until = clock.monotonic()

    def begin(self, reason: str) -> None:
        """Note a failure: the next pause begins."""
        self.reason = reason
        pause = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** min(self._failures, 20))
        self._failures += 1
        self._until = self._clock.monotonic() + round(pause * (0.5 + self._random() / 2))

    def end(self) -> None:
        """Note that a command was started."""
        self.reason = None
        self._failures = 0

    @property
    def is_over(self) -> bool:
        """Whether a pause has ended and no command was started since."""
        return self.reason is not None and not self.left

    @property
    def left(self) -> float:
        """The seconds until the worker may claim again."""
        return max(0, self._until - self._clock.monotonic()) / 1000
