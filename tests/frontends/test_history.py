"""What was typed is kept in a plain file, and a file that is damaged or closed to us costs nothing else."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from queuectl.frontends.interpreter import REMEMBERED, History


class Bench:
    """A history in its own directory, and its complaints."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "history"
        self.complaints: list[str] = []

    def open(self) -> History:
        return History(str(self.path), self.complaints.append)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_lines_are_there_in_the_next_shell(bench: Bench) -> None:
    history = bench.open()
    assert history.add("list") and history.add("add 'echo ä'")
    assert bench.open().lines == ["list", "add 'echo ä'"]


def test_the_file_is_readable_by_its_owner_only(bench: Bench) -> None:
    bench.open().add("list")
    assert bench.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("line", ["", "   ", " add secret", "list", "a\x00b", "a\x1b[2Jb", "x" * 10_001])
def test_some_lines_are_not_kept(bench: Bench, line: str) -> None:
    history = bench.open()
    history.add("list")
    assert not history.add(line)
    assert bench.open().lines == ["list"]


def test_two_shells_do_not_overwrite_each_other(bench: Bench) -> None:
    first, second = bench.open(), bench.open()
    first.add("one")
    second.add("two")
    first.add("three")
    assert bench.open().lines == ["one", "two", "three"]


def test_a_long_file_is_cut_to_its_end(bench: Bench) -> None:
    bench.path.write_text("".join(f"line {number}\n" for number in range(3 * REMEMBERED)))
    assert bench.open().lines == [f"line {number}" for number in range(2 * REMEMBERED, 3 * REMEMBERED)]
    assert len(bench.path.read_text().splitlines()) == REMEMBERED
    assert bench.path.stat().st_mode & 0o777 == 0o600


def test_what_damage_left_in_the_file_is_left_out(bench: Bench) -> None:
    bench.path.write_bytes(b"list\n\x00\x01\xff\xfe\n\x1b]0;title\x07\n" + b"y" * 20_000 + b"\nstatus\n")
    history = bench.open()
    assert [line for line in history.lines if line.isascii()] == ["list", "status"]
    assert not any("\x1b" in line or "\x00" in line for line in history.lines)
    assert bench.complaints == []


def test_a_history_that_is_not_a_file_is_reported_once(bench: Bench) -> None:
    bench.path.mkdir()
    history = bench.open()
    assert history.add("list")
    assert history.add("status")
    assert history.lines == ["list", "status"]
    assert len(bench.complaints) == 1
    assert str(bench.path) in bench.complaints[0]


def test_a_file_that_is_read_only_is_read_and_left_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, flags: int, mode: int = 0) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    bench.path.write_text("list\n")
    history = bench.open()
    # Root, who may be running this, is refused nothing by the file's mode.
    monkeypatch.setattr("queuectl.frontends.interpreter.os.open", refuse)
    history.add("status")
    assert history.lines == ["list", "status"]
    assert bench.path.read_text() == "list\n"
    assert len(bench.complaints) == 1


def test_a_link_is_not_written_through(bench: Bench, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("precious\n")
    bench.path.symlink_to(other)
    bench.open().add("list")
    assert other.read_text() == "precious\n"
    assert len(bench.complaints) == 1


@pytest.mark.parametrize(
    "line, meant",
    [
        ("!!", "status"),
        ("!1", "list"),
        ("!3", "status"),
        ("!li", "list --state dead"),
        ("!list --", "list --state dead"),
        ("!4", None),
        ("!0", None),
        ("!x", None),
        ("!", None),
        ("!²", None),
        ("!99999999999999999999", None),
    ],
)
def test_an_earlier_line_is_found_by_number_or_beginning(bench: Bench, line: str, meant: str | None) -> None:
    history = bench.open()
    for typed in ("list", "list --state dead", "status"):
        history.add(typed)
    assert history.expand(line) == meant


def test_nothing_stands_for_the_last_line_of_an_empty_history(bench: Bench) -> None:
    assert bench.open().expand("!!") is None


def test_clearing_forgets_the_file_too(bench: Bench) -> None:
    history = bench.open()
    history.add("list")
    history.clear()
    assert bench.open().lines == history.lines == []
