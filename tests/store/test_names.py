"""Jobs by their names: ids, numbers, prefixes and ranges."""

from __future__ import annotations

import pytest

from queuectl.model.event import REMOVED
from queuectl.store import Store, names
from tests.store.building import NOW, enqueue, spec, write


def test_a_job_is_found_by_its_exact_id(store: Store) -> None:
    enqueue(store, spec(id="a"), spec(id="ab"))
    assert store.names.number_of("ab") == 2
    assert store.names.number_of("A") is None and store.names.number_of("") is None


def test_ids_are_found_by_their_beginning(store: Store) -> None:
    enqueue(store, *[spec(id=name) for name in ("b", "ab", "a", "a.b", "B", "a-1", "az")])
    assert store.names.by_prefix("a", 9) == [("a", 3), ("a-1", 6), ("a.b", 4), ("ab", 2), ("az", 7)]
    assert store.names.by_prefix("a", 2) == [("a", 3), ("a-1", 6)]
    assert store.names.by_prefix("az", 9) == [("az", 7)]
    assert store.names.by_prefix("c", 9) == []


def test_newest_ids_and_the_last_number(store: Store) -> None:
    assert store.names.last() is None and [job.id for job in store.names.named("", 5)] == []
    enqueue(store, spec(id="a"), spec(id="b"), spec(id="c"))
    assert store.names.last() == 3
    assert [job.id for job in store.names.named("", 2)] == ["c", "b"]


def test_numbers_of_a_range_are_those_that_exist(store: Store) -> None:
    enqueue(store, *[spec() for _ in range(5)])
    write(store, store.jobs.remove, 3)
    assert store.names.in_range(2, 4) == [2, 4]
    assert store.names.in_range(5, 99) == [5]
    assert store.names.in_range(4, 2) == []
    assert [store.names.in_range(number, number) for number in (2, 3, 0, -1)] == [[2], [], [], []]


def test_the_event_by_which_a_job_went_is_looked_for_among_the_newest_only(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "EVENTS_READ", 2)
    write(store, store.events.add, REMOVED, actor="me", now=NOW, detail="old, was dead")
    write(store, store.events.add, REMOVED, actor="me", now=NOW + 1, detail="older, was dead")
    found = store.names.end_of("old")
    assert found is not None and found.at == NOW
    write(store, store.events.add, "scaled", actor="me", now=NOW + 2, detail="2 workers")
    assert store.names.end_of("old") is None
