"""The pool's side of the fork server: start it, ask it for workers, hear how they end. `fork_server` has the channel.

It takes the place of the one that multiprocessing has. Ours leaves nothing in TMPDIR, listens to
nobody but the pool that started it, and says how a worker that it started has ended. When it dies, its workers go on.
"""

from __future__ import annotations

import signal
import socket
import subprocess

from ...model.record import Record
from ...store import Home
from .fork_server import SIGNALS
from .launch import own_python

SERVE = "from queuectl.engine.daemons.fork_server import serve; serve(*sys.argv[1:])"
GONE_SECONDS = 5.0


class ForkReport(Record):
    """What a fork server reports of a worker: STARTED, REFUSED or ENDED; `text` is its group or the reason."""

    kind: str
    pid: int
    code: int
    text: str


class ForkClient:
    """A fork server that runs for the pool of this process. Raises OSError where none can be started.

    `lifeline` is the end of a pipe that workers watch: its other end is held by the pool alone, as long as it lives.
    """

    def __init__(self, home: Home, lifeline: int) -> None:
        self._channel, theirs = socket.socketpair()
        self._text = b""
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self._process = subprocess.Popen(
                own_python(SERVE, [str(theirs.fileno()), str(lifeline), home.path]),
                pass_fds=(theirs.fileno(), lifeline),
                cwd=home.path,
                stdin=subprocess.DEVNULL,
            )
        except OSError:
            self._channel.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            theirs.close()

    def fileno(self) -> int:
        """Return the descriptor to wait for: it becomes readable when there are reports."""
        return self._channel.fileno()

    def ask(self, group: str) -> None:
        """Ask for one more worker of a group. If it is gone, the next look at the reports says so."""
        # One that somebody has stopped would not read, and many long names fill the channel.
        self.go_on()
        try:
            self._channel.sendall(f"{group}\n".encode())
        except OSError:
            return

    def go_on(self) -> None:
        """Have it go on if somebody has stopped it."""
        self._process.send_signal(signal.SIGCONT)

    def reports(self) -> list[ForkReport] | None:
        """Return what has been reported since the last call, None once the fork server is gone."""
        is_gone = False
        while not is_gone:
            try:
                data = self._channel.recv(65_536, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            self._text += data
            is_gone = not data
        *lines, self._text = self._text.split(b"\n")
        parts = (line.decode("utf-8", "replace").split(" ", 3) for line in lines)
        reports = [ForkReport(kind, int(pid), int(code), text) for kind, pid, code, text in parts]
        return None if is_gone and not reports else reports

    def close(self) -> int:
        """Let it end, and wait for that; return its exit code, minus the signal that ended it. Its workers go on."""
        self._channel.close()
        self.go_on()
        try:
            return self._process.wait(GONE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
