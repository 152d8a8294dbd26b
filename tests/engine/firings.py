"""What the tests of firing share: a home and schedulers by a clock that stands still, and what has fired."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import pytest

from queuectl.engine.clockwork.tick import Clockwork
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.model.schedule import Schedule
from queuectl.store import Home, Store
from tests.store.building import assert_whole
from tests.support import FakeClock

MINUTE = 60_000


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def queue(home: str, clock: FakeClock) -> Iterator[Queue]:
    """The queue of a home whose clock stands still."""
    with Queue(home, clock=clock, actor="test") as opened:
        yield opened


@pytest.fixture
def another(home: str, clock: FakeClock, queue: Queue) -> Iterator[Callable[[], Clockwork]]:
    """Makes any number of schedulers on the home, each with a store of its own."""
    stores: list[Store] = []

    def make() -> Clockwork:
        stores.append(Store(Home(home), clock=clock))
        return Clockwork(stores[-1], Log("test", clock))

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def scheduler(another: Callable[[], Clockwork]) -> Clockwork:
    return another()


def every(
    to: Queue, expression: str = "* * * * *", command: str = "true", name: str = "it", **options: Any
) -> Schedule:
    """Add a schedule in UTC whose jobs may overtake each other."""
    return to.schedules.add(name, expression, command, **{"timezone": "UTC", "overlap": "queue", **options})


def get(queue: Queue, name: str = "it") -> Schedule:
    return queue.schedules.get(name)


def fires(queue: Queue, name: str = "it") -> dict[int, int | None]:
    """Return the times that a schedule has fired for, with the number of the job of each."""
    rows = queue.store.database.rows(
        "SELECT fire_at, job FROM fires WHERE schedule = ? ORDER BY fire_at", (get(queue, name).id,)
    )
    return {row[0]: row[1] for row in rows}


def told(queue: Queue, kind: str = "fired") -> list[str]:
    return [row.detail for row in queue.store.events.since(0, 100_000) if row.what == kind]


def jobs(queue: Queue) -> int:
    return len(queue.list())


class Diary(Log):
    """A log that is kept: events are forgotten when the clock is far ahead for a while."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__("test", clock)
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def fired(self) -> list[str]:
        start = "schedule fired: "
        return [line[len(start) :] for line in self.lines if line.startswith(start)]


def assert_once(queue: Queue, fired: list[str] | None = None) -> None:
    """Check that no time fired twice and that each fire made one job."""
    events = told(queue) if fired is None else fired
    assert len(events) == len(set(events))
    assert len(events) == sum(job.schedule is not None for job in queue.list())
    numbers = [row[0] for row in queue.store.database.rows("SELECT job FROM fires WHERE job IS NOT NULL")]
    assert len(numbers) == len(set(numbers))
    assert_whole(queue.store)


def run(scheduler: Clockwork, clock: FakeClock, minutes: int) -> None:
    for _ in range(minutes):
        clock.advance(MINUTE)
        scheduler.tick()
