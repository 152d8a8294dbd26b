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

from ..model.cached import cached_property
from ..model.clock import SYSTEM_CLOCK
from .attempts import Attempts
from .contexts import Contexts
from .counts import Counts
from .database import Database
from .events import Events
from .home import Home
from .jobs import Jobs
from .meta import Meta
from .names import Names
from .opening import open_database
from .output import Output
from .schema import VERSION
from .search import Search

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from ..model.clock import Clock
    from .backlog import Backlog
    from .database import WriteTransaction
    from .dead import Dead
    from .find import Find
    from .recent import Recent
    from .schedules import Schedules
    from .stats import Stats
    from .timings import Timings
    from .workers import Workers

__all__ = ["Home", "Store", "preload"]


class _Undo(Exception):
    """Ends a transaction without its changes."""


class Store:
    """An open home.

    `create` decides whether a home that is not there is made, or refused: only what adds jobs or starts something
    may make one. `durable` decides what a commit waits for: True (what a user asked for) until the disk has it,
    False (workers) until the operating system has it. `give_up` is checked while waiting for
    another writer. Raises StoreUnavailable.
    """

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
        self.attempts = Attempts(self.database)
        self.output = Output(self.database)
        self.events = Events(self.database)
        self.meta = Meta(self.database)
        self.jobs = Jobs(self.database, self.counts, self.contexts)
        self.search = Search(self.database)
        self.names = Names(self.database)
        self.database.before_commit = self.counts.flush
        self.database.after_rollback = self._forget

    # A short command loads none of these; what forks children loads them all before: see `preload`.

    @cached_property
    def workers(self) -> Workers:
        """Who runs jobs here."""
        from .workers import Workers

        return Workers(self.database)

    @cached_property
    def stats(self) -> Stats:
        """What ended, minute by minute."""
        from .stats import Stats

        return Stats(self.database, self.counts, self.timings)

    @cached_property
    def timings(self) -> Timings:
        """How long attempts took and waited."""
        from .timings import Timings

        return Timings(self.database)

    @cached_property
    def backlog(self) -> Backlog:
        """How much waited, minute by minute."""
        from .backlog import Backlog

        return Backlog(self.database)

    @cached_property
    def schedules(self) -> Schedules:
        """The recurring jobs."""
        from .schedules import Schedules

        return Schedules(self.database, self.contexts)

    @cached_property
    def find(self) -> Find:
        """The jobs that a filter finds."""
        from .find import Find

        return Find(self.database, self.counts)

    @cached_property
    def dead(self) -> Dead:
        """The dead letter queue."""
        from .dead import Dead

        return Dead(self.database)

    @cached_property
    def recent(self) -> Recent:
        """What the newest attempts tell."""
        from .recent import Recent

        return Recent(self.database)

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


def preload() -> None:
    """Load what a Store else loads when it is first used, so that children share it."""
    from . import backlog, find, recent, schedules, stats, timings, workers  # noqa: F401
