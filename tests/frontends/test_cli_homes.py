"""Homes that cannot be used: exit code 5, what to do next, never a traceback, nothing re-created."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.store import lockfile
from queuectl.store.home import Home
from tests.commands.calling import done
from tests.support import ROOT, cli_environment, run_cli

NOBODY = 65534
READING = (["list"], ["status"], ["show", "1"], ["worker", "status"], ["wait", "1"], ["metrics"], ["dlq", "stats"])
WRITING = (
    ["add", "true"],
    ["worker", "start"],
    ["config", "set", "timeout", "5"],
    ["cancel", "1"],
    ["enqueue", '{"command": "true"}'],
)
COMMANDS = (*READING, *WRITING)
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def assert_unusable(answer: subprocess.CompletedProcess[str], *said: str) -> None:
    assert answer.returncode == 5, answer
    assert answer.stdout == ""
    assert "Traceback" not in answer.stderr
    assert answer.stderr.startswith("queuectl: error: ")
    assert "  hint: " in answer.stderr
    for text in said:
        assert text in answer.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("content", [b"", b"garbage" * 1_000], ids=["empty", "garbage"])
def test_a_damaged_home_is_refused_by_every_command_and_left_as_it_is(
    home: str, content: bytes, words: list[str]
) -> None:
    os.mkdir(home, 0o700)
    Path(home, "queue.db").write_bytes(content)
    assert_unusable(run_cli(home, *words), "damaged", "restore a backup")
    assert Path(home, "queue.db").read_bytes() == content


def test_a_home_with_a_damaged_page_causes_no_traceback(home: str) -> None:
    done(home, "enqueue", "-", input=b"\n".join([b'{"command": "echo %d"}' % n for n in range(3_000)]))
    path = Path(home, "queue.db")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(path.read_bytes())
    data[4096 * 8 : 4096 * 60] = os.urandom(4096 * 52)
    path.write_bytes(data)
    answers = [
        run_cli(home, *words)
        for words in (["list", "--limit", "0", "-v"], ["add", "true"], ["metrics"], ["list", "--search", "7"])
    ]
    assert all("Traceback" not in answer.stderr and "internal" not in answer.stderr for answer in answers)
    assert 5 in [answer.returncode for answer in answers]


def test_a_home_of_another_program_is_refused(home: str) -> None:
    os.mkdir(home, 0o700)
    connection = sqlite3.connect(os.path.join(home, "queue.db"))
    connection.execute("CREATE TABLE jobs (x)")
    connection.close()
    assert_unusable(run_cli(home, "list"), "is not a QueueCTL store")


def test_a_home_of_a_newer_version_is_refused_and_left_as_it_is(home: str) -> None:
    done(home, "add", "true")
    path = os.path.join(home, "queue.db")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=999")
    connection.close()
    before = Path(path).read_bytes()
    for words in COMMANDS:
        assert_unusable(run_cli(home, *words), "has version 999", "upgrade QueueCTL")
    assert Path(path).read_bytes() == before


def test_a_lost_database_whose_log_is_there_is_not_made_again(home: str) -> None:
    os.mkdir(home, 0o700)
    Path(home, "queue.db-wal").write_bytes(b"x")
    assert_unusable(run_cli(home, "add", "true"), "damaged")
    assert not os.path.exists(os.path.join(home, "queue.db"))


def test_a_home_that_others_can_write_to_is_refused(home: str) -> None:
    os.mkdir(home)
    os.chmod(home, 0o777)
    assert_unusable(run_cli(home, "add", "true"), "can be written to by other users", f"chmod go-w {home}")


@pytest.mark.parametrize("path", ["/dev/null", "/dev/null/x", "/proc/nothing/x"])
def test_a_home_that_cannot_be_made_is_explained(home: str, path: str) -> None:
    assert_unusable(run_cli(path, "list", env={"QUEUECTL_HOME": home}), "cannot be used", "--home DIR")


@pytest.fixture
def public() -> Iterator[str]:
    """A directory that another user may reach; pytest's own are closed to others."""
    directory = tempfile.mkdtemp(prefix="queuectl-test-")
    os.chmod(directory, 0o755)
    yield directory
    shutil.rmtree(directory)


