"""Fixtures of all tests, and the limit against a test that hangs."""

from __future__ import annotations

import faulthandler
import os
import signal
from pathlib import Path
from typing import Iterator

import pytest

from tests import support

TEST_LIMIT = 300.0
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

_stderr = -1


def pytest_configure() -> None:
    """Keep the real stderr: during a test, descriptor 2 is a file that a dump would be lost in."""
    global _stderr
    _stderr = os.dup(2)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow by its fixtures."""
    for item in items:
        if SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _limit() -> Iterator[None]:
    """End the whole run, with the stack of every thread, when one test hangs."""
    faulthandler.dump_traceback_later(TEST_LIMIT, exit=True, file=_stderr)
    yield
    faulthandler.cancel_dump_traceback_later()


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
