"""One wait ends for signals, the bell, pipes and the parent's death alike."""

from __future__ import annotations

import os
import signal
from typing import Iterator

import pytest

from queuectl.engine.machine.doorbell import CONTROL, POOL, Doorbell, ring
from queuectl.engine.machine.wakeup import Wakeup
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.store import Home

LONG = 60.0


@pytest.fixture
def place(home: str) -> Home:
    made = Home(home)
    made.prepare()
    return made


@pytest.fixture
def bell(place: Home) -> Iterator[Doorbell]:
    made = Doorbell(place, POOL)
    yield made
    made.close()


@pytest.fixture
def wakeup(bell: Doorbell, own_signals: None) -> Iterator[Wakeup]:
    made = Wakeup(bell, interrupts=True)
    yield made
    made.close()


def test_nothing_ends_the_wait_but_time(wakeup: Wakeup) -> None:
    before = SYSTEM_CLOCK.monotonic()
    assert wakeup.wait(0.05) == []
    assert SYSTEM_CLOCK.monotonic() - before >= 49
    assert (wakeup.stops, wakeup.rung, wakeup.orphaned, wakeup.take(CONTROL)) == (0, False, False, False)


def test_the_bell_ends_the_wait(wakeup: Wakeup, place: Home) -> None:
    ring(place, POOL)
    assert wakeup.wait(LONG) == []
    assert wakeup.rung and not wakeup.take(CONTROL)


def test_the_control_byte_is_taken_once(wakeup: Wakeup, place: Home) -> None:
    ring(place, POOL)
    ring(place, POOL, CONTROL)
    wakeup.wait(LONG)
    assert wakeup.take(CONTROL) and not wakeup.take(CONTROL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop_signals_end_the_wait_and_are_counted(wakeup: Wakeup, number: signal.Signals) -> None:
    for count in (1, 2):
        os.kill(os.getpid(), number)
        wakeup.wait(LONG)
        assert wakeup.stops == count
        assert wakeup.take(CONTROL), "who runs a job must look at it at once"


def test_quit_counts_as_two(wakeup: Wakeup) -> None:
    os.kill(os.getpid(), signal.SIGQUIT)
    wakeup.wait(LONG)
    assert wakeup.stops == 2


@pytest.mark.parametrize("with_pidfd", [True, False])
def test_a_child_that_dies_ends_the_wait(
    bell: Doorbell, own_signals: None, monkeypatch: pytest.MonkeyPatch, with_pidfd: bool
) -> None:
    if with_pidfd and not hasattr(os, "pidfd_open"):
        pytest.skip("this Python has no pidfd")
    if not with_pidfd:
        monkeypatch.setattr("queuectl.engine.machine.wakeup._has_pidfd", lambda: False)
    wakeup = Wakeup(bell, interrupts=True)
    try:
        pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 3"], os.environ)
        descriptor = wakeup.listen_for_death(pid)
        assert (descriptor is not None) is with_pidfd
        assert wakeup.wait(LONG) == ([] if descriptor is None else [descriptor])
        assert wakeup.take(signal.SIGCHLD) is not with_pidfd
        assert os.waitpid(pid, 0)[1] == 3 << 8
        if descriptor is not None:
            os.close(descriptor)
    finally:
        wakeup.close()


def test_interrupts_are_ignored_where_the_pool_decides(bell: Doorbell, own_signals: None) -> None:
    wakeup = Wakeup(bell, interrupts=False)
    try:
        os.kill(os.getpid(), signal.SIGINT)
        wakeup.wait(0.05)
        assert wakeup.stops == 0
    finally:
        wakeup.close()


def test_the_end_of_the_parent_is_noticed_once(bell: Doorbell, own_signals: None) -> None:
    read_end, write_end = os.pipe()
    wakeup = Wakeup(bell, interrupts=False, parent=read_end)
    try:
        os.close(write_end)
        wakeup.wait(LONG)
        assert wakeup.orphaned
        before = SYSTEM_CLOCK.monotonic()
        wakeup.wait(0.05)
        assert SYSTEM_CLOCK.monotonic() - before >= 49
    finally:
        wakeup.close()
        os.close(read_end)


def test_a_pipe_that_can_be_read_is_returned_while_it_is_listened_to(wakeup: Wakeup) -> None:
    read_end, write_end = os.pipe()
    wakeup.listen(read_end)
    os.write(write_end, b"x")
    assert wakeup.wait(LONG) == [read_end]
    wakeup.forget(read_end)
    assert wakeup.wait(0) == []
    os.close(write_end)
    os.close(read_end)
