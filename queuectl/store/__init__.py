"""The only SQL. `Store` is what the layers above see; they do not know that it is SQLite.

A Store is a set of nouns, each in a module of its own (`store.jobs.claim`, `store.output.read` ...).
Their writing methods are named after the arrows of `model.job.TRANSITIONS`; each names the state and
the attempt it expects and says by its return value whether it found them. They must be called inside
`with store.writing():`, which is one transaction, so that the engine can put several verbs in one:

    with store.writing():
        store.jobs.finish(...)
        store.output.append(...)
        claim = store.jobs.claim(...)

A Store belongs to one thread of one process and is never carried over a fork.
"""

from __future__ import annotations

from ..model.clock import SYSTEM_CLOCK, Clock
from .contexts import Contexts
from .counts import Counts
from .database import Database, WriteTransaction
from .home import Home
from .meta import Meta
from .opening import open_database
from .schema import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from .attempts import Attempts
    from .backlog import Backlog
    from .batches import Batches
    from .dead import Dead
    from .events import Events
    from .find import Find
    from .hooks import Hooks
    from .jobs import Jobs
    from .keys import Keys
    from .lanes import Lanes
    from .links import Links
    from .locks import Locks
    from .names import Names
    from .output import Output
    from .recent import Recent
    from .schedules import Schedules
    from .search import Search
    from .stats import Stats
    from .timings import Timings
    from .webhooks import Webhooks
    from .workers import Workers

__all__ = ["Home", "Store", "preload"]

# What a noun is made of in addition to the database.
NEEDS = {
    "batches": ("counts",),
    "find": ("counts",),
    "hooks": ("counts", "contexts"),
    "jobs": ("counts", "contexts", "lanes", "links"),
    "lanes": ("counts",),
    "locks": ("counts",),
    "links": ("counts", "events"),
    "schedules": ("contexts",),
    "stats": ("counts", "timings"),
}


class _Undo(Exception):
    """Ends a transaction without its changes."""


class Store:
    """An open home.

    `create` decides whether a home that is not there is made, or refused: only what adds jobs or starts something
    may make one. `durable` decides what a commit waits for: True (what a user asked for) until the disk has it,
    False (workers) until the operating system has it. `give_up` is checked while waiting for
    another writer. Raises StoreUnavailable.
    """

    # Loaded when they are first used, for a command uses few of them: each is the class in the module of its name.
    attempts: Attempts
    backlog: Backlog
    batches: Batches
    dead: Dead
    events: Events
    find: Find
    hooks: Hooks
    jobs: Jobs
    keys: Keys
    lanes: Lanes
    links: Links
    locks: Locks
    names: Names
    output: Output
    recent: Recent
    schedules: Schedules
    search: Search
    stats: Stats
    timings: Timings
    webhooks: Webhooks
    workers: Workers

    def __init__(
        self,
        home: Home,
        *,
        create: bool = True,
        durable: bool = True,
        clock: Clock = SYSTEM_CLOCK,
        give_up: Callable[[], bool] | None = None,
        busy_budget: float = 30.0,
    ) -> None:
        self.home = home
        self.clock = clock
        self.database: Database = open_database(
            home, create=create, durable=durable, clock=clock, give_up=give_up, busy_budget=busy_budget
        )
        self.counts = Counts(self.database)
        self.contexts = Contexts(self.database)
        self.meta = Meta(self.database)
        self.database.before_commit = self.counts.flush
        self.database.after_rollback = self._forget

    def __getattr__(self, name: str) -> Any:
        if name not in Store.__annotations__:
            raise AttributeError(f"a store has no {name}")
        noun = getattr(_module(name), Store.__annotations__[name])
        made = noun(self.database, *[getattr(self, other) for other in NEEDS.get(name, ())])
        setattr(self, name, made)
        return made

    @property
    def is_read_only(self) -> bool:
        """Whether we may only look at the home; `writing` raises StoreReadOnly then."""
        return self.database.is_read_only

    @property
    def notice(self) -> str:
        """What its user should know about the home: one line, or nothing."""
        return self.database.notice

    def writing(self, patience: float | None = None) -> WriteTransaction:
        """Return a context manager: one transaction, committed at its end or undone by an error.

        `patience` is how many seconds to wait for other writers, by default the busy budget.
        """
        return self.database.writing(patience)

    def rehearse(self, patience: float) -> None:
        """Change something and undo it, so that nothing is written. Raises StoreUnavailable where that fails.

        `patience` is how many seconds to wait for other writers.
        """
        try:
            with self.writing(patience):
                self.meta.touch(0)
                raise _Undo
        except _Undo:
            return

    def next_due(self, after: int = -1) -> int | None:
        """Return the wall time at which the next scheduled, failed or recurring job is due, None if none is.

        Of recurring ones only times after another one count.
        """
        due = (self.jobs.next_due(), self.schedules.next_due(after))
        return min((at for at in due if at is not None), default=None)

    def _forget(self) -> None:
        self.counts.forget()
        self.contexts.forget()

    def checkpoint(self) -> None:
        """Move what the write-ahead log holds into the database file."""
        self.database.checkpoint()

    def is_outgrown(self) -> bool:
        """Return whether a newer QueueCTL has upgraded the home since it was opened."""
        return int(self.database.value("PRAGMA user_version")) > VERSION

    def changes(self) -> int:
        """Return a number that differs once another process has committed something."""
        return self.database.changes()

    def close(self) -> None:
        """Close it. Calling it twice is harmless."""
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _module(name: str) -> Any:
    return __import__(f"{__name__}.{name}", fromlist=[name])


def preload() -> None:
    """Load what a Store would load when it is first used, so that children share it."""
    for name in Store.__annotations__:
        _module(name)
