"""What a worker process does from its first instruction on; loaded once by the fork server."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys

from ..model.clock import SYSTEM_CLOCK
from ..model.errors import QueueCTLError
from ..store import Home
from .log import Log
from .worker import Worker


def work(home: str, queues: tuple[str, ...]) -> None:
    """Be a worker of the home at this path until told to stop."""
    _keep_descriptors()
    # Ctrl-C reaches the whole foreground group; the pool decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.chdir(home)
    pool = multiprocessing.parent_process()
    parent, adopters = (None, ()) if pool is None else (pool.sentinel, (os.getppid(), pool.pid or 0))
    try:
        Worker(Home(home), queues=queues, parent=parent, adopters=adopters).run()
    except QueueCTLError as error:
        Log("worker", SYSTEM_CLOCK).say(f"cannot go on: {error}")
        sys.exit(error.exit_code)


def _keep_descriptors() -> None:
    """Hand none of our descriptors down to commands.

    The fork server's come over a socket and are inheritable: a background process that a job may
    leave would keep the fork server alive for as long as it runs itself.
    """
    for name in os.listdir("/dev/fd") if os.path.isdir("/dev/fd") else ():
        try:
            os.set_inheritable(int(name), int(name) <= 2)
        except OSError:
            continue  # The one that the directory was listed with is closed again.
