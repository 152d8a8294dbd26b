"""The home: one directory that is the whole queue.

    queue.db         the store, with -wal and -shm beside it while it is open
    logs/            what the daemons say
    run/             locks, doorbells: only of use while something runs
    templates/       the user's own job templates
    history          what was typed in the shell

Everything in it is readable by its owner only, from the first instant.
"""

from __future__ import annotations

import os

from ..model.errors import StoreUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping

DIRECTORY = ".queuectl"
VARIABLE = "QUEUECTL_HOME"


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
        self.templates = os.path.join(self.path, "templates")
        self.history = os.path.join(self.path, "history")
        self.gate = os.path.join(self.run, "write.lock")
        self.scheduler_lock = os.path.join(self.run, "scheduler.lock")
        self.scheduler_log = os.path.join(self.logs, "scheduler_daemon.log")
        self.pool_lock = os.path.join(self.run, "pool.lock")
        self.pool_log = os.path.join(self.logs, "workers.log")
        self.dashboard_lock = os.path.join(self.run, "dashboard.lock")
        self.dashboard_url = os.path.join(self.run, "dashboard.url")
        self.dashboard_log = os.path.join(self.logs, "dashboard.log")

    def worker_lock(self, worker: int) -> str:
        """Return the lock that the worker of this number holds as long as it lives."""
        return os.path.join(self.run, f"worker-{worker}.lock")

    def exists(self) -> bool:
        """Return whether there is a queue in it."""
        return os.path.exists(self.database)

    def prepare(self, *, create: bool = True) -> None:
        """Make the directories that are missing; with `create` the home too. Raises StoreUnavailable."""
        try:
            if create and not os.path.isdir(self.path):
                os.makedirs(os.path.dirname(self.path), exist_ok=True)
                _make_private(self.path)
            # Before anything is made in it, and before its directories turn out to be closed to us.
            self._refuse_strangers()
            self.make_directories()
        except OSError as error:
            raise unusable(self.path, error) from error

    def make_directories(self) -> None:
        """Make the directories that are missing in the home, which must be there itself. Raises OSError."""
        for directory in (self.run, self.bells, self.logs):
            if not os.path.isdir(directory):
                _make_private(directory)

    def _refuse_strangers(self) -> None:
        if os.name != "posix":
            return
        found = os.stat(self.path)
        if found.st_uid != os.geteuid():
            raise StoreUnavailable(
                f"the home {self.path} belongs to another user (uid {found.st_uid})",
                hint="run as that user, or choose another home with --home DIR",
            )
        if found.st_mode & 0o022:
            raise StoreUnavailable(
                f"the home {self.path} can be written to by other users, who could run commands as you",
                hint=f"chmod go-w {self.path}",
            )


def _make_private(directory: str) -> None:
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError:
        # Another process was faster, or it is no directory, which the next line finds out.
        os.listdir(directory)


def unusable(path: str, error: OSError) -> StoreUnavailable:
    """Return the error for a home that the system does not let us use."""
    return StoreUnavailable(
        f"the home {path} cannot be used: {error.strerror or error}",
        hint="choose another home with --home DIR or QUEUECTL_HOME",
    )


def find_home(explicit: str | None, environ: Mapping[str, str], start: str) -> Home:
    """Return the home to use: `explicit`, `$QUEUECTL_HOME`, the nearest `.queuectl` upward, `~/.queuectl`.

    `start` is the directory to look upward from.
    """
    if explicit:
        return Home(explicit)
    if environ.get(VARIABLE):
        return Home(environ[VARIABLE])
    directory = start
    while True:
        candidate = os.path.join(directory, DIRECTORY)
        if os.path.isdir(candidate):
            return Home(candidate)
        parent = os.path.dirname(directory)
        if parent == directory:
            return Home(os.path.join("~", DIRECTORY))
        directory = parent
