"""The limits that the machine must be within before a worker takes a job: `max_load` and `min_memory`.

They are checked before a job is taken, at most once a second. Running jobs are left alone.
"""

from __future__ import annotations

from ...model.clock import Clock
from ...model.quantity import size_text
from ...model.settings import Settings
from ..machine.load import available_memory, load_average

LOOK_MS = 1_000


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
