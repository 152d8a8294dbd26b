"""The places of a pool: when the next worker is started, and what a shortage or a dead fork server leaves."""

from __future__ import annotations

import errno
import os
import signal
from typing import Iterator

import pytest

from queuectl.engine.daemons.slots import FIRST_DELAY_MS, LONGEST_DELAY_MS, SETTLED_MS, Slots
from queuectl.engine.machine import process
from queuectl.model.worker import ALL
from tests.engine import firings
from tests.engine.daemons import forking
from tests.engine.daemons.forking import Fork, one_slot
from tests.support import FakeClock, Processes

fork, clock = forking.fork, firings.clock

OWN = os.getpid()  # a process that lives


@pytest.fixture
def slots(home: str, clock: FakeClock, fork: Fork, own_signals: None) -> Iterator[Slots]:
    """A place in the group of all queues, of a pool whose workers were up once."""
    with one_slot(home, clock) as (made, _):
        made.is_ready = True
        yield made


def refuse(*_: object) -> None:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def start(slots: Slots, fork: Fork, pid: int) -> None:
    """Let this process be the worker that is due."""
    slots.start(slots.due())
    fork.has_started(pid)
    slots.bury()
    assert slots.pids() == [pid]


def delays(slots: Slots, fork: Fork, clock: FakeClock, codes: list[int], lived: int) -> list[int]:
    """Let a worker end again and again after the time it lived; return the waits before the next one."""
    found = []
    for code in codes:
        start(slots, fork, OWN)
        clock.advance(lived)
        fork.has_ended(OWN, code)
        assert slots.bury() == 1
        at = slots.next_start()
        assert at is not None
        found.append(at - clock.monotonic())
        clock.advance(found[-1])
    return found


def test_a_worker_that_fails_again_and_again_is_started_less_and_less_often(
    slots: Slots, fork: Fork, clock: FakeClock
) -> None:
    found = delays(slots, fork, clock, [1] * 30, lived=10)
    assert found[:3] == [FIRST_DELAY_MS * 2, FIRST_DELAY_MS * 4, FIRST_DELAY_MS * 8]
    assert found == sorted(found) and found[-1] == LONGEST_DELAY_MS


def test_a_worker_that_was_killed_or_had_run_for_long_is_replaced_without_delay(
    slots: Slots, fork: Fork, clock: FakeClock
) -> None:
    assert delays(slots, fork, clock, [-signal.SIGKILL] * 5, lived=10) == [0] * 5
    assert delays(slots, fork, clock, [1] * 5, lived=SETTLED_MS) == [0] * 5
    assert delays(slots, fork, clock, [1, 1, -signal.SIGKILL, 1], lived=10) == [200, 400, 0, 200]


def test_a_start_that_a_shortage_hides_is_taken_in_later(
    slots: Slots, fork: Fork, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots.start(slots.due())
    fork.has_started(OWN)
    with monkeypatch.context() as patch:
        patch.setattr(process, "start_time", refuse)
        for _ in range(2):
            with pytest.raises(OSError):
                slots.bury()
            assert slots.pids() == [None]
    slots.bury()
    assert slots.pids() == [OWN]


def test_a_shortage_keeps_no_order_from_a_worker(
    slots: Slots, fork: Fork, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = processes.start(["sleep", "600"])
    start(slots, fork, child.pid)
    (slot,) = slots
    with monkeypatch.context() as patch:
        patch.setattr(process, "start_time", refuse)
        slots.dismiss(slot)
    assert child.wait(60) == -signal.SIGTERM


def test_no_worker_that_is_not_there_yet_is_waited_for_after_a_kill(slots: Slots, fork: Fork) -> None:
    slots.start(slots.due())
    assert fork.asked == [ALL] and len(slots) == 1
    slots.kill()
    assert len(slots) == 0


def test_a_place_that_was_given_up_is_left_when_the_fork_server_dies(slots: Slots, fork: Fork) -> None:
    slots.start(slots.due())
    (slot,) = slots
    slots.dismiss(slot)
    assert len(slots) == 1
    fork.die()
    slots.bury()
    assert len(slots) == 0
