"""What the system says of processes, and how one is started and signaled.

A command runs as `SHELL -c COMMAND`, or as its own words, in a session of its own, with a marker in its environment.
`tree` finds what belongs to it, `identity` tells one process from all others.

If the system lacks descriptors or memory to answer, that raises OSError: "not found" would mean "has ended". A process
that we may not inspect is not ours.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sys
from collections.abc import Iterable, Mapping

from ...model.errors import DaemonUnavailable
from ...model.record import Record
from ...model.surroundings import NO_SHELL, SHELL, words_of
from .programs import find_program

NICE = "nice"
# What is wrong with a program that exists: it is a script with a wrong first line, or made for another system.
OF_PROGRAM = (errno.ENOENT, errno.EACCES, errno.ENOEXEC)
MARKER = "QUEUECTL_ATTEMPT_ID"
PR_SET_CHILD_SUBREAPER = 36
# In the /proc of another pid namespace, numbers mean strangers.
HAS_PROC = os.path.exists("/proc/self/stat") and os.readlink("/proc/self") == str(os.getpid())
GONE = (FileNotFoundError, ProcessLookupError, PermissionError)
SET_PIPE_SIZE = 1031  # fcntl has its name from Python 3.10 on
WIDE_BYTES = 262_144
# From it, processes of all pid namespaces can be seen: PROC_PID_INIT_INO of linux/proc_ns.h.
FIRST_NAMESPACE = "pid:[4026531836]"
TICKS = os.sysconf("SC_CLK_TCK")
# A command must not inherit what Python or the worker ignores or handles.
DEFAULT_SIGNALS = [
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT),
    *(signal.SIGPIPE, signal.SIGCHLD, signal.SIGXFSZ),
]


class Entry(Record):
    """One process as the system listed it."""

    pid: int
    parent: int
    group: int
    session: int
    start: str
    is_zombie: bool
    is_stopped: bool = False
    # No signal wakes it: it waits for a disk, or for a child that vfork has made to exec.
    is_uninterruptible: bool = False

    @property
    def started(self) -> int:
        """The milliseconds since the boot, sleep included, at which it began; 0 where that is unknown."""
        return int(self.start) * 1000 // TICKS if self.start.isdigit() else 0


def spawn(
    command: str,
    *,
    environment: Mapping[bytes, bytes],
    stdout: int,
    stderr: int,
    stdin: int | None = None,
    nice: int = 0,
    shell: str = SHELL,
    umask: int | None = None,
) -> int:
    """Start a command in the current directory and a new session; return its pid.

    `stdout` and `stderr` are file descriptors to write to, `stdin` one to read from, by default empty. `nice` is added
    to our own niceness. `shell` is a path, a name to look up in the command's PATH, or NO_SHELL. The command gets our
    umask unless `umask` is given; no other thread may make a file meanwhile. Raises OSError if the system refuses, for
    instance because command and environment are too long, and ValueError if NO_SHELL cannot split the command.
    """
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0) if stdin is None else (os.POSIX_SPAWN_DUP2, stdin, 0),
        (os.POSIX_SPAWN_DUP2, stdout, 1),
        (os.POSIX_SPAWN_DUP2, stderr, 2),
    ]
    program, words = (SHELL, ["sh", "-c", command]) if shell == SHELL else _other_program(shell, command, environment)
    if nice:
        # The program nice becomes the shell. We cannot raise our own niceness: without privileges there is no way
        # back, and a process that is given it after its start may have children by then.
        program, words = _nice_program(), [NICE, "-n", str(nice), program, *words[1:]]
    own = None if umask is None else os.umask(umask)
    try:
        return os.posix_spawn(
            program, words, environment, file_actions=actions, setsid=True, setsigdef=DEFAULT_SIGNALS, setsigmask=[]
        )
    except OSError as error:
        if shell == SHELL or error.errno not in OF_PROGRAM:
            raise
        raise OSError(error.errno, f"{program}: {error.strerror}") from error
    finally:
        if own is not None:
            os.umask(own)


def _other_program(shell: str, command: str, environment: Mapping[bytes, bytes]) -> tuple[str, list[str]]:
    """Return the path of the program that runs a command, and its words. Raises OSError, ValueError."""
    if shell == NO_SHELL:
        words = words_of(command)
        return find_program(words[0], environment, "program"), words
    path = find_program(shell, environment, "shell")
    return path, [os.path.basename(path), "-c", command]


def _nice_program() -> str:
    """Return the path of nice(1). Raises FileNotFoundError."""
    import shutil

    found = shutil.which(NICE, path=os.defpath) or shutil.which(NICE)
    if found is None:
        raise FileNotFoundError(errno.ENOENT, f"the program {NICE}, which --nice needs, is not installed")
    return found


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
        pass  # It has one of another user.
    return True


def ended_child() -> int | None:
    """Return a child that has ended, without taking its exit code; None if there is none or that is unknown."""
    if not hasattr(os, "waitid"):
        return None
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return None if found is None else found.si_pid


def boot_id() -> str:
    """Return a text that differs after each start of the machine."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return _output_of("sysctl", "-n", "kern.boottime")


