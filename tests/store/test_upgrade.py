"""A home of an older version becomes one of today: whole, once, or not at all."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.job import BLOCKED, COMPLETED, FAILED, PENDING
from queuectl.store import schema
from queuectl.store.schema import migrate
from tests.store.building import (
    LATER,
    NOW,
    ORIGIN,
    ORIGINS,
    add,
    add_versions,
    assert_whole,
    claim,
    finish,
    job,
    open_store,
    plain,
    plan_of,
    python,
    spec,
    state_of,
    values,
    write,
)
from tests.store.linking import add as link
from tests.store.older import SCHEMAS, STATES, make_older
from tests.store.together import run_together
from tests.support import Processes


@pytest.fixture(params=SCHEMAS)
def version(request: pytest.FixtureRequest) -> int:
    """The version that the home was made by."""
    return int(request.param)


@pytest.fixture
def old(home: str, version: int) -> str:
    """The path of a home of an older version with a job in each state."""
    make_older(home, version)
    return home


def columns_of(version: int) -> dict[str, list[str]]:
    """The columns of each table that the version had."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMAS[version])
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    tables = {name: [row[1] for row in connection.execute(f"PRAGMA table_info({name})")] for name in names}
    connection.close()
    del tables["sqlite_sequence"]
    return tables


def rows_of(path: str, version: int) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that the version had, without what is new."""
    connection = plain(path)
    found = {
        table: connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2").fetchall()
        for table, columns in columns_of(version).items()
    }
    connection.close()
    # What the upgrade notes of itself.
    found["events"] = [row for row in found["events"] if "upgraded" not in row]
    return found


def version_of(path: str) -> int:
    connection = plain(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def test_it_is_like_a_new_home_afterwards(old: str, tmp_path: Path) -> None:
    open_store(old).close()
    new = str(tmp_path / "new")
    open_store(new).close()
    upgraded, fresh = plan_of(os.path.join(old, "queue.db")), plan_of(os.path.join(new, "queue.db"))
    for mine, theirs in zip(upgraded, fresh):
        assert mine == theirs
    assert version_of(os.path.join(old, "queue.db")) == schema.VERSION


def test_nothing_that_was_in_it_changes(old: str, version: int) -> None:
    path = os.path.join(old, "queue.db")
    before = rows_of(path, version)
    assert len(before["jobs"]) == len(STATES) and len(before["output"]) == 4
    for _ in range(2):
        with open_store(old) as store:
            assert_whole(store)
            assert store.meta.home_id() == "0123456789abcdef"
            assert [job.schedule for job in store.search.jobs(range(1, 9))] == [None] * len(STATES)
            kept = [(found.name, found.command, found.is_graph, found.nice) for found in store.schedules.all()]
            assert kept == ([("nightly", "make", False, 0)] if version > 1 else [])
    assert rows_of(path, version) == before


def test_it_works_as_any_other(old: str) -> None:
    with open_store(old) as store:
        assert add(store, queue="default", priority=1000) == len(STATES) + 1
        claimed = claim(store)
        assert claimed.number == len(STATES) + 1 and claimed.attempt == 1
        assert finish(store, claimed, COMPLETED)
        assert claim(store).number == 1
        assert write(store, store.jobs.promote, LATER, 10) == 2
        assert state_of(store, 2) == state_of(store, 5) == PENDING
        assert write(store, store.jobs.retry, 7, NOW, keep_attempts=False)
        assert len(write(store, store.jobs.prune, COMPLETED, NOW + 10, 10, now=NOW + 10)) == 2
        assert_whole(store)


def test_new_jobs_can_wait_for_those_that_were_in_it(old: str) -> None:
    with open_store(old) as store:
        numbers = range(1, len(STATES) + 1)
        children = {number: link(store, (number, COMPLETED)) for number in numbers}
        found = [(job(store, child).state, job(store, child).stuck) for child in children.values()]
        expected = {"completed": (PENDING, False), "dead": (BLOCKED, True), "cancelled": (BLOCKED, True)}
        assert found == [expected.get(state, (BLOCKED, False)) for state, _ in STATES]
        # All that wait can wait for others as well.
        assert write(store, store.jobs.edit, 2, {"parents": [(1, COMPLETED)]}, NOW)
        assert store.links.waiting_children(1) == [2, children[1]]
        assert_whole(store)


def test_it_takes_timings_and_samples_of_the_backlog(old: str) -> None:
    with open_store(old) as store:
        assert store.timings.series(0) == [] and store.backlog.last(NOW) is None
        write(store, store.stats.count_attempt, "q", COMPLETED, run_time=7, wait_time=3, now=NOW)
        assert write(store, store.backlog.add, pending=2, processing=1, oldest_age=9, now=NOW)
        assert [values(found) for found in store.timings.series(0)] == [(0, "q", 1, 0, 1, 7, 3, 7, 7, 3, 3)]
        last = store.backlog.last(NOW)
        assert last is not None and values(last) == (NOW // 60_000, 2, 1, 9)
        assert_whole(store)


def test_it_takes_schedules(old: str) -> None:
    with open_store(old) as store:
        assert write(
            store,
            store.schedules.add,
            "backup",
            [spec(env={"A": "1"}, cwd="/srv")],
            expression="* * * * *",
            timezone="UTC",
            catch_up="last",
            overlap="skip",
            expires=None,
            next_at=NOW,
            origin=ORIGIN,
            actor="test",
            now=NOW,
        )
        (found,) = store.schedules.due(NOW, 10)
        with store.writing():
            assert store.schedules.advance(found, LATER)
            store.jobs.enqueue([spec()], origins=ORIGINS, actor="test", now=NOW, schedule="backup")
            store.schedules.record_fire(found, NOW, 9)
        assert store.schedules.last_jobs("backup") == [9]
        assert store.search.jobs([9])[0].schedule == "backup"
        with pytest.raises(sqlite3.IntegrityError):
            write(store, store.schedules.record_fire, found, NOW, 10)
        assert write(store, store.schedules.remove, "backup")
        assert not store.schedules.has_fired(found, NOW)
        assert_whole(store)


@pytest.mark.parametrize("version", [1])
def test_its_file_cannot_shrink_and_pruning_minds_that_not(old: str) -> None:
    from queuectl.engine.clockwork.housekeeping import vacuum

    with open_store(old) as store:
        write(
            store, store.jobs.enqueue, [spec("x" * 2_000) for _ in range(3_000)], origins=ORIGINS, actor="test", now=NOW
        )
        with store.writing():
            store.database.change("DELETE FROM jobs WHERE number > 8")
            store.database.change("UPDATE counts SET jobs = 0 WHERE state = 'pending' AND queue = 'default'")
        pages, free = store.database.pages()
        assert free > 4_096
        assert list(vacuum(store)) == []
        assert store.database.pages() == (pages, free)
        assert_whole(store)


# Killed in the middle

KILLED = """
import os, signal
from queuectl.store.database import Database
from tests.store.building import open_store

