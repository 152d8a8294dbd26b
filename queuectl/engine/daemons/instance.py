"""This process as one of the daemons: from taking its place to leaving it.

take the lock, then listen to bell and signals      Instance(...)
write down who we are, look after our files         enter, watch
once a second: orphans, our files, the home         step
take it all back                                    leave, close
"""

from __future__ import annotations

from ...model.errors import QueueCTLError
from ..home.presence import Presence
from ..machine.doorbell import Doorbell
from ..machine.log import Log
from ..machine.reaper import Reaper
from ..machine.wakeup import Wakeup
from .daemon import lock_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.clock import Clock
    from ...store import Home, Store
    from .daemon import Daemon


class Instance:
    """The daemon of a home that this process is. Raises Conflict if the home has one already.

    `actor` is noted with its events.
    """

    presence: Presence

    def __init__(self, daemon: Daemon, home: Home, *, actor: str, clock: Clock) -> None:
        self.log = Log(daemon.name, clock)
        self._daemon = daemon
        self._home = home
        self._actor = actor
        self._clock = clock
        home.prepare()
        self._lock = daemon.take_lock(home, clock)
        self._bell = Doorbell(home, daemon.name)
        self.wakeup = Wakeup(self._bell, interrupts=True)
        self._reaper = Reaper(clock)
        self._record = ""

    def enter(self, store: Store) -> None:
        """Write down in the store that we run, and look after our files from now on. In a transaction.

        Raises Conflict if another one lives that has lost its lock's file.
        """
        self.watch(store)
        self._record = self._daemon.enter(store, self._clock.wall())

    def watch(self, store: Store) -> None:
        """Look after our files in the home of this store."""
        self.presence = Presence(
            self._home,
            store.database,
            self._lock,
            self._bell,
            log=self.log,
            clock=self._clock,
            text=lock_text(),
        )

    def step(self) -> None:
        """Take the exit codes of orphans, and see whether others still find us: if they never will, we are to stop."""
        self._reaper.step()
        self.wakeup.stop(self.presence.step())

    def note(self, store: Store, what: str, detail: str, patience: float | None = None) -> None:
        """Note an event, waiting at most `patience` seconds for other writers. Raises StoreUnavailable."""
        with store.writing(patience):
            store.events.add(what, actor=self._actor, now=self._clock.wall(), detail=detail)

    def leave(self, store: Store, what: str, detail: str, patience: float | None = None) -> None:
        """Note that we leave, as far as the store lets us: a record that stays is one of a process that is gone."""
        try:
            self.note(store, what, detail, patience)
            with store.writing(patience):
                self._daemon.leave(store, self._record)
        except (QueueCTLError, OSError) as error:
            self.log.complain(str(error))

    def close(self) -> None:
        """Let go of the signals, the bell and the lock."""
        self.wakeup.close()
        self.log.say("stopped")
        self._bell.close()
        self._lock.close()
