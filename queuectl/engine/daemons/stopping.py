"""End a process from outside: ask it, and if it must be, force it; never a stranger, and never wait without end.

A process that was stopped (Ctrl-Z, SIGSTOP) cannot follow a signal before it goes on, so each signal comes with one
that continues it. Whom to signal is told by its whole identity, so that a pid that was given away again does no harm.
"""

from __future__ import annotations

import signal

from ...model.errors import DaemonUnavailable
from ..home.instance import find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.clock import Clock
    from ...store import Home
    from ..home.instance import Kind
    from ..machine.identity import Identity

LOOK_SECONDS = 0.02
# How long the system may take to end what was killed: a process that waits for a dead disk stays.
DEATH_MS = 10_000


def tell(identity: Identity, order: signal.Signals) -> None:
    """Send a signal to a process, and have it go on so that it can follow."""
    identity.send(order)
    identity.send(signal.SIGCONT)


def stop_daemon(kind: Kind, home: Home, clock: Clock, kill_after_ms: int) -> int | None:
    """Stop the daemon of a kind and wait until it is gone; return its pid, None if there was none.

    One that does not follow in time is killed, which no job minds. Raises DaemonUnavailable if it cannot be.
    """
    running = find(kind, home, clock)
    if running is None:
        return None
    identity = running.here()
    tell(identity, signal.SIGTERM)
    kill_at = clock.monotonic() + kill_after_ms
    while identity.is_alive():
        if clock.monotonic() >= kill_at:
            identity.send(signal.SIGKILL)
        if clock.monotonic() >= kill_at + DEATH_MS:
            raise DaemonUnavailable(
                f"{kind.subject} (pid {identity.pid}) cannot be ended", hint=f"find out why: ps -fp {identity.pid}"
            )
        clock.pause(LOOK_SECONDS)
    return identity.pid
