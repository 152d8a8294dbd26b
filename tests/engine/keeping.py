"""What the tests of housekeeping share: a keeper to step by hand, and jobs that ended."""

from __future__ import annotations

from typing import Iterator

import pytest

from queuectl.engine.clockwork.housekeeping import INTERVAL_MS, Housekeeping
from queuectl.engine.machine.log import Log
from queuectl.model.job import COMPLETED
from queuectl.store import Home, Store
from tests.store.building import NOW
from tests.support import FakeClock


@pytest.fixture
def store(home: str, clock: FakeClock) -> Iterator[Store]:
    with Store(Home(home), clock=clock, durable=False) as opened:
        yield opened


@pytest.fixture
def keeper(store: Store, clock: FakeClock) -> Housekeeping:
    return Housekeeping(store, Log("test", clock))


def work(keeper: Housekeeping, clock: FakeClock) -> int:
    """Do a whole round; return how many jobs were pruned."""
    clock.advance(INTERVAL_MS)
    pruned, wait = keeper.step()
    while not wait:
        more, wait = keeper.step()
        pruned += more
    return pruned


def count(store: Store, table: str) -> int:
    return int(store.database.value(f"SELECT count(*) FROM {table}"))


def end_all(store: Store, state: str = COMPLETED) -> None:
    """Have all pending jobs end at once, with neither attempts nor output."""
    with store.writing():
        store.database.change("UPDATE jobs SET state = ?, finished_at = ? WHERE state = 'pending'", (state, NOW))
        store.database.change("DELETE FROM counts")
        store.database.change("INSERT INTO counts SELECT queue, state, count(*) FROM jobs GROUP BY queue, state")
