"""One wait for everything that can wake a daemon: signals, doorbell, pipes and the parent's death.

Signal handlers only set a flag and let Python write the signal's number into a pipe, which ends the
wait. What a descriptor is for is told by its selector data: a stream number stands for a command's
pipe, which the caller of `wait` reads.
"""
from __future__ import annotations

import os
import selectors
import signal

from .doorbell import CONTROL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .doorbell import Doorbell

SIGNALS = "signals"
BELL = "bell"
PARENT = "parent"


class Wakeup:
    """The selector of a process's main thread, with its signals and its bell.

    `stops` counts the SIGTERMs (and, where `interrupts`, the SIGINTs) so far.
    """

    def __init__(self, bell: Doorbell, *, interrupts: bool, parent: int | None = None) -> None:
        self.selector = selectors.DefaultSelector()
        self.stops = 0
        self.orphaned = False
        self.rung = False
        self._control = False
        self._bell = bell
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        os.set_blocking(self._write_end, False)
        self.selector.register(self._read_end, selectors.EVENT_READ, SIGNALS)
        self.selector.register(bell, selectors.EVENT_READ, BELL)
        if parent is not None:
            self.selector.register(parent, selectors.EVENT_READ, PARENT)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._note_stop)
        signal.signal(signal.SIGINT, self._note_stop if interrupts else signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, _note_nothing)

    def _note_stop(self, number: int, frame: object) -> None:
        self.stops += 1

    def wait(self, seconds: float | None) -> list[tuple[int, int]]:
        """Wait for at most `seconds`; return (descriptor, stream) of the pipes that can be read."""
        pipes = []
        for key, _ in self.selector.select(seconds):
            if key.data == SIGNALS:
                _empty(self._read_end)
            elif key.data == BELL:
                self._answer()
            elif key.data == PARENT:
                self.orphaned = True
                self.selector.unregister(key.fileobj)
            else:
                pipes.append((key.fd, key.data))
        return pipes

    def _answer(self) -> None:
        self.rung = True
        if CONTROL in self._bell.answer():
            self._control = True

    def take_control(self) -> bool:
        """Return whether the bell's control byte has come since the last call."""
        control, self._control = self._control, False
        return control

    def close(self) -> None:
        """Let go of signals and descriptors."""
        signal.set_wakeup_fd(-1)
        self.selector.close()
        os.close(self._read_end)
        os.close(self._write_end)


def _note_nothing(number: int, frame: object) -> None:
    """Do nothing: the wake-up byte is what counts; without a handler there would be none."""


def _empty(descriptor: int) -> None:
    try:
        while len(os.read(descriptor, 4096)) == 4096:
            continue
    except BlockingIOError:
        return
