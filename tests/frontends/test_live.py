"""Pictures that change in place, and a terminal that is as before afterwards."""

from __future__ import annotations

import os
import random
import signal
import sys
from functools import partial

import pytest

from queuectl.frontends.live import Region, Signals, clip_painted, painted_width
from queuectl.frontends.terminal import Terminal
from queuectl.frontends.text import width
from tests.emulator import Emulator
from tests.frontends import typed
from tests.frontends.test_terminal import Tty
from tests.frontends.typed import Open
from tests.support import ROOT
from tests.terminals import PtySession

# Shows what is asked for: a key becomes a line of the picture, and `q` ends it.
PROGRAM = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from queuectl.frontends.live import Ended, FullScreen
from queuectl.frontends.terminal import Terminal
terminal = Terminal(sys.stdout, sys.stderr)
print("before", flush=True)
lines = ["picture"]
try:
    with FullScreen(terminal) as screen:
        while lines[-1] != "q":
            screen.draw([*lines, "x" * screen.size[0]])
            key = screen.read(60)
            lines += [key] if key else []
            if key == "!":
                raise ValueError("a mistake")
except Ended as ended:
    sys.exit(128 + ended.number)
print("after")
"""


def region(columns: int, rows: int) -> tuple[Region, Tty, dict[str, str]]:
    stream, environ = Tty(), {"COLUMNS": str(columns), "LINES": str(rows)}
    return Region(Terminal(stream, stream, environ=environ)), stream, environ


def fed(stream: Tty, emulator: Emulator) -> list[str]:
    """Show what was written since the last time, as a terminal with ONLCR does; return the rows."""
    emulator.feed(stream.getvalue().replace("\n", "\r\n").encode())
    stream.seek(0)
    stream.truncate()
    return emulator.lines()


# --- clip_painted


@pytest.mark.parametrize(
    "line, columns, clipped",
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("\x1b[31mabc\x1b[0m", 3, "\x1b[31mabc\x1b[0m"),
        ("\x1b[31mabcd\x1b[0m", 3, "\x1b[31mab…\x1b[0m"),
        ("ab\x1b[31mcd\x1b[0m", 3, "ab\x1b[31m…\x1b[0m"),
        ("\x1b[31mab\x1b[0mcd", 3, "\x1b[31mab\x1b[0m…\x1b[0m"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("abc", 0, ""),
        ("", 0, ""),
    ],
)
def test_a_line_is_clipped_by_its_visible_width(line: str, columns: int, clipped: str) -> None:
    assert clip_painted(line, columns) == clipped


def test_no_clipped_line_is_too_wide_or_leaves_a_color_on() -> None:
    chooser = random.Random(20261124)
    parts = ["a", "日", "e\u0301", "\x1b[31m", "\x1b[7m", "\x1b[0m", " ", "😀"]
    for _ in range(2_000):
        line = "".join(chooser.choices(parts, k=chooser.randrange(30))) + "\x1b[0m"
        columns = chooser.randrange(30)
        clipped = clip_painted(line, columns)
        assert painted_width(clipped) <= columns
        assert clipped == line or not clipped or clipped.endswith("\x1b[0m")


# --- Region


def test_a_region_is_drawn_again_in_place_below_what_was_there() -> None:
    live, stream, _ = region(20, 6)
    emulator = Emulator(20, 6)
    emulator.feed(b"$ command\r\n")
    live.draw(["one", "two", "three"])
    assert fed(stream, emulator) == ["$ command", "one", "two", "three", "", ""]
    live.draw(["1", "2"])
    assert fed(stream, emulator) == ["$ command", "1", "2", "", "", ""]
    live.draw(["1", "2", "3", "4"])
    assert fed(stream, emulator) == ["$ command", "1", "2", "3", "4", ""]
    live.close()
    fed(stream, emulator)
    emulator.feed(b"$ ")
    assert emulator.lines()[5] == "$"
    assert emulator.unknown == [] and emulator.overflows == 0 and not emulator.synchronized


def test_a_region_never_fills_the_last_column_or_the_last_row() -> None:
    live, stream, _ = region(10, 4)
    emulator = Emulator(10, 4)
    for text in ("a" * 30, "日" * 30, "\x1b[31m" + "b" * 30 + "\x1b[0m"):
        live.draw([text] * 9)
        shown = fed(stream, emulator)
        assert len(set(shown[:3])) == 1 and shown[3] == ""
        assert all(0 < width(line) <= 9 for line in shown[:3])
    assert emulator.overflows == 0 and len(emulator.history) == 0


def test_a_region_is_still_in_its_place_after_the_terminal_became_smaller() -> None:
    live, stream, environ = region(20, 10)
    emulator = Emulator(20, 10)
    live.draw([str(number) for number in range(9)])
    fed(stream, emulator)
    environ.update(COLUMNS="10", LINES="4")
    emulator.resize(10, 4)
    for _ in range(3):
        live.draw(["a", "b", "c"])
        assert fed(stream, emulator) == ["a", "b", "c", ""]


def test_what_followed_the_picture_on_its_last_line_is_taken_away_at_the_end() -> None:
    live, stream, _ = region(20, 4)
    emulator = Emulator(20, 4)
    live.draw(["one"])
    fed(stream, emulator)
    emulator.feed(b"^C")
    live.close()
    live.close()
    assert fed(stream, emulator) == ["one", "", "", ""]


# --- Signals


def test_signals_are_noted_and_the_handlers_put_back() -> None:
    numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH)
    before = [signal.getsignal(number) for number in numbers]
    with Signals() as signals:
        assert signals.take() == set()
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGWINCH)
        assert signals.take() == {signal.SIGTERM, signal.SIGWINCH}
        assert signals.take() == set()
    assert [signal.getsignal(number) for number in numbers] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_a_signal_that_is_to_be_ignored_is_left_alone() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            assert signals.take() == set()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


# --- FullScreen


@pytest.fixture
def start(terminal: Open) -> Open:
    """Starts the program, or other words that run it, in a terminal, and waits for its picture."""
    return partial(terminal, argv=[sys.executable, "-c", PROGRAM], shows="picture")


def assert_restored(session: PtySession) -> None:
    typed.assert_restored(session)
    assert session.screen()[0] == "before"


def test_the_picture_takes_the_whole_screen_and_gives_it_back(start: Open) -> None:
    session = start()
    assert session.screen()[:2] == ["picture", "x" * 80]
    assert not session.emulator.on_main and not session.emulator.cursor_shown
    session.leave("q")
    assert_restored(session)
    assert session.screen()[1] == "after"


def test_only_lines_that_changed_are_written(start: Open) -> None:
    session = start()
    session.settle()
    session.forget()
    session.send("a")
    session.until(lambda: session.screen()[1] == "a")
    assert "picture" not in session.transcript


def test_after_ctrl_c_the_program_decides(start: Open) -> None:
    session = start()
    session.ask("\x03", "ctrl-c")
    session.leave("q")
    assert_restored(session)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_the_terminal_is_as_before(start: Open, number: int) -> None:
    session = start()
    session.signal(number)
    assert session.wait() == 128 + number
    assert_restored(session)


def test_a_mistake_in_the_program_leaves_the_terminal_as_before(start: Open) -> None:
    session = start()
    session.send("!")
    assert session.wait() == 1
    assert_restored(session)
    assert "ValueError" in session.transcript


def test_a_terminal_that_goes_away_ends_it(start: Open) -> None:
    session = start()
    session.hang_up()
    assert session.wait() == 128 + signal.SIGHUP


def test_a_new_size_asks_for_a_new_picture(start: Open) -> None:
    session = start()
    session.resize(30, 5)
    session.until(lambda: session.screen()[:3] == ["picture", "resized", "x" * 30])


def test_a_shell_can_stop_it_and_it_continues_where_it_was(start: Open) -> None:
    script = 'set -m; "$0" -c "$1"; echo "stopped"; read line; fg >/dev/null; echo "code $?"'
    session = start(argv=["/bin/sh", "-c", script, sys.executable, PROGRAM])
    session.send("a")
    session.until(lambda: session.screen()[1] == "a")
    session.ask("\x1a", "stopped")
    assert_restored(session)
    session.send("\n")
    session.until(lambda: session.screen()[:2] == ["picture", "a"])
    assert not session.emulator.on_main and not session.emulator.cursor_shown
    session.ask("q", "code 0")
    assert session.wait() == 0
    assert_restored(session)


def test_after_a_stop_that_it_could_not_see_all_is_drawn_again(start: Open) -> None:
    session = start()
    session.signal(signal.SIGSTOP)
    session.emulator.feed(b"\x1b[2Jrubbish")
    session.signal(signal.SIGCONT)
    session.until(lambda: session.screen()[:2] == ["picture", "resized"])
    session.leave("q")
