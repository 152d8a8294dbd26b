"""End processes from outside: ask them and, if necessary, force them; never a stranger, and never wait forever.

A process that was stopped (Ctrl-Z, SIGSTOP) cannot follow a signal before it goes on, so each signal comes with one
that continues it. A process is known by its whole identity, so that a reused pid does no harm.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence

from ...model.clock import Clock
from ...model.errors import DaemonUnavailable
from ...model.record import Record
from ...model.settings import Settings
from ...store import Store
from ..machine.identity import Identity

LOOK_SECONDS = 0.02


def longest_grace(store: Store, settings: Settings) -> int:
    """Return for how many milliseconds a running job may go on after it was asked to end. Raises StoreUnavailable."""
    running = store.attempts.running(store.contexts)
    own = [int(attempt.claim.context.options.get("kill_grace", 0)) for attempt in running]
    return max([settings.kill_grace, *own])


class TimedSignal(Record):
    """A signal, and after how many milliseconds it is sent."""

    after: int
    number: signal.Signals


def end(
    targets: Sequence[Identity],
    orders: Sequence[TimedSignal],
    limit: int,
    subject: str,
    clock: Clock,
    by_force: str = "",
) -> None:
    """Send each order when it is time, until all targets have ended. Raises DaemonUnavailable if some never do.

    The last order has `limit` milliseconds to be followed; `by_force` is the command that helps where it is not.
    `subject` says what the targets are.
    """
    start = clock.monotonic()
    for order in orders:
        if have_ended(targets, start + order.after, clock):
            return
        for target in targets:
            target.order(order.number)
    if have_ended(targets, clock.monotonic() + limit, clock):
        return
    pids = ", ".join(str(target.pid) for target in targets if target.is_alive())
    if orders[-1].number == signal.SIGKILL:
        raise DaemonUnavailable(f"{subject} (pid {pids}) cannot be ended", hint=f"find out why: ps -fp {pids}")
    raise DaemonUnavailable(f"{subject} (pid {pids}) do not answer", hint=f"end them at once with: {by_force}")


def have_ended(targets: Sequence[Identity], deadline: int, clock: Clock) -> bool:
    """Wait until all targets have ended or the deadline has passed; return whether they have ended."""
    while any(target.is_alive() for target in targets):
        if clock.monotonic() >= deadline:
            return False
        clock.pause(LOOK_SECONDS)
    return True
