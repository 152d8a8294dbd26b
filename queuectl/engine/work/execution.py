"""Run one attempt: its command's process tree, its pipes, its time limit.

    running --shell exits--> draining --pipes at their end, or half a second--> clearing --nothing left--> over
       '---timeout, cancel, stop----------------------------------------------->'

*Clearing* ends what is left of the tree: TERM or `kill_signal`, after `kill_grace` KILL, until nothing is left. A
background process that the job may leave behind is spared. A command that is *suspended* stands still, and its time
with it, until it goes on or is ended. There is one wait, for the pipes, a child's death, the doorbell and signals
together; it is as long as the next deadline allows.

The execution knows nothing of the store: once a second, and when the doorbell's control byte comes,
it asks its `watch` whether to go on. What runs is written to the journal before it runs.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Mapping

from ...model.clock import Clock
from ...model.outcome import Outcome
from ...model.piece import STDERR, STDOUT
from ...model.surroundings import SHELL
from ...store.claim import Claim
from ..machine import process
from ..machine.doorbell import CONTROL
from ..machine.journal import Journal, Pair
from ..machine.process import Entry
from ..machine.wakeup import Wakeup
from . import tree
from .capture import Capture
from .tree import Standstill

READ_BYTES = 65_536
WATCH_MS = 1000
DRAIN_MS = 500
SCAN_MS = 50
# The machine is short of something, whatever the command is; usually only for a while.
SHORTAGES = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC)


class Shortage(Exception):
    """The machine had no process, descriptor, memory or room to start a command with; the text says which."""


class Execution:
    """One attempt under way. `stdin` is what the command reads, None for nothing.

    `watch` is called with this execution and may call `end`; `spared` holds background processes that earlier jobs were
    allowed to leave, and gets those of this one. `adopts` says whether orphans of the tree become our children.
    """

    def __init__(
        self,
        claim: Claim,
        *,
        marker: str,
        environment: Mapping[bytes, bytes],
        stdin: bytes | None,
        capture: Capture,
        kill_grace: int,
        kill_signal: str | None,
        clock: Clock,
        wakeup: Wakeup,
        watch: Callable[[Execution], None],
        spared: set[Pair],
        adopts: bool,
        journal: Journal,
    ) -> None:
        self.claim = claim
        self.capture = capture
        self.pid: int | None = None
        self.began = clock.monotonic()
        # The processes that the command left running and that were ended: programs and pids.
        self.ended_background: list[str] = []
        self._marker = marker
        self._environment = environment
        self._stdin = stdin
        self._grace = kill_grace
        self._kill_signal = getattr(signal, f"SIG{kill_signal or 'TERM'}")
        self._clock = clock
        self._wakeup = wakeup
        self._watch = watch
        self._spared = spared
        self._adopts = adopts
        self._journal = journal
        self._status: int | None = None
        self._exited_at: int | None = None
        self._ending: Outcome | None = None
        self._clearing_since: int | None = None
        self._is_asked = False
        self._next_watch = self.began + WATCH_MS
        self._pipes: dict[int, int] = {}
        self._read_bytes = READ_BYTES
        self._death: int | None = None
        self._looks_for_death = False
        self._children_left = True
        self._standstill = Standstill(clock, self._tree)

    def run(self) -> Outcome:
        """Run the command to its end; return how it ended. Raises Shortage if the machine could not start any."""
        try:
            self._start()
        except (OSError, ValueError) as error:
            self._close_all()
            reason = getattr(error, "strerror", None) or str(error)
            if getattr(error, "errno", None) in SHORTAGES:
                raise Shortage(reason) from error
            return Outcome.not_started(reason)
        try:
            # Not in `_start`: the command runs, so a failure from here on must not pass for one to start it.
            self._watch_for_death()
            while not self._is_over():
                self._step()
        finally:
            self._close_all()
        outcome = self._ending or self._exit_outcome()
        self._journal.end(outcome, ended_at=self._clock.boottime(), duration=self.duration(), spared=self._spared)
        return outcome

    @property
    def is_running(self) -> bool:
        """Whether the shell's exit code has not been taken yet, so that the pid is still its own."""
        return self.pid is not None and self._status is None

    def duration(self) -> int:
        """Return for how many milliseconds the command has run, without those for which it was suspended."""
        now = self._exited_at or self._clock.monotonic()
        return max(0, now - self.began - self._standstill.lasted(now))

    def suspend(self) -> None:
        """Stop the command where it is; nothing is done to one that has exited, or that is being ended."""
        if self.is_running and self._clearing_since is None:
            self._standstill.begin()

    def resume(self) -> None:
        """Let the command go on if it is suspended."""
        if self._standstill.is_on:
            self._standstill.end()

    def end(self, outcome: Outcome, *, at_once: bool = False) -> None:
        """End the command with this outcome: ask it to end and kill it after its grace, or kill it `at_once`.

        A shell that has exited already keeps its own outcome; what is left of its tree is ended.
        """
        if at_once:
            self._grace = 0
        if self._ending is None and self._status is None:
            self._ending = outcome
        if self._clearing_since is None and (self._status is None or not self.claim.allow_background):
            self._start_clearing()

    def _start(self) -> None:
        context = self.claim.context
        try:
            # Always: the last job's directory may be gone by now, or another one may have its name.
            os.chdir(context.cwd)
        except OSError as error:
            raise OSError(error.errno, f"directory {context.cwd}: {error.strerror}") from error
        ends: list[int] = []
        try:
            for stream in (STDOUT, STDERR):
                descriptor, end = os.pipe()
                ends.append(end)
                self._pipes[descriptor] = stream
                self._wakeup.listen(descriptor)
            self._journal.begin(
                self.claim.attempt_id,
                started=self._clock.boottime(),
                pipes=(os.fstat(ends[0]).st_ino, os.fstat(ends[1]).st_ino),
                spared=self._spared,
            )
            if self._stdin is not None:
                ends.append(process.file_of(self._stdin))
            self.pid = process.spawn(
                self.claim.command,
                environment=self._environment,
                stdout=ends[0],
                stderr=ends[1],
                stdin=None if self._stdin is None else ends[2],
                nice=self.claim.nice,
                shell=context.options.get("shell", SHELL),
                umask=context.umask,
            )
            self._journal.note_process(self.pid)
        finally:
            for end in ends:
                os.close(end)

    def _watch_for_death(self) -> None:
        """Have the shell's death end the wait; without a descriptor for that, look for it again and again."""
        try:
            self._death = self._wakeup.listen_for_death(self.pid or 0)
        except OSError:
            self._looks_for_death = True

    def _step(self) -> None:
        for descriptor in self._wakeup.wait(self._patience()):
            if descriptor == self._death:
                self._reap()
            else:
                self._read(descriptor)
        if self._wakeup.take(signal.SIGCHLD) or self._looks_for_death or self._clearing_since is not None:
            self._reap()
        now = self._clock.monotonic()
        if now >= self._next_watch or self._wakeup.take(CONTROL):
            self._watch(self)
            # Counted from the end: a store that keeps us waiting must not keep the pipes waiting too.
            self._next_watch = self._clock.monotonic() + WATCH_MS
        self._check_limits(now)

    def _patience(self) -> float:
        """Return the seconds until it must check something even if nothing happens."""
        now = self._clock.monotonic()
        deadlines = [self._next_watch]
        if self._looks_for_death and self._status is None:
            deadlines.append(now + SCAN_MS)
        timeout = self.claim.timeout
        if timeout is not None and not self._standstill.is_on and self._ending is None and self._exited_at is None:
            deadlines.append(now + timeout - self.duration())
        if self._clearing_since is not None:
            deadlines.append(now + SCAN_MS)
        elif self._exited_at is not None:
            deadlines.append(self._exited_at + DRAIN_MS)
        return max(0, min(deadlines) - now) / 1000

    def _read(self, descriptor: int) -> None:
        data = os.read(descriptor, self._read_bytes)
        if not data:
            self._close(descriptor)
            return
        self.capture.feed(self._pipes[descriptor], data)
        if self._read_bytes < process.WIDE_BYTES <= self.capture.total:
            # The command and the worker then wait for each other less often. One read still empties a pipe, so the
            # order of the two streams is kept as well as before.
            self._read_bytes = process.WIDE_BYTES
            for pipe in self._pipes:
                process.widen(pipe)

    def _reap(self) -> None:
        """Take the exit codes of what has died; note whether a child is left."""
        ended, self._children_left = tree.reap(self._spared)
        status = ended.get(self.pid or 0)
        if status is not None:
            self._status = status
            self._exited_at = self._clock.monotonic()
            self._stop_listening_for_death()

    def _check_limits(self, now: int) -> None:
        timeout = self.claim.timeout
        if timeout is not None and self._ending is None and self._status is None and self.duration() >= timeout:
            self.end(Outcome.timed_out(timeout / 1000))
        if self._status is not None:
            # Somebody has killed the shell: what it may leave behind must not stand still forever.
            self.resume()
        if (
            self._clearing_since is None
            and self._is_drained(now)
            and not self.claim.allow_background
            and not self._is_certainly_clear()
        ):
            self._start_clearing()
        if self._clearing_since is not None:
            self._clear(now)

    def _start_clearing(self) -> None:
        self._clearing_since = now = self._clock.monotonic()
        self._standstill.forget(now)
        self._clear(now)

    def _clear(self, now: int) -> None:
        """Ask what is left of the tree to end, once; kill it after the grace."""
        assert self._clearing_since is not None
        is_late = now - self._clearing_since >= self._grace
        if self._is_asked and not is_late:
            return
        try:
            members = self._tree()
        except OSError:
            return  # The system could not tell; the next step asks again.
        if not self._is_asked and self._ending is None:
            self.ended_background = [f"{process.name(member.pid) or 'process'} ({member.pid})" for member in members]
        # A stopped process gets its signal only when it goes on.
        for number in (signal.SIGKILL,) if is_late else (self._kill_signal, signal.SIGCONT):
            process.send(members, number)
        self._is_asked = True

    def _is_drained(self, now: int) -> bool:
        """Whether the shell has exited and its output has come, or had time enough to come."""
        if self._exited_at is None:
            return False
        return not self._pipes or now - self._exited_at >= DRAIN_MS

    def _is_over(self) -> bool:
        if not self._is_drained(self._clock.monotonic()):
            return False
        try:
            members = self._tree()
        except OSError:
            return False  # The system could not tell; the next step asks again.
        if members and self.claim.allow_background and self._ending is None:
            self._spared.update((member.pid, member.start) for member in members)
            return True
        return not members

    def _tree(self) -> list[Entry]:
        if self._status is not None and self._is_certainly_clear():
            return []
        return tree.of_worker(self.pid or 0, marker=self._marker, spared=self._spared, adopts=self._adopts)

    def _is_certainly_clear(self) -> bool:
        """Whether it is certain, without a list of all processes, that nothing of the tree is left."""
        if self._children_left:
            return False
        return self._adopts or not process.is_group_alive(self.pid or 0)

    def _exit_outcome(self) -> Outcome:
        assert self._status is not None
        if os.WIFSIGNALED(self._status):
            number = os.WTERMSIG(self._status)
            return Outcome.signalled(number, process.signal_name(number))
        return Outcome.exited(os.WEXITSTATUS(self._status))

    def _stop_listening_for_death(self) -> None:
        if self._death is not None:
            self._wakeup.forget(self._death)
            os.close(self._death)
            self._death = None

    def _close_all(self) -> None:
        self._stop_listening_for_death()
        for descriptor in list(self._pipes):
            self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        self._wakeup.forget(descriptor)
        del self._pipes[descriptor]
        os.close(descriptor)
