"""`queuectl dashboard` as a process: how it starts, where it says it is, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import threading
from pathlib import Path
from typing import Any, Iterator, List

import pytest

from queuectl.commands import dashboard as dashboard_command
from queuectl.commands import parser
from queuectl.engine.instance import dashboard_pid
from queuectl.engine.queue import Queue
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.store.home import Home
from tests.commands.calling import done, refused
from tests.dashboard.raw import Client
from tests.support import Processes, run_cli, wait_until

TOKEN = "a-token-of-the-user-1"
CONFLICT, NOT_RUNNING, INVALID = 4, 6, 2
# Starting and ending each take a tenth of a second; the machine may be busy.
SOON_MS = 1_000


class Running:
    """Dashboards of one home that a test starts."""

    def __init__(self, home: str, processes: Processes) -> None:
        self.home = home
        self.processes = processes

    def here(self, *options: str, **more: Any) -> subprocess.Popen[str]:
        """Start one in the foreground; return once it says where it is."""
        process: subprocess.Popen[str] = self.processes.start_cli(
            self.home,
            "dashboard",
            "--port",
            "0",
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
        pid = dashboard_pid(Home(self.home))
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

    def streams(self, count: int) -> List[Client]:
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


@pytest.fixture
def running(home: str, processes: Processes) -> Iterator[Running]:
    yield Running(home, processes)


def ended_within(process: subprocess.Popen[str], ms: int, number: signal.Signals) -> int:
    """Send a signal; return the exit code, which must come in time."""
    before = SYSTEM_CLOCK.monotonic()
    process.send_signal(number)
    process.wait(60)
    assert SYSTEM_CLOCK.monotonic() - before < ms
    return process.returncode


# The words


@pytest.mark.parametrize(
    "words, path",
    [
        ("dashboard", "dashboard start"),
        ("dashboard start", "dashboard start"),
        ("dashboard --port 0", "dashboard start"),
        ("dashboard --read-only -d", "dashboard start"),
        ("dashboard stop", "dashboard stop"),
        ("dashboard status", "dashboard status"),
        ("--home x dashboard -p 1", "dashboard start"),
    ],
)
def test_the_word_alone_starts_it(words: str, path: str) -> None:
    command = parser.parse(words.split()).command
    assert command is not None
    assert command.path == path


@pytest.mark.parametrize(
    "words, said",
    [
        (["--host", "0.0.0.0"], "it needs --token there"),
        (["--host", "a b"], "--host must be a host name or an IP"),
        (["--port", "65536"], "--port must be an integer between 0 and 65535"),
        (["--token", "short"], "16 to 256 of"),
        (["--host", "no.such.host.invalid", "--token", TOKEN], 'there is no host "no.such.host.invalid"'),
        (["--host", "192.0.2.1", "--token", TOKEN], "192.0.2.1 is not an address of this machine"),
    ],
)
def test_what_it_cannot_listen_on_is_refused(home: str, words: List[str], said: str) -> None:
    answer = refused(home, INVALID, "dashboard", "--port", "0", *words)
    assert said in answer.err
    assert dashboard_pid(Home(home)) is None


# In the foreground


def test_it_says_where_it_is_and_answers(running: Running) -> None:
    process = running.here()
    assert running.said == f"Dashboard: http://127.0.0.1:{running.port}/\n"
    assert "<title>QueueCTL</title>" in running.page()
    assert ended_within(process, SOON_MS, signal.SIGINT) == 0
    assert process.stderr is not None
    assert "Ctrl-C ends it" in process.stderr.read()


def test_programs_are_told_as_json(running: Running) -> None:
    process = running.processes.start_cli(
        running.home,
        "dashboard",
        "--port",
        "0",
        "--json",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    assert process.stdout is not None
    found = json.loads("".join(process.stdout.readline() for _ in range(4)))
    assert found["pid"] == process.pid
    assert found["url"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_fifty_open_streams_do_not_keep_it_from_ending_at_once(running: Running, number: signal.Signals) -> None:
    process = running.here()
    clients = running.streams(50)
    assert ended_within(process, SOON_MS, number) == 0
    for client in clients:
        assert b"event: bye\n" in client.rest()
        client.close()


def test_clients_that_do_nothing_do_not_keep_it_from_ending_at_once(running: Running) -> None:
    process = running.here()
    clients = [Client(running.port) for _ in range(30)]
    for client in clients[:15]:
        client.send(b"POST /api/v1/jobs HTTP/1.1\r\nHost: ")
    assert ended_within(process, SOON_MS, signal.SIGTERM) == 0
    for client in clients:
        client.close()


def test_the_port_is_free_again_at_once(running: Running) -> None:
    process = running.here()
    port = running.port
    running.streams(3)
    ended_within(process, SOON_MS, signal.SIGTERM)
    again = running.here("--port", str(port))
    assert running.port == port
    assert ended_within(again, SOON_MS, signal.SIGTERM) == 0


def test_its_start_and_end_are_events_and_leave_nothing_behind(running: Running) -> None:
    process = running.here("--token", TOKEN)
    place = f"http://127.0.0.1:{running.port}/"
    assert running.said == f"Dashboard: {place}?token={TOKEN}\n"
    ended_within(process, SOON_MS, signal.SIGTERM)
    with Queue(running.home) as queue:
        found = [(row["kind"], row["detail"]) for row in queue.store.events.since(0, 50)]
    assert found == [("dashboard started", place), ("dashboard stopped", place)]
    assert not os.path.exists(Home(running.home).dashboard_url)
    assert os.listdir(Home(running.home).bells) == []


def test_it_ends_when_its_home_is_removed(running: Running, tmp_path: Path) -> None:
    process = running.here()
    os.rename(running.home, tmp_path / "moved")
    assert process.wait(60) is not None


def test_the_shell_has_its_signals_back_after_it(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)]
    # It is told to end by a thread of its own process, once it is there.

    def end() -> None:
        wait_until(lambda: os.path.exists(Home(home).dashboard_url))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=end)
    thread.start()
    answer = done(home, "dashboard", "--port", "0")
    thread.join()
    assert answer.out.startswith("Dashboard: http://127.0.0.1:")
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)]
    assert after == before


def test_it_is_opened_in_the_browser_when_asked_to(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: List[str] = []

    def open_it(url: str) -> bool:
        opened.append(url)
        os.kill(os.getpid(), signal.SIGTERM)
        return False

    monkeypatch.setattr(dashboard_command, "_open", open_it)
    answer = done(home, "dashboard", "--port", "0", "--open")
    assert answer.out == f"Dashboard: {opened[0]}\n"
    assert "no browser was found" in answer.err


# One of a home, one of a port


def test_a_second_one_of_the_home_is_refused_and_names_the_first(running: Running) -> None:
    process = running.here()
    for options in ((), ("--detach",)):
        answer = run_cli(running.home, "dashboard", "--port", "0", *options)
        assert answer.returncode == CONFLICT
        assert f"a dashboard is running already in {running.home} (pid {process.pid})" in answer.stderr
        assert "queuectl dashboard status" in answer.stderr
    assert "<title>QueueCTL</title>" in running.page()


@pytest.mark.parametrize("options", [(), ("--detach",)])
def test_a_port_in_use_is_refused_with_the_way_out(home: str, options: List[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = run_cli(home, "dashboard", "--port", str(port), *options)
    assert answer.returncode == CONFLICT
    assert f"127.0.0.1 port {port} is used by another program" in answer.stderr
    assert "--port 0" in answer.stderr
    assert dashboard_pid(Home(home)) is None


def test_the_settings_say_where_it_listens(running: Running) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    done(running.home, "config", "set", "dashboard_port", str(port))
    done(running.home, "config", "set", "dashboard_host", "localhost")
    process = running.processes.start_cli(
        running.home, "dashboard", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    )
    assert process.stdout is not None
    assert process.stdout.readline() == f"Dashboard: http://localhost:{port}/\n"


# In the background


def test_in_the_background_it_is_up_when_the_command_returns(running: Running) -> None:
    answer = running.detached("--read-only")
    assert answer.returncode == 0, answer.stderr
    assert 'name="queuectl-read-only" content="true"' in running.page()
    status = run_cli(running.home, "dashboard", "status", "--json")
    found = json.loads(status.stdout)
    assert (status.returncode, found["running"]) == (0, True)
    assert f"Dashboard: {found['url']}\n" == running.said
    stopped = run_cli(running.home, "dashboard", "stop")
    assert (stopped.returncode, stopped.stdout) == (0, "Dashboard stopped\n")
    assert dashboard_pid(Home(running.home)) is None


def test_the_token_is_shown_to_its_user_only(running: Running) -> None:
    answer = running.detached("--token", TOKEN)
    assert running.said.endswith(f"/?token={TOKEN}\n"), answer.stderr
    home = Home(running.home)
    pid = dashboard_pid(home)
    assert TOKEN.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert TOKEN not in Path(home.dashboard_log).read_text(encoding="utf-8")
    for path in (home.dashboard_url, home.dashboard_log):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert "A token is needed" in running.page()


def test_the_token_may_come_from_the_environment_and_is_not_handed_on(home: str, processes: Processes) -> None:
    running = Running(home, processes)
    process = running.here(env={"QUEUECTL_DASHBOARD_TOKEN": TOKEN})
    assert running.said.endswith(f"/?token={TOKEN}\n")
    assert ended_within(process, SOON_MS, signal.SIGTERM) == 0


def test_on_every_address_it_says_what_that_means(running: Running) -> None:
    answer = running.detached("--host", "0.0.0.0", "--token", TOKEN)
    assert answer.returncode == 0
    assert "whoever has this link can run commands as you" in answer.stderr


def test_where_none_runs_that_is_said(home: str) -> None:
    answer = run_cli(home, "dashboard", "status")
    assert (answer.returncode, answer.stdout) == (NOT_RUNNING, "Dashboard: not running\n")
    assert "queuectl dashboard" in answer.stderr
    assert done(home, "dashboard", "stop").out == "no dashboard was running\n"


def test_one_that_was_killed_leaves_room_for_the_next(running: Running) -> None:
    process = running.here()
    process.kill()
    process.wait(60)
    assert run_cli(running.home, "dashboard", "status").returncode == NOT_RUNNING
    assert running.detached().returncode == 0
    assert run_cli(running.home, "dashboard", "stop").returncode == 0
