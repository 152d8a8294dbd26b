"""Find the process tree of an attempt.

**While its worker lives**, the tree is the worker's children that earlier attempts were not allowed to leave, and all
that descends from them: on Linux the worker is a *subreaper*, an orphan of the tree becomes its child, so `setsid`
and double forks do not escape it. Elsewhere it is the shell, its group and what descends from them.

**Of a lost attempt** (`Trace`) a process belongs to the tree, if it started during the attempt, by one of these:

- the attempt's marker is in its environment, or in that of a member of its session;
- it has one of the attempt's pipes open;
- it is the recorded shell, or in the session or group of that shell while it lives. A session or group whose leader
  is gone proves nothing: its number may be a stranger's by now;
- it is an orphan that fell to the pool, or to the workers' parent, after the worker's death;
- it descends from one of these.

Processes with another attempt's marker, and those that earlier attempts were allowed to leave, are left alone.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Collection, Container, Iterable

from ...model.clock import Clock
from ...model.record import Record
from ..machine import journal, process
from ..machine.journal import Pair
from ..machine.process import MARKER, Entry

# A start time is rounded down to a tick.
ROUNDED_MS = 20
CLEAN_LOOKS = 2
LOOK_PAUSE_SECONDS = 0.003
STOP_BUDGET_MS = 500


class Trace(Record):
    """What is known of an attempt whose worker is gone.

    `pid` and `pid_start` are of the shell; a pid without its start time proves nothing. `since` is when the attempt
    began, by the same clock as start times of processes, 0 if unknown. `adopters` are the processes that orphans fall
    to, `settled` the orphans that had come to them before the worker's death, `spared` what attempts were allowed to
    leave.
    """

    marker: str
    pid: int = 0
    pid_start: str = ""
    adopters: Collection[Pair] = ()
    settled: Container[Pair] = ()
    spared: Container[Pair] = ()
    since: int = 0
    pipes: frozenset[str] = frozenset()

    def add(self, record: journal.AttemptRecord, *, is_visible: bool) -> None:
        """Take over what the worker's journal says; its pids only if they mean the same processes here."""
        self.since = record.started - ROUNDED_MS if process.HAS_PROC else 0
        self.pipes = frozenset(f"pipe:[{inode}]" for inode in record.pipes)
        if is_visible and record.pid_start and not self.pid_start:
            self.pid, self.pid_start = record.pid, record.pid_start


def of_worker(leader: int, *, marker: str, spared: Container[Pair], adopts: bool) -> list[Entry]:
    """Return the living processes of the tree of this worker's attempt; `leader` is its shell.

    `adopts` says whether orphans become this worker's children. Raises OSError if the system does not tell.
    """
    table = process.list_processes()
    worker = os.getpid()
    needle = f"{MARKER}={marker}".encode()

    if adopts:
        found = [entry for entry in table.values() if entry.parent == worker and not _is_of_another(entry.pid, needle)]
    else:
        found = [entry for entry in table.values() if leader in (entry.pid, entry.group)]
    return _living(table, found, spared)


def of_lost(trace: Trace) -> list[Entry]:
    """Return the living processes of a lost attempt. Raises OSError if the system does not tell."""
    table = process.list_processes()
    started = [entry for entry in table.values() if entry.started >= trace.since]
    needle = f"{MARKER}={trace.marker}".encode()
    marked = {entry.pid for entry in started if needle in process.environment(entry.pid)}
    sessions = {table[pid].session for pid in marked} - {0}
    shell = table.get(trace.pid)
    leader = trace.pid if shell is not None and shell.start == trace.pid_start else None
    # Workers and their helpers are in their parent's session, a command never is. Under PID 1 are orphans of all
    # sorts, and without the time when the attempt began those of all attempts.
    adopters = {
        pid: table[pid].session
        for pid, start in trace.adopters
        if pid > 1 and pid in table and table[pid].start == start and trace.since
    }

    def belongs(entry: Entry) -> bool:
        return (
            entry.pid in marked
            or entry.session in sessions
            or (leader is not None and leader in (entry.pid, entry.session, entry.group))
            or (
                entry.parent in adopters
                and entry.session != adopters[entry.parent]
                and (entry.pid, entry.start) not in trace.settled
                and not _is_of_another(entry.pid, needle)
            )
            or bool(trace.pipes and not trace.pipes.isdisjoint(process.open_files(entry.pid).values()))
        )

    return _living(table, filter(belongs, started), trace.spared)


