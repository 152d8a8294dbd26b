"""What a home holds, as far as completion asks.

A TAB must not make a home, must not wait, and has no place to show an error: where the store is not
there or does not answer at once, there are no candidates.
"""

from __future__ import annotations

import os

from ...engine.queue import Queue
from ...model.clock import SYSTEM_CLOCK, Clock
from ...model.errors import QueueCTLError
from ...model.record import Record

LIMIT = 50
MAX_FILES = 1_000
BUSY_SECONDS = 0.2


class Candidate(Record):
    """What the word under the cursor may become.

    After one that is not `is_complete` (`--state=`, a directory) the word goes on, so no blank follows.
    `leave_to_shell` is "" or says that the shell must complete a "file" or "directory" after `value`.
    """

    value: str
    description: str = ""
    is_complete: bool = True
    leave_to_shell: str = ""

    def after(self, text: str) -> Candidate:
        """Return this candidate with the text before it in the same word."""
        return Candidate(text + self.value, self.description, self.is_complete, self.leave_to_shell)


class Lookup:
    """Answers what there is in a home, and in the file system."""

    def __init__(self, home: str | None = None, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self._given = home
        self._clock = clock

    def at(self, home: str) -> Lookup:
        """Return the same for another home."""
        return type(self)(home, clock=self._clock)

    def of(self, key: str, prefix: str = "") -> list[Candidate]:
        """Return what there is of a key of a filter, such as queues; of jobs those whose id begins with `prefix`."""
        try:
            with self._queue() as queue:
                # Opening the store of a new home would make it.
                if not os.path.isfile(queue.home.database):
                    return []
                return [Candidate(found.value, found.about) for found in queue.suggest(key, prefix, LIMIT)]
        except (QueueCTLError, OSError):
            return []

    def templates(self) -> list[Candidate]:
        """Return the templates, those that come with the package first."""
        from ...model.templates import SHIPPED, SUFFIX, plain_name

        found = [Candidate(name, text) for name, text in SHIPPED.items()]
        try:
            files = sorted(os.listdir(self._queue().home.templates))
        except (OSError, QueueCTLError):
            return found
        return found + [Candidate(plain_name(name), "of this home") for name in files if name.endswith(SUFFIX)]

    def files(self, text: str, *, only_directories: bool = False) -> list[Candidate]:
        """Return the files that the path `text` may become. A directory is shown with its slash."""
        folder, name = os.path.split(text)
        try:
            with os.scandir(os.path.expanduser(folder) or ".") as entries:
                found = sorted((entry.name, entry.is_dir()) for entry in entries if _is_shown(entry.name, name))
        except (OSError, ValueError):
            return []
        before = text[: len(text) - len(name)]
        return [
            Candidate(f"{before}{name}/" if is_directory else before + name, is_complete=not is_directory)
            for name, is_directory in found[:MAX_FILES]
            if is_directory or not only_directories
        ]

    def programs(self, text: str) -> list[Candidate]:
        """Return the commands that `text` begins: names on the PATH, or files where it is a path."""
        if "/" in text:
            return self.files(text)
        names: set[str] = set()
        for folder in os.environ.get("PATH", "").split(os.pathsep) if text else ():
            try:
                names.update(name for name in os.listdir(folder or ".") if name.startswith(text))
            except OSError:
                continue
        # A command goes on with its own arguments, and a quote around it must not be closed.
        return [Candidate(name, is_complete=False) for name in sorted(names)[:MAX_FILES]]

    def words(self, text: str, *, is_first: bool) -> list[Candidate]:
        """Return what a word of another command may become: that is for a shell to know, and this is none."""
        return []

    def _queue(self) -> Queue:
        from ...engine.queue import Queue

        queue = Queue(self._given, clock=self._clock)
        queue.busy_budget = BUSY_SECONDS
        return queue


def _is_shown(name: str, begun: str) -> bool:
    """Return whether a file is offered: hidden ones only where a dot was typed."""
    return name.startswith(begun) and (not name.startswith(".") or begun.startswith("."))
