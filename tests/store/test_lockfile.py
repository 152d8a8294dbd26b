"""A lock that the kernel releases however its holder ends."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from pathlib import Path
from typing import Any, Iterator

import pytest

from queuectl.store.lockfile import LockFile, holder, is_held
from tests.store.together import start_ready
from tests.support import Processes, pipe, wait_until

LINUX = pytest.mark.skipif(not os.path.exists("/proc/locks"), reason="only Linux tells who holds a lock")
HOLDER = """
from queuectl.store.lockfile import LockFile
lock = LockFile(sys.argv[1])
assert lock.acquire()
lock.write("held")
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def path(home: str) -> str:
    return home + ".lock"


@pytest.fixture
def lock(path: str) -> Iterator[LockFile]:
    lock = LockFile(path)
    yield lock
    lock.close()


@pytest.fixture
def other(path: str, processes: Processes) -> subprocess.Popen[str]:
    """Another process that holds the lock."""
    return start_ready(processes, HOLDER, path)


def test_a_free_lock_is_taken_and_given_back(lock: LockFile, path: str) -> None:
    assert lock.acquire() and is_held(path)
    lock.release()
    assert not is_held(path)
    assert lock.acquire()


def test_one_open_file_at_a_time_holds_the_lock(lock: LockFile, path: str) -> None:
    second = LockFile(path)
    assert lock.acquire()
    assert not second.acquire()
    lock.release()
    assert second.acquire() and not lock.acquire()
    second.close()
    assert lock.acquire()


def test_taking_a_lock_that_is_ours_already_succeeds(lock: LockFile) -> None:
    assert lock.acquire() and lock.acquire()


def test_closing_releases_and_is_harmless_twice(lock: LockFile, path: str) -> None:
    assert lock.acquire()
    lock.close()
    lock.close()
    assert not is_held(path)


def test_releasing_a_lock_that_was_never_taken_is_harmless(lock: LockFile, path: str) -> None:
    lock.release()
    assert not os.path.exists(path)


def test_a_missing_file_is_held_by_nobody_and_is_not_made_by_asking(path: str) -> None:
    assert not is_held(path) and holder(path) is None
    assert not os.path.exists(path)


def test_the_file_is_readable_by_its_owner_only(lock: LockFile, path: str) -> None:
    before = os.umask(0)
    try:
        assert lock.acquire()
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_a_link_is_not_followed(lock: LockFile, path: str, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine", encoding="utf-8")
    os.symlink(str(tmp_path / "target"), path)
    with pytest.raises(OSError):
        lock.acquire()
    assert (tmp_path / "target").read_text(encoding="utf-8") == "mine"


def test_the_text_is_replaced(lock: LockFile, path: str) -> None:
    assert lock.acquire()
    for text in ("a long text", "short", ""):
        lock.write(text)
        with open(path, encoding="utf-8") as file:
            assert file.read() == text


def test_a_lock_knows_whether_its_file_is_still_in_place(lock: LockFile, path: str) -> None:
    assert not lock.is_in_place()
    assert lock.acquire() and lock.is_in_place()
    os.unlink(path)
    assert not lock.is_in_place()
    with open(path, "w", encoding="utf-8"):
        assert not lock.is_in_place()


def test_a_lock_whose_file_is_gone_can_be_taken_again(lock: LockFile, path: str) -> None:
    assert lock.acquire()
    os.unlink(path)
    assert not is_held(path)
    assert lock.take_again()
    assert lock.is_in_place() and is_held(path)


def test_a_new_file_that_another_process_holds_is_left_to_it(lock: LockFile, path: str) -> None:
    assert lock.acquire()
    os.unlink(path)
    second = LockFile(path)
    assert second.acquire()
    assert not lock.take_again() and not lock.is_in_place()
    lock.remove()
    assert is_held(path)
    second.close()


def test_those_that_ask_at_once_do_not_see_each_other(
    lock: LockFile, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lock.acquire()
    lock.close()
    real, seen = os.close, []

    def ask_while_another_asks(descriptor: int) -> None:
        monkeypatch.setattr(os, "close", real)
        seen.append(is_held(path))
        real(descriptor)

    monkeypatch.setattr(os, "close", ask_while_another_asks)
    assert not is_held(path) and seen == [False]


def test_whether_a_lock_is_held_can_be_asked_of_a_file_that_can_only_be_read(
    lock: LockFile, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lock.acquire()
    real = os.open

    def read_only(name: str, flags: int, *rest: Any) -> int:
        if name == path and flags & os.O_RDWR:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), name)
        return real(name, flags, *rest)

    monkeypatch.setattr(os, "open", read_only)
    assert is_held(path)
    lock.close()
    assert not is_held(path)


def test_a_lock_of_another_process_cannot_be_taken(other: subprocess.Popen[str], lock: LockFile, path: str) -> None:
    assert not lock.acquire() and is_held(path)


def test_a_killed_process_holds_nothing(other: subprocess.Popen[str], lock: LockFile, path: str) -> None:
    assert not lock.acquire()
    other.kill()
    other.wait()
    assert lock.acquire()
    with open(path, encoding="utf-8") as file:
        assert file.read() == "held"


def test_a_process_that_ends_holds_nothing(other: subprocess.Popen[str], path: str) -> None:
    pipe(other.stdin).close()
    assert other.wait(60) == 0
    assert not is_held(path)


@LINUX
def test_the_holder_is_known_by_its_pid(other: subprocess.Popen[str], path: str) -> None:
    assert holder(path) == other.pid
    other.kill()
    other.wait()
    assert holder(path) is None


@LINUX
def test_our_own_lock_is_ours(lock: LockFile, path: str) -> None:
    assert lock.acquire()
    assert holder(path) == os.getpid()


def test_a_command_that_was_started_does_not_inherit_the_lock(lock: LockFile, path: str, processes: Processes) -> None:
    assert lock.acquire()
    command = processes.start(["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE, close_fds=False)
    lock.close()
    # The kernel lets the starter go on an instant before it closes the files of the started.
    wait_until(lambda: not is_held(path))
    assert command.poll() is None
