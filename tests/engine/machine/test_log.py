"""Lines of the daemons' logs: one per fact, harmless, not too many."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from queuectl.engine.machine.log import REMEMBERED, REPEAT_MS, Log, rotate
from tests.support import FakeClock


def said(capfd: pytest.CaptureFixture[str]) -> list[str]:
    return capfd.readouterr().err.splitlines()


def test_a_line_has_time_speaker_and_pid(capfd: pytest.CaptureFixture[str]) -> None:
    Log("worker 3", FakeClock()).say("job-1: attempt 1: exit code 2")
    assert said(capfd) == [f"2026-01-01T00:00:00.000Z worker 3[{os.getpid()}] job-1: attempt 1: exit code 2"]


def test_no_text_can_forge_a_line_or_reach_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    Log("pool", FakeClock()).say("a\nb\r\x1b[31m\x07\x9b\u2028\u202e\ud800\x00 \u00e9\u4e2d")
    (line,) = said(capfd)
    assert line.endswith("a\\nb\\r\\x1b[31m\\x07\\x9b\\u2028\\u202e\\ud800\\x00 \u00e9\u4e2d")


def test_a_repeated_complaint_is_written_once_a_minute(capfd: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()
    log = Log("pool", clock)
    for _ in range(10):
        log.complain("the disk is full")
        clock.advance(REPEAT_MS // 10)
    assert len(said(capfd)) == 1
    log.complain("the disk is full")
    assert len(said(capfd)) == 1


def test_another_complaint_is_written_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    log = Log("pool", FakeClock())
    for text in ("one", "two", "one", "two"):
        log.complain(text)
    assert [line.split()[-1] for line in said(capfd)] == ["one", "two"]


def test_what_is_remembered_of_complaints_is_bounded(capfd: pytest.CaptureFixture[str]) -> None:
    log = Log("pool", FakeClock())
    for number in range(REMEMBERED + 1):
        log.complain(str(number))
    assert len(said(capfd)) == REMEMBERED + 1
    log.complain("0")
    assert len(said(capfd)) == 1, "the oldest was forgotten, so it is said again"


def test_a_log_that_cannot_be_written_to_does_not_end_its_speaker(capfd: pytest.CaptureFixture[str]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    before = os.dup(2)
    os.dup2(full, 2)
    try:
        with pytest.raises(OSError):
            os.write(2, b"x")
        Log("pool", FakeClock()).say("nobody hears this")
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(full)
    assert said(capfd) == []


def test_a_log_that_grew_too_large_is_moved_away(tmp_path: Path) -> None:
    path = tmp_path / "workers.log"
    writer = os.open(str(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(writer, b"x" * 99)
        rotate(str(path), 100)
        assert path.stat().st_size == 99
        os.write(writer, b"y")
        rotate(str(path), 100)
        os.write(writer, b"new\n")
    finally:
        os.close(writer)
    assert path.read_bytes() == b"new\n"
    old = tmp_path / "workers.log.1"
    assert old.read_bytes() == b"x" * 99 + b"y"
    assert old.stat().st_mode & 0o777 == 0o600


def test_rotating_again_replaces_the_old_part(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for text in ("first", "second"):
        path.write_text(text)
        rotate(str(path), 1)
    assert (tmp_path / "log.1").read_text() == "second"


def test_a_log_that_is_not_there_need_not_be_moved(tmp_path: Path) -> None:
    rotate(str(tmp_path / "none"), 1)
    assert list(tmp_path.iterdir()) == []
