"""A worker's journal is believed only where it is whole, and is there however the worker ends."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Iterator

import pytest

from queuectl.engine.machine import journal
from queuectl.engine.machine.journal import MOST_SPARED, RECORD_BYTES, SLOTS, AttemptRecord, Journal, pack_writer
from queuectl.model.outcome import Outcome
from tests.engine.running import python

WRITER = ("0123456789abcdef", "9d1c4b5e-0000-4000-8000-00000000cafe", "pid:[4026531836]", 7)
SEED = time.time_ns()


def open_journal(path: Path) -> Journal:
    home, boot, namespace, worker = WRITER
    return Journal(str(path), (home, boot, namespace, worker))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "worker-7.journal"


@pytest.fixture
def opened(path: Path) -> Iterator[Journal]:
    made = open_journal(path)
    yield made
    made.close()


def refuse_room(patch: pytest.MonkeyPatch, number: int) -> None:
    """Have no room for a file, or a file system that cannot tell."""

    def refuse(descriptor: int, offset: int, length: int) -> None:
        raise OSError(number, os.strerror(number))

    patch.setattr(os, "posix_fallocate", refuse)


def begin(opened: Journal, attempt: int = 1, **changes: Any) -> None:
    opened.begin(attempt, **{"started": 5, "pipes": (11, 12), "spared": (), **changes})


def test_a_record_is_read_as_it_was_written(path: Path, opened: Journal) -> None:
    begin(opened, 2**40, started=2**41, pipes=(2**33, 2**34), spared=[(5, "50"), (6, "60")])
    opened.note_process(4711, "2345678")
    opened.end(
        Outcome.signalled(9, "SIGKILL"), ended_at=2**42, duration=2**35, spared=[(5, "50"), (6, "60"), (8, "80")]
    )
    (record,) = journal.read(str(path))
    assert record.parts_by_name() == {
        "writer": WRITER,
        "attempt": 2**40,
        "started": 2**41,
        "pipes": (2**33, 2**34),
        "spared": ((5, "50"), (6, "60"), (8, "80")),
        "pid": 4711,
        "pid_start": "2345678",
        "outcome": "signalled",
        "exit_code": None,
        "signal": 9,
        "ended_at": 2**42,
        "duration": 2**35,
    }


def test_each_step_of_an_attempt_is_there_at_once(path: Path, opened: Journal) -> None:
    begin(opened)
    assert [(record.pid, record.outcome) for record in journal.read(str(path))] == [(0, None)]
    opened.note_process(9)
    assert [(record.pid, record.pid_start) for record in journal.read(str(path))] == [(9, "")]
    opened.end(Outcome.exited(3), ended_at=6, duration=1, spared=())
    assert [(record.outcome, record.exit_code) for record in journal.read(str(path))] == [("exited", 3)]


def test_an_attempt_that_never_began_has_no_end(path: Path, opened: Journal) -> None:
    opened.end(Outcome.not_started("no such directory"), ended_at=6, duration=1, spared=())
    assert journal.read(str(path)) == []


def test_the_last_attempts_are_kept(path: Path, opened: Journal) -> None:
    for attempt in range(1, 3 * SLOTS):
        begin(opened, attempt)
    assert sorted(record.attempt for record in journal.read(str(path))) == list(range(2 * SLOTS, 3 * SLOTS))


def test_of_too_many_spared_processes_the_latest_are_kept(path: Path, opened: Journal) -> None:
    begin(opened, spared=[(pid, str(2**60 + pid)) for pid in range(1, 2 * MOST_SPARED)])
    (record,) = journal.read(str(path))
    assert [pid for pid, _ in record.spared] == list(range(MOST_SPARED, 2 * MOST_SPARED))
    assert len(record.pack(pack_writer(WRITER))) <= RECORD_BYTES


def test_a_record_of_which_any_bit_is_wrong_is_not_believed(path: Path, opened: Journal) -> None:
    begin(opened, 1)
    begin(opened, 2, spared=[(3, "3"), (4, "4")])
    whole = path.read_bytes()
    chance = random.Random(SEED)
    length = len(AttemptRecord(WRITER, attempt=1, started=5, pipes=(11, 12), spared=()).pack(pack_writer(WRITER)))
    for _ in range(200):
        torn = bytearray(whole)
        torn[RECORD_BYTES + chance.randrange(length)] ^= 1 << chance.randrange(8)
        path.write_bytes(torn)
        assert [record.attempt for record in journal.read(str(path))] == [2], f"seed {SEED}"


@pytest.mark.parametrize("size", [0, 3, RECORD_BYTES - 1, RECORD_BYTES, SLOTS * RECORD_BYTES + 5])
def test_a_file_of_nonsense_has_no_records(path: Path, size: int) -> None:
    chance = random.Random(SEED)
    path.write_bytes(bytes(chance.randrange(256) for _ in range(size)))
    assert journal.read(str(path)) == [], f"seed {SEED}"


def test_a_record_of_another_version_is_not_believed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "VERSION", journal.VERSION + 1)
    begin(open_journal(path))
    assert len(journal.read(str(path))) == 1
    monkeypatch.undo()
    assert journal.read(str(path)) == []


def test_it_has_all_its_room_from_the_start_and_is_private(path: Path, opened: Journal) -> None:
    found = path.stat()
    assert found.st_size == SLOTS * RECORD_BYTES <= found.st_blocks * 512
    assert found.st_mode & 0o777 == 0o600


def test_without_room_for_it_nothing_is_left_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_room(monkeypatch, errno.ENOSPC)
    with pytest.raises(OSError, match="No space"):
        open_journal(path)
    assert not path.exists()


def test_a_removed_file_is_made_again_with_the_attempt_under_way(path: Path, opened: Journal) -> None:
    begin(opened, 5)
    opened.note_process(9)
    assert opened.is_in_place()
    path.unlink()
    assert not opened.is_in_place()
    opened.make_again()
    assert opened.is_in_place()
    assert [(record.attempt, record.pid) for record in journal.read(str(path))] == [(5, 9)]
    opened.note_process(9, "77")
    assert [record.pid_start for record in journal.read(str(path))] == ["77"]


def test_a_file_that_cannot_be_made_again_costs_nothing(
    path: Path, opened: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(opened, 5)
    path.unlink()
    with monkeypatch.context() as patched:
        refuse_room(patched, errno.ENOSPC)
        with pytest.raises(OSError, match="No space"):
            opened.make_again()
    opened.note_process(9)
    opened.make_again()
    assert [(record.attempt, record.pid) for record in journal.read(str(path))] == [(5, 9)]


KILLED = """
import os, signal
from queuectl.engine.machine.journal import Journal

