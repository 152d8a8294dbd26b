"""This process as one of the daemons: from taking its place to leaving it.

take the lock, listen to bell and signals           Instance(...)
look after our files, write down who we are         enter
once a second: orphans, our files, the home         step
take it all back                                    leave, close

Orphans become children of this process, as PID 1 of a container or a subreaper: it must take their exit codes. The code
that starts a child waits for it at once. So a child that has ended and is still there a second later is an orphan:
nobody else will ever wait for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from ...model.clock import Clock
from ...model.errors import QueueCTLError
from ..home.opened import OpenHome
from ..home.presence import Presence
from ..machine import process
from ..machine.doorbell import Doorbell
from ..machine.identity import Identity
from ..machine.log import Log
from ..machine.wakeup import Wakeup
from .daemon import Daemon

LOOK_MS = 1_000


class Instance:
    """This process as a home's daemon. The home becomes its directory unless it `keeps_directory`. Raises Conflict."""

    def __init__(self, daemon: Daemon, opened: OpenHome, *, keeps_directory: bool = False) -> None:
        self.log = Log(daemon.name, opened.clock)
        self._daemon = daemon
        self._opened = opened
        opened.home.prepare()
        self._lock = daemon.take_lock(opened)
        self._bell = Doorbell(opened.home, daemon.name)
        self.wakeup = Wakeup(self._bell, interrupts=True)
        self._reaper = Reaper(opened.clock)
        self._record = ""
        if not keeps_directory:
            # Not the directory of the user, which may go away.
            os.chdir(opened.home.path)

    def enter(self, also: Callable[[], None] = lambda: None) -> None:
        """Look after our files from now on; write down that we run, and do `also`. Raises as `Daemon.enter` does."""
        store = self._opened.store
        self.presence = Presence(store, self._lock, self._bell, log=self.log, text=f"{Identity.own()}\n")
        with store.writing():
            self._record = self._daemon.enter(self._opened)
            also()

    def step(self) -> None:
        """Take the exit codes of orphans, and see whether others still find us: if they never will, we are to stop."""
        self._reaper.step()
        self.wakeup.stop(self.presence.step())

    def note(self, what: str, detail: str, patience: float | None = None) -> None:
        """Note an event, waiting at most `patience` seconds for other writers. Raises StoreUnavailable."""
        with self._opened.store.writing(patience):
            self._opened.note(what, detail)

    def leave(self, what: str, detail: str, patience: float | None = None) -> None:
        """Note that we leave, as far as the store lets us: a record that stays names a process that is gone."""
        try:
            with self._opened.store.writing(patience):
                self._opened.note(what, detail)
                self._opened.store.meta.remove_daemon(self._daemon.name, self._record)
        except (QueueCTLError, OSError) as error:
            self.log.complain(str(error))
        self.log.say("stopped")

    def close(self) -> None:
        """Let go of the signals, the bell and the lock."""
        self.wakeup.close()
        self._bell.close()
        self._lock.close()


class Reaper:
    """Takes the exit codes of orphans."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._look_at = clock.monotonic()
        self._seen: set[int] = set()

    def step(self) -> None:
        """Once a second, take the exit codes of children that had ended a second ago already."""
        now = self._clock.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_MS
        ended: set[int] = set()
        try:
            if process.HAS_PROC and process.ended_child() is not None:
                ours, entries = os.getpid(), process.list_processes().values()
                ended = {entry.pid for entry in entries if entry.parent == ours and entry.is_zombie}
        except OSError:
            return  # There are no descriptors, say. They wait for the next look.
        for pid in ended & self._seen:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue  # The code that started it was faster.
        self._seen = ended
