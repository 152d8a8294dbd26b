"""One daemon of a kind per home: how it takes its place, and who has it.

A daemon holds the kernel lock on a file of its kind, with its identity in it, and keeps a record of itself in the
store. The held lock proves that it lives, also where its process cannot be seen from here: in another container. A
lock that is free, or whose file is missing, proves nothing: then the record tells which process to look for. In a
copy of a home both name the daemon of the original, which is nobody there.
"""

from __future__ import annotations

import os

from ... import __version__
from ...model.clock import SYSTEM_CLOCK
from ...model.errors import Conflict, DaemonUnavailable, StoreUnavailable
from ...store import Store
from ...store.home import unusable
from ...store.lockfile import LockFile, is_held
from ...store.schema import VERSION
from ..machine.identity import Identity
from .liveness import works_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.clock import Clock
    from ...store import Home

PROBE_TRIES = 20
PROBE_SECONDS = 0.005
LOOK_BUDGET_SECONDS = 1.0
ELSEWHERE = "in another container or pid namespace"


class Kind:
    """A kind of daemon: its name in the store and of its lock, and how it is spoken of."""

    __slots__ = ("name", "subject", "verb", "already", "hint", "stop")

    def __init__(self, name: str, *, subject: str, verb: str, already: str, hint: str, stop: str) -> None:
        self.name = name
        self.subject = subject
        self.verb = verb
        self.already = already
        self.hint = hint
        self.stop = stop

    def lock(self, home: Home) -> str:
        """Return the path of its lock."""
        return os.path.join(home.run, f"{self.name}.lock")


POOL = Kind(
    "pool",
    subject="the workers",
    verb="run",
    already="workers are running",
    hint="change their number with: queuectl worker scale N",
    stop="queuectl worker stop",
)
SCHEDULER = Kind(
    "scheduler",
    subject="the scheduler",
    verb="runs",
    already="a scheduler is running",
    hint="look at it with: queuectl scheduler status",
    stop="queuectl scheduler stop",
)
DASHBOARD = Kind(
    "dashboard",
    subject="the dashboard",
    verb="runs",
    already="a dashboard is running",
    hint="see where with: queuectl dashboard status",
    stop="queuectl dashboard stop",
)


class Record:
    """What a daemon writes down of itself: who it is, since when, its version and that of the schema, its time zone."""

    __slots__ = ("process", "started_at", "version", "schema", "zone")

    def __init__(
        self, process: str = "", started_at: str = "", version: str = "", schema: str = "", zone: str = ""
    ) -> None:
        self.process = process
        self.started_at = started_at
        self.version = version
        self.schema = schema
        self.zone = zone

    @classmethod
    def parse(cls, text: str | None) -> Record:
        """Return what `str()` has written, an empty record for anything else."""
        parts = (text or "").split("\n")
        return cls(*parts) if len(parts) == len(cls.__slots__) else cls()

    def __str__(self) -> str:
        return "\n".join((self.process, self.started_at, self.version, self.schema, self.zone))


class Running:
    """A daemon that runs. `identity` is None if it does not tell who it is."""

    __slots__ = ("kind", "identity")

    def __init__(self, kind: Kind, identity: Identity | None) -> None:
        self.kind = kind
        self.identity = identity

    @property
    def pid(self) -> int | None:
        """Its pid, which is another process's here if it runs elsewhere."""
        return None if self.identity is None else self.identity.pid

    @property
    def is_elsewhere(self) -> bool:
        """Whether it runs where its pid does not tell it from here."""
        return self.identity is not None and not self.identity.is_visible()

    def __str__(self) -> str:
        if self.is_elsewhere:
            return ELSEWHERE
        return f"pid {self.pid or 'unknown'}"

    def here(self) -> Identity:
        """Return whom to signal. Raises DaemonUnavailable if it cannot be reached from here."""
        kind = self.kind
        if self.is_elsewhere:
            raise DaemonUnavailable(
                f"{kind.subject} {kind.verb} {ELSEWHERE} and cannot be stopped from here",
                hint=f"stop {'them' if kind is POOL else 'it'} there: {kind.stop}",
            )
        if self.identity is None:
            raise DaemonUnavailable(
                f"{kind.subject} cannot be stopped from here: who holds the lock does not tell its pid",
                hint=f"end the process that was started with: queuectl {kind.stop.split()[1]} start",
            )
        return self.identity


def take_lock(kind: Kind, home: Home, clock: Clock) -> LockFile:
    """Return the lock of a daemon of this kind, taken and with our identity in it.

    Raises Conflict, naming the one that runs, and StoreUnavailable if the home cannot be used.
    """
    path = kind.lock(home)
    # Asked before the file is made: one that lives takes a new file for its own within a second.
    running = find(kind, home, clock)
    if running is not None:
        raise _conflict(running, home)
    lock = LockFile(path)
    try:
        tries = PROBE_TRIES
        while not lock.acquire():
            tries -= 1
            running = None if tries else find(kind, home, clock) or Running(kind, None)
            if running is not None:
                lock.close()
                raise _conflict(running, home)
            # Somebody who asked whether it is held may have shared it for an instant.
            clock.pause(PROBE_SECONDS)
        lock.write(lock_text())
    except OSError as error:
        lock.close()
        raise unusable(home.path, error) from error
    return lock


