"""The only SQL. `Store` is what the layers above see; they do not know that it is SQLite.

A Store is a set of nouns, each in a module of its own (`store.jobs.claim`, `store.output.read` ...). Their writing
methods are named after the arrows of `model.job.TRANSITIONS`; each names the state and the attempt that it expects, and
returns whether it found them. They must be called inside `with store.writing():`, a transaction that may hold several.

A Store belongs to one thread of one process and is never carried over a fork.
"""

from __future__ import annotations

from ..model.clock import SYSTEM_CLOCK, Clock
from .contexts import Contexts
from .counts import Counts
from .database import Database
from .home import Home
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
    from .lanes import Lanes
    from .links import Links
    from .locks import Locks
    from .meta import Meta
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

# The nouns that a noun needs in addition.
NEEDS = {"jobs": ("lanes", "links")}


class _Undo(Exception):
    """Ends a transaction without its changes."""


class Store:
    """An open home.

    `create` says whether to make a home that does not exist or to refuse it: only commands that add jobs or start
    something may make one. With `durable` (for what a user asked for) a commit waits for the disk, otherwise (for
    workers) for the operating system. `give_up` is checked while waiting for another writer. Raises StoreUnavailable.
    """

    # Loaded on first use, since a command needs few of them: each is the class in the module of the same name.
    attempts: Attempts
    backlog: Backlog
    batches: Batches
    dead: Dead
    events: Events
    find: Find
    hooks: Hooks
    jobs: Jobs
    lanes: Lanes
    links: Links
    locks: Locks
    meta: Meta
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
        self.writing = self.database.writing
        self.checkpoint = self.database.checkpoint
        self.changes = self.database.changes
        self.close = self.database.close
        self.counts = Counts(self.database)
        self.contexts = Contexts(self.database)
        self.database.before_commit = self.counts.flush
        self.database.after_rollback = self._forget

    def __getattr__(self, name: str) -> Any:
        if name not in Store.__annotations__:
            raise AttributeError(f"a store has no {name}")
        noun = getattr(_module(name), Store.__annotations__[name])
        needed = {other: getattr(self, other) for other in NEEDS.get(name, ())}
        made = noun(self.database, self.counts, self.contexts, **needed)
        setattr(self, name, made)
        return made

    def rehearse(self, patience: float) -> None:
        """Write something and undo it, after `patience` seconds at most. Raises StoreUnavailable where that fails."""
        try:
            with self.writing(patience):
                self.meta.touch(0)
                raise _Undo
        except _Undo:
            return

    def next_due(self, after: int = -1) -> int | None:
        """Return when the next job, or the next schedule `after` an instant, is due; None if none is."""
        due = (self.jobs.next_due(), self.schedules.next_due(after))
        return min((at for at in due if at is not None), default=None)

    def _forget(self) -> None:
        self.counts.forget()
        self.contexts.forget()

    def is_outgrown(self) -> bool:
        """Return whether a newer QueueCTL has upgraded the home since it was opened."""
        return int(self.database.value("PRAGMA user_version")) > VERSION

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _module(name: str) -> Any:
    return __import__(f"{__name__}.{name}", fromlist=[name])


def preload() -> None:
    """Load what a Store would load when it is used, so that children share it, and need no file after an upgrade."""
    for name in (*Store.__annotations__, "parking"):
        _module(name)
