"""A worker as the others of its home know it: its row, the lock that proves that it lives, its journal and its bell.

The row becomes visible only when the lock is held. The lock is held as long as the worker lives.
"""

from __future__ import annotations

import os

from ...model.errors import StoreUnavailable
from ...store import Store
from ...store.lockfile import LockFile
from ..home.presence import Presence
from ..machine import process
from ..machine.doorbell import Doorbell
from ..machine.identity import Identity
from ..machine.journal import Journal
from ..machine.log import Log


class Registration:
    """The registration of this process; `number` is the worker's. `adopters` are as for `Worker`.

    `home_id` and `mark` are parts of the markers of its attempts. Raises StoreUnavailable, also where there is no room
    for the journal.
    """

    def __init__(self, store: Store, bell: Doorbell, *, queues: tuple[str, ...], adopters: tuple[int, ...]) -> None:
        self._store = store
        self.home_id = store.meta.home_id()
        self.mark = os.urandom(4).hex()
        own = Identity.own()
        with store.writing():
            self.number = store.workers.add(
                pid=own.pid,
                pid_start=own.start,
                boot=own.boot or "",
                namespace=own.namespace or "",
                mark=self.mark,
                adopters=",".join(f"{pid} {start}" for pid in adopters if (start := process.start_time(pid))),
                queues=",".join(queues),
                now=store.clock.wall(),
            )
            self._lock = LockFile(store.home.worker_lock(self.number))
            self._lock.acquire()
            path = store.home.worker_journal(self.number)
            try:
                self.journal = Journal(path, (self.home_id, own.boot or "", own.namespace or "", self.number))
            except OSError as error:
                raise StoreUnavailable(f"the journal {path} cannot be made: {error.strerror}") from error
        self.log = Log(f"worker {self.number}", store.clock)
        self.presence = Presence(store, self._lock, bell, log=self.log, journal=self.journal)

    def close(self, *, keep_journal: bool) -> None:
        """Undo all of it and close the store. A journal that is kept is for later recoveries."""
        with self._store.writing():
            self._store.workers.remove(self.number)
        self._store.close()
        self.journal.close(keep=keep_journal)
        self._lock.remove()
        self.presence.close()
