"""The slots of a pool without the pool; a fork server that starts nobody and says of workers what a test has it say."""

from __future__ import annotations

import contextlib
import os
from typing import Iterator

import pytest

from queuectl.engine.daemons import slots as slots_module
from queuectl.engine.daemons.fork_server import ENDED, STARTED
from queuectl.engine.daemons.slots import ForkReport, Slots
from queuectl.engine.home.opened import OpenHome
from queuectl.engine.machine.doorbell import Doorbell
from queuectl.engine.machine.log import Log
from queuectl.engine.machine.wakeup import Wakeup
from queuectl.model.worker import ALL
from queuectl.store import Home
from tests.support import FakeClock


class Fork:
    """Stands in for the fork client. `asked` holds the group of each worker that was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._reports: list[ForkReport] = []
        self._is_gone = False
        # Readable all the time, so that nobody waits.
        self._read_end, self._write_end = os.pipe()
        os.write(self._write_end, b"\0")

    def has_started(self, pid: int, group: str = ALL) -> None:
        """Report that this process is a worker now."""
        self._reports.append(ForkReport(STARTED, pid, 0, group))

    def has_ended(self, pid: int, code: int) -> None:
        """Report that a worker has ended with this exit code, or minus a signal."""
        self._reports.append(ForkReport(ENDED, pid, code, ""))

    def die(self) -> None:
        """Be gone."""
        self._is_gone = True

    def fileno(self) -> int:
        return self._read_end

    def ask(self, group: str) -> None:
        self.asked.append(group)

    def go_on(self) -> None:
        return

    def reports(self) -> list[ForkReport] | None:
        said, self._reports = self._reports, []
        return None if self._is_gone else said

    def close(self) -> int:
        return 0

    def dispose(self) -> None:
        os.close(self._read_end)
        os.close(self._write_end)


@pytest.fixture
def fork(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fork]:
    """The fork server that the slots of this test start."""
    made = Fork()

    def started(home: Home, lifeline: int) -> Fork:
        return made

    monkeypatch.setattr(slots_module, "ForkClient", started)
    yield made
    made.dispose()


@contextlib.contextmanager
def one_slot(path: str, clock: FakeClock) -> Iterator[tuple[Slots, Wakeup]]:
    """The slots of a pool that is not there, with one place in the group of all queues, and what wakes it.

    Takes over the signals of this process: see `own_signals`.
    """
    home = Home(path)
    home.prepare()
    bell = Doorbell(home, "pool")
    wakeup = Wakeup(bell, interrupts=True)
    slots = Slots(OpenHome(home, actor="test", clock=clock), log=Log("pool", clock), wakeup=wakeup)
    slots.resize({ALL: 1})
    yield slots, wakeup
    slots.drop(list(slots))
    slots.close()
    wakeup.close()
    bell.close()
