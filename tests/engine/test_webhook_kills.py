"""Webhooks while everything is killed: each event arrives at least once, and in order."""

from __future__ import annotations

import http.server
import json
import os
import signal
import threading
from typing import Iterator

import pytest

from queuectl.engine.queue import Queue
from tests.support import Processes, identify, is_alive, run_cli, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.once]
JOBS, ROUNDS, EACH = 30, 3, 19


class Receiver(http.server.ThreadingHTTPServer):
    """Takes messages, but for some: it refuses, hangs up, or answers after it was left. `got` are the ids of jobs."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[str] = []
        self.calls = 0
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()


class Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.calls += 1
            call = self.server.calls
            if call % EACH:
                self.server.got.append(body["data"]["id"])
        if call % EACH == 0 and call % 2:
            self.send_response(503)
            self.end_headers()
        elif call % EACH:
            self.send_response(204)
            self.end_headers()
        # Else the connection is closed without a word.

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is said."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()
    server.thread.join(60)


def test_each_event_arrives_in_order_whatever_is_killed(home: str, processes: Processes, receiver: Receiver) -> None:
    with Queue(home) as queue:
        url = f"http://127.0.0.1:{receiver.server_port}/"
        queue.webhooks.add("test", url, ["completed", "dead"], allow_private=True)
        added: list[str] = []
        for round in range(ROUNDS):
            added += queue.enqueue([{"command": "true", "queue": f"q{round}"} for _ in range(JOBS)])
            start(home, queue, processes)
            sent = len(receiver.got)
            wait_until(lambda sent=sent: len(receiver.got) > sent + 5, what="some events have arrived")  # type: ignore[misc]
            kill_all(queue)
        start(home, queue, processes)
        queue.wait(*added, timeout=60)
        wait_until(lambda: set(receiver.got) == set(added), 90, what="each event has arrived")
        firsts = list(dict.fromkeys(receiver.got))
        # In the order in which the jobs ended: one that is sent again was the last that was sent.
        ended = {job.id: job.finished_at or 0 for job in queue.read(queue.find(added))}
        assert [ended[id] for id in firsts] == sorted(ended.values())
        run_cli(home, "worker", "stop")
        run_cli(home, "scheduler", "stop")


def start(home: str, queue: Queue, processes: Processes) -> None:
    """Start a pool and a scheduler; a conflict says that one runs, or was killed a moment ago."""
    for words in (("worker", "start", "--count", "1"), ("scheduler", "start")):
        done = run_cli(home, *words)
        assert done.returncode in (0, 4, 6), done.stderr
    for pid in (queue.workers.pid, queue.scheduler.pid):
        if pid is not None:
            processes.add(pid)


def kill_all(queue: Queue) -> None:
    """Kill the scheduler and the pool; its workers end by themselves."""
    victims = [identify(pid) for pid in (queue.scheduler.pid, queue.workers.pid) if pid is not None]
    for victim in victims:
        if victim is not None:
            os.kill(victim.pid, signal.SIGKILL)
    wait_until(lambda: not any(is_alive(victim) for victim in victims if victim), what="the killed are gone")
