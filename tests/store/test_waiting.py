"""Waiting for another writer: for the gate, for SQLite's lock, and how the wait ends."""

from __future__ import annotations

import os
import sqlite3
from typing import Callable, Iterator

import pytest

from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.errors import StoreBusy
from queuectl.store import Store
from queuectl.store.lockfile import LockFile, is_held
from tests.store.building import NOW, ORIGINS, Stores, add, contents, enqueue, open_store, plain, python, spec, write
from tests.store.together import start_ready
from tests.support import FakeClock, Processes

HOLDER = """
from queuectl.store.lockfile import LockFile
lock = LockFile(sys.argv[1])
assert lock.acquire()
print("ready", flush=True)
sys.stdin.readline()
"""
LOCKER = """
import sqlite3
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("ready", flush=True)
sys.stdin.readline()
"""


class Interrupting(FakeClock):
    """A clock whose first pause is interrupted."""

    def pause(self, seconds: float) -> None:
        raise KeyboardInterrupt


class Counting(FakeClock):
    """A clock that does something at the third pause, and keeps all pauses."""

    def __init__(self, third: Callable[[], object]) -> None:
        super().__init__()
        self.third = third
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> None:
        super().pause(seconds)
        self.pauses.append(seconds)
        if len(self.pauses) == 3:
            self.third()


@pytest.fixture
def locked(store: Store) -> Iterator[sqlite3.Connection]:
    """Another connection in the middle of a transaction."""
    connection = plain(store.home.database)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


@pytest.fixture
def gate(store: Store) -> Iterator[LockFile]:
    """The gate, held by another open file, as another process would."""
    lock = LockFile(store.home.gate)
    assert lock.acquire()
    yield lock
    lock.close()


def refused(store: Store, **options: int) -> str:
    """The message of the refusal; nothing may have been written and no lock kept."""
    with pytest.raises(StoreBusy) as caught, store.writing(**options):
        raise AssertionError("the transaction began")
    return caught.value.message


@pytest.mark.slow
def test_a_writer_gives_up_when_another_holds_sqlites_lock_for_too_long(
    stores: Stores, locked: sqlite3.Connection
) -> None:
    clock = FakeClock()
    waiting = stores(clock=clock, busy_budget=0.005)
    before, begun = contents(waiting), clock.monotonic()
    assert "busy" in refused(waiting)
    assert clock.monotonic() >= begun + 5
    assert contents(waiting) == before
    assert not is_held(waiting.home.gate)


def test_a_writer_gives_up_when_another_holds_the_gate_for_too_long(stores: Stores, gate: LockFile) -> None:
    clock = FakeClock()
    waiting = stores(clock=clock, busy_budget=30)
    begun = clock.monotonic()
    assert "busy" in refused(waiting)
    assert begun + 30_000 <= clock.monotonic() < begun + 31_000


@pytest.mark.slow
def test_the_budget_holds_for_the_gate_and_the_lock_together(
    stores: Stores, locked: sqlite3.Connection, gate: LockFile
) -> None:
    clock = Counting(gate.release)
    waiting = stores(clock=clock, busy_budget=0.005)
    begun = clock.monotonic()
    refused(waiting)
    assert begun + 5 <= clock.monotonic() < begun + 30
    assert not is_held(waiting.home.gate)


def test_patience_is_a_shorter_budget_for_one_transaction(stores: Stores, gate: LockFile) -> None:
    clock = FakeClock()
    waiting = stores(clock=clock, busy_budget=30)
    begun = clock.monotonic()
    refused(waiting, patience=1)
    assert begun + 1_000 <= clock.monotonic() < begun + 1_100
    begun = clock.monotonic()
    refused(waiting)
    assert clock.monotonic() >= begun + 30_000


def test_no_patience_means_one_try(stores: Stores, gate: LockFile) -> None:
    clock = FakeClock()
    waiting = stores(clock=clock)
    begun = clock.monotonic()
    refused(waiting, patience=0)
    assert clock.monotonic() == begun


@pytest.mark.parametrize("held", ["locked", "gate"])
def test_a_writer_that_is_asked_to_give_up_does_so_at_once(
    stores: Stores, request: pytest.FixtureRequest, held: str
) -> None:
    request.getfixturevalue(held)
    clock = FakeClock()
    told: list[bool] = []
    waiting = stores(clock=clock, give_up=lambda: bool(told))
    told.append(True)
    begun = clock.monotonic()
    refused(waiting)
    assert clock.monotonic() == begun
    assert is_held(waiting.home.gate) == (held == "gate")


