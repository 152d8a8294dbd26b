"""The write-ahead log: checkpoints keep everything, and a log cut anywhere holds whole transactions only."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from pathlib import Path

import pytest

from queuectl.store import Store
from queuectl.store.database import WAL_LIMIT_BYTES
from tests.store.building import NOW, Stores, add, assert_whole, contents, enqueue, open_store, plain, python, spec
from tests.support import Processes

WAL_HEADER, FRAME_HEADER = 32, 24


def copy(home: str, target: Path, wal: bytes | None = None) -> str:
    """Copy a home's database, and its log as far as `wal` says, as a crash would leave them."""
    target.mkdir(mode=0o700)
    shutil.copyfile(os.path.join(home, "queue.db"), str(target / "queue.db"))
    if wal is not None:
        (target / "queue.db-wal").write_bytes(wal)
    return str(target)


def test_a_checkpoint_keeps_everything_and_needs_the_log_no_more(store: Store, home: str, tmp_path: Path) -> None:
    enqueue(store, *[spec(f"echo {number}", env={"A": str(number)}) for number in range(50)])
    before = contents(store)
    store.checkpoint()
    assert contents(store) == before
    with open_store(copy(home, tmp_path / "copy")) as copied:
        assert contents(copied) == before
        assert_whole(copied)


def test_the_log_starts_again_after_a_checkpoint(store: Store) -> None:
    for _ in range(50):
        add(store)
    size = store.database.wal_bytes()
    assert size > 100_000
    for _ in range(5):
        store.checkpoint()
        for _ in range(20):
            add(store)
    assert store.database.wal_bytes() == size


def test_without_checkpoints_the_log_grows(store: Store) -> None:
    sizes = []
    for _ in range(3):
        enqueue(store, *[spec() for _ in range(100)])
        sizes.append(store.database.wal_bytes())
    assert sizes[0] < sizes[1] < sizes[2]


def test_a_log_that_has_grown_large_is_cut_back(store: Store) -> None:
    for _ in range(8):
        enqueue(store, *[spec("x" * 60_000) for _ in range(50)])
    assert store.database.wal_bytes() > WAL_LIMIT_BYTES
    store.checkpoint()
    add(store)
    assert store.database.wal_bytes() <= WAL_LIMIT_BYTES
    assert_whole(store)


def test_a_checkpoint_beside_a_reader_keeps_what_the_reader_sees(store: Store, stores: Stores) -> None:
    add(store)
    reader = plain(store.home.database)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
    add(store)
    store.checkpoint()
    add(store)
    store.checkpoint()
    assert reader.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
    reader.close()
    assert stores().names.last() == 3
    assert_whole(store)


def test_closing_the_last_store_leaves_no_log(home: str) -> None:
    with open_store(home) as first:
        with open_store(home) as second:
            add(first)
        assert second.database.wal_bytes() > 0
    assert not os.path.exists(os.path.join(home, "queue.db-wal"))
    with open_store(home) as store:
        assert store.database.wal_bytes() == 0 and store.names.last() == 1


# Cut anywhere

BATCHES = [1, 40, 2, 3, 80, 1, 5]
CRASHER = f"""
import os, signal
from tests.store.building import enqueue, open_store, spec
store = open_store(sys.argv[1])
for size in {BATCHES}:
    enqueue(store, *[spec(queue=f"q{{number % 2}}", cwd=f"/{{size}}") for number in range(size)])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def crashed(home: str, processes: Processes) -> tuple[bytes, list[int]]:
    """A home whose process was killed: a database, and a log that holds all the batches."""
    process = processes.start(python(CRASHER, home))
    assert process.wait(60) == -signal.SIGKILL
    wal = Path(home, "queue.db-wal").read_bytes()
    page = int.from_bytes(wal[8:12], "big")
    frames = (len(wal) - WAL_HEADER) // (FRAME_HEADER + page)
    ends = [WAL_HEADER + frame * (FRAME_HEADER + page) for frame in range(frames + 1)]
    assert ends[-1] == len(wal) and frames > 3 * len(BATCHES)
    return wal, ends


def jobs_after(home: str, target: Path, wal: bytes) -> int:
    """How many jobs a home has whose log survived as `wal`; everything else must fit to that."""
    with open_store(copy(home, target, wal)) as store:
        assert_whole(store)
        contexts = store.database.value("SELECT count(*) FROM contexts")
        jobs = store.database.integer("SELECT count(*) FROM jobs") or 0
        assert contexts == len(set(BATCHES[: _batches(jobs)]))
        return jobs


def _batches(jobs: int) -> int:
    sums = [sum(BATCHES[:count]) for count in range(len(BATCHES) + 1)]
    assert jobs in sums, f"{jobs} jobs are no whole number of transactions"
    return sums.index(jobs)


def test_a_killed_process_loses_nothing_that_it_committed(home: str, crashed: tuple[bytes, list[int]]) -> None:
    with open_store(home) as store:
        assert store.names.last() == sum(BATCHES)
        assert_whole(store)


def test_a_log_cut_at_any_frame_holds_whole_transactions(
    home: str, crashed: tuple[bytes, list[int]], tmp_path: Path
) -> None:
    wal, ends = crashed
    found = [jobs_after(home, tmp_path / str(end), wal[:end]) for end in ends]
    assert found == sorted(found)
    assert set(found) == {sum(BATCHES[:count]) for count in range(len(BATCHES) + 1)}


def test_a_log_cut_inside_a_frame_holds_the_transactions_before_it(
    home: str, crashed: tuple[bytes, list[int]], tmp_path: Path
) -> None:
    wal, ends = crashed
    for number, end in enumerate(ends[1::5]):
        whole = jobs_after(home, tmp_path / f"whole{number}", wal[: ends[ends.index(end) - 1]])
        assert jobs_after(home, tmp_path / f"cut{number}", wal[: end - 100]) == whole


def test_a_frame_that_was_not_written_right_ends_the_log(
    home: str, crashed: tuple[bytes, list[int]], tmp_path: Path
) -> None:
    wal, ends = crashed
    middle = ends[len(ends) // 2]
    spoilt = wal[: middle + 500] + bytes([wal[middle + 500] ^ 1]) + wal[middle + 501 :]
    assert jobs_after(home, tmp_path / "spoilt", spoilt) == jobs_after(home, tmp_path / "cut", wal[:middle])


def test_a_backup_made_by_sqlite_is_a_whole_home(store: Store, tmp_path: Path) -> None:
    enqueue(store, *[spec() for _ in range(20)])
    target = tmp_path / "copy"
    target.mkdir(mode=0o700)
    source, backup = plain(store.home.database), sqlite3.connect(str(target / "queue.db"))
    source.backup(backup)
    source.close()
    backup.close()
    with open_store(str(target)) as copied:
        assert contents(copied) == contents(store)
        assert copied.jobs.next_due() is None and add(copied, now=NOW) == 21
