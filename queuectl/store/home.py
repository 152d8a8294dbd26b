"""The home: one directory that is the whole queue.

    queue.db         the store, with -wal and -shm beside it while it is open
    logs/            what the daemons say
    run/             locks, doorbells, journals, the dashboard's link: useful only while something runs
    backups/         the store as it was before the last upgrades
    templates/       the user's own job templates
    history          what was typed in the shell
    queuectl         a script that runs this program, for jobs: $QUEUECTL

Everything in it is readable by its owner only, from the first instant.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..model.errors import StoreReadOnly, StoreUnavailable
from .trouble import CHECK_MODE, FULL, full, refused

DIRECTORY = ".queuectl"
JOURNAL = ".journal"
VARIABLE = "QUEUECTL_HOME"
PROBE = "room"
PROBE_BYTES = 64 * 1024
LOGS = {"pool": "workers.log", "scheduler": "scheduler_daemon.log", "dashboard": "dashboard.log"}


class Home:
    """The paths of a home."""

    def __init__(self, path: str) -> None:
        try:
            self.path = os.path.abspath(os.path.expanduser(path))
        except FileNotFoundError as error:  # A relative path, and the current directory is gone.
            raise unusable(path, error) from error
        self.database = os.path.join(self.path, "queue.db")
        self.logs = os.path.join(self.path, "logs")
        self.run = os.path.join(self.path, "run")
        self.bells = os.path.join(self.run, "bells")
        self.backups = os.path.join(self.path, "backups")
        self.templates = os.path.join(self.path, "templates")
        self.history = os.path.join(self.path, "history")
        self.launcher = os.path.join(self.path, "queuectl")
        self.gate = os.path.join(self.run, "write.lock")
        self.webhooks_lock = os.path.join(self.run, "webhooks.lock")
        self.ceiling_lock = os.path.join(self.run, "ceiling.lock")
        self.dashboard_url = os.path.join(self.run, "dashboard.url")
        self.dashboard_page = os.path.join(self.run, "dashboard.html")

    def daemon_lock(self, name: str) -> str:
        """Return the lock that the pool, scheduler or dashboard holds as long as it lives."""
        return os.path.join(self.run, f"{name}.lock")

    def daemon_log(self, name: str) -> str:
        """Return the log of the pool, scheduler or dashboard."""
        return os.path.join(self.logs, LOGS[name])

    def worker_lock(self, worker: int) -> str:
        """Return the lock that the worker of this number holds as long as it lives."""
        return os.path.join(self.run, f"worker-{worker}.lock")

    def worker_journal(self, worker: int) -> str:
        """Return the file in which the worker of this number notes what it has started."""
        return os.path.join(self.run, f"worker-{worker}{JOURNAL}")

    def exists(self) -> bool:
        """Return whether there is a queue in it."""
        return os.path.exists(self.database)

    def prepare(self, *, create: bool = True) -> None:
        """Make the missing directories; with `create` the home too. Raises StoreUnavailable, StoreReadOnly."""
        try:
            if create and not os.path.isdir(self.path):
                self._refuse_foreign_parent()
                os.makedirs(os.path.dirname(self.path), exist_ok=True)
                _make_private(self.path)
            # Before anything is made in it, and before its directories turn out to be closed to us.
            self.refuse_strangers()
            if self.is_read_only():
                raise read_only(self.path)
            self.make_directories()
        except OSError as error:
            raise unusable(self.path, error) from error

    def make_directories(self) -> None:
        """Make the directories that are missing in the home, which must be there itself. Raises OSError."""
        for directory in (self.run, self.bells, self.logs):
            if not os.path.isdir(directory):
                _make_private(directory)

    def is_read_only(self) -> bool:
        """Return whether there is a store that we can look at and not change."""
        if not os.path.isfile(self.database) or not _may(self.database, os.R_OK):
            return False
        return not (_may(self.path, os.W_OK) and _may(self.database, os.W_OK))

    def _refuse_foreign_parent(self) -> None:
        """Refuse to make, as root, a home in another user's directory: after a `sudo` that keeps HOME."""
        if os.name != "posix" or os.geteuid() != 0:
            return
        parent = os.path.dirname(self.path)
        while not os.path.isdir(parent):
            parent = os.path.dirname(parent)
        owner = os.stat(parent).st_uid
        is_meant = self.path != os.path.abspath(os.path.expanduser(os.path.join("~", DIRECTORY)))
        if owner == 0 or (is_meant and os.environ.get("SUDO_UID") != str(owner)):
            return
        raise StoreUnavailable(
            f"the home {self.path} would belong to root, in a directory of another user (uid {owner})",
            hint=f"run it as that user, without sudo; if root is meant: mkdir -m 700 {self.path}",
        )

    def refuse_strangers(self) -> None:
        """Refuse a home that others could change; root may own one that we only read. Raises StoreUnavailable."""
        if os.name != "posix":
            return
        found = os.stat(self.path)
        if found.st_uid != os.geteuid() and not (found.st_uid == 0 and self.is_read_only()):
            way = f'make it yours: sudo chown -R "$(id -un)" {self.path}' if found.st_uid == 0 else "run as that user"
            message = f"the home {self.path} belongs to another user (uid {found.st_uid})"
            raise StoreUnavailable(message, hint=f"{way}, or choose another home with --home DIR")
        if found.st_mode & 0o022:
            message = f"the home {self.path} can be written to by other users, who could run commands as you"
            raise StoreUnavailable(message, hint=f"chmod go-w {self.path}")


