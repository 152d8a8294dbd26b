"""The only place that reads a clock or waits.

Three kinds of time are kept apart. *Wall time* (integer milliseconds since 1970, UTC) is what is stored and shown: when
a job was added, is due, was finished. *Monotonic time* (integer milliseconds of this boot) measures leases and
durations: setting the wall clock neither shortens nor prolongs a lease. *Boot time* is monotonic too, but goes on while
the machine sleeps: its distance from wall time changes only if the wall clock is set. All processes of one boot share
the last two.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading

# Where there is no CLOCK_BOOTTIME, as on macOS, CLOCK_MONOTONIC counts sleep; Python's monotonic() does not there.
BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
# No machine has been up that long: a tool that fakes the time of this process may replace all of its clocks.
LONGEST_UPTIME_MS = 20 * 365 * 86_400_000
# Two readings at most this far apart count as one instant; and how often to try for that.
ONE_INSTANT_MS = 20
TRIES = 50


class Clock:
    """The machine's clocks. Tests use a subclass that stands still until it is moved."""

    def wall(self) -> int:
        """Return the wall time in milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> int:
        """Return the milliseconds since some fixed instant of this boot."""
        return time.monotonic_ns() // 1_000_000

    def boottime(self) -> int:
        """Return the milliseconds since some fixed instant of this boot, sleep included."""
        if BOOT_CLOCK is None:
            return self.monotonic()  # Windows: it counts sleep there.
        uptime = time.clock_gettime_ns(BOOT_CLOCK) // 1_000_000
        return uptime if uptime < LONGEST_UPTIME_MS else _uptime_from_file(uptime)

    def ahead(self) -> int:
        """Return by how many milliseconds wall time is ahead of boot time: another value means that it was set."""
        # Both are read in one instant: a process that is stopped between two readings reads again.
        for _ in range(TRIES):
            before, wall, after = self.boottime(), self.wall(), self.boottime()
            if after - before <= ONE_INSTANT_MS:
                break
        return wall - after

    def pause(self, seconds: float) -> None:
        """Wait; a signal's handler runs at once, but the wait then goes on."""
        time.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set, at most `seconds`; return whether it is set."""
        return event.wait(seconds)


def _uptime_from_file(otherwise: int) -> int:
    try:
        with open("/proc/uptime", encoding="ascii") as file:
            return round(float(file.read().split()[0]) * 1000)
    except (OSError, ValueError):
        return otherwise


SYSTEM_CLOCK = Clock()
