"""Who a process is: pid, start time, boot and pid namespace together. A pid alone may be a stranger's by now.

The boot tells processes from before a restart of the machine apart, the namespace those of another container, where the
same pid means another process. Only a process that can be seen from here can be judged or signalled.

Processes are ended from outside: asked and, if necessary, forced; never a stranger, and never waited for forever. One
that was stopped (Ctrl-Z, SIGSTOP) cannot follow a signal before it goes on, so each signal comes with one that
continues it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from ...model.clock import Clock
from ...model.errors import DaemonUnavailable
from ...model.record import Record
from ...model.worker import RegisteredWorker
from . import process

BETWEEN = "\t"
LOOK_SECONDS = 0.02


class Identity(Record):
    """One process of one boot and namespace, each taken for ours if it is unknown (None)."""

    pid: int
    start: str
    boot: str | None
    namespace: str | None

    @classmethod
    def own(cls) -> Identity:
        """Return that of this process."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Identity:
        """Return that of the process with this pid; it is not alive if there is no such process."""
        return cls(pid, process.start_time(pid) or "", process.boot_id(), process.namespace())

    @classmethod
    def of_worker(cls, worker: RegisteredWorker) -> Identity:
        """Return that of a registered worker."""
        return cls(worker.pid, worker.pid_start, worker.boot, worker.namespace or None)

    @classmethod
    def parse(cls, text: str) -> Identity | None:
        """Return the identity that `str()` has written, None for any other text."""
        process, boot, namespace = (text.strip("\n").split(BETWEEN) + ["", ""])[:3]
        pid, _, start = process.partition(" ")
        return cls(int(pid), start, boot or None, namespace or None) if pid.isdigit() and start else None

    def __str__(self) -> str:
        return BETWEEN.join((f"{self.pid} {self.start}", self.boot or "", self.namespace or ""))

    def is_of_this_boot(self) -> bool:
        """Return whether the machine has not been started again since."""
        return self.boot in (None, process.boot_id())

    def is_visible(self) -> bool:
        """Return whether its pid means the same process here."""
        return self.is_of_this_boot() and self.namespace in (None, process.namespace())

    def is_alive(self) -> bool:
        """Return whether it can be seen from here and runs; a zombie does not."""
        return self.is_visible() and process.is_same_process(self.pid, self.start)

    def order(self, number: signal.Signals) -> None:
        """Send a signal to this very process, and wake it if it was stopped (Ctrl-Z), so that it can follow."""
        self.send(number)
        self.send(signal.SIGCONT)

    def send(self, number: signal.Signals) -> bool:
        """Send a signal to this very process; return whether it was there."""
        return self.is_visible() and process.send_to(self.pid, self.start, number)


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