def send_to_all(look: Callable[[], list[Entry]], number: signal.Signals, *, clock: Clock, budget: int) -> list[Entry]:
    """Send a signal to what `look` finds, until it finds nothing twice: what is forked meanwhile may be in no list yet.

    Return what it still finds after `budget` milliseconds. Raises OSError if the system does not tell.
    """
    give_up = clock.monotonic() + budget
    clean = 0
    while clean < CLEAN_LOOKS:
        members = look()
        process.send(members, number)
        clean = 0 if members else clean + 1
        if members and clock.monotonic() >= give_up:
            return members
        clock.pause(LOOK_PAUSE_SECONDS)
    return []


def reap(spared: set[Pair]) -> tuple[dict[int, int], bool]:
    """Take the exit codes of the children that have ended; return them by pid, and whether a child is left."""
    ended: dict[int, int] = {}
    try:
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return ended, True
            ended[pid] = status
            # The pid may be another's soon.
            spared.difference_update([pair for pair in spared if pair[0] == pid])
    except ChildProcessError:
        return ended, False


def alive(pairs: Iterable[Pair]) -> list[Pair]:
    """Return those processes that still run."""
    return [(pid, start) for pid, start in pairs if process.is_same_process(pid, start)]


def orphans(adopters: Iterable[Pair]) -> set[Pair]:
    """Return the orphans that have fallen to these processes, by pid and start time."""
    found: set[Pair] = set()
    for pid, start in adopters:
        adopter = process.entry(pid)
        if adopter is not None and adopter.start == start:
            others = (entry for entry in process.children(pid) if entry.session != adopter.session)
            found.update((entry.pid, entry.start) for entry in others)
    return found


def _living(table: dict[int, Entry], found: Iterable[Entry], spared: Container[Pair]) -> list[Entry]:
    """Return the members and all that descends from them, without zombies, without ourselves and what is spared."""
    by_parent: dict[int, list[Entry]] = {}
    for entry in table.values():
        by_parent.setdefault(entry.parent, []).append(entry)
    members: dict[int, Entry] = {}
    pending = list(found)
    while pending:
        entry = pending.pop()
        if entry.pid in members or (entry.pid, entry.start) in spared or entry.pid == os.getpid():
            continue
        members[entry.pid] = entry
        pending += by_parent.get(entry.pid, ())
    return sorted((entry for entry in members.values() if not entry.is_zombie), key=lambda entry: entry.pid)


def _is_of_another(pid: int, needle: bytes) -> bool:
    """Return whether a process carries the marker of another attempt."""
    prefix = MARKER.encode() + b"="
    return any(variable.startswith(prefix) and variable != needle for variable in process.environment(pid))


class Standstill:
    """Whether an attempt stands still; `tree` lists its living processes, and may raise OSError."""

    def __init__(self, clock: Clock, tree: Callable[[], list[Entry]]) -> None:
        self._clock = clock
        self._tree = tree
        self._since: int | None = None
        self._before = 0
        self._is_complete = False
        self._asked: set[Pair] = set()

    @property
    def is_on(self) -> bool:
        """Whether it stands still, or is about to."""
        return self._since is not None

    def lasted(self, now: int) -> int:
        """Return for how many milliseconds it has stood still, until `now` by the monotonic clock."""
        return self._before + (0 if self._since is None else max(0, now - self._since))

    def begin(self) -> None:
        """Stop what runs. The next call stops what could not be stopped or searched for."""
        if self._since is None:
            self._since = self._clock.monotonic()
            self._is_complete = False
            self._asked.clear()
        if self._is_complete:
            return
        try:
            left = send_to_all(self._running, signal.SIGSTOP, clock=self._clock, budget=STOP_BUDGET_MS)
        except OSError:
            return  # The system could not tell; the next call asks again.
        self._is_complete = not left

    def end(self) -> None:
        """Let what is stopped go on. If it cannot be looked for, it stands still until the next call."""
        try:
            members = self._tree()
        except OSError:
            return  # The system could not tell; the next call asks again.
        process.send(members, signal.SIGCONT)
        self.forget(self._clock.monotonic())

    def forget(self, now: int) -> None:
        """Let time go on from `now`: somebody else sees to the processes."""
        self._before, self._since = self.lasted(now), None

    def _running(self) -> list[Entry]:
        """Return what is not stopped, without what was asked to and sleeps where no signal wakes it: it stops later."""
        # A shell sleeps so for as long as the child of its vfork is stopped before it could exec.
        found = [
            member
            for member in self._tree()
            if not member.is_stopped and not (member.is_uninterruptible and (member.pid, member.start) in self._asked)
        ]
        self._asked.update((member.pid, member.start) for member in found)
        return found
