"""Fixtures of all tests, and the limit against a test that hangs."""

from __future__ import annotations

import faulthandler
import os
import signal
from pathlib import Path
from typing import Iterator

import pytest

from tests import support

TEST_LIMIT = 300  # seconds
# How long what was told to end may take to be gone, before it counts as left behind.
GRACE = 30.0

for _name in [name for name in os.environ if name.startswith("QUEUECTL_")]:
    del os.environ[_name]

# A script that runs the tests in the background, or `nohup`, has them ignore signals, and so would all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Who uses these starts processes or a browser, or installs the package. `--quick` leaves that out, like what is marked
# by hand.
SLOW_FIXTURES = {"processes", "pool", "driver", "installed"}


def pytest_configure() -> None:
    """Let an alarm show the stack of every thread and end the process.

    Not `dump_traceback_later`: its thread would make every fork of a test one of a process with several. The real
    stderr is kept: during a test, descriptor 2 is a file that the stacks would be lost in.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    faulthandler.register(signal.SIGALRM, file=os.dup(2), all_threads=True, chain=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow by its fixtures."""
    for item in items:
        if SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _limit() -> Iterator[None]:
    """End the whole run, with the stack of every thread, when one test hangs."""
    signal.alarm(TEST_LIMIT)
    yield
    signal.alarm(0)


@pytest.fixture(autouse=True)
def _same_directory() -> Iterator[None]:
    """Undo a change of directory, which a pool or worker makes also inside a test's own process."""
    before = os.getcwd()
    yield
    os.chdir(before)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[str]:
    """The path of a home that is not there yet; its parent is private to this test.

    No process of this test may outlive it. One that does is killed and fails the test.
    """
    yield str(tmp_path / "home")
    outlived = _kill_what_outlives(tmp_path)
    assert not outlived, "processes were left behind"


def _kill_what_outlives(directory: Path) -> list[str]:
    """Return a description of each process that the grace did not see the end of."""
    try:
        support.wait_until(lambda: not support.left_behind(directory), seconds=GRACE)
    except AssertionError:
        doomed = [process for left in support.left_behind(directory) for process in support.tree(left.pid)]
        descriptions = [support.describe(process) for process in doomed]
        for process in doomed:
            support.kill(process)
        return descriptions
    return []


@pytest.fixture
def processes(home: str) -> Iterator[support.Processes]:
    """Records the processes of a test and kills them by pid at its end."""
    started = support.Processes()
    yield started
    started.kill_all()
