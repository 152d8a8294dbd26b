"""One key at a time, whatever bytes stand for it and however they come."""

from __future__ import annotations

import os
import pty
import signal
import termios
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Iterator

import pytest

from queuectl.frontends.keyboard import Keyboard
from tests.support import FakeClock

if TYPE_CHECKING:
    Pair = tuple[Keyboard, int]


@pytest.fixture
def pair() -> Iterator[tuple[int, int]]:
    """The two ends of a terminal: that of the one who types, and that of the program."""
    yield from ends(pty.openpty())


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    yield from ends(os.pipe())


def ends(descriptors: tuple[int, int]) -> Iterator[tuple[int, int]]:
    yield descriptors
    for descriptor in descriptors:
        with suppress(OSError):  # A test may have closed it.
            os.close(descriptor)


@pytest.fixture
def typed(pair: tuple[int, int]) -> Iterator[Pair]:
    """A keyboard and the descriptor of the one who types."""
    master, slave = pair
    with Keyboard(slave) as keyboard:
        yield keyboard, master


def keys(typed: Pair, data: bytes) -> list[str]:
    """Type some bytes; return the keys until no more come."""
    keyboard, master = typed
    os.write(master, data)
    return list(iter(lambda: keyboard.read(0.1), ""))


@pytest.mark.slow
@pytest.mark.parametrize(
    "data, names",
    [
        (b"q", ["q"]),
        (b"jk/G? ", ["j", "k", "/", "G", "?", " "]),
        ("é日😀".encode(), ["é", "日", "😀"]),
        (b"\x1b[A\x1b[B\x1b[C\x1b[D", ["up", "down", "right", "left"]),
        (b"\x1bOA\x1bOB\x1bOH\x1bOF", ["up", "down", "home", "end"]),
        (b"\x1b[5~\x1b[6~\x1b[3~\x1b[2~", ["pageup", "pagedown", "delete", "insert"]),
        (b"\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[7~\x1b[8~", ["home", "end", "home", "end", "home", "end"]),
        (b"\x1b[1;5A\x1b[5;2~", ["up", "pageup"]),
        (b"\x1b[Z", ["backtab"]),
        (b"\r\n", ["enter", "enter"]),
        (b"\x7f\x08\t", ["backspace", "backspace", "tab"]),
        (b"\x01\x15", ["ctrl-a", "ctrl-u"]),
        (b"\x1b", ["escape"]),
        (b"\x1b\x1b[A", ["escape", "up"]),
        (b"\x1bx", ["alt-x"]),
        (b"\x1b[99~\x1b[15Xq", ["unknown", "unknown", "q"]),
        (b"\x1b[", ["alt-["]),
        (b"\xffq\xc3q", ["unknown", "q", "unknown", "q"]),
    ],
)
def test_bytes_become_keys(typed: Pair, data: bytes, names: list[str]) -> None:
    assert keys(typed, data) == names


def test_ctrl_c_is_a_key_where_the_terminal_makes_no_signal_of_it(typed: Pair) -> None:
    mode = termios.tcgetattr(typed[1])
    mode[3] &= ~termios.ISIG
    termios.tcsetattr(typed[1], termios.TCSANOW, mode)
    assert keys(typed, b"\x03") == ["ctrl-c"]


def test_without_a_key_the_time_runs_out(typed: Pair) -> None:
    assert typed[0].read(0) == ""
    assert typed[0].read(0.01) == ""


def test_a_character_that_comes_in_pieces_is_one_key(typed: Pair) -> None:
    keyboard, master = typed
    first, *rest = [bytes([byte]) for byte in "😀".encode()]
    os.write(master, first)
    assert keyboard.read(0.01) == ""
    for piece in rest:
        os.write(master, piece)
    assert keyboard.read(1) == "😀"


def test_a_sequence_that_comes_in_pieces_is_one_key(typed: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    from queuectl.frontends import keyboard as module

    monkeypatch.setattr(module, "ESCAPE_SECONDS", 10)
    keyboard, master = typed
    os.write(master, b"\x1b")
    read = os.read

    def read_and_type(descriptor: int, count: int) -> bytes:
        data = read(descriptor, count)
        if data in (b"\x1b", b"[", b"5"):
            os.write(master, {b"\x1b": b"[", b"[": b"5", b"5": b"~"}[data])
        return data

    monkeypatch.setattr(os, "read", read_and_type)
    assert keyboard.read(1) == "pageup"


def test_the_keys_are_not_shown_and_the_terminal_is_as_before_afterwards(pair: tuple[int, int]) -> None:
    slave = pair[1]
    before = termios.tcgetattr(slave)
    with Keyboard(slave) as keyboard:
        assert not termios.tcgetattr(slave)[3] & (termios.ECHO | termios.ICANON)
        keyboard.give_back()
        assert termios.tcgetattr(slave) == before
        keyboard.take()
        assert not termios.tcgetattr(slave)[3] & termios.ECHO
    assert termios.tcgetattr(slave) == before


def test_a_terminal_that_hangs_up_ends_the_reading_and_the_restoring_is_harmless(pair: tuple[int, int]) -> None:
    master, slave = pair
    with Keyboard(slave) as keyboard:
        os.close(master)
        with pytest.raises(EOFError):
            keyboard.read(10)
        keyboard.take()
    with pytest.raises(EOFError), keyboard:
        pass


def test_the_keys_typed_before_a_hangup_still_count(pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    keyboard = Keyboard(read_end)
    os.write(write_end, b"qx")
    os.close(write_end)
    assert [keyboard.read(10), keyboard.read(10)] == ["q", "x"]
    with pytest.raises(EOFError):
        keyboard.read(10)


def test_the_wakeup_descriptor_ends_a_wait(pair: tuple[int, int], pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"!")
    assert Keyboard(pair[1], wakeup=pipe[0]).read(100) == ""


def test_a_signal_meanwhile_neither_ends_nor_breaks_a_wait(typed: Pair) -> None:
    keyboard, master = typed
    came: list[int] = []

    def answer(number: int, frame: object) -> None:
        came.append(number)
        os.write(master, b"x")

    before = signal.signal(signal.SIGUSR1, answer)
    sender = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
    try:
        sender.start()
        assert keyboard.read(30) == "x"
    finally:
        sender.join()
        signal.signal(signal.SIGUSR1, before)
    assert came == [signal.SIGUSR1]


def test_the_wait_is_measured_with_the_clock(pipe: tuple[int, int]) -> None:
    assert Keyboard(pipe[0], clock=FakeClock()).read(0) == ""
