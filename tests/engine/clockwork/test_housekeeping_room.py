"""Housekeeping gives back the room that pruned jobs had, and turns the logs over."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator

import pytest

from queuectl.engine.clockwork.housekeeping import (
    INTERVAL_MS,
    PRUNE_AT_ONCE,
    REMOVED_AT_ONCE,
    SPARE_PAGES,
    VACUUM_MS,
    Housekeeping,
    vacuum,
)
from queuectl.engine.machine.log import MAX_BYTES
from queuectl.engine.queue import Queue
from queuectl.model.job import COMPLETED
from queuectl.model.piece import Piece
from queuectl.model.when import DAY
from queuectl.store import Store
from queuectl.store.database import SHRINK_MS, SHRINK_PAGES
from queuectl.store.output import LONGEST_PIECE
from tests.engine import keeping
from tests.engine.keeping import count, end_all, work
from tests.engine.scheduling import let_run
from tests.store.building import NOW, assert_whole, bring_to, claim, enqueue, finish, spec, write
from tests.support import FakeClock

store, keeper = keeping.store, keeping.keeper

SHRUNK = SHRINK_PAGES * 1.02  # with the pages that keep account of those


# Room


def watch(monkeypatch: pytest.MonkeyPatch, store: Store) -> list[tuple[int, int]]:
    """Return a list of how many jobs each writing transaction deletes, and by how many pages the file shrinks."""
    seen: list[tuple[int, int]] = []
    before: dict[str, int] = {}
    begin, commit = store.database.begin, store.database.commit

    def watched_begin() -> None:
        begin()
        before.update(jobs=count(store, "jobs"), pages=store.database.pages()[0])

    def watched_commit() -> None:
        seen.append((before["jobs"] - count(store, "jobs"), before["pages"] - store.database.pages()[0]))
        commit()

    monkeypatch.setattr(store.database, "begin", watched_begin)
    monkeypatch.setattr(store.database, "commit", watched_commit)
    return seen


def fill(store: Store, jobs: int = 20_000) -> None:
    """Have many big jobs come, and end."""
    for _ in range(jobs // 2_000):
        enqueue(store, *[spec("x" * 2_048) for _ in range(2_000)])
    end_all(store)


@pytest.mark.slow
def test_the_file_shrinks_after_many_jobs_came_and_went(
    store: Store, keeper: Housekeeping, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = store.database.pages()[0]
    fill(store)
    store.checkpoint()
    full = os.path.getsize(store.home.database)
    assert store.database.pages()[0] > 40_000 and full > 40_000_000
    kept = bring_to(store, "pending", command="keep me")
    clock.advance(8 * DAY)
    transactions = watch(monkeypatch, store)
    assert work(keeper, clock) == 20_000
    pages, free = store.database.pages()
    assert pages <= 1.5 * fresh + SPARE_PAGES and free <= SPARE_PAGES
    assert os.path.getsize(store.home.database) < full // 5
    assert max(jobs for jobs, _ in transactions) <= PRUNE_AT_ONCE
    assert max(shrunk for _, shrunk in transactions) <= SHRUNK
    assert store.search.jobs([kept])[0].command == "keep me"
    assert_whole(store)


@pytest.mark.slow
def test_jobs_with_much_output_go_in_small_transactions_too(
    store: Store, keeper: Housekeeping, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(8):
        enqueue(store, spec())
        claimed = claim(store)
        pieces = [Piece(position, 1, b"x" * LONGEST_PIECE) for position in range(0, 3 << 20, LONGEST_PIECE)]
        write(store, store.output.append, claimed.attempt_id, pieces, head_end=0, tail_start=0)
        assert finish(store, claimed, COMPLETED)
    store.checkpoint()
    full = os.path.getsize(store.home.database)
    sizes: list[int] = []
    remove = store.output.remove

    def watched(job: int, room: int) -> tuple[int, bool]:
        size, is_done = remove(job, room)
        sizes.append(size)
        return size, is_done

    monkeypatch.setattr(store.output, "remove", watched)
    clock.advance(8 * DAY)
    assert work(keeper, clock) == 8
    assert sum(sizes) == 8 * (3 << 20) and max(sizes) <= REMOVED_AT_ONCE + LONGEST_PIECE
    assert os.path.getsize(store.home.database) < full // 10
    assert_whole(store)


@pytest.mark.slow
def test_room_is_given_back_along_with_what_goes(
    store: Store, keeper: Housekeeping, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    clock.advance(8 * DAY)
    longest, commit = [0], store.database.commit

    def watched() -> None:
        longest[0] = max(longest[0], store.database.pages()[1])
        commit()

    monkeypatch.setattr(store.database, "commit", watched)
    assert work(keeper, clock) == 20_000
    assert longest[0] < SPARE_PAGES


def test_giving_room_back_ends_after_a_while_and_goes_on_in_the_next_round(
    store: Store, keeper: Housekeeping, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [1_000_000]

    def shrink() -> None:
        clock.advance(SHRINK_MS)
        free[0] -= 100

    monkeypatch.setattr(store.database, "pages", lambda: (1_000_000, free[0]))
    monkeypatch.setattr(store.database, "shrink", shrink)
    before = clock.monotonic()
    work(keeper, clock)
    assert VACUUM_MS <= clock.monotonic() - before - INTERVAL_MS <= VACUUM_MS + 200
    left = free[0]
    work(keeper, clock)
    assert free[0] < left < 1_000_000


def test_a_transaction_that_gives_room_back_is_short(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, 4_000)
    with store.writing():
        store.database.change("DELETE FROM jobs")
        store.database.change("DELETE FROM counts")
    store.counts.forget()
    free = store.database.pages()[1]
    times = iter(range(0, 1_000_000, 10))
    monkeypatch.setattr(store.database, "_clock", Ticking(times))
    with store.writing():
        store.database.shrink()
    assert 1 <= free - store.database.pages()[1] <= 2 * (SHRINK_MS // 10)


class Ticking(FakeClock):
    """A clock that goes on by itself whenever it is read."""

    def __init__(self, times: Iterator[int]) -> None:
        super().__init__()
        self._times = times

    def monotonic(self) -> int:
        return next(self._times)


def test_room_that_will_be_used_again_is_not_given_back(store: Store, keeper: Housekeeping, clock: FakeClock) -> None:
    for _ in range(2):
        enqueue(store, *[spec("x" * 2_048) for _ in range(1_000)])
        end_all(store)
        let_run(store, clock, 8 * DAY)
        assert work(keeper, clock) == 1_000
        pages, free = store.database.pages()
        assert 2_000 < free < SPARE_PAGES and pages < free * 1.2


@pytest.mark.parametrize(
    "pages, free, shrinks",
    [
        (SPARE_PAGES * 4, SPARE_PAGES, True),
        (SPARE_PAGES * 4 + 1, SPARE_PAGES, False),
        (SPARE_PAGES, SPARE_PAGES - 1, False),
        (0, 0, False),
    ],
)
def test_what_is_worth_giving_back(
    store: Store, monkeypatch: pytest.MonkeyPatch, pages: int, free: int, shrinks: bool
) -> None:
    found = [(pages, free), (pages - free, 0)]
    monkeypatch.setattr(store.database, "pages", lambda: found.pop(0))
    assert len(list(vacuum(store))) == shrinks


def test_a_file_that_cannot_shrink_is_left_after_one_try(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    monkeypatch.setattr(store.database, "pages", lambda: (9_000, 9_000))
    monkeypatch.setattr(store.database, "shrink", lambda: tries.append(1))
    assert list(vacuum(store)) == [] and len(tries) == 1


def test_pruning_by_hand_gives_the_room_back(queue: Queue, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, 4_000)
    full = store.database.pages()[0]
    transactions = watch(monkeypatch, queue.store)
    assert queue.prune([COMPLETED], NOW + 1) == 4_000
    assert store.database.pages()[0] < full // 2
    assert max(jobs for jobs, _ in transactions) <= PRUNE_AT_ONCE
    assert max(shrunk for _, shrunk in transactions) <= SHRUNK


# Logs


@pytest.mark.parametrize("which", ["pool", "scheduler", "dashboard"])
def test_a_log_that_grew_is_turned_over(store: Store, keeper: Housekeeping, clock: FakeClock, which: str) -> None:
    path = Path(store.home.daemon_log(which))
    with open(path, "ab") as writer:
        writer.write(b"x" * (MAX_BYTES - 1))
        writer.flush()
        work(keeper, clock)
        assert path.stat().st_size == MAX_BYTES - 1
        writer.write(b"\n")
        writer.flush()
        work(keeper, clock)
        assert path.stat().st_size == 0
        writer.write(b"after\n")
    assert path.read_bytes() == b"after\n"
    old = Path(f"{path}.1")
    assert old.stat().st_size == MAX_BYTES and old.stat().st_mode & 0o777 == 0o600
