"""What a lost attempt left is found by what proves it, and nothing else is."""

from __future__ import annotations

import os
import secrets
import subprocess
from pathlib import Path
from typing import Any

import pytest

from queuectl.engine.machine import process
from queuectl.engine.machine.journal import AttemptRecord
from queuectl.engine.work import tree
from queuectl.engine.work.tree import Trace
from queuectl.model.clock import SYSTEM_CLOCK
from tests.engine.running import python
from tests.support import Processes, identify, kill, wait_until

# A marker is looked for on the whole machine, where these tests may run on another Python at the same time.
HOME = secrets.token_hex(8)
MINE, ELEVENTH = f"{HOME}-1-1", f"{HOME}-1-11"

# A parent that takes orphans in, as the pool does, and below it a worker that starts what it is given and waits.
POOL = """
import os, subprocess
from queuectl.engine.machine import process

process.become_subreaper()
worker = os.fork()
if worker == 0:
    subprocess.Popen(sys.argv[1:], start_new_session=True)
else:
    print(worker, flush=True)
sys.stdin.read()
"""
# Leaves a process without a trace of its own: no marker, no pipe, another session, its parent gone.
HIDDEN = "env -i setsid sh -c 'sleep 600 & sleep 600' >/dev/null 2>&1 & wait"


def named(processes: Processes, *words: str, **options: Any) -> subprocess.Popen[Any]:
    """Start a process; return it once it is what it is to be."""
    started = processes.start(list(words), **options)
    name = words[-2] if words[0] == "setsid" else words[0]
    wait_until(lambda: Path(f"/proc/{started.pid}/cmdline").read_bytes().startswith(name.encode()))
    return started


def marked(processes: Processes, marker: str) -> subprocess.Popen[Any]:
    environment = {**os.environ, process.MARKER: marker}
    return named(processes, "sleep", "60", env=environment, start_new_session=True)


def of_lost(trace: Trace) -> list[int]:
    return [entry.pid for entry in tree.of_lost(trace)]


def begun(trace: Trace, *, ago: int = 0, pid: int = 0, pipes: tuple[int, int] = (1, 2), spared: Any = ()) -> Trace:
    """Have a trace know what a journal says of an attempt that began some milliseconds ago."""
    started = SYSTEM_CLOCK.boottime() - ago
    record = AttemptRecord(("home", "boot", "pids", 1), attempt=1, started=started, pipes=pipes, spared=spared)
    record.pid = pid
    trace.add(record, is_visible=True)
    return trace


def start_of(pid: int) -> str:
    start = process.start_time(pid)
    assert start is not None
    return start


def test_what_carries_the_marker_is_found(processes: Processes) -> None:
    mine, other = marked(processes, MINE), marked(processes, ELEVENTH)
    assert of_lost(Trace(MINE)) == [mine.pid]
    assert of_lost(Trace(ELEVENTH)) == [other.pid]


def test_what_shares_a_session_with_the_marker_is_found(processes: Processes) -> None:
    shell = processes.start(
        ["sh", "-c", "env -i sleep 600 & echo $!; sleep 600"],
        env={**os.environ, process.MARKER: MINE},
        start_new_session=True,
        stdout=subprocess.PIPE,
    )
    assert shell.stdout is not None
    without = int(shell.stdout.readline())
    # As if it had got a parent elsewhere.
    wait_until(lambda: process.environment(without) == [b""])
    assert {shell.pid, without} <= set(of_lost(Trace(MINE)))


def test_the_recorded_shell_is_found_with_its_session_and_all_that_descends_from_it(processes: Processes) -> None:
    leader = processes.start(
        ["sh", "-c", "sleep 600 & setsid sleep 600 & echo; wait"], start_new_session=True, stdout=subprocess.PIPE
    )
    assert leader.stdout is not None and leader.stdout.readline() == b"\n"
    trace = Trace(MINE, pid=leader.pid, pid_start=start_of(leader.pid))
    wait_until(lambda: len(of_lost(trace)) == 3)
    assert leader.pid in of_lost(trace) and os.getpid() not in of_lost(trace)


def test_a_process_that_began_at_another_time_is_not_the_recorded_shell(processes: Processes) -> None:
    other = named(processes, "sleep", "60", start_new_session=True)
    start = start_of(other.pid)
    assert of_lost(Trace(MINE, pid=other.pid, pid_start=start)) == [other.pid]
    assert of_lost(Trace(MINE, pid=other.pid, pid_start=str(int(start) + 1))) == []


def test_a_pid_without_a_start_time_proves_nothing(processes: Processes) -> None:
    # In a container that was started again the same pids come again soon.
    other = named(processes, "sleep", "60", start_new_session=True)
    age = SYSTEM_CLOCK.boottime() - process.list_processes()[other.pid].started
    assert of_lost(begun(Trace(MINE), ago=age, pid=other.pid)) == []


