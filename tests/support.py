"""What tests share: a clock that stands still, waiting for a condition, the command line, processes.

Processes are told apart by pid *and* start time, read from `/proc`: a pid that has been given
away again is a stranger and is left alone. Without `/proc` only `Popen` objects can be killed.
"""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, AnyStr, Callable, Iterator, Mapping, NamedTuple, TypeVar

from queuectl.model.clock import SYSTEM_CLOCK, Clock

ROOT = Path(__file__).resolve().parent.parent
CLI_LIMIT = 120.0
POLL = 0.01

T = TypeVar("T")


class FakeClock(Clock):
    """A clock that stands still until it is moved. Waiting moves it by the time waited for."""

    def __init__(self, wall: int = 1_767_225_600_000, monotonic: int = 1_000_000) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._asleep = 0

    def wall(self) -> int:
        return self._wall

    def monotonic(self) -> int:
        return self._monotonic

    def boottime(self) -> int:
        return self._monotonic + self._asleep

    def advance(self, ms: int) -> None:
        """Let `ms` milliseconds pass."""
        self._wall += ms
        self._monotonic += ms

    def set_by(self, ms: int) -> None:
        """Set the wall clock by `ms` milliseconds, forward or back: no time passes."""
        self._wall += ms

    def set_to(self, wall: int) -> None:
        """Set the wall clock to this instant: no time passes."""
        self._wall = wall

    def suspend(self, ms: int) -> None:
        """Let the machine sleep: wall time passes, monotonic time does not."""
        self._wall += ms
        self._asleep += ms

    def pause(self, seconds: float) -> None:
        self.advance(round(seconds * 1000))

    def wait(self, event: Any, seconds: float) -> bool:
        if not event.is_set():
            self.advance(round(seconds * 1000))
        return bool(event.is_set())


def wait_until(predicate: Callable[[], T], seconds: float = 60, what: str = "") -> T:
    """Return the predicate's first true value; raise AssertionError when there was none in time."""
    __tracebackhide__ = True
    deadline = SYSTEM_CLOCK.monotonic() + seconds * 1000
    while True:
        value = predicate()
        if value:
            return value
        if SYSTEM_CLOCK.monotonic() > deadline:
            what = what or _source(predicate)
            raise AssertionError(f"waited {seconds} s in vain, last was {value!r}: {what}")
        SYSTEM_CLOCK.pause(POLL)


def _source(function: Callable[..., object]) -> str:
    try:
        return inspect.getsource(function).strip()
    except (OSError, TypeError):
        return repr(function)