journal = Journal(sys.argv[1], ("h", "b", "n", 1))
journal.begin(3, started=5, pipes=(1, 2), spared=())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_outlives_a_worker_that_is_killed(path: Path) -> None:
    assert subprocess.run(python(KILLED, str(path)), check=False).returncode == -signal.SIGKILL
    assert [record.attempt for record in journal.read(str(path))] == [3]


@pytest.mark.parametrize("keep", [False, True])
def test_a_worker_that_leaves_in_order_takes_it_along_unless_it_has_left_processes(path: Path, keep: bool) -> None:
    open_journal(path).close(keep=keep)
    assert path.exists() == keep


def test_a_file_that_was_cut_short_is_not_in_place(path: Path, opened: Journal) -> None:
    os.truncate(path, RECORD_BYTES)
    assert not opened.is_in_place()
    opened.make_again()
    assert opened.is_in_place()


@pytest.mark.parametrize("make", [str, Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_a_missing_file_and_what_is_no_plain_file_have_no_records(path: Path, make: Any) -> None:
    make(path)
    before = len(os.listdir("/proc/self/fd"))
    assert list(journal.read(str(path))) == []
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EINVAL])
def test_where_no_room_can_be_allocated_it_is_written(path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    refuse_room(monkeypatch, number)
    open_journal(path)
    assert path.stat().st_blocks * 512 >= path.stat().st_size == SLOTS * RECORD_BYTES