where = sys.argv[2]
left = [int(where) if where.isdigit() else 1000]
execute, commit = Database.execute, Database.commit

def counted(self, *arguments):
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return execute(self, *arguments)

def fatal(self):
    if where == "committed":
        commit(self)
    os.kill(os.getpid(), signal.SIGKILL)

Database.execute, Database.commit = counted, fatal
open_store(sys.argv[1], durable=True)
"""


def steps(version: int) -> int:
    """How many statements lead from a version to that of today, the new version's number included."""
    numbers = range(version + 1, schema.VERSION + 1)
    found = [text for number in numbers for text in migrate.statements(migrate.script(number))]
    # Before a table is made, a question whether it is there.
    return len(found) + sum(text.startswith("CREATE TABLE") for text in found) + 1


KILLS = [
    (version, where)
    for version in SCHEMAS
    for where in (*map(str, range(steps(version))), "all but committed", "committed")
]


@pytest.mark.parametrize("version, where", KILLS)
def test_a_kill_in_the_middle_leaves_it_as_it_was_or_upgraded(
    old: str, version: int, processes: Processes, where: str
) -> None:
    path = os.path.join(old, "queue.db")
    before, plan = rows_of(path, version), plan_of(path)
    killed = processes.start(python(KILLED, old, where))
    assert killed.wait(60) == -signal.SIGKILL
    expected = schema.VERSION if where == "committed" else version
    assert version_of(path) == expected
    assert rows_of(path, version) == before
    assert (plan_of(path) == plan) == (expected == version)
    with open_store(old) as store:
        assert store.database.value("PRAGMA user_version") == schema.VERSION
        assert_whole(store)
        assert add(store) == len(STATES) + 1


def test_an_upgrade_that_fails_leaves_it_as_it_was(old: str, version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    path = os.path.join(old, "queue.db")
    before, plan = rows_of(path, version), plan_of(path)
    add_versions(monkeypatch, "INSERT INTO nowhere VALUES (1);")
    with pytest.raises(Exception, match="nowhere"):
        open_store(old)
    assert (version_of(path), rows_of(path, version), plan_of(path)) == (version, before, plan)


OPENER = """
from queuectl.model.clock import SYSTEM_CLOCK
from tests.store.building import add, open_store

print("ready", flush=True)
sys.stdin.readline()
with open_store(sys.argv[1], clock=SYSTEM_CLOCK, durable=True) as store:
    print(add(store), store.database.value("PRAGMA user_version"))
"""


@pytest.mark.parametrize("count", [2, 6])
def test_who_opens_it_at_once_all_succeed(old: str, processes: Processes, count: int) -> None:
    told = sorted(tuple(map(int, said.split())) for said in run_together(processes, OPENER, [[old]] * count))
    assert told == [(len(STATES) + 1 + place, schema.VERSION) for place in range(count)]
    with open_store(old, clock=SYSTEM_CLOCK) as store:
        assert_whole(store)


def test_a_reader_of_an_older_version_that_is_open_meanwhile_does_not_hinder_it(old: str) -> None:
    reader = plain(os.path.join(old, "queue.db"))
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM jobs").fetchone() == (len(STATES),)
    with open_store(old) as store:
        assert_whole(store)
    assert reader.execute("SELECT state FROM jobs WHERE number = 5").fetchone() == (FAILED,)
    reader.close()
