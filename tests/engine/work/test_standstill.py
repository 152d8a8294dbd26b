"""When a tree of processes counts as stopped: what was asked to stop and sleeps where no signal wakes it does, too."""

from __future__ import annotations

import signal

import pytest

from queuectl.engine.machine import process
from queuectl.engine.machine.process import Entry
from queuectl.engine.work.tree import Standstill
from tests.support import FakeClock


def member(pid: int, *, stopped: bool = False, uninterruptible: bool = False) -> Entry:
    return Entry(pid, 1, pid, pid, "7", False, stopped, uninterruptible)


def test_a_process_that_no_signal_wakes_is_asked_once_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[list[int], int]] = []
    monkeypatch.setattr(
        process, "send", lambda members, number: asked.append(([member.pid for member in members], number))
    )
    looks: list[int] = []

    def tree() -> list[Entry]:
        looks.append(1)
        return [member(2, stopped=True), member(3, uninterruptible=True)]

    clock = FakeClock()
    before = clock.monotonic()
    standstill = Standstill(clock, tree)
    standstill.begin()
    assert asked == [([3], signal.SIGSTOP), ([], signal.SIGSTOP), ([], signal.SIGSTOP)]
    # It is complete: nothing is looked for again, and no time went by in waiting.
    standstill.begin()
    assert len(looks) == 3 and clock.monotonic() - before < 100


def test_a_process_that_runs_is_asked_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(process, "send", lambda members, number: asked.extend(member.pid for member in members))
    states = [False, False, True, True]
    standstill = Standstill(FakeClock(), lambda: [member(4, stopped=states.pop(0))])
    standstill.begin()
    assert asked == [4, 4] and states == []
