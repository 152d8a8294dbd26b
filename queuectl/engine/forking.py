"""The fork server: the process that workers are forked from. It has neither threads nor a database connection.

    pool       -> fork server   one byte for each worker that shall be started
    fork server -> pool         started PID            it is there, and begins as soon as this line is sent
                                refused REASON         the system did not let us
                                ended PID CODE REASON  its exit code (minus the signal that ended it), and what it said

It has the workers' modules loaded and gives each worker a copy of itself. It leaves when the pool closes the channel,
or dies. Its workers do not need it any more once they run: they end with the pool, not with it.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import traceback

from ..model.clock import SYSTEM_CLOCK
from ..model.errors import QueueCTLError
from . import worker_process
from .log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

STARTED, REFUSED, ENDED = "started", "refused", "ended"
# Whoever sends them to all of us means the pool, which decides what they mean for the workers.
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
STOPS = (signal.SIGTERM, signal.SIGQUIT)
REASON_BYTES = 1000


def serve(channel: str, lifeline: str, home: str, *queues: str) -> None:
    """Be the fork server of a pool until that is gone.

    Both are descriptors: `channel` of the socket to the pool, `lifeline` of a pipe that ends with the pool.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    # They were blocked until here, so that none could end us before we ignored them.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    for descriptor in (int(channel), int(lifeline)):
        os.set_inheritable(descriptor, False)
    ForkServer(socket.socket(fileno=int(channel)), int(lifeline), home, queues).run()


class ForkServer:
    """Starts workers when it is asked to and tells how they end."""

    def __init__(self, channel: socket.socket, lifeline: int, home: str, queues: tuple[str, ...]) -> None:
        self._channel = channel
        self._lifeline = lifeline
        self._home = home
        self._queues = queues
        # What each worker would say about why it failed.
        self._workers: dict[int, socket.socket] = {}
        self._read_end, self._write_end = os.pipe()
        for descriptor in (self._read_end, self._write_end):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _note)

    def run(self) -> None:
        """Serve until the pool is gone."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        poll.register(self._read_end, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == self._read_end:
                    os.read(descriptor, 4096)
                    self._bury()
                    continue
                asked = self._channel.recv(64)
                if not asked:
                    return
                for _ in asked:
                    self._start()

    def _start(self) -> None:
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            self._tell(f"{REFUSED} {error.strerror}")
            return
        # A stop that comes before the worker can heed it must wait, and not be ignored as we do.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            pid = os.fork()
            if pid == 0:
                ours.close()
                self._be_worker(theirs)
        except OSError as error:
            ours.close()
            self._tell(f"{REFUSED} {error.strerror}")
            return
        finally:
            theirs.close()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        self._workers[pid] = ours
        self._tell(f"{STARTED} {pid}")
        ours.send(b"!")

    def _be_worker(self, server: socket.socket) -> NoReturn:
        """In the child of a fork: work. Never returns."""
        code = 1
        try:
            self._become_child()
            # A pool that has not been told of us would start another in our place.
            if server.recv(1):
                worker_process.work(self._home, self._queues, self._lifeline)
            code = 0
        except QueueCTLError as error:
            code = error.exit_code
            Log("worker", SYSTEM_CLOCK).say(f"cannot go on: {error}")
            _explain(server, error.message)
        except Exception as error:  # The end of this process: what it was is told to the log and to the pool.
            traceback.print_exc()
            _explain(server, f"{type(error).__name__}: {error}")
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _become_child(self) -> None:
        """Let go of what belongs to the fork server."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, *STOPS):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        for descriptor in (self._channel.detach(), self._read_end, self._write_end):
            os.close(descriptor)
        for other in self._workers.values():
            other.close()

    def _bury(self) -> None:
        """Tell the pool of the workers that have ended."""
        while self._workers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            with self._workers.pop(pid) as worker:
                worker.setblocking(False)
                reason = _said(worker)
            code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
            self._tell(f"{ENDED} {pid} {code} {reason}")

    def _tell(self, line: str) -> None:
        try:
            self._channel.sendall(line.replace("\n", " ").encode("utf-8", "backslashreplace") + b"\n")
        except OSError:
            return  # The pool is gone, which the next look at the channel says.


def _explain(server: socket.socket, reason: str) -> None:
    try:
        server.send(reason.encode("utf-8", "backslashreplace")[:REASON_BYTES])
    except OSError:
        return  # The fork server has gone before us; the log has it.


def _said(worker: socket.socket) -> str:
    try:
        return worker.recv(REASON_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""  # It has said nothing, or was killed.


def _note(number: int, frame: object) -> None:
    """Do nothing: that there is a handler has the signal's number written to the pipe."""
