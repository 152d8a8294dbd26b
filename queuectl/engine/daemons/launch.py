"""Start one of our own commands in the background and learn whether it came up.

The daemon is the foreground command itself, run again detached: a session of its own, the home as its directory,
output to a log. It says through a pipe that it is ready, or why it is not, so that `worker start` returns when the
workers are really up. It inherits no descriptor but that pipe, and no variable of a job that started it. A process that
has threads may start one too.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ...model.clock import SYSTEM_CLOCK
from ...model.errors import DaemonUnavailable, QueueCTLError
from ...store import Home
from ..machine import process
from ..machine.log import Log

READY = "ready"
ENDED = "ended"
ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), *[os.pardir] * 3))
# Without the empty entry that -c brings: a random.py in the user's directory would be taken for Python's own.
BOOT = "import sys; sys.path[:] = [{root!r}, *filter(None, sys.path)]; {statement}"
RUN = "from queuectl.__main__ import run; run()"
# Where a daemon was started: the directory of the jobs that are added through it. It does not stay in it.
DIRECTORY = "QUEUECTL_START_DIRECTORY"
JOB_VARIABLES = (
    *(process.MARKER, "QUEUECTL_JOB_ID", "QUEUECTL_JOB_NUMBER", "QUEUECTL_QUEUE"),
    *("QUEUECTL_ATTEMPT", "QUEUECTL_MAX_ATTEMPTS"),
)
LOG_BYTES = 4096
CANNOT_START = "the daemon cannot start"
HINTS = {
    errno.EMFILE: "allow more open files (ulimit -n)",
    errno.ENFILE: "the machine has too many open files",
    errno.ENOSPC: "free some space on the disk of the home",
    errno.EROFS: "the home is on a disk that is mounted read-only",
    errno.EAGAIN: "the machine has no room for another process (ulimit -u)",
    errno.ENOMEM: "the machine has no memory left",
}
BUG_HINT = "please report it; its log shows where"


def own_python(statement: str, arguments: Sequence[str]) -> list[str]:
    """Return the command line that runs a statement with this Python and this package."""
    # Neither site-packages nor PYTHON variables are of use to us; without them a daemon is 2 MB smaller.
    flags = ["-I", "-S"] if sys.flags.isolated else ["-E", "-S"]
    return [sys.executable, *flags, "-c", BOOT.format(root=ROOT, statement=statement), *arguments]


def installed_version() -> str | None:
    """Return the version of the package on the disk, None if it cannot be read. After an upgrade it is not ours."""
    try:
        with open(os.path.join(ROOT, "queuectl", "__init__.py"), encoding="utf-8") as file:
            lines = file.read().split("\n")
    except OSError:
        return None
    return next((line.split('"')[1] for line in lines if line.startswith('__version__ = "')), None)


def launch(arguments: Sequence[str], home: Home, log_path: str, patience: float | None = None) -> None:
    """Run `queuectl ARGUMENTS --ready-fd N` in the background; return once it is ready.

    Raises the error that it gave as its reason, DaemonUnavailable where it gave none within `patience` seconds (None:
    however long it takes) or cannot be started.
    """
    process.demand_own_proc()
    if sys.platform.startswith("linux") and not process.HAS_PROC:
        problem = "/proc is not there, and without it processes cannot be identified"
        hint = "mount it (mount -t proc proc /proc), or stay in the foreground with --no-detach"
        raise DaemonUnavailable(f"{CANNOT_START}: {problem}", hint=hint)
    try:
        logged = os.path.getsize(log_path) if os.path.exists(log_path) else 0
        answer = _ask(arguments, home, log_path, patience)
    except OSError as error:
        raise _because(CANNOT_START, error) from error
    if answer != READY:
        raise _failure(answer, log_path, logged)


def _ask(arguments: Sequence[str], home: Home, log_path: str, patience: float | None) -> str:
    """Start the daemon and return its answer; of one that ends without any, that it ENDED and its exit code."""
    import select
    import subprocess
    import threading

    environment = {name: value for name, value in os.environ.items() if name not in JOB_VARIABLES}
    environment[DIRECTORY] = directory()
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    read_end, write_end = os.pipe()
    with open(read_end, encoding="utf-8") as pipe:
        try:
            with open(os.open(log_path, flags, 0o600), "ab") as log:
                daemon = subprocess.Popen(
                    own_python(RUN, [*arguments, "--ready-fd", str(write_end)]),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=home.path,
                    env=environment,
                    pass_fds=(write_end,),
                    start_new_session=True,
                )
        finally:
            os.close(write_end)
        # If the daemon ends before us, its exit code has to be taken.
        threading.Thread(target=daemon.wait, daemon=True).start()
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        if not poll.poll(None if patience is None else patience * 1000):
            raise DaemonUnavailable("the daemon did not come up in time", hint=f"see its log: {log_path}")
        answer = pipe.readline().rstrip("\n")
    return answer or f"{ENDED}\t{daemon.wait()}"


def directory() -> str:
    """Return the current directory; if it is gone, that of the user."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return os.path.expanduser("~")


