"""How a home's database comes to be, and how an existing one is recognized or refused."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from pathlib import Path
from typing import Callable

import pytest

from queuectl.model.errors import StoreDamaged, StoreTooNew, StoreUnavailable
from queuectl.model.job import COMPLETED, PROCESSING
from queuectl.store import Home, Store, schema
from queuectl.store.schema.create import create
from tests.store.building import add, add_versions, assert_whole, bring_to, contents, open_store, plain
from tests.store.together import run_together
from tests.support import Processes

# What may stand in the place of a database, and what is said of it.


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 64)


def text(path: Path) -> None:
    path.write_text("jobs: none\n", encoding="utf-8")


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def only_the_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def header_spoilt(path: Path) -> None:
    path.write_bytes(b"SQLite format 4\0" + path.read_bytes()[16:])


def other_program(path: Path) -> None:
    path.unlink()
    connection = plain(str(path))
    connection.executescript("PRAGMA user_version=1; CREATE TABLE jobs (id TEXT); INSERT INTO jobs VALUES ('precious')")
    connection.close()


def other_program_with_a_log(path: Path) -> None:
    path.unlink()
    connection = plain(str(path))
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA application_id=7; CREATE TABLE jobs (id TEXT)")
    connection.close()


def newer(path: Path) -> None:
    connection = plain(str(path))
    connection.execute(f"PRAGMA user_version={schema.VERSION + 1}")
    connection.close()


def without_version(path: Path) -> None:
    connection = plain(str(path))
    connection.execute("PRAGMA user_version=0")
    connection.close()


def log_left_alone(path: Path) -> None:
    path.rename(path.with_name("queue.db-wal"))


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def link_to_nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


VARIANTS = [
    (emptied, StoreDamaged, "the file is empty"),
    (garbage, StoreDamaged, "not a database"),
    (text, StoreDamaged, "not a database"),
    (halved, StoreDamaged, "malformed"),
    (only_the_header, StoreDamaged, "damaged"),
    (header_spoilt, StoreDamaged, "not a database"),
    (other_program, StoreDamaged, "is not a QueueCTL store"),
    (other_program_with_a_log, StoreDamaged, "is not a QueueCTL store"),
    (newer, StoreTooNew, f"has version {schema.VERSION + 1}, this QueueCTL knows versions up to {schema.VERSION}"),
    (without_version, StoreDamaged, "it has no version"),
    (log_left_alone, StoreDamaged, "its write-ahead log is there"),
    (directory, StoreUnavailable, "home"),
    (link_to_nowhere, StoreUnavailable, "cannot be used"),
]


def everything_in(home: str) -> dict[str, bytes | None]:
    """Every name in a home, with what a file holds; without the empty log that opening a damaged file leaves."""
    paths = [path for path in sorted(Path(home).rglob("*")) if path.name != "queue.db-shm"]
    found = {str(path.relative_to(home)): path.read_bytes() if path.is_file() else None for path in paths}
    return {name: content for name, content in found.items() if name != "queue.db-wal" or content}


@pytest.mark.parametrize("spoil, kind, phrase", VARIANTS, ids=[spoil.__name__ for spoil, _, _ in VARIANTS])
def test_a_file_that_is_not_a_whole_store_is_refused_and_left_as_it_is(
    home: str, spoil: Callable[[Path], None], kind: type[Exception], phrase: str
) -> None:
    with open_store(home) as store:
        add(store)
    spoil(Path(home, "queue.db"))
    before = everything_in(home)
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as caught:
            open_store(home)
        assert type(caught.value) is kind
        assert phrase in caught.value.message and caught.value.hint
        assert everything_in(home) == before


@pytest.mark.parametrize("spoil", [emptied, garbage, halved, only_the_header, log_left_alone])
def test_what_the_refusal_advises_leads_to_a_new_store(home: str, spoil: Callable[[Path], None]) -> None:
    with open_store(home) as store:
        add(store)
    spoil(Path(home, "queue.db"))
    with pytest.raises(StoreDamaged) as caught:
        open_store(home)
    advice = (caught.value.hint or "").split("to start over: ")[1].split()
    assert advice[0] == "mv" and subprocess.run(advice, check=False).returncode == 0
    with open_store(home) as store:
        assert store.names.last() is None and add(store) == 1
        assert_whole(store)


def test_damage_in_the_middle_is_an_error_of_the_store_when_it_is_met(home: str) -> None:
    with open_store(home) as store:
        add(store)
        root = store.database.value("SELECT rootpage FROM sqlite_master WHERE name = 'jobs'")
        size = store.database.value("PRAGMA page_size")
    database = Path(home, "queue.db")
    content = bytearray(database.read_bytes())
    content[(root - 1) * size : root * size] = b"\xa5" * size
    database.write_bytes(bytes(content))
    with open_store(home) as store:
        with pytest.raises(StoreDamaged, match="malformed"):
            store.search.jobs([1])
        with pytest.raises(StoreDamaged, match="malformed"):
            add(store)


# Making one


def test_a_new_store_is_marked_as_ours(store: Store) -> None:
    assert store.database.value("PRAGMA application_id") == schema.APPLICATION_ID
    assert store.database.value("PRAGMA user_version") == schema.VERSION
    assert contents(store)["jobs"] == []
    assert_whole(store)


def test_opening_a_store_changes_nothing_in_it(home: str) -> None:
    with open_store(home) as store:
        bring_to(store, COMPLETED)
    before = everything_in(home)
    open_store(home).close()
    assert everything_in(home) == before


def test_making_a_home_leaves_nothing_behind_but_the_home(home: str) -> None:
    open_store(home).close()
    assert sorted(os.listdir(home)) == ["logs", "queue.db", "run"]


def test_who_comes_second_uses_the_store_that_is_there(home: str) -> None:
    with open_store(home) as store:
        add(store)
        create(Home(home))
        assert store.names.last() == 1
    with open_store(home) as store:
        assert store.names.last() == 1


def test_a_file_system_without_links_gets_a_home_too(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    with open_store(home) as store:
        add(store)
        create(Home(home))
    assert sorted(os.listdir(home)) == ["logs", "queue.db", "run"]
    with open_store(home) as store:
        assert store.names.last() == 1


STARTER = """
from tests.store.building import add, add_versions, open_store
from queuectl.model.clock import SYSTEM_CLOCK
print("ready", flush=True)
sys.stdin.readline()
with open_store(sys.argv[1], clock=SYSTEM_CLOCK, durable=True) as store:
    print(add(store), store.meta.home_id())
