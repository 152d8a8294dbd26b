"""Pictures that change: the whole screen for `top`, a region below the last line for `--watch`.

Both are plain ANSI: lines are written over the old ones and what is left is erased, never the screen
first, so nothing flickers. Lines are safe and painted already when they come here.

`FullScreen` guarantees that the terminal is as it was when it is left, however that happens: also by
SIGTERM and SIGHUP, by a terminal that goes away, and while the process is stopped. Signal handlers only
note the number and end the wait; `FullScreen.read` acts on it.
"""

from __future__ import annotations

import os
import re
import select
import signal

from .keyboard import Keyboard
from .terminal import Screen, Terminal
from .text import clip, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence


SGR = re.compile("\x1b\\[[0-9;]*m")
RESET = "\x1b[0m"
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"  # The terminal shows what is between at once.
# Without wrapping (?7l) a character that is wider than thought cannot push the picture down.
TAKE = "\x1b[?1049h\x1b[?25l\x1b[?7l"
GIVE_BACK = "\x1b[?7h\x1b[?25h\x1b[0m\x1b[?1049l"
RESIZED = "resized"
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGTSTP", "SIGCONT", "SIGWINCH")


def painted_width(line: str) -> int:
    """Return how many columns a line with colors takes."""
    return width(SGR.sub("", line))


def clip_painted(line: str, columns: int, ellipsis: str = "…") -> str:
    """Return a line with colors if it fits, otherwise its head and the ellipsis, and no color left on."""
    if len(line) <= columns and line.isascii() or painted_width(line) <= columns:
        return line
    room = columns - width(ellipsis)
    if room < 0:
        return ""
    kept, position = [], 0
    for match in SGR.finditer(line + RESET):
        text = line[position : match.start()]
        head = clip(text, room, "")
        kept.append(head)
        if head != text:
            break
        kept.append(match.group())
        room, position = room - width(text), match.end()
    return "".join(kept) + ellipsis + (RESET if "\x1b" in line else "")


class Ended(Exception):
    """The process has to end because of a signal, or because its terminal is gone (as SIGHUP)."""

    def __init__(self, number: int) -> None:
        super().__init__(f"signal {number}")
        self.number = number


class Signals:
    """Notes the signals that concern a terminal, and becomes readable when there is one."""

    def __init__(self) -> None:
        self._noted: set[int] = set()
        self._before: dict[int, Any] = {}
        self._wakeup_before = -1
        self._read_end = self._write_end = -1

    def __enter__(self) -> Signals:
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        os.set_blocking(self._write_end, False)
        self._wakeup_before = signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        for number in (getattr(signal, name) for name in SIGNALS if hasattr(signal, name)):
            before = signal.getsignal(number)
            # `nohup`, and shells without job control, want it to be ignored.
            if before != signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, self._note)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, before in self._before.items():
            # None stands for a handler that Python did not install and cannot bring back.
            signal.signal(number, signal.SIG_DFL if before is None else before)
        self._before.clear()
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._read_end)
        os.close(self._write_end)

    def _note(self, number: int, frame: object) -> None:
        self._noted.add(number)

    def fileno(self) -> int:
        """The descriptor that becomes readable."""
        return self._read_end

    def take(self) -> set[int]:
        """Return the signals that came since the last call."""
        try:
            while len(os.read(self._read_end, 512)) == 512:
                continue
        except BlockingIOError:
            pass  # It was empty; a signal may still have been noted.
        noted, self._noted = self._noted, set()
        return noted

    def stop_process(self) -> None:
        """Stop this process as SIGTSTP does by default; return when it was continued."""
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._note)