def lock_text() -> str:
    """Return what stands in our lock: who we are."""
    return f"{Identity.own()}\n"


def _conflict(running: Running, home: Home) -> Conflict:
    return Conflict(f"{running.kind.already} already in {home.path} ({running})", hint=running.kind.hint)


def enter(kind: Kind, store: Store, now: int) -> str:
    """Write down that a daemon of this kind runs as this process; return the record for `leave`.

    To be called with the lock in hand. Raises Conflict if another one lives that has lost its lock's file.
    """
    from ..machine.localzone import own_zone

    record = str(Record(str(Identity.own()), str(now), __version__, str(VERSION), own_zone()))
    with store.writing():
        other = _living(kind, store.home, store)
        if other is not None and other.pid != os.getpid():
            raise _conflict(Running(kind, other), store.home)
        store.meta.set_daemon(kind.name, record)
    return record


def leave(kind: Kind, store: Store, record: str, budget: float | None = None) -> None:
    """Forget a record, unless another daemon has written its own. `budget` is how many seconds to wait for others."""
    with store.writing(budget):
        store.meta.remove_daemon(kind.name, record)


def find(kind: Kind, home: Home, clock: Clock, store: Store | None = None) -> Running | None:
    """Return the daemon of this kind that runs in a home, None if there is none.

    `store` is the home's, if the caller has it open. Raises StoreUnavailable if the home cannot be used.
    """
    try:
        return _find(kind, home, clock, store)
    except OSError as error:
        raise unusable(home.path, error) from error


def _find(kind: Kind, home: Home, clock: Clock, store: Store | None) -> Running | None:
    path = kind.lock(home)
    for _ in range(PROBE_TRIES):
        if not is_held(path):
            break
        told = _told(kind, home)
        if told is not None and told.is_alive():
            return Running(kind, told)
        # Left over by an earlier one, by that of another home, or by one that we cannot see: who has just taken the
        # lock is about to write down who it is.
        clock.pause(PROBE_SECONDS)
    else:
        return Running(kind, _living(kind, home, store) or (told if told and not told.is_visible() else None))
    living = _living(kind, home, store)
    return None if living is None else Running(kind, living)


def _told(kind: Kind, home: Home) -> Identity | None:
    """Return who the lock's text names, None if that process works in another home."""
    try:
        with open(kind.lock(home), encoding="ascii", errors="replace") as file:
            identity = Identity.parse(file.read())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    return None if identity is None or _is_foreign(identity, home) else identity


def _is_foreign(identity: Identity, home: Home) -> bool:
    """Return whether this is a living process of another home."""
    return identity.is_alive() and not works_in(home, identity.pid)


def _living(kind: Kind, home: Home, store: Store | None) -> Identity | None:
    """Return who is written down in the store, if that process lives and works there."""
    identity = Identity.parse(_record(kind, home, store).process)
    if identity is None or not identity.is_alive() or _is_foreign(identity, home):
        return None
    return identity


def _record(kind: Kind, home: Home, store: Store | None) -> Record:
    if store is None and not home.exists():
        return Record()
    try:
        if store is not None:
            return Record.parse(store.meta.daemon(kind.name))
        with Store(home, create=False, busy_budget=LOOK_BUDGET_SECONDS) as opened:
            return Record.parse(opened.meta.daemon(kind.name))
    except StoreUnavailable:
        return Record()  # A store that is damaged tells nothing; the lock alone has to.


def other_version(running: Running, store: Store) -> str | None:
    """Return the version of a daemon that is not of this QueueCTL, None if it is of this one."""
    record = _record(running.kind, store.home, store)
    if running.identity is None or record.process != str(running.identity):
        # It has not written it down yet, or never will: the versions before this one did not.
        told = _told(running.kind, store.home)
        return "an older version" if told is not None and told.boot is None else None
    if (record.version, record.schema) == (__version__, str(VERSION)):
        return None
    return f"version {record.version} (schema {record.schema})"


def zone_of(kind: Kind, store: Store) -> str | None:
    """Return the time zone of the daemon of this kind, None if none runs or its zone is not known."""
    living = _living(kind, store.home, store) is not None
    return _record(kind, store.home, store).zone or None if living else None


def pool_pid(home: Home, store: Store | None = None) -> int | None:
    """Return the pid of the running pool, None if there is none. Not to be signalled: see Identity.send."""
    return _pid(POOL, home, store)


def scheduler_pid(home: Home, store: Store | None = None) -> int | None:
    """Return the pid of the running scheduler daemon, None if there is none."""
    return _pid(SCHEDULER, home, store)


def dashboard_pid(home: Home, store: Store | None = None) -> int | None:
    """Return the pid of the running dashboard, None if there is none."""
    return _pid(DASHBOARD, home, store)


def _pid(kind: Kind, home: Home, store: Store | None) -> int | None:
    running = find(kind, home, SYSTEM_CLOCK, store)
    return None if running is None else running.pid
