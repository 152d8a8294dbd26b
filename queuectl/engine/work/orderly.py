"""An orderly stop of the machine, a service or a login signals the jobs too; that is no failure of theirs.

The stop may come to the worker a little later than the signal came to the command. A shell that outlives its last
command tells of the signal by its exit code.
"""

from __future__ import annotations

import signal

from ...model.clock import Clock
from ...model.outcome import SIGNALLED, Outcome
from ..machine.wakeup import Wakeup

STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
TOLD_BY_SHELL = 128
FOLLOWS_MS = 1000


def is_of_a_stop(outcome: Outcome, wakeup: Wakeup, clock: Clock) -> bool:
    """Return whether a command was ended by the same stop as this worker; wait for a moment for the stop to come."""
    number = outcome.signal if outcome.kind == SIGNALLED else (outcome.exit_code or 0) - TOLD_BY_SHELL
    if number not in STOP_SIGNALS:
        return False
    until = clock.monotonic() + FOLLOWS_MS
    while not wakeup.is_stopping and clock.monotonic() < until:
        wakeup.wait((until - clock.monotonic()) / 1000)
    return wakeup.is_stopping
