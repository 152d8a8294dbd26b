"""Fixtures of the engine's tests."""

from __future__ import annotations

import signal
from typing import Iterator

import pytest

from queuectl.engine.queue import Queue
from tests.engine.running import RunningPool


@pytest.fixture
def queue(home: str) -> Iterator[Queue]:
    """The queue of a new home, set to be quick: retries follow at once, and what must end is given no time."""
    with Queue(home, actor="test") as opened:
        for name, value in (("retry_delay", "0s"), ("kill_grace", "0.3s"), ("shutdown_timeout", "30s")):
            opened.config.set(name, value)
        yield opened


@pytest.fixture
def pool(home: str, queue: Queue) -> Iterator[RunningPool]:
    """Starts the home's pool when asked to, and ends it."""
    running = RunningPool(home, queue)
    yield running
    running.close()


@pytest.fixture
def own_signals() -> Iterator[None]:
    """Gives this process its signal handlers back."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGCHLD)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)