def as_nobody(home: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as another user, with a copy of the package that this user can read."""
    package = os.path.join(os.path.dirname(home), "package")
    if not os.path.exists(package):
        shutil.copytree(ROOT / "queuectl", os.path.join(package, "queuectl"))
        subprocess.run(["chmod", "-R", "a+rX", package], check=True)
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    assert python is not None
    return subprocess.run(
        [python, "-m", "queuectl", "--home", home, *words],
        cwd=package,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=cli_environment(home),
        preexec_fn=lambda: os.setuid(NOBODY),
        stdin=subprocess.DEVNULL,
    )


needs_root = pytest.mark.skipif(
    not IS_ROOT or shutil.which("python3", path="/usr/bin:/usr/local/bin") is None,
    reason="only root may become another user, and that one needs a Python it can read",
)


@needs_root
def test_the_home_of_another_user_is_refused(public: str) -> None:
    home = os.path.join(public, "home")
    done(home, "add", "true")
    os.chmod(home, 0o755)
    for words in (["list"], ["add", "true"]):
        hint = f'make it yours: sudo chown -R "$(id -un)" {home}'
        assert_unusable(as_nobody(home, *words), "belongs to another user (uid 0)", hint)


@pytest.mark.slow
@needs_root
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_home_without_the_permission_to_write_can_be_read(public: str, words: list[str]) -> None:
    home = os.path.join(public, "home")
    done(home, "add", "true", "--hold")
    done(home, "cancel", "1")
    give(home, NOBODY, directories=0o500, files=0o400)
    answer = as_nobody(home, *words)
    if words in WRITING:
        assert_unusable(answer, f"the home is read-only: {home}")
    else:
        # Its job was cancelled, and no workers run.
        assert answer.returncode == {"wait": 1, "worker": 6}.get(words[0], 0), answer
        assert answer.stderr.count("the home is read-only") == 1


@pytest.mark.slow
@needs_root
def test_the_home_of_root_can_be_read_if_everybody_may_read_it(public: str) -> None:
    home = os.path.join(public, "home")
    done(home, "add", "true", "--id", "seen")
    give(home, 0, directories=0o755, files=0o644)
    assert as_nobody(home, "list", "-o", "ids").stdout == "seen\n"
    assert_unusable(as_nobody(home, "add", "true"), f"the home is read-only: {home}")
    give(home, 4711, directories=0o755, files=0o644)
    assert_unusable(as_nobody(home, "list"), "belongs to another user (uid 4711)")


def give(home: str, owner: int, *, directories: int, files: int) -> None:
    """Give a home and all that is in it to somebody, with permissions."""
    for directory, _, names in os.walk(home):
        for path in [directory, *(os.path.join(directory, name) for name in names)]:
            os.chown(path, owner, owner)
            os.chmod(path, directories if path == directory or os.path.isdir(path) else files)


@pytest.mark.slow
@needs_root
def test_a_directory_where_nothing_can_be_made_is_explained(public: str) -> None:
    assert_unusable(as_nobody(os.path.join(public, "home"), "add", "true"), "cannot be used: Permission denied")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[str]:
    """A file system of 2 MiB."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield str(path)
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def test_a_full_disk_is_explained_and_nothing_is_lost(home: str, small_disk: str) -> None:
    on_disk = os.path.join(small_disk, "home")
    assert run_cli(on_disk, "add", "true", "--id", "first").returncode == 0
    _fill(small_disk)
    assert_unusable(run_cli(on_disk, "add", "x" * 60_000, "--id", "second"), "the disk", "free")
    os.unlink(os.path.join(small_disk, "ballast"))
    assert run_cli(on_disk, "list", "-o", "ids").stdout == "first\n"
    assert run_cli(on_disk, "add", "true", "--id", "third").returncode == 0


def test_a_home_cannot_be_made_on_a_full_disk(home: str, small_disk: str) -> None:
    _fill(small_disk)
    answer = run_cli(os.path.join(small_disk, "home"), "add", "true")
    assert_unusable(answer)
    os.unlink(os.path.join(small_disk, "ballast"))
    assert run_cli(os.path.join(small_disk, "home"), "add", "true").returncode == 0


@pytest.mark.slow
def test_more_than_the_disk_holds_is_not_enqueued(home: str, small_disk: str) -> None:
    on_disk = os.path.join(small_disk, "home")
    text = "\n".join('{"command": "echo %s"}' % ("x" * 1_000) for _ in range(5_000))
    assert_unusable(run_cli(on_disk, "enqueue", "-", input=text))
    assert run_cli(on_disk, "list", "-o", "ids").stdout == ""


def _fill(directory: str) -> None:
    with open(os.path.join(directory, "ballast"), "wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                continue
        except OSError:
            return


@pytest.mark.slow
def test_a_home_that_is_locked_for_the_whole_budget_is_5_and_names_who_holds_it(home: str) -> None:
    """The one test that takes the real 30 s."""
    done(home, "add", "true")
    gate = lockfile.LockFile(Home(home).gate)
    assert gate.acquire()
    begin = SYSTEM_CLOCK.monotonic()
    try:
        answer = run_cli(home, "add", "true")
        # Reading needs no lock.
        assert run_cli(home, "list", "-o", "ids").stdout == "job-1\n"
    finally:
        gate.close()
    assert SYSTEM_CLOCK.monotonic() - begin > 29_000
    assert_unusable(answer, "the store was busy for too long", "try again")
    assert run_cli(home, "list", "-o", "ids").stdout == "job-1\n"


def test_to_make_the_files_of_a_home_is_allowed_and_not_needed(home: str) -> None:
    first, again = run_cli(home, "init-db"), run_cli(home, "init-db")
    assert (first.returncode, first.stdout) == (0, f"Queue made: {home}\n")
    assert (again.returncode, again.stdout) == (0, f"The queue is there already: {home}\n")
    assert "not needed" in first.stderr and "not needed" in again.stderr
