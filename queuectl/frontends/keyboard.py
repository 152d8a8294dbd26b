"""The keyboard of a terminal, one key at a time.

A key is the character that it types, or a name: `up`, `down`, `left`, `right`, `pageup`, `pagedown`,
`home`, `end`, `insert`, `delete`, `enter`, `escape`, `backspace`, `tab`, `backtab`, `ctrl-c` (and other
letters), `alt-x` (and other keys), `unknown` for a sequence that has no name here.

Several bytes may stand for one key, and they need not come at once: after ESC, all that comes within 20 ms
belongs to it, and the rest of a character is waited for. POSIX only.
"""

from __future__ import annotations

import os
import re
import select
import termios
import tty
from typing import Any

from ..model.clock import SYSTEM_CLOCK, Clock

ESCAPE_SECONDS = 0.02
READ_BYTES = 1024
ESCAPE = 0x1B
CONTROLS = {0x08: "backspace", 0x7F: "backspace", 0x09: "tab", 0x0A: "enter", 0x0D: "enter", 0x1B: "escape"}
# By the last byte of `ESC [ ... X` and `ESC O X`; modifiers such as Shift make no difference.
FINALS = {"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end", "Z": "backtab", "M": "enter"}
# By the number of `ESC [ N ~`.
NUMBERED = dict(zip("12345678", ("home", "insert", "delete", "end", "pageup", "pagedown", "home", "end")))
# Whole: `ESC [ parameters final`, `ESC O final`, what is too long to be either, or ESC and another key.
SEQUENCE = re.compile(rb"\x1b(?:[\[O](?:[^@-~]*[@-~]|.{31,})|[^\[O])", re.DOTALL)
UNKNOWN = "unknown"


class Keyboard:
    """A terminal's descriptor, in a mode where each key arrives at once and is not shown.

    As a context manager it puts the terminal's attributes back; entering raises EOFError if the terminal is
    gone. A `wakeup`, a descriptor or what has one, ends a wait once it is readable; its owner empties it.
    """

    def __init__(self, descriptor: int, *, wakeup: Any = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self._descriptor = descriptor
        self._watched = [descriptor] if wakeup is None else [descriptor, wakeup]
        self._clock = clock
        self._saved: list[Any] | None = None
        self._buffer = bytearray()

    def __enter__(self) -> Keyboard:
        try:
            self._saved = termios.tcgetattr(self._descriptor)
        except termios.error as error:
            raise EOFError("the terminal is gone") from error
        self.take()
        return self

    def __exit__(self, *exception: object) -> None:
        self.give_back()
        self._saved = None

    def take(self) -> None:
        """Switch to single keys, also again after the terminal was given back or changed by others."""
        try:
            # TCSADRAIN: TCSAFLUSH would lose what was typed ahead.
            tty.setcbreak(self._descriptor, termios.TCSADRAIN)
        except termios.error:
            return  # It hung up; the next read says so.

    def give_back(self) -> None:
        """Put the attributes back that the terminal had before."""
        if self._saved is None:
            return
        try:
            # Not TCSADRAIN: a terminal that was stopped with Ctrl-S would keep us forever.
            termios.tcsetattr(self._descriptor, termios.TCSANOW, self._saved)
        except termios.error:
            return  # It hung up: there is nothing left to restore.

    def read(self, seconds: float) -> str:
        """Return the next key, or "" if none came in time. Raises EOFError if the terminal is gone."""
        deadline = self._clock.monotonic() + round(seconds * 1000)
        key = self._next()
        while not key and self._fill(max(0, deadline - self._clock.monotonic()) / 1000):
            key = self._next()
        return key

    def _fill(self, seconds: float) -> bool:
        """Wait for more bytes; return whether there are any."""
        if self._descriptor not in select.select(self._watched, [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return False
        except OSError as error:
            raise EOFError("the terminal is gone") from error
        if not data:
            raise EOFError("the terminal is gone")
        self._buffer += data
        return True

    def _next(self) -> str:
        """Take one key off the buffer; return "" if it is empty or holds only the beginning of a character."""
        if not self._buffer:
            return ""
        first = self._buffer[0]
        if first == ESCAPE:
            return self._escaped()
        if first < 0x20 or first == 0x7F:
            del self._buffer[0]
            return CONTROLS.get(first) or (f"ctrl-{chr(first + 0x60)}" if 0 < first < 0x1B else UNKNOWN)
        return self._character()

    def _character(self) -> str:
        first = self._buffer[0]
        length = 1 if first < 0x80 else 2 if 0xC2 <= first < 0xE0 else 3 if first < 0xF0 else 4
        data = bytes(self._buffer[:length])
        try:
            char = data.decode("utf-8")
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data" and len(data) < length:
                return ""
            del self._buffer[: max(1, error.end)]
            return UNKNOWN
        del self._buffer[:length]
        return char if char.isprintable() else UNKNOWN

    def _escaped(self) -> str:
        """Take one key off that begins with ESC; whether it is ESC itself, time tells."""
        # A signal that comes in this time is handled later.
        while not SEQUENCE.match(bytes(self._buffer)):
            if not select.select([self._descriptor], [], [], ESCAPE_SECONDS)[0] or not self._fill(0):
                break
        if len(self._buffer) == 1 or self._buffer[1] == ESCAPE:
            del self._buffer[0]
            return "escape"
        if self._buffer[1] in b"[O" and len(self._buffer) > 2:
            return self._sequence()
        del self._buffer[0]
        key = self._next()
        return f"alt-{key}" if key else UNKNOWN

    def _sequence(self) -> str:
        """Take `ESC [ parameters final` or `ESC O final` off, or what came of it; return its name."""
        found = SEQUENCE.match(bytes(self._buffer))
        end = found.end() if found else len(self._buffer)
        text = self._buffer[2:end].decode("latin-1")
        del self._buffer[:end]
        if text.endswith("~"):
            return NUMBERED.get(text[:-1].split(";")[0], UNKNOWN)
        return FINALS.get(text[-1], UNKNOWN)
