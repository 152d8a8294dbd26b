"""The only place that reads a clock or waits.

Two kinds of time are kept apart. *Wall time* (integer milliseconds since 1970, UTC) is what is
stored and shown: when a job was added, is due, was finished. *Monotonic time* (integer
milliseconds of this boot) is for leases and for how long something took: nothing that sets the
wall clock can shorten or prolong a lease. All processes of one boot share it.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading


# Linux has a clock of its own for that; the monotonic one of macOS counts sleep, unlike `time.monotonic` there.
_COUNTS_SLEEP: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock:
    """The machine's clocks. Tests use a subclass that stands still until it is moved."""

    def wall(self) -> int:
        """Return the wall time in milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> int:
        """Return the milliseconds since some fixed instant of this boot."""
        return time.monotonic_ns() // 1_000_000

    def boottime(self) -> int:
        """Return the milliseconds of this boot, the machine's sleep included: the clock that start times are of."""
        return time.clock_gettime_ns(_COUNTS_SLEEP) // 1_000_000

    def pause(self, seconds: float) -> None:
        """Wait; a signal's handler runs at once, but the wait then goes on."""
        time.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set, at most `seconds`; return whether it is set."""
        return event.wait(seconds)


SYSTEM_CLOCK = Clock()
