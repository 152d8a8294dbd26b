"""The terminal of the tests shows what a real one would."""

from __future__ import annotations

import signal
import sys

import pytest

from tests.emulator import Emulator
from tests.support import Processes
from tests.terminals import PtySession


def shown(text: str, columns: int = 10, rows: int = 3) -> list[str]:
    emulator = Emulator(columns, rows)
    emulator.feed(text.encode())
    assert emulator.unknown == []
    return emulator.lines()


@pytest.mark.parametrize(
    "text, lines",
    [
        ("one\r\ntwo", ["one", "two", ""]),
        ("one\ntwo", ["one", "   two", ""]),
        ("abc\rX", ["Xbc", "", ""]),
        ("abc\b\bX", ["aXc", "", ""]),
        ("a\tb", ["a       b", "", ""]),
        ("0123456789ab", ["0123456789", "ab", ""]),
        ("0123456789\r\nab", ["0123456789", "ab", ""]),
        ("a\r\nb\r\nc\r\nd", ["b", "c", "d"]),
        ("\x1b[2;3Hx\x1b[Hy\x1b[3fz", ["y", "  x", "z"]),
        ("abc\x1b[2Dx\x1b[Cy", ["axcy", "", ""]),
        ("a\x1b[Bb\x1b[Ac", ["a c", " b", ""]),
        ("abcdef\x1b[3G\x1b[K", ["ab", "", ""]),
        ("abcdef\x1b[3G\x1b[1K", ["   def", "", ""]),
        ("abcdef\x1b[2Kx", ["      x", "", ""]),
        ("a\r\nb\r\nc\x1b[2;1H\x1b[J", ["a", "", ""]),
        ("a\r\nb\r\nc\x1b[2;1H\x1b[1J", ["", "", "c"]),
        ("a\r\nb\x1b[2Jc", ["", " c", ""]),
        ("\x1b[31mred\x1b[0m", ["red", "", ""]),
        ("日本x", ["日本x", "", ""]),
        ("012345678日", ["012345678", "日", ""]),
        ("e\u0301x", ["e\u0301x", "", ""]),
        ("main\x1b[?1049h\x1b[Halt\x1b[?1049l!", ["main!", "", ""]),
        ("\x1b[?7l0123456789ab", ["012345678b", "", ""]),
        ("\x1b]0;title\x07x\x1b[?1h\x1b=", ["x", "", ""]),
    ],
)
def test_what_is_written_is_shown_as_on_a_terminal(text: str, lines: list[str]) -> None:
    assert shown(text) == lines


def test_sequences_and_characters_may_come_in_pieces() -> None:
    emulator = Emulator(10, 2)
    for byte in "\x1b[2;2Hé日\x1b[?25l".encode():
        emulator.feed(bytes([byte]))
    assert emulator.lines() == ["", " é日"]
    assert not emulator.cursor_shown


def test_a_synchronized_picture_is_shown_once_it_is_whole() -> None:
    emulator = Emulator(4, 1)
    emulator.feed(b"old\x1b[?2026h\rnew")
    assert emulator.lines() == ["old"]
    emulator.feed(b"\x1b[?2026l")
    assert emulator.lines() == ["new"]


def test_what_does_not_fit_or_is_not_understood_is_counted() -> None:
    emulator = Emulator(4, 2)
    emulator.feed(b"12345\x1b[5q\x01\x1b[?99h")
    assert emulator.overflows == 1
    assert emulator.unknown == ["\x1b[5q", "\x01", "?99"]


def test_lines_that_scroll_off_the_top_are_kept() -> None:
    emulator = Emulator(4, 2)
    emulator.feed(b"a\r\nb\r\nc")
    assert emulator.history == ["a"]


def test_the_style_of_a_cell_is_known() -> None:
    emulator = Emulator(4, 1)
    emulator.feed(b"a\x1b[7mb\x1b[0mc")
    assert [emulator.style_at(0, column) for column in range(3)] == ["", "7", ""]


def test_a_smaller_window_keeps_the_line_of_the_cursor() -> None:
    emulator = Emulator(4, 3)
    emulator.feed(b"abcd\r\nb\r\nc")
    emulator.resize(2, 2)
    assert emulator.lines() == ["b", "c"]
    emulator.resize(4, 3)
    assert emulator.lines() == ["b", "c", ""]


def test_a_program_is_typed_at_and_answers(processes: Processes) -> None:
    code = "name = input('name? '); print('hello', name); import os; print(*os.get_terminal_size())"
    with PtySession(processes, [sys.executable, "-c", code], columns=50, rows=10) as session:
        session.expect("name? ")
        session.send("you\r")
        assert session.read_until("hello you\n").startswith("name? you\n")
        assert session.wait() == 0
        assert session.screen()[1:3] == ["hello you", "50 10"]
        assert session.attributes() == session.before


def test_a_window_that_changes_or_closes_tells_the_program(processes: Processes) -> None:
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGWINCH, lambda *_: print(os.get_terminal_size().columns, flush=True))\n"
        "print('ready', flush=True)\nwhile True: signal.pause()"
    )
    with PtySession(processes, [sys.executable, "-c", code]) as session:
        session.expect("ready")
        session.resize(33, 5)
        session.expect("33")
        session.hang_up()
        assert session.wait() == -signal.SIGHUP


def test_a_text_that_never_comes_fails_with_the_screen(processes: Processes) -> None:
    with PtySession(processes, [sys.executable, "-c", "print('something else')"]) as session:
        assert session.wait() == 0
        with pytest.raises(AssertionError, match="something else"):
            session.expect("the right thing", seconds=0.1)
