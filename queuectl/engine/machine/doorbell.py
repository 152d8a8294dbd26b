"""Wake idle workers and the pool at once, instead of having them look again and again.

Each listener owns a named pipe in `run/bells`. To ring is to write one byte to every pipe whose name begins with a
prefix. A pipe that nobody listens to any more is skipped; a full one has been rung already. A ring may get lost with
its listener: the slow poll of the listeners is the safety net.
"""

from __future__ import annotations

import os

from ...store.home import Home
from ...store.lockfile import is_in_place

WORK = b"w"
CONTROL = b"c"
WORKERS = "worker-"
POOL = "pool"
SCHEDULER = "scheduler"
# Who promotes due jobs and fires schedules.
SCHEDULERS = (POOL, SCHEDULER)
ALL = (WORKERS, *SCHEDULERS)


class Doorbell:
    """A bell to listen to: its descriptor becomes readable when it is rung."""

    def __init__(self, home: Home, name: str) -> None:
        self.path = os.path.join(home.bells, name)
        self._descriptor = self._hang()

    def _hang(self) -> int:
        if os.path.exists(self.path):
            os.unlink(self.path)
        os.mkfifo(self.path, 0o600)
        # Open for writing too: a pipe without any writer would be readable forever.
        return os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def is_in_place(self) -> bool:
        """Return whether a ring reaches us: the pipe may have been removed or replaced. Raises OSError."""
        return is_in_place(self.path, os.fstat(self._descriptor))

    def hang_again(self) -> None:
        """Make the pipe again; a process that waits for it goes on with the same descriptor. Raises OSError."""
        made = self._hang()
        os.dup2(made, self._descriptor, inheritable=False)
        os.close(made)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._descriptor

    def answer(self) -> bytes:
        """Return the bytes that were rung since the last call."""
        try:
            return os.read(self._descriptor, 4096)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        """Stop listening and remove the pipe."""
        try:
            if self.is_in_place():
                os.unlink(self.path)
        except OSError:
            pass  # It stays, and is skipped: nobody listens to it any more.
        os.close(self._descriptor)


def ring(home: Home, prefix: str | tuple[str, ...], what: bytes = WORK) -> None:
    """Ring every bell whose name begins with `prefix`, or with one of several, as far as the system lets us."""
    try:
        names = os.listdir(home.bells)
    except OSError:
        return  # Nobody to ring, or no descriptor to ring with: the slow poll of the listeners is the safety net.
    for name in names:
        if name.startswith(prefix):
            _ring(os.path.join(home.bells, name), what)


def _ring(path: str, what: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return  # Nobody listens, or it is no pipe.
    try:
        os.write(descriptor, what)
    except OSError:
        return  # It has been rung already, or its listener has just gone.
    finally:
        os.close(descriptor)
