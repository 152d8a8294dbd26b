"""What was typed in the shell: a plain UTF-8 file in the home, one line each, readable by its owner only.

Readline's own history files are a trap: GNU readline and libedit cannot read each other's, and a
truncated file of libedit's is refused forever. So lines are given to readline one by one, and each new
one is appended to the file at once: two shells do not overwrite each other's. A file that cannot be used
is reported once and costs nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from ..model.when import is_digits
from .text import escape

REMEMBERED = 1000
LONGEST_LINE = 10_000
READ_BYTES = 4 * 1024 * 1024


class History:
    """The lines of this and earlier shells, oldest first. `complain` is called with what goes wrong, once."""

    def __init__(self, path: str, complain: Callable[[str], None]) -> None:
        self.lines: list[str] = []
        self._path = path
        self._complain = complain
        self._usable = True
        try:
            with open(path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(max(0, size - READ_BYTES))
                text = file.read(READ_BYTES).decode("utf-8", "replace")
        except FileNotFoundError:
            return
        except OSError as error:
            self._give_up(error)
            return
        lines = [line for line in text.split("\n") if _is_line(line)]
        self.lines = lines[-REMEMBERED:]
        if len(lines) > 2 * REMEMBERED:
            self._rewrite()

    def add(self, line: str) -> bool:
        """Remember a line; return False for one not worth it: empty, the same as the last, or after a blank."""
        line = line.rstrip("\n")
        if line.startswith(" ") or not _is_line(line) or self.lines[-1:] == [line]:
            return False
        self.lines.append(line)
        if self._usable:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
            try:
                with open(os.open(self._path, flags, 0o600), "ab") as file:
                    file.write((line + "\n").encode("utf-8", "replace"))
            except OSError as error:
                self._give_up(error)
        return True

    def clear(self) -> None:
        """Forget all lines, in the file too."""
        self.lines.clear()
        self._rewrite()

    def expand(self, line: str) -> str | None:
        """Return the line that `!!`, `!N` or `!PREFIX` stands for, None if there is none."""
        wanted = line[1:].strip()
        if wanted == "!":
            return self.lines[-1] if self.lines else None
        if is_digits(wanted):
            number = int(wanted)
            return self.lines[number - 1] if 1 <= number <= len(self.lines) else None
        return next((old for old in reversed(self.lines) if wanted and old.startswith(wanted)), None)

    def _rewrite(self) -> None:
        """Replace the file by the remembered lines, wholly or not at all."""
        draft = f"{self._path}.{os.getpid()}"
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write("".join(line + "\n" for line in self.lines).encode("utf-8", "replace"))
            os.replace(draft, self._path)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        if self._usable:
            self._usable = False
            self._complain(f"the history is not kept: {self._path}: {error.strerror}")


def _is_line(line: str) -> bool:
    """Return whether this is a line that was typed, not what a damaged file is full of."""
    plain = line.replace("\t", " ")
    return bool(line.strip()) and len(line) <= LONGEST_LINE and escape(plain) == plain
