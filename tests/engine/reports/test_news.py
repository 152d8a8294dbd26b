"""What became of jobs since one last looked: each end is told once."""

from __future__ import annotations

from typing import Iterator

import pytest

from queuectl.engine.reports.news import LATE_MS, News
from queuectl.store import Store
from tests.store import building
from tests.store.building import NOW


@pytest.fixture
def store(home: str) -> Iterator[Store]:
    with building.open_store(home) as opened:
        yield opened


def end(store: Store, identifier: str, at: int, state: str = "completed") -> None:
    building.add(store, id=identifier)
    building.finish(store, building.claim(store), state, now=at)


def told(news: News, store: Store, now: int) -> list[str]:
    return [job.id for job in news.look(store, now)]


def test_an_end_is_told_once_and_none_from_before_the_beginning(store: Store) -> None:
    end(store, "old", NOW)
    news = News(NOW + 1)
    assert told(news, store, NOW + 1) == []
    end(store, "bad", NOW + 3, "dead")
    end(store, "good", NOW + 2)
    assert told(news, store, NOW + 5) == ["good", "bad"]
    assert told(news, store, NOW + 6) == []


def test_what_was_committed_late_is_told(store: Store) -> None:
    news = News(NOW)
    assert told(news, store, NOW + LATE_MS) == []
    end(store, "late", NOW + 1)
    assert told(news, store, NOW + LATE_MS + 1) == ["late"]
    assert told(news, store, NOW + LATE_MS + 2) == []


def test_a_job_that_ends_once_more_is_told_once_more(store: Store) -> None:
    news = News(NOW)
    end(store, "again", NOW + 1)
    assert told(news, store, NOW + 2) == ["again"]
    with store.writing():
        store.jobs.retry(building.number_of(store, "again"), NOW + 3, keep_attempts=False)
    building.finish(store, building.claim(store, now=NOW + 3), now=NOW + 4)
    assert told(news, store, NOW + 5) == ["again"]
