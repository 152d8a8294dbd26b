"""The daemons: the pool, the scheduler and the dashboard; a home has at most one of each.

A daemon holds the kernel lock on a file of its own, with its identity in it, and keeps a record of itself in the
store. The held lock proves that it lives, even if its process cannot be seen from here because it is in another
container. A lock that is free, or whose file is missing, proves nothing: then the record tells which process to look
for. In a copy of a home both name the daemon of the original, which does not count there.

Workers from before an upgrade go on until they are restarted. They do not tell children that a parent has ended, count
nothing in batches, add no hook jobs, and obey neither limits nor pauses. So what they do not know is refused until
current workers run.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from ... import __version__
from ...model.errors import Conflict, DaemonUnavailable, StoreUnavailable
from ...model.record import Record
from ...store import Store
from ...store.home import unusable
from ...store.lockfile import LockFile, is_held
from ...store.schema import VERSION
from ..home.liveness import works_in
from ..home.opened import OpenHome, Part
from ..machine.identity import Identity, TimedSignal, end

PROBE_TRIES = 20
PROBE_SECONDS = 0.005
LOOK_BUDGET_SECONDS = 1.0
# How long a daemon without jobs may take to end before it is killed, and the system to end what was killed: a process
# that waits for a dead disk stays.
KILL_AFTER_MS = 20_000
DEATH_MS = 10_000
ELSEWHERE = "in another container or pid namespace"


class DaemonRecord(Record):
    """What a daemon records about itself: who it is, since when, its version and that of the schema, its time zone."""

    process: str = ""
    started_at: str = ""
    version: str = ""
    schema: str = ""
    zone: str = ""

    @classmethod
    def parse(cls, text: str | None) -> DaemonRecord:
        """Return what `str()` has written, an empty record for anything else."""
        parts = (text or "").split("\n")
        return cls(*parts) if len(parts) == len(cls().parts_by_name()) else cls()

    def __str__(self) -> str:
        return "\n".join(self.parts_by_name().values())


class Daemon(Record):
    """One of the daemons that a home may have.

    `name` is that of its lock, bell and log; `command` has the subcommands `start` and `stop`; `noun` is what it is
    called; `hint` helps if one runs already; `start_options` keep its start in the foreground.
    """

    name: str
    command: str
    noun: str
    hint: str
    is_plural: bool = False
    start_options: Sequence[str] = ("--no-detach",)

    @property
    def subject(self) -> str:
        """What it is called in a sentence."""
        return f"the {self.noun}"

    @property
    def be(self) -> str:
        """The verb that follows it."""
        return "are" if self.is_plural else "is"

    @property
    def stop_command(self) -> str:
        """The command that stops it."""
        return f"queuectl {self.command} stop"

    def find(self, opened: OpenHome) -> RunningDaemon | None:
        """Return the one that runs in a home, None if there is none. Raises StoreUnavailable if it cannot be used."""
        try:
            for _ in range(PROBE_TRIES):
                if not is_held(opened.home.daemon_lock(self.name)):
                    living = self._living(opened)
                    return None if living is None else RunningDaemon(self, living)
                named = self.named_by_lock(opened)
                if named is not None and named.is_alive():
                    return RunningDaemon(self, named)
                # Left over by an earlier one, by that of another home, or by one that we cannot see: who has just
                # taken the lock is about to write down who it is.
                opened.clock.pause(PROBE_SECONDS)
            unseen = named if named and not named.is_visible() else None
            return RunningDaemon(self, self._living(opened) or unseen)
        except OSError as error:
            raise unusable(opened.home.path, error) from error

    def named_by_lock(self, opened: OpenHome) -> Identity | None:
        """Return who the lock's text names, None if that process works in another home."""
        try:
            with open(opened.home.daemon_lock(self.name), encoding="ascii", errors="replace") as file:
                identity = Identity.parse(file.read())
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        is_foreign = identity is not None and identity.is_alive() and not works_in(opened.home, identity.pid)
        return None if is_foreign else identity

    def _living(self, opened: OpenHome) -> Identity | None:
        """Return who is written down in the store, if that process lives and works there."""
        identity = Identity.parse(self.record(opened).process)
        if identity is None or not identity.is_alive() or not works_in(opened.home, identity.pid):
            return None
        return identity

    def record(self, opened: OpenHome) -> DaemonRecord:
        """Return what the last one wrote down of itself, an empty record if that cannot be known."""
        try:
            if opened.is_in_use:
                return DaemonRecord.parse(opened.store.meta.daemon(self.name))
            if not opened.home.exists():
                return DaemonRecord()
            # To look must neither make a home nor wait long for one.
            with Store(opened.home, create=False, busy_budget=LOOK_BUDGET_SECONDS) as store:
                return DaemonRecord.parse(store.meta.daemon(self.name))
        except StoreUnavailable:
            return DaemonRecord()  # A store that is damaged tells nothing; the lock alone has to.

    def zone(self, opened: OpenHome) -> str | None:
        """Return the time zone of the one that runs, None if none runs or its zone is not known."""
        return self.record(opened).zone or None if self._living(opened) is not None else None

    def take_lock(self, opened: OpenHome) -> LockFile:
        """Return the lock, taken, with our identity in it. Raises Conflict if a daemon runs, StoreUnavailable."""
        # Asked before the file is made: one that lives takes a new file for its own within a second.
        running = self.find(opened)
        if running is not None:
            raise self.conflict(running, opened)
        lock = LockFile(opened.home.daemon_lock(self.name))
        try:
            tries = PROBE_TRIES
            while not lock.acquire():
                tries -= 1
                running = None if tries else self.find(opened) or RunningDaemon(self, None)
                if running is not None:
                    lock.close()
                    raise self.conflict(running, opened)
                # Somebody who asked whether it is held may have shared it for an instant.
                opened.clock.pause(PROBE_SECONDS)
            lock.write(f"{Identity.own()}\n")
        except OSError as error:
            lock.close()
            raise unusable(opened.home.path, error) from error
        return lock

    def conflict(self, running: RunningDaemon, opened: OpenHome) -> Conflict:
        """Return the error of a process that wants to be the daemon while another one runs."""
        already = f"{'' if self.is_plural else 'a '}{self.noun} {self.be} running already"
        return Conflict(f"{already} in {opened.home.path} ({running})", hint=self.hint)

    def enter(self, opened: OpenHome) -> str:
        """With the lock in hand, write down that we are the daemon; return the record. In a transaction.

        Raises Conflict if another one lives that has lost its lock's file.
        """
        from ..machine.localzone import own_zone

        other = self._living(opened)
        if other is not None and other.pid != os.getpid():
            raise self.conflict(RunningDaemon(self, other), opened)
        now = str(opened.clock.wall())
        record = str(DaemonRecord(str(Identity.own()), now, __version__, str(VERSION), own_zone()))
        opened.store.meta.set_daemon(self.name, record)
        return record

    def start(self, opened: OpenHome, options: Sequence[str], patience: float | None = None) -> None:
        """Start one; return once it is ready, at most `patience` seconds later. Raises Conflict, DaemonUnavailable."""
        from .launch import launch

        opened.home.prepare()
        words = ["--home", opened.home.path, self.command, "start", *self.start_options, *options]
        launch(words, opened.home, opened.home.daemon_log(self.name), patience)


