"""`queuectl dashboard` as a process: how it starts, where it says it is, and how it ends."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import socket
import subprocess
import threading
import webbrowser
from pathlib import Path

import pytest

from queuectl.commands.grammar import parser
from queuectl.dashboard.http.address import reachable
from queuectl.engine.queue import Queue
from queuectl.store.home import Home
from tests.commands.calling import done, refused
from tests.dashboard.raw import Client
from tests.dashboard.running import TOKEN, Running, ended_by, links
from tests.support import run_cli, wait_until

CONFLICT, NOT_RUNNING, INVALID = 4, 6, 2
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
        (["--port", "65536"], "--port must be a whole number between 0 and 65535"),
        (["--allow-host", "jobs.example"], "a proxy for jobs.example passes on what others send"),
        (["--token", "short"], "16 to 256 of"),
        (["--token", ""], "16 to 256 of"),
        (["--host", "no.such.host.invalid", "--token", TOKEN], 'there is no host "no.such.host.invalid"'),
        (["--host", "192.0.2.1", "--token", TOKEN], "192.0.2.1 is not an address of this machine"),
    ],
)
def test_what_it_cannot_listen_on_is_refused(home: str, words: list[str], said: str) -> None:
    answer = refused(home, INVALID, "dashboard", "--port", "0", *words)
    assert said in answer.err
    assert Queue(home).dashboard.pid is None


# In the foreground


def test_it_says_where_it_is_and_answers(running: Running) -> None:
    process = running.here()
    assert running.said == f"Dashboard: http://127.0.0.1:{running.port}/\n"
    assert "<title>QueueCTL</title>" in running.page()
    assert ended_by(process, signal.SIGINT) == 0
    assert process.stderr is not None
    assert "Ctrl-C ends it" in process.stderr.read()


def test_programs_get_json(running: Running) -> None:
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
    assert ended_by(process, number) == 0
    for client in clients:
        assert b"event: bye\n" in client.rest()
        client.close()


def test_clients_that_do_nothing_do_not_keep_it_from_ending_at_once(running: Running) -> None:
    process = running.here()
    clients = [Client(running.port) for _ in range(30)]
    for client in clients[:15]:
        client.send(b"POST /api/v1/jobs HTTP/1.1\r\nHost: ")
    assert ended_by(process, signal.SIGTERM) == 0
    # Had it waited for the rest of the requests, it would have said that they took too long.
    assert [client.rest() for client in clients] == [b""] * len(clients)
    for client in clients:
        client.close()


def test_the_port_is_free_again_at_once(running: Running) -> None:
    process = running.here()
    port = running.port
    running.streams(3)
    ended_by(process, signal.SIGTERM)
    again = running.here(port=port)
    assert running.port == port
    assert ended_by(again, signal.SIGTERM) == 0


def test_its_start_and_end_are_events_and_leave_nothing_behind(running: Running) -> None:
    process = running.here("--token", TOKEN)
    place = f"http://127.0.0.1:{running.port}/"
    assert running.said == f"Dashboard: {place}?token={TOKEN}\n"
    ended_by(process, signal.SIGTERM)
    with Queue(running.home) as queue:
        found = [(row.what, row.detail) for row in queue.store.events.since(0, 50)]
    assert found == [("dashboard started", place), ("dashboard stopped", place)]
    assert links(running.home) == []
    assert os.listdir(Home(running.home).bells) == []


def test_it_ends_when_its_home_is_removed(running: Running, tmp_path: Path) -> None:
    process = running.here()
    os.rename(running.home, tmp_path / "moved")
    assert process.wait(60) is not None


def test_the_shell_has_its_signals_back_after_it(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)]
    # A thread of the process ends it once it runs.

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
    opened: list[str] = []

    def open_it(url: str) -> bool:
        opened.append(url)
        os.kill(os.getpid(), signal.SIGTERM)
        return False

    monkeypatch.setattr(webbrowser, "open", open_it)
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
def test_a_port_in_use_is_refused_with_the_way_out(home: str, options: list[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = run_cli(home, "dashboard", "--port", str(port), *options)
    assert answer.returncode == CONFLICT
    assert f"127.0.0.1 port {port} is used by another program" in answer.stderr
    assert "--port 0" in answer.stderr
    assert Queue(home).dashboard.pid is None


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
    assert Queue(running.home).dashboard.pid is None


def test_on_every_address_it_says_what_that_means(running: Running) -> None:
    answer = running.detached("--host", "0.0.0.0", "--token", TOKEN)
    assert answer.returncode == 0
    assert "anyone who has this link can run commands as you" in answer.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_on_every_address_the_link_names_one_that_can_be_opened(host: str) -> None:
    found = ipaddress.ip_address(reachable(host))
    assert not found.is_unspecified
    with socket.socket(socket.AF_INET if found.version == 4 else socket.AF_INET6) as listening:
        listening.bind((str(found), 0))  # It is ours.


def test_a_link_names_the_host_that_was_given() -> None:
    assert [reachable(host) for host in ("10.0.0.7", "box.example")] == ["10.0.0.7", "box.example"]


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
