"""Pictures that change: the whole screen for `top`, a region below the last line for `--watch`, a line of progress.

All are plain ANSI: lines are written over the old ones and what is left is erased, never the screen
first, so nothing flickers. Lines are safe and painted already when they come here.

`FullScreen` guarantees that the terminal is as it was when it is left, however that happens: also by
SIGTERM and SIGHUP, by a terminal that goes away, and while the process is stopped. Signal handlers only
note the number and end the wait; `FullScreen.read` acts on it.

How far something is stands on stderr, and nothing in a log or a mail:

    terminal         `Importing [####......] 45% 450/1000 12.3/s eta 44s`, ten times a second at most
    dumb terminal    the same without the bar, at 0, 25, 50, 75 and 100 % and otherwise once in 30 s

The moving line erases itself: at the end of the block, and before `Terminal.say` writes anything else.
"""

from __future__ import annotations

import os
import re
import select
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import Any

from ..model.quantity import bar
from ..model.when import duration_text
from .terminal import ERASE_LINE, Terminal
from .text import clip, width

SGR = re.compile("(\x1b\\[[0-9;]*m)")
RESET = "\x1b[0m"
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"  # The terminal shows what is between at once.
# Without wrapping (?7l) a character that is wider than thought cannot push the picture down.
TAKE = "\x1b[?1049h\x1b[?25l\x1b[?7l"
GIVE_BACK = "\x1b[?7h\x1b[?25h\x1b[0m\x1b[?1049l"
RESIZED = "resized"
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGTSTP", "SIGCONT", "SIGWINCH")
DRAW_INTERVAL = 100
LINE_INTERVAL = 30_000
STALLED_AFTER = 10_000
MIN_SAMPLES = 3
SMOOTHING = 0.3
NARROWEST_BAR, WIDEST_BAR = 4, 30


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
    kept = ""
    for part in SGR.split(line):
        head = part if part.startswith("\x1b") else clip(part, room, "")
        kept += head
        if head != part:
            break
        room -= painted_width(part)
    return kept + ellipsis + (RESET if "\x1b" in line else "")


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
        for number in (getattr(signal, name) for name in SIGNALS):
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
        # Once it is empty; a signal may still have been noted.
        with suppress(BlockingIOError):
            while len(os.read(self._read_end, 512)) == 512:
                continue
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
        from .keyboard import Keyboard  # not there on every system

        self._screen = terminal.out
        self._output = terminal.out.stream.fileno()
        self._signals = Signals()
        self._keyboard = Keyboard(terminal.stdin.fileno(), wakeup=self._signals, clock=terminal.clock)
        self._shown: list[str] | None = None  # None: what stands there is not known

    def __enter__(self) -> FullScreen:
        self._screen.flush()
        with ExitStack() as undo:
            # The handlers first: from then on a signal waits until the terminal can be put back.
            undo.enter_context(self._signals)
            try:
                undo.enter_context(self._keyboard)
            except EOFError:
                raise Ended(signal.SIGHUP) from None
            undo.callback(self._give_back)
            self._send(TAKE)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._undo.close()

    def _give_back(self) -> None:
        # If it is gone, there is nothing to give back.
        with suppress(Ended):
            self._send(GIVE_BACK)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, as they are now."""
        return self._screen.columns, self._screen.rows

    def read(self, seconds: float) -> str:
        """Return the next key, "" after `seconds`, `ctrl-c` for SIGINT, `resized` for a new picture. Raises Ended."""
        try:
            return self._answer() or self._keyboard.read(seconds) or self._answer()
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
        self._send(GIVE_BACK)
        self._keyboard.give_back()
        self._signals.stop_process()
        self._resume()

    def _resume(self) -> None:
        """Take the terminal again: the program that had it may have left it in any state."""
        self._keyboard.take()
        self._send(TAKE)

    def draw(self, lines: Sequence[str]) -> None:
        """Show a picture; only lines that changed are written. Raises Ended if the terminal is gone."""
        columns, rows = self.size
        lines = [clip_painted(line, columns, self._screen.ellipsis) for line in lines[:rows]]
        before = [] if self._shown is None else self._shown
        parts = []
        for at, line in enumerate(lines):
            if before[at : at + 1] != [line]:
                # After a full line the cursor still stands on its last character: that must not be erased.
                parts.append(f"\x1b[{at + 1};1H{line}" + ("" if painted_width(line) >= columns else "\x1b[K"))
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


class Region:
    """Some lines at the end of the output that are drawn again in place. The last picture stays."""

    def __init__(self, terminal: Terminal) -> None:
        self._screen = terminal.out
        self._drawn = 0

    def draw(self, lines: Sequence[str]) -> None:
        """Show these lines in place of the previous ones."""
        screen = self._screen
        # Each line takes one row and they leave one row free, so that moving up by their number is right.
        columns, rows = max(1, screen.columns - 1), max(1, screen.rows - 1)
        shown = [clip_painted(line, columns, screen.ellipsis) for line in lines[:rows]]
        # The terminal may have become lower since.
        up = min(self._drawn, screen.rows - 1)
        start = f"\x1b[{up}A\r" if up else "\r"
        screen.send(BEGIN + start + "".join(f"{line}\x1b[K\n" for line in shown) + "\x1b[J" + END)
        self._drawn = len(shown)

    def close(self) -> None:
        """Leave the picture where it is; what follows is written below it."""
        if self._drawn:
            # Erase the `^C` that ended it.
            self._screen.send("\r\x1b[J")
        self._drawn = 0


class Progress:
    """The progress of `total` things. As a context manager it is `update`, which may be called as often as you like."""

    def __init__(self, total: int, label: str, terminal: Terminal) -> None:
        self.total = total
        self.label = terminal.err.safe(label)
        self.terminal = terminal
        self.rate = 0.0  # a second, smoothed
        self.samples = 0
        self.done = 0
        self.quarter = -1
        self.sampled_at = self.moved_at = terminal.clock.monotonic()
        self.shown_at: int | None = None

    def __enter__(self) -> Callable[[int], None]:
        return self.update

    def __exit__(self, *_: object) -> None:
        self.terminal.erase_line()

    def update(self, done: int) -> None:
        """Note that `done` of the total are done, and show it if it is time to."""
        terminal, err = self.terminal, self.terminal.err
        if terminal.quiet or not err.is_tty:
            return
        now = terminal.clock.monotonic()
        self._sample(done, now)
        percent = min(100, done * 100 // self.total) if self.total > 0 else 100
        is_new = percent // 25 > self.quarter and not terminal.live
        interval = DRAW_INTERVAL if terminal.live else LINE_INTERVAL
        if not is_new and self.shown_at is not None and now - self.shown_at < interval:
            return
        # This may run in the middle of a transaction, which must not wait for a terminal.
        if not err.takes_text():
            return
        self.shown_at, self.quarter = now, max(percent // 25, self.quarter)
        text = f"{percent}% {done}/{self.total}{self._pace(done, now)}"
        if not terminal.live:
            terminal.say(f"{self.label} {text}")
            return
        # The last column stays free: some terminals wrap as soon as it is written.
        room = err.columns - 1
        size = min(WIDEST_BAR, room - width(f"{self.label}  [] {text}"))
        shown = f"{bar(percent, size)} " if size >= NARROWEST_BAR else ""
        err.send(ERASE_LINE + clip(f"{self.label} {shown}{text}", room, err.ellipsis))
        terminal.line_shown = True

    def _sample(self, done: int, now: int) -> None:
        """Let the rate follow; samples closer than a frame would be noise."""
        elapsed = now - self.sampled_at
        if elapsed < DRAW_INTERVAL:
            return
        rate = max(0, done - self.done) * 1000 / elapsed
        self.rate = rate if self.samples == 0 else self.rate + SMOOTHING * (rate - self.rate)
        self.samples += 1
        if done != self.done:
            self.moved_at = now
        self.done, self.sampled_at = done, now

    def _pace(self, done: int, now: int) -> str:
        """Return the rate and the time that is left, once they are known."""
        if self.samples < MIN_SAMPLES:
            return ""
        left = "--:--"
        if now - self.moved_at <= STALLED_AFTER and self.rate > 0:
            left = duration_text(round(max(0, self.total - done) / self.rate) * 1000)
        return f" {self.rate:.1f}/s eta {left}"