class RunningDaemon(Record):
    """A daemon that runs. `identity` is None if it does not tell who it is."""

    daemon: Daemon
    identity: Identity | None

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
        daemon = self.daemon
        if self.is_elsewhere:
            run, them = ("run", "them") if daemon.is_plural else ("runs", "it")
            raise out_of_reach(f"{daemon.subject} {run}", them, daemon)
        if self.identity is None:
            problem = "cannot be stopped from here: the process that holds the lock does not tell its pid"
            hint = f"end the process that was started with: queuectl {daemon.command} start"
            raise DaemonUnavailable(f"{daemon.subject} {problem}", hint=hint)
        return self.identity

    def other_version(self, opened: OpenHome, *, is_schema_enough: bool = False) -> str | None:
        """Return its version if it differs from ours, else None. With `is_schema_enough`, only the schema counts."""
        record = self.daemon.record(opened)
        if self.identity is None or record.process != str(self.identity):
            # It has not written it down yet, or never will: the versions before this one did not.
            named = self.daemon.named_by_lock(opened)
            return "an older version" if named is not None and named.boot is None else None
        if record.schema == str(VERSION) and (is_schema_enough or record.version == __version__):
            return None
        return f"version {record.version} (schema {record.schema})"


POOL = Daemon("pool", "worker", "workers", "change their number with: queuectl worker scale N", is_plural=True)
SCHEDULER = Daemon("scheduler", "scheduler", "scheduler", "see it with: queuectl scheduler status")
DASHBOARD = Daemon("dashboard", "dashboard", "dashboard", "see where with: queuectl dashboard status", start_options=())
RESTART = {"pool": "queuectl worker restart", "scheduler": "queuectl scheduler stop && queuectl scheduler start"}


class Place(Part):
    """The place of a daemon in an open home, as seen from outside."""

    daemon: Daemon

    @property
    def pid(self) -> int | None:
        """The pid of the one that runs, None if none does; not to be signalled. Raises StoreUnavailable."""
        running = self.daemon.find(self._opened)
        return None if running is None else running.pid

    @property
    def log(self) -> str:
        """The path of its log."""
        return self._opened.home.daemon_log(self.daemon.name)

    def stop(self) -> int | None:
        """Stop the one that runs and wait until it is gone; return its pid, None if there was none.

        One that does not follow in time is killed, which no job minds. Raises DaemonUnavailable if it runs where it
        cannot be stopped from here, or cannot be ended.
        """
        running = self.daemon.find(self._opened)
        if running is None:
            return None
        identity = running.here()
        orders = [TimedSignal(0, signal.SIGTERM), TimedSignal(KILL_AFTER_MS, signal.SIGKILL)]
        end([identity], orders, DEATH_MS, self.daemon.subject, self._opened.clock)
        return identity.pid


def out_of_reach(who_runs: str, them: str, daemon: Daemon) -> DaemonUnavailable:
    """Return the error for processes of a daemon that run where no signal from here reaches them."""
    hint = f"stop {them} there: {daemon.stop_command}"
    return DaemonUnavailable(f"{who_runs} {ELSEWHERE} and cannot be stopped from here", hint=hint)


def demand_workers_that_know(opened: OpenHome, what: str, *others: Daemon) -> None:
    """Raise DaemonUnavailable if workers, or other daemons, were started with a schema that does not know `what`."""
    for daemon in (POOL, *others):
        running = daemon.find(opened)
        version = None if running is None else running.other_version(opened, is_schema_enough=True)
        if version is not None:
            message = f"{daemon.subject} {daemon.be} of {version} of QueueCTL, which does not know {what}"
            raise DaemonUnavailable(message, hint=RESTART[daemon.name])
