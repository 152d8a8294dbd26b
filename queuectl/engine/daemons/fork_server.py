"""The fork server: the process that workers are forked from. It has neither threads nor a database connection.

    pool       -> fork server   GROUP                  a worker of this group (see `slots`) is to be started
    fork server -> pool         started PID 0 GROUP    it is there, and begins as soon as this line is sent
                                refused 0 0 REASON     the system did not let us
                                ended PID CODE REASON  its exit code (minus the signal that ended it), and what it said

It has the workers' modules loaded and gives each worker, a `multiprocessing` process, a copy of itself. It leaves when
the pool closes the channel, or dies. Its workers do not need it any more once they run: they end with the pool, not
with it. The orphans of a killed worker fall to it, where a recovery finds them; it takes their exit codes.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import signal
import socket
import sys
from multiprocessing.context import ForkProcess

from ...model.clock import SYSTEM_CLOCK
from ...model.errors import QueueCTLError, StoreUnavailable
from ...model.record import Record
from ...store import Home, preload
from ..machine import process
from ..machine.log import Log
from ..work.worker import Worker

STARTED, REFUSED, ENDED = "started", "refused", "ended"
# A signal to all of us means the pool, which decides what they mean for the workers.
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
STOPS = (signal.SIGTERM, signal.SIGQUIT)
FORK = multiprocessing.get_context("fork")
REASON_BYTES = 1000


def serve(channel: str, lifeline: str, home: str) -> None:
    """Be a pool's fork server. `channel`, a socket, and `lifeline`, a pipe that ends with the pool, are descriptors."""
    process.become_subreaper()
    preload()
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    # They were blocked until here, so that none could end us before we ignored them.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    for descriptor in (int(channel), int(lifeline)):
        os.set_inheritable(descriptor, False)
    ForkServer(socket.socket(fileno=int(channel)), int(lifeline), home).run()
    # At an ordinary exit multiprocessing would wait for the workers.
    os._exit(0)


class Forked(Record):
    """A worker that was started, and what it would say about why it failed."""

    process: ForkProcess
    words: socket.socket


class ForkServer:
    """Starts workers when it is asked to and tells how they end."""

    def __init__(self, channel: socket.socket, lifeline: int, home: str) -> None:
        self._channel = channel
        self._lifeline = lifeline
        self._home = home
        self._unread = b""
        self._pool = os.getppid()
        self._workers: dict[int, Forked] = {}
        self._read_end, self._write_end = os.pipe()
        for descriptor in (self._read_end, self._write_end):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        # That there is a handler has the signal's number written to the pipe.
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    def run(self) -> None:
        """Serve until the pool is gone, or a worker was refused."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        poll.register(self._read_end, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == self._read_end:
                    os.read(descriptor, 4096)
                    self._bury()
                    continue
                groups = self._asked()
                # A fork that fails leaves descriptors of multiprocessing's open: the next worker is for a new server.
                if groups is None or not all(self._start(group) for group in groups):
                    return

    def _asked(self) -> list[str] | None:
        """Return the group of each worker that the pool asks for, None if it is gone."""
        try:
            data = self._channel.recv(65_536)
        except ConnectionError:
            return None  # It has died with reports that it had not read.
        *lines, self._unread = (self._unread + data).split(b"\n")
        return [line.decode() for line in lines] if data else None

    def _start(self, group: str) -> bool:
        """Start a worker; return False if the system refused."""
        try:
            ours, theirs = socket.socketpair()
            worker = FORK.Process(target=self._be_worker, args=(group, theirs, ours), daemon=False)
            # A stop that comes before the worker can heed it must wait, and not be ignored as we do.
            signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
            try:
                worker.start()
            finally:
                theirs.close()
                signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        except OSError as error:
            self._tell(f"{REFUSED} 0 0 {error.strerror}")
            return False
        assert worker.pid is not None
        self._workers[worker.pid] = Forked(worker, ours)
        self._tell(f"{STARTED} {worker.pid} 0 {group}")
        try:
            ours.send(b"!")
        except OSError:
            pass  # It was killed before it began; its death is reported like any other.
        return True

    def _be_worker(self, group: str, server: socket.socket, other_end: socket.socket) -> None:
        """In the child of a fork: work until a signal stops it."""
        other_end.close()
        adopters = (os.getppid(), self._pool)
        self._become_child()
        try:
            # A pool that does not know of us would start another in our place.
            if server.recv(1):
                os.chdir(self._home)
                queues = tuple(filter(None, group.split(",")))
                Worker(Home(self._home), queues=queues, parent=self._lifeline, adopters=adopters).run()
        except QueueCTLError as error:
            _fail(server, error)
        except OSError as error:
            where = f": {error.filename}" if error.filename else ""
            _fail(server, StoreUnavailable(f"{error.strerror or error}{where}"))
        except Exception as error:  # Ours: the traceback goes to the log, and the pool has to learn of it too.
            _explain(server, f"{type(error).__name__}: {error}")
            raise

    def _become_child(self) -> None:
        """Let go of what belongs to the fork server."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, *STOPS):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        for descriptor in (self._channel.detach(), self._read_end, self._write_end):
            os.close(descriptor)
        for other in self._workers.values():
            other.words.close()

    def _bury(self) -> None:
        """Tell the pool of the workers that have ended, and take the exit codes of orphans."""
        for pid, worker in list(self._workers.items()):
            code = worker.process.exitcode
            if code is None:
                continue
            del self._workers[pid]
            worker.process.close()
            with worker.words:
                worker.words.setblocking(False)
                try:
                    said = worker.words.recv(REASON_BYTES).decode("utf-8", "replace")
                except OSError:
                    said = ""  # It has said nothing, or was killed.
            self._tell(f"{ENDED} {pid} {code} {said}")
        while True:
            orphan = process.ended_child()
            # A worker's death brings another signal.
            if orphan is None or orphan in self._workers:
                return
            os.waitpid(orphan, os.WNOHANG)

    def _tell(self, line: str) -> None:
        try:
            self._channel.sendall(line.replace("\n", " ").encode("utf-8", "backslashreplace") + b"\n")
        except OSError:
            return  # The pool is gone, which the next look at the channel says.


def _fail(server: socket.socket, error: QueueCTLError) -> None:
    """In a worker: say why it cannot go on, and end."""
    Log("worker", SYSTEM_CLOCK).say(f"cannot go on: {error}")
    _explain(server, error.message)
    sys.exit(error.exit_code)


def _explain(server: socket.socket, reason: str) -> None:
    try:
        server.send(reason.encode("utf-8", "backslashreplace")[:REASON_BYTES])
    except OSError:
        return  # The fork server has gone before us; the log has it.