def demand_own_proc() -> None:
    """Raise DaemonUnavailable where /proc lists processes by the pids of another namespace."""
    if not HAS_PROC and os.path.exists("/proc/1/stat"):
        message = "/proc is that of another pid namespace, so processes cannot be identified"
        raise DaemonUnavailable(message, hint="mount this one's: mount -t proc proc /proc")


def namespace() -> str:
    """Return what identifies the pid namespace of this process, an empty text where there are none."""
    return _link("/proc/self/ns/pid")


def entry(pid: int) -> Entry | None:
    """Return the entry of a process; None if it has ended or the system has no list."""
    found = _read_entry(pid) if HAS_PROC else None
    return None if found is None or found.is_zombie else found


def start_time(pid: int) -> str | None:
    """Return when a process began, in the system's own notation; None if it has ended, also for a zombie."""
    if HAS_PROC:
        found = entry(pid)
        return None if found is None else found.start
    return _output_of("ps", "-o", "lstart=", "-p", str(pid)) or None


def is_same_process(pid: int, start: str | None) -> bool:
    """Return whether `pid` is still the process that began at `start`."""
    return start is not None and start_time(pid) == start


def name(pid: int) -> str:
    """Return the name of a process's program, an empty text where that is unknown."""
    return _read(f"/proc/{pid}/comm").decode("utf-8", "backslashreplace").strip()


def memory(pid: int) -> int:
    """Return the resident memory of a process in bytes, 0 if unknown."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return int(_output_of("ps", "-o", "rss=", "-p", str(pid)) or 0) * 1024 if not HAS_PROC else 0


def environment(pid: int) -> list[bytes]:
    """Return the variables that a process was started with, as `NAME=value`; none if we may not inspect it."""
    return _read(f"/proc/{pid}/environ").split(b"\0")


def open_files(pid: int) -> dict[str, str]:
    """Return the open files of a process: the path of each descriptor, and its name, such as `pipe:[4711]`."""
    paths = [f"/proc/{pid}/fd/{name}" for name in _names(f"/proc/{pid}/fd")]
    return {path: _link(path) for path in paths}


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except GONE:
        return ""


def children(pid: int) -> list[Entry]:
    """Return the children of a process that have not ended; none where the system has no list."""
    paths = [f"/proc/{pid}/task/{thread}/children" for thread in _names(f"/proc/{pid}/task")]
    found = [_read_entry(int(word)) for path in paths for word in _read(path).split()]
    return [entry for entry in found if entry is not None and not entry.is_zombie]


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except GONE:
        return b""


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except GONE:
        return []


def list_processes() -> dict[int, Entry]:
    """Return every process that can be seen."""
    if not HAS_PROC:
        return _list_with_ps()
    entries = (_read_entry(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return {entry.pid: entry for entry in entries if entry is not None}


def _read_entry(pid: int) -> Entry | None:
    text = _read(f"/proc/{pid}/stat")
    if not text:
        return None
    # The name in parentheses may itself hold blanks and parentheses.
    words = text[text.rindex(b")") + 2 :].split()
    parent, group, session = (int(word) for word in words[1:4])
    state, start = words[0], words[19].decode()
    return Entry(pid, parent, group, session, start, state in (b"Z", b"X"), state in (b"T", b"t"), state == b"D")


def _list_with_ps() -> dict[int, Entry]:
    entries = {}
    for line in _output_of("ps", "-axo", "pid=,ppid=,pgid=,stat=,lstart=").splitlines():
        words = line.split(None, 4)
        pid, parent, group = (int(word) for word in words[:3])
        state = words[3][0]
        entries[pid] = Entry(pid, parent, group, 0, words[4], state == "Z", state == "T", state == "U")
    return entries


def _output_of(*command: str) -> str:
    import subprocess

    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, text=True)
    return done.stdout.strip()


def file_of(data: bytes) -> int:
    """Return a descriptor of a file without a name that has this data. Raises OSError where there is no room."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("stdin")
    else:
        import tempfile

        descriptor, path = tempfile.mkstemp(prefix="queuectl-")
        os.unlink(path)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def widen(pipe: int) -> None:
    """Let a pipe hold WIDE_BYTES; it stays as it is if the system refuses that or is not Linux."""
    if not sys.platform.startswith("linux"):
        return
    try:
        fcntl.fcntl(pipe, SET_PIPE_SIZE, WIDE_BYTES)
    except OSError:
        return


def send_to(pid: int, start: str, number: signal.Signals) -> bool:
    """Send a signal to the process that began at `start`; return whether it was there.

    Where the system has descriptors for processes, the pid cannot pass to a stranger in between. A daemon may be PID 1
    of a container.
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


def send(members: Iterable[Entry], number: signal.Signals) -> None:
    """Send a signal to each process that is still there and ours to signal."""
    for member in members:
        send_to(member.pid, member.start, number)


def signal_name(number: int) -> str:
    """Return `SIGKILL` for 9, `signal 99` for a number without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