class Start:
    """In the daemon: its start as seen by the process that waits for it at a descriptor; None if nobody waits."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self.is_over = False
        if descriptor is not None:
            # Only we may have it: a process that we start would keep the caller waiting.
            os.set_inheritable(descriptor, False)

    def succeed(self) -> None:
        """Say that the daemon is ready."""
        self._answer(READY)

    def fail(self, error: QueueCTLError) -> None:
        """Say why it did not come up. Nobody waits for the answer of one that came up before."""
        if not self.is_over:
            parts = (error.code, error.message, error.hint or "")
            self._answer("\t".join(part.replace("\t", " ") for part in parts))

    def _answer(self, line: str) -> None:
        # The descriptor is closed by the answer: its number may be another file's soon.
        self.is_over = True
        if self._descriptor is not None:
            os.write(self._descriptor, line.replace("\n", " ").encode("utf-8", "backslashreplace") + b"\n")
            os.close(self._descriptor)


@contextmanager
def reporting(descriptor: int | None, speaker: str) -> Iterator[Start]:
    """In the daemon: say to the process that waits at the descriptor why it did not come up, whatever the reason is.

    In the background, `speaker` says it in the log, and SystemExit ends the process with the error's exit code.
    """
    start = Start(descriptor)
    try:
        yield start
    except (QueueCTLError, OSError) as error:
        what = "the daemon ended" if start.is_over else CANNOT_START
        found = _because(what, error) if isinstance(error, OSError) else error
        start.fail(found)
        if descriptor is not None:
            # The front end would write it as for a terminal.
            Log(speaker, SYSTEM_CLOCK).say(found.message)
            raise SystemExit(found.exit_code) from error
        if found is error:
            raise
        raise found from error
    except Exception as error:  # Ours: the edge words it for the log, and who waits has to learn of it too.
        start.fail(DaemonUnavailable(f"the daemon failed: {type(error).__name__}: {error}", hint=BUG_HINT))
        raise


def _because(what: str, error: OSError) -> DaemonUnavailable:
    where = f": {error.filename}" if error.filename else ""
    return DaemonUnavailable(f"{what}: {error.strerror}{where}", hint=HINTS.get(error.errno or 0))


def _failure(answer: str, log_path: str, logged: int) -> QueueCTLError:
    """Return the error that a daemon gave, or else how it ended and what it said last."""
    code, message, hint = (answer.split("\t") + ["", ""])[:3]
    if code != ENDED:
        return _kinds(QueueCTLError).get(code, DaemonUnavailable)(message, hint=hint or None)
    status = int(message)
    how = f"with exit code {status}" if status >= 0 else f"by {process.signal_name(-status)}"
    said = _last_line(log_path, logged)
    message = f"the daemon ended {how} while starting{': ' + said if said else ''}"
    return DaemonUnavailable(message, hint=f"its log may say more: {log_path}")


def _kinds(kind: type[QueueCTLError]) -> dict[str, type[QueueCTLError]]:
    """Return the classes of errors by their codes."""
    found = {kind.code: kind}
    for below in kind.__subclasses__():
        found.update(_kinds(below))
    return found


def _last_line(log_path: str, logged: int) -> str:
    """Return the last line that was written to a log after its first `logged` bytes."""
    try:
        with open(log_path, "rb") as log:
            log.seek(max(logged, os.fstat(log.fileno()).st_size - LOG_BYTES))
            lines = log.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""  # There is no log, which the error's hint names.
    return next((line.strip() for line in reversed(lines) if line.strip() and not line.startswith("  hint:")), "")
