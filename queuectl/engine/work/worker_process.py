"""What a worker process does from its first instruction on; loaded once by the fork server."""

from __future__ import annotations

import os
import signal

from ...store import Home
from .worker import Worker


def work(home: str, queues: tuple[str, ...], lifeline: int, adopters: tuple[int, ...]) -> None:
    """Be a worker of the home at this path until told to stop. Raises QueueCTLError.

    `lifeline` is a descriptor that becomes readable when the pool is gone; `adopters` are the pids of fork server and
    pool, to whom our processes fall if we die.
    """
    # Ctrl-C reaches the whole foreground group; the pool decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.chdir(home)
    Worker(Home(home), queues=queues, parent=lifeline, adopters=adopters).run()