def test_a_writer_goes_on_when_the_gate_is_free(stores: Stores, gate: LockFile) -> None:
    clock = Counting(gate.release)
    add(stores(clock=clock))
    assert len(clock.pauses) == 3


def test_a_writer_goes_on_when_sqlites_lock_is_free(stores: Stores, locked: sqlite3.Connection) -> None:
    clock = Counting(locked.rollback)
    add(stores(clock=clock))
    assert len(clock.pauses) == 3


def test_pauses_grow_and_differ_and_stay_short(stores: Stores, gate: LockFile) -> None:
    clock = Counting(lambda: None)
    refused(stores(clock=clock, busy_budget=5))
    assert clock.pauses[0] < 0.001 and max(clock.pauses) <= 0.03
    assert len(set(clock.pauses[-20:])) > 5


@pytest.mark.parametrize("held", ["locked", "gate"])
def test_an_interrupted_wait_keeps_nobody_waiting(stores: Stores, request: pytest.FixtureRequest, held: str) -> None:
    request.getfixturevalue(held)
    waiting = stores(clock=Interrupting())
    with pytest.raises(KeyboardInterrupt), waiting.writing():
        raise AssertionError("the transaction began")
    assert is_held(waiting.home.gate) == (held == "gate")


def test_an_interrupted_transaction_is_undone_and_keeps_nobody_waiting(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), store.writing():
        store.jobs.enqueue([spec()], origins=ORIGINS, actor="test", now=NOW)
        raise KeyboardInterrupt
    assert store.names.last() is None and not is_held(store.home.gate)


def test_reading_does_not_wait_for_a_writer(store: Store, locked: sqlite3.Connection, gate: LockFile) -> None:
    locked.execute("INSERT INTO meta (key, value) VALUES ('x', 'y')")
    assert store.names.last() is None
    assert "x" not in [row["key"] for row in store.database.rows("SELECT key FROM meta")]


@pytest.mark.skipif(not os.path.exists("/proc/locks"), reason="only Linux tells who holds a lock")
@pytest.mark.parametrize("code, name", [(HOLDER, "gate"), (LOCKER, "database")])
def test_a_refused_writer_names_the_process_that_is_in_the_way(
    store: Store, stores: Stores, processes: Processes, code: str, name: str
) -> None:
    path = getattr(store.home, name)
    process = start_ready(processes, code, path)
    waiting = stores(clock=FakeClock(), busy_budget=0)
    assert f"(held by process {process.pid})" in refused(waiting)


@pytest.mark.parametrize("code, name", [(HOLDER, "gate"), (LOCKER, "database")])
def test_a_writer_that_is_killed_lets_the_next_one_in(
    store: Store, stores: Stores, processes: Processes, code: str, name: str
) -> None:
    path = getattr(store.home, name)
    process = start_ready(processes, code, path)
    refused(stores(clock=FakeClock(), busy_budget=0))
    process.kill()
    process.wait()
    assert add(stores(clock=SYSTEM_CLOCK)) == 1


WRITER = """
from tests.store.building import add, open_store
from queuectl.model.clock import SYSTEM_CLOCK
with open_store(sys.argv[1], clock=SYSTEM_CLOCK) as store:
    for number in range(100):
        add(store, queue=sys.argv[2])
"""


def test_many_writers_all_get_through(store: Store, home: str, processes: Processes) -> None:
    enqueue(store, spec(queue="first"))
    writers = [processes.start(python(WRITER, home, f"q{number}")) for number in range(4)]
    assert [writer.wait(120) for writer in writers] == [0] * 4
    expected = {"first": 1, "q0": 100, "q1": 100, "q2": 100, "q3": 100}
    assert store.counts.by_queue() == {queue: {"pending": jobs} for queue, jobs in expected.items()}
    assert write(store, store.jobs.remove, 401)


def test_a_gate_that_was_removed_is_left_for_the_one_that_others_have_made(home: str) -> None:
    clock = FakeClock()
    with open_store(home, clock=clock) as old:
        add(old)
        os.unlink(old.home.gate)
        clock.advance(1_000)
        add(old)
        assert not os.path.exists(old.home.gate), "nobody else has made one yet"
        with open_store(home) as new:
            add(new)
            clock.advance(1_000)
            add(old)
            with old.writing():
                assert is_held(new.home.gate)
