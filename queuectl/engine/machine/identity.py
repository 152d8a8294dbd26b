"""Who a process is: pid, start time, boot and pid namespace together. A pid alone may be a stranger's by now.

The boot tells processes from before a restart of the machine apart, the namespace those of another container, where the
same pid means another process. Only a process that can be seen from here can be judged or signalled.
"""

from __future__ import annotations

import os
import signal

from ...model.record import Record
from ...model.worker import RegisteredWorker
from . import process

BETWEEN = "\t"


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
        """Return that of the process with this pid, which is not alive if there is none."""
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
