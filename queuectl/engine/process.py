"""Start, find and end the whole process tree of a command.

A command runs as `/bin/sh -c COMMAND` in a session of its own, with a marker in its environment.
Its tree is: that session, that process group, everything that descends from them, and

- for the worker that runs it: every child that the worker did not have before. On Linux the worker
  is a *subreaper*: an orphan becomes its child, so `setsid` and double forks do not escape it;
- for a recovery after the worker is gone: every process whose environment carries the marker
  (Linux, `/proc/*/environ`).

macOS has neither; there the tree is what the session, the group and descent show.
A process is told by its pid, start time and boot together: a pid alone may be a stranger's by now.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Container, Iterable, Mapping

SHELL = "/bin/sh"
MARKER = "QUEUECTL_ATTEMPT_ID"
PR_SET_CHILD_SUBREAPER = 36
HAS_PROC = os.path.exists("/proc/self/stat")
# What Python or the worker ignores or handles must not be handed down to a command.
DEFAULT_SIGNALS = [
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGPIPE,
    signal.SIGCHLD,
    signal.SIGXFSZ,
]


class Entry:
    """One process as the system listed it."""

    __slots__ = ("pid", "parent", "group", "session", "start", "is_zombie")

    def __init__(self, pid: int, parent: int, group: int, session: int, start: str, is_zombie: bool) -> None:
        self.pid = pid
        self.parent = parent
        self.group = group
        self.session = session
        self.start = start
        self.is_zombie = is_zombie


def spawn(command: str, *, environment: Mapping[bytes, bytes], stdout: int, stderr: int) -> int:
    """Start a command in the current directory and a new session; return its pid.

    `stdout` and `stderr` are file descriptors to write to; stdin is empty. Raises OSError where the
    system refuses, for instance since command and environment are too long.
    """
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, stdout, 1),
        (os.POSIX_SPAWN_DUP2, stderr, 2),
    ]
    return os.posix_spawn(
        SHELL,
        ["sh", "-c", command],
        environment,
        file_actions=actions,
        setsid=True,
        setsigdef=DEFAULT_SIGNALS,
        setsigmask=[],
    )


def become_subreaper() -> bool:
    """Make orphans of this process's descendants its children; return whether the system can do that."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    return bool(ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def is_group_alive(leader: int) -> bool:
    """Return whether a process group has any member."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def boot_id() -> str:
    """Return a text that is different after each start of the machine."""
    override = os.environ.get("QUEUECTL_BOOT_ID")
    if override:
        return override
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return _output_of("sysctl", "-n", "kern.boottime")


def namespace() -> str:
    """Return what tells the pid namespace of this process from all others, an empty text where there are none."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def start_time(pid: int) -> str | None:
    """Return when a process began, in the system's own notation; None if there is no such process.

    A zombie is none: it has ended, and only waits for its parent.
    """
    if HAS_PROC:
        entry = _read_entry(pid)
        return None if entry is None or entry.is_zombie else entry.start
    return _output_of("ps", "-o", "lstart=", "-p", str(pid)) or None


def is_same_process(pid: int, start: str | None) -> bool:
    """Return whether `pid` is still the process that began at `start`."""
    return start is not None and start_time(pid) == start


def memory(pid: int) -> int:
    """Return the resident memory of a process in bytes, 0 if unknown."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return int(_output_of("ps", "-o", "rss=", "-p", str(pid)) or 0) * 1024 if not HAS_PROC else 0


def list_processes() -> dict[int, Entry]:
    """Return every process that can be seen."""
    if not HAS_PROC:
        return _list_with_ps()
    entries = (_read_entry(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return {entry.pid: entry for entry in entries if entry is not None}


def _read_entry(pid: int) -> Entry | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    # The name in parentheses may itself hold blanks and parentheses.
    words = text[text.rindex(b")") + 2 :].split()
    return Entry(pid, int(words[1]), int(words[2]), int(words[3]), words[19].decode(), words[0] in (b"Z", b"X"))


def _list_with_ps() -> dict[int, Entry]:
    entries = {}
    for line in _output_of("ps", "-axo", "pid=,ppid=,pgid=,stat=,lstart=").splitlines():
        words = line.split(None, 4)
        pid, parent, group = (int(word) for word in words[:3])
        entries[pid] = Entry(pid, parent, group, 0, words[4], words[3].startswith("Z"))
    return entries


def _output_of(*command: str) -> str:
    import subprocess

    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, text=True
    ).stdout.strip()


def find_tree(
    *,
    leader: int | None,
    leader_start: str | None = None,
    marker: str | None = None,
    adopter: int | None = None,
    spared: Container[int] = (),
) -> list[int]:
    """Return the living processes of an attempt's tree, without zombies and without ourselves.

    `leader` is the shell's pid; with `leader_start` it counts only if it is still that process.
    `marker` is looked for in all environments, or, with `adopter`, only tells whose its children are:
    that is the worker, and all its children belong to the tree but those in `spared` and the orphans
    of what earlier attempts were allowed to leave.
    """
    table = list_processes()
    if leader is not None and leader_start is not None and leader in table and table[leader].start != leader_start:
        leader = None
    needle = f"{MARKER}={marker}".encode() if marker else None
    members = {
        entry.pid
        for entry in table.values()
        if (leader is not None and leader in (entry.pid, entry.session, entry.group))
        or (
            adopter is not None
            and entry.parent == adopter
            and entry.pid not in spared
            and not _is_of_another(entry.pid, needle)
        )
        or (adopter is None and needle is not None and needle in _environment(entry.pid))
    }
    _add_descendants(table, members)
    members -= {os.getpid(), adopter}
    return sorted(pid for pid in members if not table[pid].is_zombie)


def _add_descendants(table: Mapping[int, Entry], members: set[int]) -> None:
    grown = True
    while grown:
        children = {entry.pid for entry in table.values() if entry.parent in members} - members
        members |= children
        grown = bool(children)


def _is_of_another(pid: int, needle: bytes | None) -> bool:
    """Return whether a process carries the marker of another attempt."""
    return needle is not None and any(
        variable.startswith(MARKER.encode() + b"=") and variable != needle for variable in _environment(pid)
    )


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


def send_to(pid: int, start: str, number: signal.Signals) -> bool:
    """Send a signal to the process that began at `start`; return whether it was there to get it.

    Where the system has descriptors for processes, the pid cannot pass to a stranger in between. A daemon may well be
    PID 1, that of a container.
    """
    if pid < 1:
        return False
    try:
        descriptor = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    except OSError:
        descriptor = None
    try:
        if not is_same_process(pid, start):
            return False
        if descriptor is not None:
            signal.pidfd_send_signal(descriptor, number)
        else:
            os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        if descriptor is not None:
            os.close(descriptor)
    return True


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to each process that is still there and ours to signal."""
    for pid in pids:
        if pid <= 1:
            continue
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def signal_name(number: int) -> str:
    """Return `SIGKILL` for 9; a number without a name stays one."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