class FullScreen:
    """The whole terminal with its keyboard, from `__enter__` to `__exit__`."""

    def __init__(self, terminal: Terminal) -> None:
        self._screen = terminal.out
        self._output = terminal.out.stream.fileno()
        self._signals = Signals()
        self._input = terminal.stdin.fileno()
        self._keyboard: Keyboard | None = None
        self._clock = terminal.clock
        self._shown: list[str] | None = None  # None: what stands there is not known

    def __enter__(self) -> FullScreen:
        self._screen.flush()
        # The handlers first: from then on a signal waits until the terminal can be put back.
        self._signals.__enter__()
        try:
            self._keyboard = Keyboard(self._input, wakeup=self._signals.fileno(), clock=self._clock)
            self._keyboard.__enter__()
            self._send(TAKE)
        except EOFError:
            self.__exit__()
            raise Ended(signal.SIGHUP) from None
        except BaseException:  # Ctrl-C too: whatever it is, the terminal is given back first.
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self._send(GIVE_BACK)
        except Ended:
            pass  # It is gone: there is nothing to give back.
        finally:
            if self._keyboard is not None:
                self._keyboard.__exit__()
            self._signals.__exit__()

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, as they are now."""
        return self._screen.columns, self._screen.rows

    def read(self, seconds: float) -> str:
        """Return the next key; "" after `seconds`, `ctrl-c` for SIGINT, `resized` if a new picture is needed.

        Raises Ended.
        """
        assert self._keyboard is not None
        key = self._answer()
        if key:
            return key
        try:
            return self._keyboard.read(seconds) or self._answer()
        except EOFError:
            raise Ended(signal.SIGHUP) from None

    def _answer(self) -> str:
        """Do what the signals that came ask for; return the key that they stand for."""
        came = self._signals.take()
        for number in (signal.SIGTERM, signal.SIGHUP):
            if number in came:
                raise Ended(number)
        if signal.SIGINT in came:
            return "ctrl-c"
        if signal.SIGTSTP in came:
            self._suspend()
        elif signal.SIGCONT in came:
            self._resume()
        elif signal.SIGWINCH not in came:
            return ""
        self._shown = None
        return RESIZED

    def _suspend(self) -> None:
        assert self._keyboard is not None
        self._send(GIVE_BACK)
        self._keyboard.give_back()
        self._signals.stop_process()
        self._resume()

    def _resume(self) -> None:
        """Take the terminal again: the program that had it may have left it in any state."""
        assert self._keyboard is not None
        self._keyboard.take()
        self._send(TAKE)

    def draw(self, lines: Sequence[str]) -> None:
        """Show a picture; only lines that changed are written. Raises Ended if the terminal is gone."""
        columns, rows = self.size
        lines = [clip_painted(line, columns, self._screen.ellipsis) for line in lines[:rows]]
        before = [] if self._shown is None else self._shown
        parts = [_row(at, line, columns) for at, line in enumerate(lines) if before[at : at + 1] != [line]]
        if len(lines) < rows and (self._shown is None or len(lines) < len(before)):
            parts.append(f"\x1b[{len(lines) + 1};1H\x1b[J")
        self._shown = lines
        if parts:
            self._send(BEGIN + "".join(parts) + END)

    def _send(self, text: str) -> None:
        """Write past Python's buffer: what could not be written must not come again at the exit."""
        data = text.encode(self._screen.encoding, "backslashreplace")
        while data:
            try:
                data = data[os.write(self._output, data) :]
            except BlockingIOError:
                select.select([], [self._output], [])
            except OSError:
                raise Ended(signal.SIGHUP) from None


def _row(index: int, line: str, columns: int) -> str:
    # After a full line the cursor still stands on its last character: that must not be erased.
    rest = "" if painted_width(line) >= columns else "\x1b[K"
    return f"\x1b[{index + 1};1H{line}{rest}"


class Region:
    """Some lines at the end of the output that are drawn again in place. The last picture stays.

    Each line takes one row and they leave one row free, so that moving up by their number is right.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._screen: Screen = terminal.out
        self._drawn = 0

    def draw(self, lines: Sequence[str]) -> None:
        """Show these lines in the place of the former ones."""
        screen = self._screen
        columns, rows = max(1, screen.columns - 1), max(1, screen.rows - 1)
        shown = [clip_painted(line, columns, screen.ellipsis) for line in lines[:rows]]
        # The terminal may have become lower since.
        up = min(self._drawn, screen.rows - 1)
        screen.send(
            BEGIN + (f"\x1b[{up}A" if up else "") + "\r" + "".join(f"{line}\x1b[K\n" for line in shown) + "\x1b[J" + END
        )
        self._drawn = len(shown)

    def close(self) -> None:
        """Leave the picture where it is; what follows is written below it."""
        if self._drawn:
            # Away with the `^C` that ended it.
            self._screen.send("\r\x1b[J")
        self._drawn = 0
