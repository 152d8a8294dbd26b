"""Before an upgrade the database is copied: whole and checked, or nothing is upgraded."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
from pathlib import Path

import pytest

from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.errors import StoreDamaged, StoreFull, StoreUnavailable
from queuectl.store import schema, upgrade
from queuectl.store.schema import migrate
from queuectl.store.schema.create import PAGE_BYTES
from tests.commands.calling import call
from tests.mounting import mounted
from tests.store.building import NOW, assert_whole, open_store, plain, python
from tests.store.older import STATES, make_older
from tests.store.together import run_together
from tests.support import FakeClock, Processes

VERSION = 3
NAME = re.compile(r"queue-v3-\d{4}-\d\d-\d\dT\d{6}Z\.db")


@pytest.fixture
def old(home: str) -> str:
    """The path of a home of the version before."""
    make_older(home, VERSION)
    return home


def backups(home: str) -> list[str]:
    directory = os.path.join(home, "backups")
    return sorted(os.listdir(directory)) if os.path.isdir(directory) else []


def version_of(path: str) -> int:
    connection = plain(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def dump(path: str) -> list[str]:
    """Everything that is in a database."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return [*connection.iterdump(), connection.execute("PRAGMA user_version").fetchone()]
    finally:
        connection.close()


def everything(home: str) -> tuple[list[str], int]:
    """What is in the directory of a home, and the version of its database."""
    found = sorted(os.path.relpath(os.path.join(top, name), home) for top, _, names in os.walk(home) for name in names)
    return [name for name in found if not name.startswith(("run", "queue.db-"))], version_of(f"{home}/queue.db")


def test_it_is_a_whole_database_as_it_was_that_its_owner_alone_can_read(old: str) -> None:
    before = dump(f"{old}/queue.db")
    umask = os.umask(0)
    try:
        open_store(old).close()
    finally:
        os.umask(umask)
    (name,) = backups(old)
    assert NAME.fullmatch(name)
    path = os.path.join(old, "backups", name)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
    assert dump(path) == before
    assert version_of(f"{old}/queue.db") == schema.VERSION


def test_it_holds_what_is_in_the_log_only(old: str) -> None:
    writer = plain(f"{old}/queue.db")
    writer.execute("PRAGMA wal_autocheckpoint=0")
    writer.execute("UPDATE jobs SET command = 'in the log'")
    open_store(old).close()
    writer.close()
    copied = plain(os.path.join(old, "backups", backups(old)[0]))
    assert copied.execute("SELECT DISTINCT command FROM jobs").fetchall() == [("in the log",)]
    copied.close()


def test_the_upgrading_command_names_the_backup_and_it_is_noted(old: str) -> None:
    answer = call(old, "list", "-o", "ids")
    assert answer.code == 0 and len(answer.lines) == len(STATES)
    path = os.path.join(old, "backups", backups(old)[0])
    assert f"upgraded from version 3 to {schema.VERSION}" in answer.err
    way_back = f"cd {old} && rm -f queue.db-wal queue.db-shm && cp {os.path.relpath(path, old)} queue.db"
    assert way_back in answer.err
    assert call(old, "list").err == ""
    (note,) = [line for line in call(old, "events", "-o", "csv").lines if "upgraded" in line]
    assert path in note


def test_the_one_just_made_is_kept_after_the_clock_was_set_back(old: str) -> None:
    os.mkdir(f"{old}/backups")
    later = [f"queue-v{version}-2099-01-0{day}T000000Z.db" for version, day in ((2, 9), (3, 1), (3, 2), (10, 1))]
    for name in later:
        with open(f"{old}/backups/{name}", "w", encoding="utf-8"):
            pass
    open_store(old).close()
    (made,) = [name for name in backups(old) if name not in later]
    assert NAME.fullmatch(made)
    assert backups(old) == sorted([made, later[-1]])


def test_one_can_go_back_to_it(old: str) -> None:
    before = dump(f"{old}/queue.db")
    open_store(old).close()
    shutil.copy(os.path.join(old, "backups", backups(old)[0]), f"{old}/queue.db")
    assert dump(f"{old}/queue.db") == before
    with open_store(old) as store:
        assert_whole(store)


def test_a_home_of_today_is_not_copied(home: str) -> None:
    for _ in range(2):
        open_store(home).close()
    assert not os.path.exists(os.path.join(home, "backups"))


def test_the_last_two_are_kept(old: str) -> None:
    os.mkdir(os.path.join(old, "backups"), 0o700)
    for name in ("queue-v1-2024-01-01T000000Z.db", "queue-v2-2023-01-01T000000Z.db", "mine.db"):
        open(os.path.join(old, "backups", name), "wb").close()
    open_store(old, clock=FakeClock(NOW)).close()
    names = backups(old)
    assert len(names) == 3 and names[:2] == ["mine.db", "queue-v2-2023-01-01T000000Z.db"] and NAME.fullmatch(names[2])


