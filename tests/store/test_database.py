"""One connection: its transactions, its questions, and what SQLite's errors become."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from queuectl.model.errors import StoreBusy, StoreDamaged, StoreFull, StoreReadOnly, StoreUnavailable
from queuectl.model.job import COMPLETED, HELD, PENDING, SCHEDULED
from queuectl.model.outcome import Outcome
from queuectl.model.piece import Piece
from queuectl.store import Store
from queuectl.store.lockfile import is_held
from queuectl.store.trouble import refused, unavailable
from tests.store.building import NOW, ORIGINS, Stores, add, assert_whole, bring_to, contents, open_store, spec, write

# Each would change something in the home of the next fixture.
WRITES = {
    "enqueue": lambda store: store.jobs.enqueue([spec()], origins=ORIGINS, actor="test", now=NOW),
    "claim": lambda store: store.jobs.claim(worker=1, now=NOW, lease_until=1),
    "renew": lambda store: store.jobs.renew(1, 1, 1),
    "finish": lambda store: store.jobs.finish(
        store.attempts.running(store.contexts)[0].claim,
        Outcome.exited(0),
        state=COMPLETED,
        run_at=NOW,
        duration=1,
        now=NOW,
    ),
    "promote": lambda store: store.jobs.promote(NOW * 2, 9),
    "cancel": lambda store: store.jobs.cancel(5, NOW),
    "cancel a running job": lambda store: store.jobs.cancel(2, NOW),
    "retry": lambda store: store.jobs.retry(1, NOW, keep_attempts=False),
    "release": lambda store: store.jobs.release(3, NOW),
    "hold": lambda store: store.jobs.hold(5, NOW),
    "edit": lambda store: store.jobs.edit(5, {"cwd": "/new", "queue": "new"}, NOW),
    "remove": lambda store: store.jobs.remove(5),
    "prune": lambda store: store.jobs.prune(COMPLETED, NOW * 2, 9, now=NOW),
    "record_process": lambda store: store.attempts.record_process(2, 1, "x"),
    "end": lambda store: store.attempts.end(2, Outcome.exited(0), duration=1, output_size=1, now=NOW),
    "append": lambda store: store.output.append(2, [Piece(0, 1, b"x")], head_end=0, tail_start=0),
    "event": lambda store: store.events.add("x", actor="x", now=NOW),
    "pool groups": lambda store: store.meta.set_pool_groups({"": 1}),
    "touch": lambda store: store.meta.touch(NOW),
    "setting": lambda store: store.meta.set_setting("a", "b"),
    "reset": lambda store: store.meta.reset_setting("a"),
    "statistics": lambda store: store.stats.count_attempt("q", "dead", run_time=1, wait_time=1, now=NOW),
    "worker": lambda store: store.workers.add(pid=1, pid_start="", boot="", queues="", now=NOW),
    "heartbeat": lambda store: store.workers.heartbeat(1, memory=1, stopping=False, now=NOW),
    "worker leaves": lambda store: store.workers.remove(1),
    "contexts": lambda store: store.contexts.prune(),
}


@pytest.fixture
def busy(store: Store) -> Store:
    """A store in which every kind of row is there: 1 completed, 2 running, 3 held, 4 scheduled, 5 pending."""
    for state in (COMPLETED, "processing", HELD, SCHEDULED, PENDING):
        bring_to(store, state)
    return store


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITES)
def test_nothing_is_written_outside_a_transaction(busy: Store, name: str) -> None:
    before = contents(busy)
    with pytest.raises(RuntimeError, match="needs `with store.writing"):
        WRITES[name](busy)
    assert contents(busy) == before
    write(busy, lambda: None)
    assert contents(busy) == before, "it was written after all, by the next transaction"


def test_an_error_undoes_the_whole_transaction(store: Store) -> None:
    add(store)
    before = contents(store)
    with pytest.raises(ZeroDivisionError), store.writing():
        store.jobs.enqueue([spec(), spec(queue="q")], origins=ORIGINS, actor="test", now=NOW)
        store.jobs.remove(1)
        raise ZeroDivisionError
    assert contents(store) == before


def test_counts_of_an_undone_transaction_are_forgotten(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.writing():
        store.jobs.enqueue([spec(queue="undone")], origins=ORIGINS, actor="test", now=NOW)
        raise ZeroDivisionError
    add(store)
    assert store.counts.by_queue() == {"default": {PENDING: 1}}
    assert_whole(store)


def test_counts_are_right_inside_the_transaction_that_changes_them(store: Store) -> None:
    with store.writing():
        store.jobs.enqueue([spec(), spec()], origins=ORIGINS, actor="test", now=NOW)
        assert store.counts.by_state() == {PENDING: 2}
        store.jobs.cancel(1, NOW)
        assert store.counts.by_state() == {PENDING: 1, "cancelled": 1}
    assert_whole(store)


def test_transactions_do_not_nest(store: Store, home: str) -> None:
    add(store)
    before = contents(store)
    with pytest.raises(RuntimeError, match="do not nest"), store.writing():
        store.jobs.remove(1)
        with store.writing():
            pass
    assert contents(store) == before
    assert not is_held(store.home.gate)
    add(store)


def test_a_transaction_is_seen_by_others_only_as_a_whole(store: Store, stores: Stores) -> None:
    other = stores()
    with store.writing():
        store.jobs.enqueue([spec()], origins=ORIGINS, actor="test", now=NOW)
        store.events.add("enqueue", actor="test", now=NOW, job=1)
        assert other.names.last() is None
    assert other.names.last() == 1 and len(other.events.of_job(1)) == 1


def test_changes_tells_of_commits_of_others_only(store: Store, stores: Stores) -> None:
    other = stores()
    seen = store.changes()
    add(store)
    assert store.changes() == seen
    add(other)
    assert store.changes() != seen


@pytest.mark.parametrize("durable, level", [(True, 2), (False, 1)])
def test_what_a_commit_waits_for_follows_from_durable(stores: Stores, durable: bool, level: int) -> None:
    assert stores(durable=durable).database.value("PRAGMA synchronous") == level


def test_the_log_is_never_checkpointed_by_itself_and_references_are_kept(store: Store) -> None:
    assert store.database.value("PRAGMA wal_autocheckpoint") == 0
    assert store.database.value("PRAGMA foreign_keys") == 1
    assert store.database.value("PRAGMA journal_mode") == "wal"


def test_closing_twice_is_harmless_and_a_closed_store_is_our_mistake_not_damage(store: Store) -> None:
    store.close()
    store.close()
    for use in (store.names.last, lambda: write(store, store.meta.touch, NOW)):
        with pytest.raises(sqlite3.ProgrammingError):
            use()
    assert not is_held(store.home.gate)


@pytest.mark.parametrize("name", ["a b", "100%25", "what?mode=ro", "a#b", "é", "quote'\""])
def test_a_home_may_have_any_name(tmp_path: Path, name: str) -> None:
    with open_store(str(tmp_path / name)) as store:
        add(store)
    assert (tmp_path / name / "queue.db").is_file()
    with open_store(str(tmp_path / name)) as store:
        assert store.names.last() == 1


@pytest.mark.parametrize(
    "error, kind, phrase",
    [
        (sqlite3.OperationalError("database is locked"), StoreBusy, "busy"),
        (sqlite3.OperationalError("database table is locked: jobs"), StoreBusy, "busy"),
        (sqlite3.OperationalError("database or disk is full"), StoreFull, "the disk is full, nothing was changed"),
        (sqlite3.OperationalError("attempt to write a readonly database"), StoreReadOnly, "cannot be written to"),
        (sqlite3.OperationalError("unable to open database file"), StoreUnavailable, "cannot be opened"),
        (sqlite3.OperationalError("disk I/O error"), StoreUnavailable, "the disk failed, nothing was changed"),
        (sqlite3.DatabaseError("database disk image is malformed"), StoreDamaged, "damaged"),
        (sqlite3.DatabaseError("file is not a database"), StoreDamaged, "damaged"),
        (sqlite3.OperationalError("too many SQL variables"), StoreUnavailable, "cannot be asked for so much"),
        (sqlite3.OperationalError("Expression tree is too large"), StoreUnavailable, "cannot be asked for so much"),
        (sqlite3.OperationalError("LIKE or GLOB pattern too complex"), StoreUnavailable, "asked for so much"),
    ],
    ids=lambda value: str(value) if isinstance(value, Exception) else "",
)
def test_an_error_of_sqlite_becomes_one_of_ours(error: sqlite3.Error, kind: type[Exception], phrase: str) -> None:
    ours = unavailable(error, "/home/queue.db")
    assert type(ours) is kind
    assert phrase in ours.message and "/home/queue.db" in ours.message and ours.hint


def test_a_failed_disk_that_has_no_room_left_is_a_full_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("queuectl.store.trouble.os.statvfs", lambda path: SimpleNamespace(f_bavail=0))
    assert type(unavailable(sqlite3.OperationalError("disk I/O error"), "/home/queue.db")) is StoreFull


def test_a_store_that_cannot_be_opened_for_lack_of_descriptors_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, flags: int) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("queuectl.store.trouble.os.open", refuse)
    ours = unavailable(sqlite3.OperationalError("unable to open database file"), "/home/queue.db")
    assert "Too many open files" in ours.message and "ulimit" in (ours.hint or "")


@pytest.mark.parametrize(
    "number, kind",
    [
        (errno.ENOSPC, StoreFull),
        (errno.EDQUOT, StoreFull),
        (errno.EROFS, StoreReadOnly),
        (errno.EACCES, StoreReadOnly),
        (errno.EIO, StoreUnavailable),
        (errno.EMFILE, StoreUnavailable),
    ],
)
def test_what_the_system_refuses_has_its_own_error(number: int, kind: type[Exception]) -> None:
    assert type(refused(OSError(number, os.strerror(number)), "/home/run/write.lock")) is kind
