"""Fixtures of the commands' tests."""

from __future__ import annotations

from typing import Iterator

import pytest

from queuectl.engine.queue import Queue
from tests import support


@pytest.fixture
def workers(home: str, processes: support.Processes) -> Iterator[str]:
    """A home in which two workers run and failed jobs are tried again at once; its path."""
    for setting, value in (("retry_delay", "0"), ("retry_jitter", "0"), ("kill_grace", "1")):
        assert support.run_cli(home, "config", "set", setting, value).returncode == 0
    started = support.run_cli(home, "worker", "start", "--count", "2")
    assert started.returncode == 0, started.stderr
    pid = Queue(home).workers.pid
    assert pid is not None
    processes.add(pid)
    yield home
    stopped = support.run_cli(home, "worker", "stop", "--force")
    assert stopped.returncode == 0, stopped.stderr
