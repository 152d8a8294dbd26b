"""How others see that a process is there: the lock that it holds, the bell that it listens to, a worker's journal.

They are files in `run/`, which somebody may remove or replace while the process lives. Their owner looks once a second
and makes what is missing again. If another process has taken its place, or the home is gone, it has to stop: nobody
needs it any more. A file that cannot be read for a while is neither.
"""

from __future__ import annotations

import os

from ...store import Store
from ...store.lockfile import LockFile
from ..machine.doorbell import Doorbell
from ..machine.journal import Journal
from ..machine.log import Log
from ..machine.wakeup import AT_ONCE, NOT, ORDERLY

LOOK_MS = 1_000
# A process that asks whether the lock is held, or backs out of a start, has it for an instant.
TAKEN_LOOKS = 3


class Presence:
    """The lock and the bell of this process, and its journal if it is a worker. `text` stands in the lock's file."""

    def __init__(
        self, store: Store, lock: LockFile, bell: Doorbell, *, log: Log, text: str = "", journal: Journal | None = None
    ) -> None:
        self._home, self._clock = store.home, store.clock
        self._database = store.database
        self._lock = lock
        self._bell = bell
        self._log = log
        self._text = text
        self._journal = journal
        self._look_at = store.clock.monotonic() + LOOK_MS
        self._taken = 0
        self._seen: tuple[int, ...] | None = None
        self.changes = 0
        self.remade = 0

    def hurry(self) -> None:
        """Look at the next step, whenever the last look was."""
        self._look_at = self._clock.monotonic()

    def step(self) -> int:
        """Once a second, make what is missing again; return how this process has to stop.

        NOT, ORDERLY if another one has its place, AT_ONCE if the home is gone. `changes` counts how often files came
        or went, `remade` how often one of ours was missing.
        """
        now = self._clock.monotonic()
        if now < self._look_at:
            return NOT
        self._look_at = now + LOOK_MS
        try:
            return self._look()
        except OSError as error:
            # For now the disk is full, or we may not enter the home; the next looks try again.
            self._log.complain(f"cannot look after our files in {self._home.run}: {error.strerror}")
            return NOT

    def _look(self) -> int:
        if self._database.is_replaced():
            self._log.complain(f"{self._home.database} was removed or replaced, there is nothing to do any more")
            return AT_ONCE
        found = self._times()
        if found is not None and found == self._seen:
            return NOT
        self._seen = None
        self.changes += 1
        if all(file is None or file.is_in_place() for file in (self._lock, self._bell, self._journal)):
            self._taken = 0
            self._seen = found
            return NOT
        return self._mend()

    def _times(self) -> tuple[int, ...] | None:
        """Return when files were last made or removed beside ours, None if a directory is missing."""
        try:
            return os.stat(self._home.run).st_mtime_ns, os.stat(self._home.bells).st_mtime_ns
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _mend(self) -> int:
        self._home.make_directories()
        if not self._lock.is_in_place():
            if not self._lock.take_again():
                self._taken += 1
                if self._taken < TAKEN_LOOKS:
                    return NOT
                self._log.complain(f"another process has taken {self._lock.path}, stopping")
                return ORDERLY
            self._lock.write(self._text)
        if not self._bell.is_in_place():
            self._bell.hang_again()
        if self._journal is not None and not self._journal.is_in_place():
            self._journal.make_again()
        self.remade += 1
        self._log.say(f"somebody has removed files in {self._home.run}: made ours again")
        return NOT

    def close(self) -> None:
        """Take away the bell and release the lock."""
        self._bell.close()
        self._lock.close()
