"""A home that we may not write to can be read, no matter who has it open and how it was left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.errors import StoreReadOnly, StoreUnavailable
from queuectl.store import Store
from tests.mounting import mounted, write_protected
from tests.store.building import add, assert_whole, claim, enqueue, finish, open_store, plain, python, spec
from tests.support import Processes


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory with a home that can also be reached, and changed, by the path `other`."""
    for name in ("seen", "other"):
        (tmp_path / name).mkdir(mode=0o700)
    mounted(tmp_path / "disk", "size=64m,mode=700")
    disk = str(tmp_path / "disk")
    for name in ("seen", "other"):
        subprocess.run(["mount", "--bind", disk, str(tmp_path / name)], check=True)
    yield tmp_path
    for name in ("seen", "other", "disk"):
        subprocess.run(["umount", "--lazy", str(tmp_path / name)], check=True)


def seen(place: Path) -> str:
    return str(place / "seen" / "home")


def other(place: Path) -> str:
    return str(place / "other" / "home")


def jobs_in(store: Store) -> list[int]:
    return list(store.names.in_range(1, 100_000))


def refuse_to_write(store: Store) -> None:
    with pytest.raises(StoreReadOnly, match="the home is read-only") as caught, store.writing():
        raise AssertionError("the transaction began")
    assert caught.value.exit_code == 5 and caught.value.hint


def test_one_that_nobody_has_open_is_read(place: Path) -> None:
    with open_store(other(place)) as store:
        enqueue(store, spec(), spec())
        finish(store, claim(store))
    with write_protected(place / "seen"), open_store(seen(place)) as store:
        assert store.database.is_read_only and jobs_in(store) == [1, 2]
        assert_whole(store)
        refuse_to_write(store)
    assert sorted(os.listdir(other(place))) == ["logs", "queue.db", "run"]


def test_one_that_somebody_has_open_is_read_as_it_changes(place: Path) -> None:
    with open_store(other(place)) as writer, write_protected(place / "seen"):
        add(writer)
        with open_store(seen(place)) as store:
            assert jobs_in(store) == [1]
            before = store.changes()
            assert store.changes() == before
            add(writer)
            assert store.changes() != before and jobs_in(store) == [1, 2]
            writer.checkpoint()
            add(writer)
            assert jobs_in(store) == [1, 2, 3]
            refuse_to_write(store)
            assert_whole(store)


def test_what_somebody_writes_later_is_seen_too(place: Path) -> None:
    with open_store(other(place)) as writer:
        add(writer)
    with write_protected(place / "seen"), open_store(seen(place)) as store:
        assert jobs_in(store) == [1]
        for number in range(2, 6):
            before = store.changes()
            with open_store(other(place)) as writer:
                add(writer)
                assert jobs_in(store) == list(range(1, number + 1))
            assert jobs_in(store) == list(range(1, number + 1))
            assert store.changes() != before


BUSY = """
from queuectl.model.clock import SYSTEM_CLOCK
from tests.store.building import add, open_store

for _ in range(int(sys.argv[2])):
    with open_store(sys.argv[1], clock=SYSTEM_CLOCK) as store:
        add(store)
"""

KILLED = """
import os, signal
from tests.store.building import add, open_store

store = open_store(sys.argv[1])
add(store)
store.checkpoint()
add(store)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def killed(place: Path, processes: Processes) -> Path:
    """The place, after its only writer was killed with half of it in the log."""
    assert processes.start(python(KILLED, other(place))).wait(60) == -signal.SIGKILL
    assert Path(other(place), "queue.db-wal").stat().st_size > 0
    return place


@pytest.mark.parametrize("lost", [(), ("queue.db-shm",)])
def test_what_a_killed_writer_left_in_the_log_is_read(killed: Path, lost: tuple[str, ...]) -> None:
    for name in lost:
        Path(other(killed), name).unlink()
    files = sorted(os.listdir(other(killed)))
    with write_protected(killed / "seen"), open_store(seen(killed)) as store:
        assert jobs_in(store) == [1, 2]
        assert_whole(store)
        refuse_to_write(store)
        assert sorted(os.listdir(other(killed))) == files
        # Another process: within one, SQLite would share what it knows of the file.
        subprocess.run(python(BUSY, other(killed), "1"), check=True)
        assert jobs_in(store) == [1, 2, 3]


@pytest.mark.parametrize("left", [["queue.db-shm"], ["queue.db-wal"], ["queue.db-shm", "queue.db-wal"]])
def test_empty_files_that_were_left_beside_it_are_no_hindrance(place: Path, left: list[str]) -> None:
    with open_store(other(place)) as writer:
        add(writer)
    for name in left:
        Path(other(place), name).touch(mode=0o600)
    with write_protected(place / "seen"), open_store(seen(place)) as store:
        assert jobs_in(store) == [1]


def test_it_is_never_seen_half_written_while_somebody_opens_writes_and_closes_it(
    place: Path, processes: Processes
) -> None:
    with open_store(other(place)) as writer:
        add(writer)
    busy = processes.start(python(BUSY, other(place), "150"))
    looks = 0
    with write_protected(place / "seen"):
        while busy.poll() is None:
            # With a clock that really waits: the other process may be in the midst of its writing.
            with open_store(seen(place), clock=SYSTEM_CLOCK) as store:
                for _ in range(5):
                    found = jobs_in(store)
                    assert found == list(range(1, len(found) + 1))
                    looks += 1
        assert busy.returncode == 0 and looks > 20
        with open_store(seen(place)) as store:
            assert len(jobs_in(store)) == 151


def test_one_of_an_older_version_says_that_it_must_be_upgraded_first(place: Path) -> None:
    with open_store(other(place)) as writer:
        add(writer)
    connection = plain(os.path.join(other(place), "queue.db"))
    connection.execute("PRAGMA user_version=3")
    connection.close()
    with write_protected(place / "seen"), pytest.raises(
        StoreReadOnly, match="read-only, and .* must be upgraded"
    ) as caught:
        open_store(seen(place))
    assert "where it can be written to" in (caught.value.hint or "")


def test_one_without_a_store_is_refused(place: Path) -> None:
    os.mkdir(other(place), 0o700)
    with write_protected(place / "seen"), pytest.raises(StoreUnavailable, match="Read-only file system"):
        open_store(seen(place))


def test_a_daemon_is_refused_before_it_does_anything(place: Path) -> None:
    with open_store(other(place)) as writer:
        home = writer.home
        add(writer)
    shutil.rmtree(home.run)
    with write_protected(place / "seen"), pytest.raises(StoreReadOnly, match="the home is read-only"):
        type(home)(seen(place)).prepare()
    assert not os.path.exists(home.run)
