"""/healthz: well is a home that can be written to, and the answer comes soon."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from queuectl.dashboard import health
from queuectl.engine import reporting
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.store.home import PROBE, Home
from queuectl.store.lockfile import LockFile
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import add
from tests.support import FakeClock

api = asking.api
# The store is waited for ten minutes: a process that answers within one has not waited so long.
BUDGET_SECONDS, SOON_MS = 600.0, 60_000


def unwell(api: Api, code: str) -> dict[str, Any]:
    """Ask; the answer is a refusal with this code that names no path."""
    answer = api.ask("GET", "//healthz")
    assert (answer.status, answer.error["code"]) == (503, code), answer.body
    assert answer.error["message"].startswith("nothing can be written: ")
    assert answer.headers["Retry-After"] == "1"
    assert str(Path(api.app.queue.home.path).parent) not in json.dumps(answer.error)
    return answer.error


def test_a_home_that_can_be_written_to_is_well(api: Api) -> None:
    add(api.store)
    api.clock.advance(2500)
    found = api.get("//healthz")
    assert (found["status"], found["uptime"], found["pid"], found["workers"]) == ("ok", 2.5, os.getpid(), 0)


def test_asking_leaves_nothing_behind_and_tells_nobody(api: Api) -> None:
    add(api.store)
    before = api.store.changes()
    wal = api.store.database.wal_bytes()
    for _ in range(3):
        api.clock.advance(health.WELL_HOLDS_MS)
        api.get("//healthz")
    assert (api.store.changes(), api.store.database.wal_bytes()) == (before, wal)
    assert PROBE not in os.listdir(api.app.queue.home.run)


def test_what_was_found_holds_for_a_moment(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    add(api.store)
    written: list[object] = []
    monkeypatch.setattr(reporting, "prove_room", written.append)
    for _ in range(10):
        api.get("//healthz")
    assert len(written) == 1
    api.clock.advance(health.WELL_HOLDS_MS)
    api.get("//healthz")
    assert len(written) == 2


# Nothing can be written


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting needs root")
    directory = tmp_path / "disk"
    directory.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(directory)]
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, encoding="utf-8")
    if done.returncode != 0:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")
    yield directory
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


@pytest.fixture
def on_disk(disk: Path) -> Iterator[Api]:
    """The API of a home on that file system, found well."""
    made = Api(str(disk / "home"))
    add(made.store)
    made.get("//healthz")
    made.clock.advance(health.WELL_HOLDS_MS)
    yield made
    made.close()


def fill(path: Path) -> None:
    """Write to a file until nothing more fits."""
    with open(path, "wb", buffering=0) as file:
        for size in (65_536, 1_024, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def test_a_full_disk_is_not_well_until_there_is_room(on_disk: Api, disk: Path) -> None:
    fill(disk / "ballast")
    assert "full" in unwell(on_disk, "store_full")["message"]
    (disk / "ballast").unlink()
    on_disk.clock.advance(health.TROUBLE_HOLDS_MS)
    assert on_disk.get("//healthz")["status"] == "ok"


def test_a_disk_whose_log_has_room_left_is_full_all_the_same(on_disk: Api, disk: Path) -> None:
    for _ in range(10):
        add(on_disk.store, command="x" * 10_000)
    # The next commits fit into the log that is there.
    on_disk.store.checkpoint()
    fill(disk / "ballast")
    add(on_disk.store)
    unwell(on_disk, "store_full")


def test_a_disk_that_is_mounted_read_only_is_not_well(on_disk: Api, disk: Path) -> None:
    on_disk.close()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert "read-only" in unwell(on_disk, "store_read_only")["message"]


def test_a_store_that_is_damaged_is_not_well(api: Api) -> None:
    add(api.store)
    api.get("//healthz")
    api.close()
    path = Path(api.app.queue.home.database)
    path.write_bytes(b"x" * path.stat().st_size)
    api.clock.advance(health.WELL_HOLDS_MS)
    unwell(api, "store_damaged")


def test_a_home_that_is_gone_is_not_well_and_not_made_again(api: Api, tmp_path: Path) -> None:
    add(api.store)
    api.close()
    os.rename(api.app.queue.home.path, tmp_path / "moved")
    unwell(api, "store_unavailable")
    assert not os.path.exists(api.app.queue.home.path)


# The store is locked


def lock_sqlite(home: Home) -> Callable[[], None]:
    connection = sqlite3.connect(home.database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection.close


def lock_sqlite_for_readers_too(home: Home) -> Callable[[], None]:
    connection = sqlite3.connect(home.database, isolation_level=None)
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    return connection.close


def close_the_gate(home: Home) -> Callable[[], None]:
    gate = LockFile(home.gate)
    assert gate.acquire()
    return gate.close


LOCKS = [lock_sqlite, lock_sqlite_for_readers_too, close_the_gate]


@pytest.mark.slow
@pytest.mark.parametrize("lock", LOCKS)
def test_while_the_store_is_locked_the_answer_comes_soon(home: str, lock: Callable[[Home], Callable[[], None]]) -> None:
    api = Api(home, clock=SYSTEM_CLOCK)
    add(api.store)
    api.close()
    api.app.queue.busy_budget = BUDGET_SECONDS
    unlock = lock(api.app.queue.home)
    try:
        asked = SYSTEM_CLOCK.monotonic()
        assert "locked" in unwell(api, "store_busy")["message"]
        assert SYSTEM_CLOCK.monotonic() - asked < SOON_MS
    finally:
        unlock()


def test_a_store_that_is_locked_for_a_moment_is_well(home: str) -> None:
    clock = HastyClock()
    api = Api(home, clock=clock)
    add(api.store)
    api.get("//healthz")
    unlock = close_the_gate(api.app.queue.home)
    clock.advance(health.WELL_HOLDS_MS)
    assert api.get("//healthz")["status"] == "ok"
    clock.advance(health.LOCKED_LONG_MS)
    unwell(api, "store_busy")
    unlock()
    clock.advance(health.TROUBLE_HOLDS_MS)
    assert api.get("//healthz")["status"] == "ok"
    api.close()


class HastyClock(FakeClock):
    """A clock on which every pause lasts a tenth of a second."""

    def pause(self, seconds: float) -> None:
        self.advance(100)
