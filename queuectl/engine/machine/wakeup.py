"""One wait for everything that can wake a daemon: signals, doorbell, pipes and the parent's death.

Signal handlers only set a flag; Python writes the signal's number into a pipe, which ends the wait. It uses plain
`poll`: a selector costs 50 microseconds more for each job. A child's death ends the wait through a descriptor for the
process where the system has those, otherwise through SIGCHLD.
"""

from __future__ import annotations

import math
import os
import select
import signal

from .doorbell import CONTROL, Doorbell

READABLE = select.POLLIN
# Asks a process to look at its files in the home. By default it does nothing.
LOOK = signal.SIGURG
# How to stop.
NOT, ORDERLY, AT_ONCE = 0, 1, 2


class Wakeup:
    """What a process's main thread waits for: signals, its bell, and other descriptors.

    `stops` says how to stop: NOT, ORDERLY, or from AT_ONCE on at once. With `interrupts` it counts the SIGTERMs,
    SIGINTs and SIGHUPs so far. Without, a second SIGTERM is no order: a signal to all processes at once is meant for
    the pool, which orders its workers too. SIGQUIT counts as two: signals in quick succession arrive as one.
    """

    def __init__(self, bell: Doorbell, *, interrupts: bool, parent: int | None = None) -> None:
        self._poll = select.poll()
        self._parent = parent
        self._interrupts = interrupts
        self.stops = NOT
        self.orphaned = False
        self.rung = False
        self._come: set[bytes | int] = set()
        self._bell = bell
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        os.set_blocking(self._write_end, False)
        for descriptor in (self._read_end, bell.fileno(), parent):
            if descriptor is not None:
                self.listen(descriptor)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._note_stop)
        signal.signal(signal.SIGQUIT, self._note_stop)
        signal.signal(LOOK, self._note)
        signal.signal(signal.SIGINT, self._note_stop if interrupts else signal.SIG_IGN)
        # A terminal that is closed asks the pool to stop, unless `nohup` says otherwise.
        if interrupts and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._note_stop)
        self._has_pidfd = _has_pidfd()
        if not self._has_pidfd:
            signal.signal(signal.SIGCHLD, self._note)

    def _note_stop(self, number: int, frame: object) -> None:
        if number == signal.SIGQUIT:
            self.stops = max(AT_ONCE, self.stops)
        elif self._interrupts:
            self.stops += 1
        else:
            self.stops = max(ORDERLY, self.stops)
        # The code that runs a job must look at it at once.
        self._come.add(CONTROL)

    def _note(self, number: int, frame: object) -> None:
        self._come.add(number)

    @property
    def is_forced(self) -> bool:
        """Whether this process must stop at once."""
        return self.stops >= AT_ONCE

    @property
    def is_stopping(self) -> bool:
        """Whether this process must stop, or its parent is gone."""
        return self.stops > 0 or self.orphaned

    def stop(self, how: int) -> None:
        """Act as if the signals for ORDERLY or AT_ONCE had come; do nothing for NOT."""
        if how != NOT:
            self.stops = max(self.stops, how)
            self._come.add(CONTROL)

    def listen(self, descriptor: int) -> None:
        """Let a descriptor that becomes readable end the wait too."""
        self._poll.register(descriptor, READABLE)

    def listen_for_death(self, pid: int) -> int | None:
        """Let the death of a child end the wait; return the descriptor that becomes readable, None for SIGCHLD."""
        if not self._has_pidfd:
            return None
        descriptor = os.pidfd_open(pid)
        self.listen(descriptor)
        return descriptor

    def forget(self, descriptor: int) -> None:
        """Stop listening to a descriptor, before it is closed."""
        self._poll.unregister(descriptor)

    def wait(self, seconds: float) -> list[int]:
        """Wait for at most `seconds`; return those of the caller's descriptors that can be read."""
        ready = []
        # Rounded up, so that a deadline has passed when the wait for it is over.
        for descriptor, _ in self._poll.poll(math.ceil(max(0, seconds) * 1000)):
            if descriptor == self._read_end:
                _empty(descriptor)
            elif descriptor == self._bell.fileno():
                self.rung = True
                if CONTROL in self._bell.answer():
                    self._come.add(CONTROL)
            elif descriptor == self._parent:
                self.orphaned = True
                self.forget(descriptor)
            else:
                ready.append(descriptor)
        return ready

    def take(self, what: bytes | int) -> bool:
        """Return whether the bell's CONTROL byte, LOOK or SIGCHLD has come since the last call."""
        try:
            # One step: between two, a handler could add it again.
            self._come.remove(what)
        except KeyError:
            return False
        return True

    def close(self) -> None:
        """Let go of signals and descriptors."""
        signal.set_wakeup_fd(-1)
        os.close(self._read_end)
        os.close(self._write_end)


def _has_pidfd() -> bool:
    """Return whether the system has descriptors for processes: Linux 5.3 and Python 3.9 or later."""
    if not hasattr(os, "pidfd_open"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


def _empty(descriptor: int) -> None:
    try:
        while len(os.read(descriptor, 4096)) == 4096:
            continue
    except BlockingIOError:
        return
