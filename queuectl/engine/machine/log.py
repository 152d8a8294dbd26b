"""Lines of the daemons' logs: one per fact, with time and speaker, on standard error.

A daemon's standard error is its log file, which the pool shares with its workers and opens for appending. Control
characters are escaped, so that no text can forge a line or reach a terminal.

`logging.handlers` would cost each daemon 23 ms at its start and 1.1 MB; its rotation renames the file, and the other
writers would go on in the old one.
"""

from __future__ import annotations

import os

from ...model.clock import Clock
from ...model.printable import printable
from ...model.when import iso

REPEAT_MS = 60_000
MAX_BYTES = 5 * 1024 * 1024
REMEMBERED = 100


class Log:
    """The log as one speaker writes it."""

    def __init__(self, speaker: str, clock: Clock) -> None:
        self.speaker = speaker
        self._clock = clock
        self._said: dict[str, int] = {}

    def say(self, text: str) -> None:
        """Write a line."""
        line = f"{iso(self._clock.wall())} {self.speaker}[{os.getpid()}] {printable(text)}\n"
        try:
            os.write(2, line.encode("utf-8", "backslashreplace"))
        except OSError:
            return  # A full disk must not end the worker and its job; nothing can report it.

    def complain(self, text: str) -> None:
        """Write a line unless the same was written within the last minute."""
        now = self._clock.monotonic()
        if text in self._said and now - self._said[text] < REPEAT_MS:
            return
        if len(self._said) >= REMEMBERED:
            self._said.clear()
        self._said[text] = now
        self.say(text)


class Silence(Log):
    """The log of a command, which says itself what it does."""

    def say(self, text: str) -> None:
        """Write nothing."""


def rotate(path: str, limit: int = MAX_BYTES) -> None:
    """Move the text of a log that is too large to `path.1`. The file stays, empty: its writers have it open."""
    import shutil

    if not os.path.exists(path) or os.path.getsize(path) < limit:
        return
    with open(path, "rb") as full, open(
        os.open(f"{path}.1", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
    ) as old:
        shutil.copyfileobj(full, old)
    os.truncate(path, 0)
