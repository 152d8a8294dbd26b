"""The real dashboard and a real browser as fixtures; skipped with a reason where there is none."""

from __future__ import annotations

import re
import signal
import subprocess
from typing import Iterator

import pytest

from tests.dashboard.webdriver import LIMIT, Browser, Driver, chromedriver
from tests.support import Processes, run_cli, wait_until

__all__ = ["Browser", "Dashboard", "Driver", "browser", "dashboard", "driver"]


class Dashboard:
    """The real command `queuectl dashboard` on a home, and the command line beside it."""

    def __init__(self, home: str, processes: Processes) -> None:
        self.home = home
        self.port = 0
        self._processes = processes
        self._server: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *options: str) -> Dashboard:
        """Start the server, on the port of the last time if there was one; return when it listens."""
        server = self._processes.start_cli(
            self.home,
            "dashboard",
            "--port",
            str(self.port),
            *options,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert server.stdout is not None
        for line in server.stdout:
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                self._server = server
                return self
        raise AssertionError("the dashboard did not start")

    def stop(self) -> None:
        """End the server as Ctrl-C does."""
        assert self._server is not None
        self._server.send_signal(signal.SIGINT)
        self._server.wait(LIMIT)

    def cli(self, *argv: str, input: str | None = None) -> str:
        """Run a command on the home and return what it printed."""
        done = run_cli(self.home, *argv, input=input)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def work(self, count: int = 1) -> None:
        """Start workers that end with the test; return when they are up."""
        pool = self._processes.start_cli(
            self.home,
            "worker",
            "start",
            "--no-detach",
            "--count",
            str(count),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: pool.poll() is not None or len(self._workers()) == count, what="the workers are up")
        assert pool.poll() is None, "the pool has ended"

    def _workers(self) -> list[str]:
        return run_cli(self.home, "worker", "status", "-o", "ids").stdout.split()


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    path = chromedriver()
    if path is None:
        pytest.skip("needs chromedriver and chromium: apt-get install chromium chromium-driver")
    started = Driver(path)
    yield started
    started.close()


@pytest.fixture
def browser(driver: Driver) -> Iterator[Browser]:
    """A window with an empty profile."""
    window = Browser(driver)
    window.size(1280, 800)
    yield window
    window.close()


@pytest.fixture
def dashboard(home: str, processes: Processes) -> Dashboard:
    """A dashboard of an empty home, running."""
    return Dashboard(home, processes).start()
