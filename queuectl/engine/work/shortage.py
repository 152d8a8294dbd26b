"""The pauses of a worker that could not start a command because the machine was short of something.

The job goes back to its queue and loses no attempt. The worker claims nothing for a while: a tenth of a second at
first, twice as long after each further failure, at most half a minute; a random share keeps workers apart.
"""

from __future__ import annotations

from collections.abc import Callable

from ...model.clock import Clock

FIRST_PAUSE_MS = 100
LONGEST_PAUSE_MS = 30_000


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
