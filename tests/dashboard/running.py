"""Dashboards as processes: how tests start them, look at them and end them."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

from queuectl.engine.queue import Queue
from queuectl.store.home import Home
from tests.dashboard.raw import Client
from tests.support import Processes, run_cli

TOKEN = "a-token-of-the-user-1"


class Running:
    """Dashboards of one home that a test starts."""

    def __init__(self, home: str, processes: Processes) -> None:
        self.home = home
        self.processes = processes

    def here(self, *options: str, port: int = 0, **more: Any) -> subprocess.Popen[str]:
        """Start one in the foreground, on a free port unless told; return once it says where it is."""
        process: subprocess.Popen[str] = self.processes.start_cli(
            self.home,
            "dashboard",
            "--port",
            str(port),
            *options,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            **more,
        )
        assert process.stdout is not None
        self.said = process.stdout.readline()
        return process

    def detached(self, *options: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Start one in the background."""
        finished = run_cli(self.home, "dashboard", "--port", "0", "--detach", *options, **more)
        pid = Queue(self.home).dashboard.pid
        if pid is not None:
            self.processes.add(pid)
        self.said = finished.stdout
        return finished

    @property
    def port(self) -> int:
        """The port in what it said."""
        return int(self.said.split("/")[2].rpartition(":")[2])

    def page(self) -> str:
        """Return the first page as it is sent to a browser of this user."""
        client = Client(self.port)
        answer = client.ask("GET", "/")
        client.close()
        return answer.body.decode()

    @property
    def token(self) -> str:
        return self.page().partition('name="queuectl-token" content="')[2].partition('"')[0]

    def streams(self, count: int) -> list[Client]:
        """Open streams; return their clients once each was greeted."""
        token, clients = self.token, [Client(self.port) for _ in range(count)]
        for client in clients:
            client.send(
                f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                f"X-QueueCTL-Token: {token}\r\n\r\n".encode()
            )
        for client in clients:
            client.until(b"event: hello\n")
        return clients


def ended_by(process: subprocess.Popen[str], number: signal.Signals) -> int:
    """Send a signal; return the exit code."""
    process.send_signal(number)
    return process.wait(60)


def links(home: str) -> list[str]:
    """Return the files that have the link, as far as they exist."""
    return [path for path in (Home(home).dashboard_url, Home(home).dashboard_page) if os.path.exists(path)]