def _make_private(directory: str) -> None:
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError:
        # Another process was faster, or it is no directory, which the next line finds out.
        os.listdir(directory)


def _may(path: str, what: int) -> bool:
    # With the effective user, not the real one.
    return os.access(path, what, effective_ids=os.access in os.supports_effective_ids)


def sync(path: str, flags: int = os.O_RDWR) -> None:
    """Wait until the disk has a file."""
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(directory: str) -> None:
    """Have the directory's new entry on the disk before the first job is acknowledged."""
    if os.name == "posix":
        sync(directory, os.O_RDONLY)


def read_only(path: str) -> StoreReadOnly:
    """Return the error for a home that can be read but not changed."""
    return StoreReadOnly(f"the home is read-only: {path}", hint=f"{CHECK_MODE}, or choose another home with --home DIR")


def unusable(path: str, error: OSError) -> StoreUnavailable:
    """Return the error for a home that the system does not let us use."""
    if error.errno in FULL:
        return full(path)
    message = f"the home {path} cannot be used: {error.strerror or error}"
    return StoreUnavailable(message, hint="choose another home with --home DIR or QUEUECTL_HOME")


def free_bytes(home: Home) -> int:
    """Return how many bytes are free on the disk of a home for a user without special rights."""
    found = os.statvfs(home.path)
    return found.f_bavail * found.f_frsize


def prove_room(home: Home) -> None:
    """Write PROBE_BYTES bytes to a new file in the home, wait until the disk has them, and remove it.

    Free bytes say nothing about quotas, modes nothing about mounts. One process at a time may do so. Raises StoreFull,
    StoreReadOnly, or StoreUnavailable for what else failed.
    """
    path = os.path.join(home.run, PROBE)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    try:
        try:
            with open(os.open(path, flags, 0o600), "wb") as file:
                file.write(bytes(PROBE_BYTES))
                file.flush()
                os.fsync(file.fileno())
        finally:
            if os.path.lexists(path):
                os.unlink(path)
    except OSError as error:
        raise refused(error, home.path) from error


def find_home(explicit: str | None, environ: Mapping[str, str], start: str) -> Home:
    """Return the home: `explicit`, `$QUEUECTL_HOME`, the nearest `.queuectl` from `start` upward, or `~/.queuectl`."""
    given = explicit or environ.get(VARIABLE)
    if given:
        return Home(given)
    directory = start
    while not os.path.isdir(os.path.join(directory, DIRECTORY)):
        parent = os.path.dirname(directory)
        if parent == directory:
            return Home(os.path.join("~", DIRECTORY))
        directory = parent
    return Home(os.path.join(directory, DIRECTORY))