def test_a_session_whose_leader_is_gone_proves_nothing(processes: Processes) -> None:
    # As a daemon that was given the session's number after the numbers began again.
    leader = processes.start(
        ["sh", "-c", "sleep 600 & echo $!; read line"],
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert leader.stdout is not None and leader.stdin is not None
    daemon = processes.add(int(leader.stdout.readline()))
    start = start_of(leader.pid)
    leader.stdin.close()
    leader.wait()
    assert os.getsid(daemon) == leader.pid
    assert of_lost(Trace(MINE, pid=leader.pid, pid_start=start)) == []
    assert of_lost(begun(Trace(MINE), ago=1_000, pid=leader.pid)) == []


def test_what_has_a_pipe_of_the_attempt_open_is_found_if_it_started_meanwhile(processes: Processes) -> None:
    read_end, write_end = os.pipe()
    inode = os.fstat(write_end).st_ino
    named(processes, "setsid", "sleep", "60")
    began = SYSTEM_CLOCK.boottime()
    holder = named(processes, "sleep", "60", stdout=write_end, env={}, start_new_session=True)
    assert of_lost(begun(Trace(MINE), ago=SYSTEM_CLOCK.boottime() - began, pipes=(inode, 2))) == [holder.pid]
    # A server that was there before and was handed the pipe, such as that of tmux, is nobody of ours.
    assert of_lost(begun(Trace(MINE), ago=-5_000, pipes=(inode, 2))) == []
    os.close(read_end)
    os.close(write_end)


class Orphans:
    """A pool on paper, and the orphans that its killed worker left."""

    def __init__(self, processes: Processes, *command: str) -> None:
        self.began = SYSTEM_CLOCK.boottime()
        pool = processes.start(python(POOL, *command), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert pool.stdout is not None
        worker = identify(int(pool.stdout.readline()))
        assert worker is not None
        self.adopter = (pool.pid, start_of(pool.pid))
        wait_until(lambda: len(self._sleepers(worker.pid)) >= 2, what="the command has started its processes")
        self.all = self._sleepers(worker.pid)
        kill(worker)
        wait_until(lambda: tree.orphans([self.adopter]), what="they fell to the pool")
        for pid in self.all:
            processes.add(pid)

    def _sleepers(self, worker: int) -> list[int]:
        table = process.list_processes()
        members, grown = {worker}, True
        while grown:
            more = {entry.pid for entry in table.values() if entry.parent in members} - members
            members |= more
            grown = bool(more)
        names = {pid: Path(f"/proc/{pid}/comm") for pid in members}
        return [pid for pid, name in names.items() if name.exists() and name.read_text() == "sleep\n"]

    def trace(self, **changes: Any) -> Trace:
        trace = Trace(MINE, adopters=[self.adopter], **changes)
        return begun(trace, ago=SYSTEM_CLOCK.boottime() - self.began)


def test_orphans_that_fell_to_the_pool_are_found_whatever_they_hide(processes: Processes) -> None:
    orphans = Orphans(processes, "sh", "-c", HIDDEN)
    assert set(orphans.all) <= set(of_lost(orphans.trace()))


def test_orphans_that_were_there_before_are_left_alone(processes: Processes) -> None:
    orphans = Orphans(processes, "sh", "-c", HIDDEN)
    assert of_lost(orphans.trace(settled=tree.orphans([orphans.adopter]))) == []


def test_orphans_of_another_attempt_are_left_alone(processes: Processes) -> None:
    orphans = Orphans(processes, "env", f"{process.MARKER}={HOME}-2-2", "sh", "-c", "setsid sleep 600 & sleep 600")
    assert of_lost(orphans.trace()) == []


def test_what_earlier_attempts_were_allowed_to_leave_is_left_alone_with_all_that_it_starts(
    processes: Processes,
) -> None:
    orphans = Orphans(processes, "sh", "-c", HIDDEN)
    fallen = tree.orphans([orphans.adopter])
    assert of_lost(orphans.trace(spared=fallen)) == []
    assert of_lost(orphans.trace(spared={(pid, f"{start}0") for pid, start in fallen})) != [], "pids were given away"


def test_without_the_time_when_the_attempt_began_an_orphan_proves_nothing(processes: Processes) -> None:
    orphans = Orphans(processes, "sh", "-c", HIDDEN)
    assert of_lost(Trace(MINE, adopters=[orphans.adopter])) == []


def test_an_orphan_of_pid_1_or_of_a_stranger_with_the_pools_pid_proves_nothing(processes: Processes) -> None:
    orphans = Orphans(processes, "sh", "-c", HIDDEN)
    pid, start = orphans.adopter
    trace = orphans.trace()
    trace.adopters = [(pid, str(int(start) + 1)), (1, start_of(1))]
    assert of_lost(trace) == []
    assert tree.orphans(trace.adopters[:1]) == set()


def test_a_zombie_is_not_part_of_a_tree(processes: Processes) -> None:
    dead = processes.start(["true"], start_new_session=True, env={**os.environ, process.MARKER: MINE})
    wait_until(lambda: identify(dead.pid) is None)
    assert Path(f"/proc/{dead.pid}").exists()
    assert of_lost(Trace(MINE)) == []


def test_a_system_that_cannot_answer_is_no_sign_that_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_descriptors(directory: str) -> list[str]:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "listdir", out_of_descriptors)
    with pytest.raises(OSError, match="Too many open files"):
        tree.of_lost(Trace(MINE))
