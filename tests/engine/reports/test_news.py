"""What became of jobs since one last looked: each end is told once."""

from __future__ import annotations

from typing import Iterator

import pytest

from queuectl.engine.queue import Queue
from queuectl.engine.reporting import LATE_MS, News
from queuectl.store import Store
from tests.store import building
from tests.store.building import NOW
from tests.support import FakeClock

CLOCK = FakeClock(NOW)


@pytest.fixture
def queue(home: str) -> Iterator[Queue]:
    with Queue(home, clock=CLOCK) as opened:
        yield opened


@pytest.fixture
def store(queue: Queue) -> Store:
    return queue.store


def end(store: Store, identifier: str, at: int, state: str = "completed") -> None:
    building.add(store, id=identifier)
    building.finish(store, building.claim(store), state, now=at)


def told(news: News, now: int) -> list[str]:
    CLOCK.set_to(now)
    return [job.id for job in news.look()]


def test_an_end_is_reported_once_and_none_from_before_the_beginning(queue: Queue, store: Store) -> None:
    end(store, "old", NOW)
    news = queue.reports.news(NOW + 1)
    assert told(news, NOW + 1) == []
    end(store, "bad", NOW + 3, "dead")
    end(store, "good", NOW + 2)
    assert told(news, NOW + 5) == ["good", "bad"]
    assert told(news, NOW + 6) == []


def test_what_was_committed_late_is_reported(queue: Queue, store: Store) -> None:
    news = queue.reports.news(NOW)
    assert told(news, NOW + LATE_MS) == []
    end(store, "late", NOW + 1)
    assert told(news, NOW + LATE_MS + 1) == ["late"]
    assert told(news, NOW + LATE_MS + 2) == []


def test_a_job_that_ends_once_more_is_reported_once_more(queue: Queue, store: Store) -> None:
    news = queue.reports.news(NOW)
    end(store, "again", NOW + 1)
    assert told(news, NOW + 2) == ["again"]
    with store.writing():
        store.jobs.retry(building.number_of(store, "again"), NOW + 3, keep_attempts=False)
    building.finish(store, building.claim(store, now=NOW + 3), now=NOW + 4)
    assert told(news, NOW + 5) == ["again"]
