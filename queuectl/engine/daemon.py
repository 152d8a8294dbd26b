"""Start one of our own commands in the background and learn whether it came up.

The daemon is the foreground command itself, run again detached: double fork, a session of its own,
output to a log. It says through a pipe that it is ready, or why it is not, so that `worker start`
returns when the workers are really up. It inherits no descriptor but that pipe, and no variable of
a job that started it.
"""

from __future__ import annotations

import os
import sys

from ..model.errors import Conflict, DaemonUnavailable
from .process import MARKER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, Sequence

    from ..model.errors import QueueCTLError

READY = "ready"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Without the empty entry that -c brings: a random.py in the user's directory would be taken for Python's own.
BOOT = "import sys; sys.path[:] = [{root!r}, *filter(None, sys.path)]; from queuectl.frontends.cli import run; run()"
JOB_VARIABLES = (
    MARKER,
    "QUEUECTL_JOB_ID",
    "QUEUECTL_JOB_NUMBER",
    "QUEUECTL_ATTEMPT",
    "QUEUECTL_MAX_ATTEMPTS",
    "QUEUECTL_QUEUE",
)


def own_command(arguments: Sequence[str]) -> list[str]:
    """Return the command line that runs `queuectl ARGUMENTS` with this Python and this package.

    Neither site-packages nor PYTHON variables are of use to us; without them a daemon is 2 MB smaller.
    """
    flags = ["-I", "-S"] if sys.flags.isolated else ["-E", "-S"]
    return [sys.executable, *flags, "-c", BOOT.format(root=ROOT), *arguments]


def launch(arguments: Sequence[str], log_path: str) -> None:
    """Run `queuectl ARGUMENTS --ready-fd N` in the background; return once it is ready.

    Raises Conflict or DaemonUnavailable with the reason it gave.
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        _become_daemon([*arguments, "--ready-fd", str(write_end)], log_path, write_end)
    os.close(write_end)
    os.waitpid(child, 0)
    with open(read_end, encoding="utf-8") as pipe:
        answer = pipe.readline().rstrip("\n")
    if answer != READY:
        raise _failure(answer, log_path)


def _become_daemon(arguments: Sequence[str], log_path: str, ready_fd: int) -> NoReturn:
    """In the child of a fork: become a daemon and run the command. Never returns."""
    try:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        log = _open_log(log_path, ready_fd)
        empty = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((empty, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        for name in os.listdir("/dev/fd"):
            if int(name) > 2 and int(name) != ready_fd:
                _close_if_open(int(name))
        os.set_inheritable(ready_fd, True)
        command = own_command(arguments)
        environment = {name: value for name, value in os.environ.items() if name not in JOB_VARIABLES}
        os.execve(command[0], command, environment)
    finally:
        os._exit(70)


def _open_log(path: str, ready_fd: int) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        report_failure(ready_fd, DaemonUnavailable(f"the log {path} cannot be opened: {error.strerror}"))
        raise


def _close_if_open(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        return


def report_ready(descriptor: int | None) -> None:
    """In the daemon: say that it is ready. Without a descriptor nobody waits for that."""
    if descriptor is not None:
        _report(descriptor, READY)


def report_failure(descriptor: int | None, error: QueueCTLError) -> None:
    """In the daemon: say why it did not come up."""
    if descriptor is not None:
        parts = (error.code, error.message, error.hint or "")
        _report(descriptor, "\t".join(part.replace("\t", " ") for part in parts))


def _report(descriptor: int, line: str) -> None:
    os.write(descriptor, line.replace("\n", " ").encode("utf-8", "backslashreplace") + b"\n")
    os.close(descriptor)


def _failure(answer: str, log_path: str) -> QueueCTLError:
    if not answer:
        return DaemonUnavailable("the daemon ended while starting", hint=f"its log says why: {log_path}")
    code, message, hint = answer.split("\t")
    kind = Conflict if code == Conflict.code else DaemonUnavailable
    return kind(message, hint=hint or None)
