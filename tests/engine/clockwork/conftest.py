"""Fixtures of the tests of what happens by the clock: a home whose clock stands still, and its scheduler."""

from __future__ import annotations

from typing import Iterator

import pytest

from queuectl.engine.clockwork.tick import Clockwork
from queuectl.engine.machine.log import Log
from queuectl.store import Home, Store
from tests.engine import firings
from tests.support import FakeClock

clock, queue, another = firings.clock, firings.queue, firings.another


@pytest.fixture
def store(home: str, clock: FakeClock) -> Iterator[Store]:
    """The scheduler's own: what the queue commits are others' commits to it."""
    with Store(Home(home), clock=clock) as opened:
        yield opened


@pytest.fixture
def scheduler(store: Store, clock: FakeClock) -> Clockwork:
    return Clockwork(store, Log("test", clock))
