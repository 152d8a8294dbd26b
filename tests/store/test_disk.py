"""A disk that is full or fails: nothing is half done, and the store works again afterwards."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from queuectl.model.errors import StoreDamaged, StoreFull, StoreReadOnly, StoreUnavailable
from queuectl.store import Store
from queuectl.store.lockfile import is_held
from tests.mounting import mounted
from tests.store.building import NOW, add, assert_whole, claim, contents, enqueue, finish, open_store, spec, write

LARGE = "x" * 20_000


def fill(store: Store, command: str = LARGE) -> int:
    """Add pairs of jobs until the disk is full; return how many were acknowledged."""
    for acknowledged in range(10_000):
        try:
            enqueue(store, spec(command), spec(command))
        except StoreFull as error:
            assert "nothing was changed" in error.message and error.hint
            return 2 * acknowledged
    raise AssertionError("the disk never filled up")


def fill_log(store: Store) -> None:
    """Write as little as can be written until that does not fit either."""
    with pytest.raises(StoreFull):
        for _ in range(10_000):
            with store.writing():
                store.events.add("odd", actor="test", now=NOW)


def assert_kept(store: Store, jobs: int) -> None:
    assert store.database.value("SELECT count(*) FROM jobs") == jobs
    assert not is_held(store.home.gate)
    assert_whole(store)


# A database that may not grow


@pytest.fixture
def tight(store: Store) -> Store:
    """A store whose database file may not grow much more."""
    pages = store.database.value("PRAGMA page_count")
    store.database.rows(f"PRAGMA max_page_count={pages + 60}")
    return store


def widen(store: Store) -> None:
    store.database.rows("PRAGMA max_page_count=1000000")


def test_a_full_store_keeps_what_it_acknowledged_and_goes_on_when_there_is_space(tight: Store) -> None:
    acknowledged = fill(tight)
    assert acknowledged > 0
    assert_kept(tight, acknowledged)
    widen(tight)
    enqueue(tight, spec(LARGE), spec(LARGE))
    assert_kept(tight, acknowledged + 2)


def test_a_full_store_can_be_read_and_what_is_removed_makes_space(tight: Store) -> None:
    acknowledged = fill(tight)
    assert len(tight.search.jobs(tight.names.in_range(1, 999))) == acknowledged
    assert write(tight, tight.jobs.remove, 1)
    assert finish(tight, claim(tight))
    assert_kept(tight, acknowledged - 1)


def test_a_large_batch_that_does_not_fit_adds_nothing(tight: Store) -> None:
    enqueue(tight, spec())
    before = contents(tight)
    with pytest.raises(StoreFull):
        enqueue(tight, *[spec(LARGE, queue=f"q{number}") for number in range(50)])
    assert contents(tight) == before
    widen(tight)
    enqueue(tight, *[spec(LARGE, queue=f"q{number}") for number in range(50)])
    assert_kept(tight, 51)


# A file system that is full


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB with a home on it, and a ballast that can be thrown off."""
    directory = tmp_path / "disk"
    mounted(directory, "size=1m,mode=700")
    (directory / "ballast").write_bytes(b"x" * 200_000)
    yield directory
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill_up(disk: Path) -> None:
    """Leave no room on a file system, until `more ballast` is removed."""
    with contextlib.suppress(OSError), open(str(disk / "more ballast"), "wb", buffering=0) as ballast:
        while True:
            ballast.write(b"x" * 4_096)


def test_a_full_disk_keeps_what_was_acknowledged_and_goes_on_when_there_is_space(disk: Path) -> None:
    with open_store(str(disk / "home"), durable=True) as store:
        acknowledged = fill(store)
        assert acknowledged > 0
        assert_kept(store, acknowledged)
        (disk / "ballast").unlink()
        enqueue(store, spec(LARGE), spec(LARGE))
        assert_kept(store, acknowledged + 2)
    with open_store(str(disk / "home")) as store:
        assert_kept(store, acknowledged + 2)


def test_a_worker_on_a_full_disk_can_end_its_job_once_there_is_space(disk: Path) -> None:
    with open_store(str(disk / "home")) as store:
        add(store)
        claimed = claim(store)
        fill(store)
        (disk / "more ballast").write_bytes(b"")
        fill_up(disk)
        # The log has room yet where the last transaction that did not fit was undone.
        fill_log(store)
        before = contents(store)
        with pytest.raises(StoreFull):
            finish(store, claimed)
        assert contents(store) == before
        (disk / "more ballast").unlink()
        (disk / "ballast").unlink()
        assert finish(store, claimed)
        assert_whole(store)


