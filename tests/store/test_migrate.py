"""The steps from one version of the tables to the next, and how one of them changes a CHECK."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from queuectl.model.job import CANCELLED, COMPLETED, DEAD, FAILED, HELD, PENDING, PROCESSING, SCHEDULED, STATES
from queuectl.model.outcome import OUTCOMES
from queuectl.model.piece import Piece
from queuectl.store import Store, schema
from queuectl.store.schema import migrate
from tests.store.building import (
    NOW,
    add,
    add_versions,
    assert_whole,
    bring_to,
    contents,
    open_store,
    plain,
    plan_of,
    write,
)
from tests.support import ROOT

FOLDER = ROOT / "queuectl" / "store" / "schema"
MADE = [CANCELLED, COMPLETED, DEAD, FAILED, HELD, SCHEDULED, PENDING]


def definition(store: Store, table: str) -> str:
    return str(store.database.value("SELECT sql FROM sqlite_master WHERE name = ?", (table,)))


def with_another_state(store: Store) -> str:
    """Return a script that lets jobs be in the state `parked` too."""
    return definition(store, "jobs").replace("state = 'scheduled'", "state = 'parked' OR state = 'scheduled'", 1) + ";"


def fill(store: Store) -> None:
    """Add jobs in most states, with attempts and output, and remove the newest one."""
    for state in MADE:
        bring_to(store, state)
    attempt = store.database.value("SELECT max(id) FROM attempts")
    write(store, store.output.append, attempt, [Piece(0, 1, b"hello\n")], head_end=6, tail_start=6)
    assert write(store, store.jobs.remove, add(store, "newest"))


def test_there_is_a_file_for_each_version() -> None:
    assert {path.name for path in FOLDER.glob("*.sql")} == {
        "tables.sql",
        *(f"{version:04}.sql" for version in range(2, schema.VERSION + 1)),
    }


def test_the_checks_know_the_states_and_outcomes_that_there_are(store: Store) -> None:
    assert set(re.findall(r"\bstate = '(\w+)'", definition(store, "jobs"))) == set(STATES)
    assert set(re.findall(r"\boutcome = '(\w+)'", definition(store, "attempts"))) == set(OUTCOMES)


def test_a_script_is_cut_where_its_statements_end() -> None:
    script = "-- One; and more.\nCREATE TABLE a (\n    x TEXT -- What; it is\n);\n\nINSERT INTO a VALUES ('1;2');\n"
    assert list(migrate.statements(script)) == [
        "CREATE TABLE a (\n    x TEXT -- What; it is\n);\n",
        "INSERT INTO a VALUES ('1;2');\n",
    ]


def test_a_script_that_breaks_off_is_refused() -> None:
    with pytest.raises(ValueError, match="DROP TABLE b"):
        list(migrate.statements("DROP TABLE a;\nDROP TABLE b"))


def test_the_store_is_made_from_a_zip_too(tmp_path: Path) -> None:
    packed = tmp_path / "queuectl.zip"
    with zipfile.ZipFile(str(packed), "w") as target:
        for path in (ROOT / "queuectl").rglob("*"):
            if path.suffix in (".py", ".sql"):
                target.write(str(path), str(path.relative_to(ROOT)))
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\nfrom queuectl.store import Home, Store\n"
        "print(Store.__module__, Store(Home(sys.argv[2])).counts.by_state())"
    )
    words = [sys.executable, "-I", "-c", program, str(packed), str(tmp_path / "home")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("queuectl.store {}\n", "", 0)


# A CHECK that changes


def test_a_check_changes_and_every_row_index_and_reference_stays(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = os.path.join(home, "queue.db")
    with open_store(home) as store:
        fill(store)
        before, script = contents(store), with_another_state(store)
    _, columns, indexes, keys = plan_of(path)
    add_versions(monkeypatch, script)
    with open_store(home) as store:
        after = contents(store)
        assert [row for row in after.pop("events") if "upgraded" not in row] == before.pop("events")
        assert after == before
        assert plan_of(path)[1:] == (columns, indexes, keys)
        assert_whole(store)
        write(store, store.database.change, "UPDATE jobs SET state = 'parked' WHERE state = 'held'")
        with pytest.raises(sqlite3.IntegrityError):
            write(store, store.database.change, "UPDATE jobs SET state = 'dancing' WHERE state = 'parked'")


def test_a_home_with_another_check_works_as_before(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(home) as store:
        fill(store)
        last = store.database.value("SELECT seq FROM sqlite_sequence WHERE name = 'jobs'")
        script = with_another_state(store)
    add_versions(monkeypatch, script)
    with open_store(home) as store:
        assert add(store) == last + 1, "the number of a job that was removed is not given again"
        with pytest.raises(sqlite3.IntegrityError):
            write(store, store.database.change, "UPDATE jobs SET context = 99")
        pruned = write(store, store.jobs.prune, DEAD, NOW + 10, 10, now=NOW + 10)
        assert len(pruned) == 1 and store.database.value("SELECT count(*) FROM attempts") == 2
        number = bring_to(store, PROCESSING, priority=9)
        assert number == last + 2
        assert_whole(store)


def test_a_new_home_gets_the_tables_that_an_upgraded_one_has(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(home) as store:
        script = with_another_state(store)
    add_versions(monkeypatch, script)
    open_store(home).close()
    new = str(tmp_path / "new")
    open_store(new).close()
    assert plan_of(os.path.join(home, "queue.db")) == plan_of(os.path.join(new, "queue.db"))


def test_a_column_that_is_left_out_goes_and_a_new_one_takes_its_default(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(home) as store:
        write(store, store.meta.touch, 7)
        before = contents(store)["meta"]
    script = "CREATE TABLE meta (key TEXT PRIMARY KEY, kind TEXT NOT NULL DEFAULT 'fact', value TEXT) WITHOUT ROWID;"
    add_versions(monkeypatch, script, "CREATE TABLE meta (key TEXT PRIMARY KEY, kind TEXT) WITHOUT ROWID;")
    open_store(home).close()
    connection = plain(os.path.join(home, "queue.db"))
    assert connection.execute("SELECT * FROM meta").fetchall() == [(key, "fact") for key, _ in before]
    connection.close()


def test_a_check_that_a_row_breaks_leaves_the_home_as_it_was(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = os.path.join(home, "queue.db")
    with open_store(home) as store:
        fill(store)
        before, script = contents(store), definition(store, "jobs").replace("state = 'held' OR", "", 1) + ";"
    plan = plan_of(path)
    add_versions(monkeypatch, script)
    with pytest.raises(sqlite3.IntegrityError):
        open_store(home)
    monkeypatch.undo()
    with open_store(home) as store:
        assert contents(store) == before and plan_of(path) == plan
        assert_whole(store)