# What goes wrong


def test_without_room_nothing_is_upgraded_and_nothing_is_left(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(old)
    size = os.path.getsize(f"{old}/queue.db")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1 << 30, 1 << 30, size))
    with pytest.raises(StoreFull, match="no room for the backup .* nothing was changed") as caught:
        open_store(old)
    assert caught.value.exit_code == 5 and "free some space" in (caught.value.hint or "")
    assert everything(old) == before and not os.path.exists(os.path.join(old, "backups"))
    monkeypatch.undo()
    open_store(old).close()
    assert len(backups(old)) == 1


def test_a_disk_that_fills_up_meanwhile_leaves_nothing_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = tmp_path / "disk"
    mounted(disk, "size=3m,mode=700")
    try:
        home = str(disk / "home")
        make_older(home, VERSION)
        connection = plain(f"{home}/queue.db")
        connection.execute("UPDATE output SET data = zeroblob(300000)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        (disk / "ballast").write_bytes(b"x" * 1_000_000)
        before = everything(home)
        # Another has taken what was free when it was asked for.
        monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1 << 30, 0, 1 << 30))
        with pytest.raises(StoreFull, match="the disk is full, nothing was changed"):
            open_store(home)
        assert everything(home) == before
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_place_that_cannot_be_made_is_explained(old: str) -> None:
    open(os.path.join(old, "backups"), "wb").close()
    with pytest.raises(
        StoreUnavailable, match="no backup can be made before the upgrade, nothing was changed"
    ) as caught:
        open_store(old)
    assert caught.value.hint and version_of(f"{old}/queue.db") == VERSION


def test_a_copy_that_is_not_whole_is_not_kept_and_nothing_is_upgraded(
    old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, copy = everything(old), upgrade.copy

    def copy_badly(source: sqlite3.Connection, draft: str) -> None:
        copy(source, draft)
        with open(draft, "r+b") as file:
            file.seek(3 * PAGE_BYTES)
            file.write(b"x" * 20 * PAGE_BYTES)

    monkeypatch.setattr(upgrade, "copy", copy_badly)
    with pytest.raises(StoreDamaged):
        open_store(old)
    assert everything(old) == before


def test_an_upgrade_that_fails_takes_its_backup_back(old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(old)
    monkeypatch.setattr(migrate, "script", lambda version: "INSERT INTO nowhere VALUES (1);")
    with pytest.raises(StoreUnavailable):
        open_store(old)
    assert everything(old) == before


KILLED = """
import os, signal
from queuectl.store import upgrade
from tests.store.building import open_store

where, when = sys.argv[2:]
step = getattr(upgrade, where)

def fatal(*arguments):
    if when == "after":
        step(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(upgrade, where, fatal)
open_store(sys.argv[1], durable=True)
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("where", ["copy", "check", "sync", "sync_directory", "keep_last"])
def test_a_kill_at_any_step_leaves_no_torn_backup_and_the_next_upgrade_works(
    old: str, processes: Processes, where: str, when: str
) -> None:
    before = dump(f"{old}/queue.db")
    is_upgraded = where == "keep_last"
    for _ in range(1 if is_upgraded else 2):
        assert processes.start(python(KILLED, old, where, when)).wait(60) == -signal.SIGKILL
        assert version_of(f"{old}/queue.db") == (schema.VERSION if is_upgraded else VERSION)
    open_store(old, clock=FakeClock(NOW + 5_000)).close()
    names = backups(old)
    assert 1 <= len(names) <= 2 and all(map(NAME.fullmatch, names))
    for name in names:
        assert dump(os.path.join(old, "backups", name)) == before
    with open_store(old) as store:
        assert_whole(store)


OPENER = """
from queuectl.model.clock import SYSTEM_CLOCK
from tests.store.building import open_store

print("ready", flush=True)
sys.stdin.readline()
with open_store(sys.argv[1], clock=SYSTEM_CLOCK, durable=True) as store:
    print(store.database.value("PRAGMA user_version"))
"""


def test_of_those_that_open_it_at_once_one_makes_a_backup_and_upgrades(old: str, processes: Processes) -> None:
    before = dump(f"{old}/queue.db")
    assert run_together(processes, OPENER, [[old]] * 4) == [f"{schema.VERSION}\n"] * 4
    (name,) = backups(old)
    assert dump(os.path.join(old, "backups", name)) == before
    with open_store(old, clock=SYSTEM_CLOCK) as store:
        assert [row.what for row in store.events.since(0, 99)].count("upgraded") == 1