def cli_environment(home: str | os.PathLike[str], env: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Return this process's environment with the home, and `env` on top (None removes a name).

    The home is there in addition to `--home` so that whatever is started, however indirectly, carries
    it and is found by `left_behind`.
    """
    merged: dict[str, str | None] = {**os.environ, "QUEUECTL_HOME": os.fspath(home), "QUEUECTL_PROGRAM": "queuectl"}
    merged.update(env or {})
    return {name: value for name, value in merged.items() if value is not None}


def cli_command(home: str | os.PathLike[str], *argv: str, python: str = sys.executable) -> list[str]:
    """Return the words that run `main.py` on this home."""
    return [python, str(ROOT / "main.py"), "--home", os.fspath(home), *argv]


def run_cli(
    home: str | os.PathLike[str],
    *argv: str,
    input: str | None = None,
    env: Mapping[str, str | None] | None = None,
    python: str = sys.executable,
    cwd: str | os.PathLike[str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end and return its code and output. stdin is empty unless given."""
    feed: dict[str, Any] = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
    return subprocess.run(
        cli_command(home, *argv, python=python),
        env=cli_environment(home, env),
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=CLI_LIMIT,
        **feed,
    )


class Process(NamedTuple):
    """A process of this boot: pid and start time in clock ticks since the boot."""

    pid: int
    start: int


def identify(pid: int) -> Process | None:
    """Return who has this pid now; None for a zombie, or when nobody has it."""
    fields = _stat(pid)
    if fields is None or fields[0] in (b"Z", b"X"):
        return None
    return Process(pid, int(fields[19]))


def is_alive(process: Process) -> bool:
    return identify(process.pid) == process


def kill(process: Process) -> None:
    """Send SIGKILL to this very process, if it still runs."""
    if is_alive(process):
        send(signal.SIGKILL, process.pid)


def send(number: int, pid: int) -> None:
    """Send a signal to a process of a tree that may be gone: the signal to its parent may have ended it."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def tree(pid: int) -> list[Process]:
    """Return the process with this pid and all that descends from it."""
    children: dict[int, list[int]] = {}
    for other in _pids():
        fields = _stat(other)
        if fields is not None:
            children.setdefault(int(fields[1]), []).append(other)
    found, pending = [], [pid]
    while pending:
        current = pending.pop()
        pending += children.get(current, [])
        process = identify(current)
        if process is not None:
            found.append(process)
    return found


def pipe(end: IO[AnyStr] | None) -> IO[AnyStr]:
    """Return the end of a pipe that a process was started with: `pipe(process.stdout).readline()`."""
    assert end is not None
    return end


def is_sleeping(pid: int) -> bool:
    """Return whether a process waits for something: its main thread neither runs nor wants to."""
    fields = _stat(pid)
    return fields is not None and fields[0] == b"S"


def interrupt(process: subprocess.Popen[Any]) -> None:
    """Press Ctrl-C once a process waits: Python loses a KeyboardInterrupt that comes at the very end of an import."""
    wait_until(lambda: is_sleeping(process.pid))
    process.send_signal(signal.SIGINT)


def left_behind(directory: str | os.PathLike[str]) -> list[Process]:
    """Return the live processes that work on a home in `directory`, by environment or command line."""
    prefix = os.fsencode(os.path.join(os.fspath(directory), ""))
    found = []
    for pid in _pids():
        process = identify(pid)
        # A variable begins the environment or follows the end of another.
        environment = b"\0" + _read(pid, "environ")
        marked = b"\0QUEUECTL_HOME=" + prefix in environment or prefix in _read(pid, "cmdline")
        if marked and process is not None and pid != os.getpid():
            found.append(process)
    return found


def describe(process: Process) -> str:
    words = _read(process.pid, "cmdline").replace(b"\0", b" ").decode("utf-8", "replace").strip()
    return f"{process.pid}: {words or '(gone)'}"


class Processes:
    """Processes of one test. `kill_all` ends each of them, and what they have started."""

    def __init__(self) -> None:
        self._popens: list[subprocess.Popen[Any]] = []
        self._others: list[Process] = []

    def add(self, started: subprocess.Popen[Any] | int) -> Any:
        """Record a Popen object or a pid; return it."""
        if isinstance(started, subprocess.Popen):
            self._popens.append(started)
            return started
        process = identify(started)
        if process is not None:
            self._others.append(process)
        return started

    def start(self, argv: list[str], **options: Any) -> subprocess.Popen[Any]:
        """Start and record a process. The options are Popen's."""
        return self.add(subprocess.Popen(argv, **options))  # type: ignore[no-any-return]

    def start_cli(
        self, home: str | os.PathLike[str], *argv: str, env: Mapping[str, str | None] | None = None, **options: Any
    ) -> subprocess.Popen[Any]:
        """Start a command that stays, as `run_cli` would run it."""
        return self.start(cli_command(home, *argv), env=cli_environment(home, env), **options)

    def kill_all(self) -> None:
        # The trees are read before anything is killed: an orphan no longer names its parent.
        doomed = list(self._others)
        for pid in [process.pid for process in self._others if is_alive(process)]:
            doomed += tree(pid)
        for popen in self._popens:
            if popen.poll() is None:
                doomed += tree(popen.pid)
        for process in doomed:
            kill(process)
        for popen in self._popens:
            self._reap(popen)
        wait_until(lambda: not any(is_alive(process) for process in doomed), what="the killed are gone")

    def _reap(self, popen: subprocess.Popen[Any]) -> None:
        if popen.poll() is None:
            popen.kill()
        popen.wait(CLI_LIMIT)
        for pipe in (popen.stdin, popen.stdout, popen.stderr):
            if pipe is not None and not pipe.closed:
                _close(pipe)


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return  # What was still buffered has no reader any more.


def _pids() -> Iterator[int]:
    try:
        names = os.listdir("/proc")
    except OSError:
        return
    yield from (int(name) for name in names if name.isdigit())


def _read(pid: int, name: str) -> bytes:
    try:
        return Path("/proc", str(pid), name).read_bytes()
    except OSError:
        return b""  # It has ended, or is none of ours.


def _stat(pid: int) -> list[bytes] | None:
    """Return the fields of /proc/PID/stat after the name: state, ppid, ...; the 20th is the start time."""
    text = _read(pid, "stat")
    # The name stands in parentheses and may itself hold blanks and parentheses.
    return text[text.rindex(b")") + 2 :].split() if text else None