"""


def test_eight_processes_that_make_a_home_at_once_share_it(home: str, processes: Processes) -> None:
    told = [said.split() for said in run_together(processes, STARTER, [[home]] * 8)]
    assert sorted(int(number) for number, _ in told) == list(range(1, 9))
    assert len({home_id for _, home_id in told}) == 1
    assert sorted(os.listdir(home)) == ["logs", "queue.db", "run"]
    with open_store(home) as store:
        assert store.counts.by_state() == {"pending": 8}


# What the tables do not allow, whatever our code does


@pytest.mark.parametrize(
    "change",
    [
        "state = 'dancing'",
        "state = 'processing'",
        "worker = 1",
        "lease_until = 1",
        "state = 'completed'",
        "finished_at = 1",
        "attempts = -1",
        "max_retries = -1",
        "timeout = 0",
        "context = 99",
        "id = NULL",
    ],
)
def test_the_tables_refuse_a_job_that_cannot_be(store: Store, change: str) -> None:
    add(store)
    with pytest.raises(sqlite3.IntegrityError), store.writing():
        store.database.change(f"UPDATE jobs SET {change}")
    assert_whole(store)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE attempts SET outcome = 'exited'",
        "UPDATE attempts SET finished_at = 1",
        "UPDATE attempts SET outcome = 'dunno', finished_at = 1",
        "INSERT INTO attempts (job, attempt, worker, started_at, wait_time) VALUES (1, 1, 1, 1, 1)",
        "INSERT INTO attempts (job, attempt, worker, started_at, wait_time) VALUES (9, 1, 1, 1, 1)",
        "INSERT INTO output VALUES (1, 0, 3, x'00')",
        "INSERT INTO output VALUES (9, 0, 1, x'00')",
        "UPDATE counts SET jobs = -1",
        "UPDATE jobs SET attempt_id = NULL",
        "UPDATE jobs SET worker = NULL",
    ],
)
def test_the_tables_refuse_an_attempt_that_cannot_be(store: Store, change: str) -> None:
    bring_to(store, PROCESSING)
    with pytest.raises(sqlite3.IntegrityError), store.writing():
        store.database.change(change)
    assert_whole(store)


# Older stores


def test_an_older_store_is_brought_up_to_date_in_one_transaction(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(home) as store:
        add(store)
    newest = add_versions(
        monkeypatch, "CREATE TABLE new (x);\nINSERT INTO new VALUES (1);", "ALTER TABLE new ADD COLUMN y;"
    )
    for _ in range(2):
        with open_store(home) as store:
            assert store.names.last() == 1
            assert [tuple(row) for row in store.database.rows("SELECT x, y FROM new")] == [(1, None)]
            assert store.database.value("PRAGMA user_version") == newest


def test_an_upgrade_that_fails_leaves_the_older_store(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(home) as store:
        add(store)
    before = everything_in(home)
    add_versions(monkeypatch, "CREATE TABLE new (x);\nINSERT INTO nowhere VALUES (1);")
    with pytest.raises(StoreUnavailable):
        open_store(home)
    assert everything_in(home) == before
    monkeypatch.undo()
    with open_store(home) as store:
        assert store.names.last() == 1