def test_a_home_that_does_not_fit_is_refused_and_made_later(disk: Path) -> None:
    fill_up(disk)
    with pytest.raises(StoreUnavailable) as caught:
        open_store(str(disk / "home"))
    assert not isinstance(caught.value, StoreDamaged)
    assert not [name for name in os.listdir(str(disk / "home")) if name.startswith("queue.db")]
    (disk / "more ballast").unlink()
    with open_store(str(disk / "home")) as store:
        assert add(store) == 1


def test_a_home_whose_run_was_removed_while_it_was_open_is_written_to_as_before(store: Store) -> None:
    shutil.rmtree(store.home.run)
    add(store)
    assert os.path.exists(store.home.gate)


def test_a_gate_that_cannot_be_made_is_said_to_be_read_only(store: Store) -> None:
    shutil.rmtree(store.home.run)
    Path(store.home.run).touch()
    with pytest.raises(StoreReadOnly, match="write.lock"), store.writing():
        raise AssertionError("the transaction began")
    os.unlink(store.home.run)
    assert add(store) == 1


# A disk that fails


@contextlib.contextmanager
def failing_disk(store: Store) -> Iterator[None]:
    """No file may grow past its present size: SQLite sees this as an error of the disk, not as a full one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (store.database.wal_bytes() + 10, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_failing_disk_changes_nothing_and_the_store_goes_on_when_it_works(store: Store) -> None:
    enqueue(store, *[spec() for _ in range(50)])
    before = contents(store)
    with failing_disk(store), pytest.raises(StoreUnavailable) as caught:
        enqueue(store, spec(LARGE * 2), spec(LARGE * 2))
    assert type(caught.value) is StoreUnavailable and "the disk failed, nothing was changed" in caught.value.message
    assert contents(store) == before
    enqueue(store, spec())
    assert_kept(store, 51)


def test_a_checkpoint_on_a_failing_disk_loses_nothing(store: Store) -> None:
    enqueue(store, *[spec(LARGE) for _ in range(20)])
    before = contents(store)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(store.home.database), hard))
    try:
        with pytest.raises(StoreUnavailable, match="the disk failed"):
            store.checkpoint()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert contents(store) == before and not is_held(store.home.gate)
    store.checkpoint()
    assert contents(store) == before
    assert_kept(store, 20)


# A disk that was full before the store was opened


@pytest.fixture
def full_disk(disk: Path) -> Path:
    """The same file system, full, and with a job in the home on it that nobody has open."""
    with open_store(str(disk / "home")) as store:
        add(store, id="first")
    fill_up(disk)
    return disk


def test_a_store_on_a_full_disk_can_be_opened_and_read(full_disk: Path) -> None:
    with open_store(str(full_disk / "home")) as store:
        assert [job.id for job in store.names.named("", 9)] == ["first"]
        assert store.database.is_read_only and store.database.notice.startswith(
            "the disk is full, nothing in the home can be changed"
        )
        with pytest.raises(StoreFull):
            add(store)
        assert [job.id for job in store.names.named("", 9)] == ["first"]


def test_a_store_that_was_opened_on_a_full_disk_is_written_to_once_there_is_space(full_disk: Path) -> None:
    with open_store(str(full_disk / "home")) as store:
        (full_disk / "more ballast").unlink()
        assert add(store, id="second") == 2
        assert (store.database.is_read_only, store.database.notice) == (False, "")
        assert [job.id for job in store.names.named("", 9)] == ["second", "first"]
        assert finish(store, claim(store))
        assert_whole(store)


def test_a_store_that_was_opened_on_a_full_disk_sees_what_others_write_later(full_disk: Path) -> None:
    home = str(full_disk / "home")
    with open_store(home) as store:
        before = store.database.changes()
        (full_disk / "more ballast").unlink()
        with open_store(home) as other:
            add(other, id="second")
            assert [job.id for job in store.names.named("", 9)] == ["second", "first"]
        assert store.database.changes() != before
        assert (store.database.is_read_only, store.database.notice) == (False, "")


def test_what_stands_in_the_log_of_a_killed_process_is_read_on_a_full_disk(disk: Path, tmp_path: Path) -> None:
    home, copy = tmp_path / "home", disk / "home"
    with open_store(str(home)) as store:
        add(store, id="first")
        shutil.copytree(str(home), str(copy), ignore=shutil.ignore_patterns("queue.db-shm"))
    assert (copy / "queue.db-wal").stat().st_size > 0
    fill_up(disk)
    for _ in range(2):  # The first one may leave some bytes of an index.
        with open_store(str(copy)) as store:
            assert [job.id for job in store.names.named("", 9)] == ["first"]
