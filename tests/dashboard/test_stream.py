"""The stream of events: what it says and when, and that no client can hold anything up."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Callable

import pytest

from queuectl.dashboard.app import App
from queuectl.dashboard.http import server as server_module
from queuectl.dashboard.http import stream as stream_module
from queuectl.dashboard.http.stream import Hub
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.model.errors import StoreBusy
from tests.dashboard.conftest import Serve, Served
from tests.dashboard.raw import Client
from tests.support import FakeClock, wait_until

if TYPE_CHECKING:
    Event = tuple[str, Any]

PATH = stream_module.PATH


class Listener:
    """An open stream."""

    def __init__(self, served: Served, **options: Any) -> None:
        self.client: Client = served.client(**options)
        self.client.send(
            f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nX-QueueCTL-Token: {served.token}\r\n\r\n".encode()
        )
        self.head = self.client.until(b"\r\n\r\n").decode()

    def next(self) -> Event:
        """Return the next event."""
        while True:
            lines = self.client.until(b"\n\n").decode().split("\n")
            fields = dict(line.split(": ", 1) for line in lines if line)
            if "event" in fields:
                return fields["event"], json.loads(fields["data"])

    def until(self, name: str, wanted: Callable[[Any], bool] = lambda data: True) -> Any:
        """Return the data of the next event of this name that is wanted."""
        while True:
            found, data = self.next()
            if found == name and wanted(data):
                return data


def add(served: Served) -> None:
    """Commit something, as another process would."""
    with Queue(served.app.queue.home.path) as queue:
        queue.add("true")


def test_it_begins_with_how_to_come_again_and_who_speaks(served: Served) -> None:
    listener = Listener(served)
    assert listener.head.startswith("HTTP/1.1 200 OK\r\n")
    for line in (
        "Content-Type: text/event-stream; charset=utf-8",
        "Cache-Control: no-store",
        "Connection: close",
        "X-Accel-Buffering: no",
        "X-Content-Type-Options: nosniff",
    ):
        assert f"\r\n{line}\r\n" in listener.head
    assert listener.client.until(b"\n\n") == b"retry: 1000\n\n"
    name, hello = listener.next()
    assert name == "hello"
    assert set(hello) == {"seq", "version", "server_time", "read_only"}
    assert (hello["version"], hello["read_only"]) == (served.app.version, False)


def test_a_change_is_sent_to_all_with_the_new_overview(served: Served) -> None:
    listeners = [Listener(served) for _ in range(5)]
    seqs = [listener.until("hello")["seq"] for listener in listeners]
    add(served)
    for listener, seq in zip(listeners, seqs):
        assert listener.until("overview", lambda data: data["counts"] == {"pending": 1})
        assert listener.until("changed")["seq"] > seq


def test_text_of_any_kind_stays_one_line(served: Served) -> None:
    served.filling = "a\r\nb\n\nevent: forged\ndata: 1\u2028 ä \ud800"
    listener = Listener(served)
    assert listener.until("overview")["filling"] == served.filling
    assert listener.next()[0] == "changed"


def test_the_stream_can_only_be_read(served: Served) -> None:
    answer = served.ask("POST", PATH, b"{}")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert served.ask("HEAD", PATH).headers["content-type"].startswith("text/event-stream")
    assert len(served.server.hub.clients) == 0


@pytest.mark.slow
def test_nobody_looks_while_nobody_listens(served: Served) -> None:
    assert served.server.hub._watcher is None
    listener = Listener(served)
    listener.until("overview")
    listener.client.close()
    wait_until(lambda: len(served.server.hub.clients) == 0)
    wait_until(lambda: served.server.hub._watcher is None)
    wait_until(lambda: not served.app.queue._stores)
    seen = len(served.overviews)
    add(served)
    assert len(served.overviews) == seen
    Listener(served).until("overview", lambda data: data["counts"] == {"pending": 1})


@pytest.mark.slow
def test_fifty_that_go_away_are_all_noticed(served: Served) -> None:
    listeners = [Listener(served) for _ in range(50)]
    assert len(served.server.hub.clients) == 50
    for index, listener in enumerate(listeners):
        if index % 2:
            listener.client.end_sending()
        else:
            listener.client.close()
    wait_until(lambda: len(served.server.hub.clients) == 0)
    wait_until(lambda: len(served.server.visits) == 0)


@pytest.mark.slow
def test_a_client_that_does_not_read_is_dropped_and_the_others_hear_all(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "SEND_SECONDS", 0.5)
    monkeypatch.setattr(stream_module, "NEWS_MS", 0)
    served.filling = "x" * 1_000_000
    Listener(served, receive_buffer=2048)
    listener = Listener(served)
    wait_until(lambda: len(served.server.hub.clients) == 2)
    seqs: list[int] = []

    def listen() -> None:
        while len(served.server.hub.clients) == 2:
            seqs.append(listener.until("changed")["seq"])

    thread = threading.Thread(target=listen)
    thread.start()

    def stir() -> bool:
        add(served)
        return len(served.server.hub.clients) == 1

    wait_until(stir)
    add(served)
    thread.join()
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


def test_streams_do_not_take_the_place_of_connections(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "MAX_CONNECTIONS", 2)
    served = serve()
    monkeypatch.setattr(stream_module, "MAX_STREAMS", 3)
    listeners = []
    for _ in range(3):
        listeners.append(Listener(served))
        wait_until(lambda: len(served.server.hub.clients) == len(listeners))
    assert served.ask("GET", "/api/v1/echo").status == 200
    refused = served.ask("GET", PATH)
    assert (refused.status, refused.code, refused.headers["retry-after"]) == (503, "too_many_streams", "5")
    add(served)
    assert all(listener.until("changed") for listener in listeners)


def test_all_hear_when_it_ends(served: Served) -> None:
    listeners = [Listener(served) for _ in range(10)]
    served.server.hub.close()
    for listener in listeners:
        assert listener.until("bye") == {"reason": "shutdown"}
        assert listener.client.rest() == b""
    assert served.ask("GET", PATH).status == 503


# The hub, step by step


class Stepped:
    """A hub without its watcher: the test looks, and the clock stands still."""

    def __init__(self, home: str) -> None:
        self.clock = FakeClock()
        self.app = App(home, clock=self.clock)
        self.answers: list[object] = []
        self.hub = Hub(self.app.queue, Log("test", self.clock).complain, self._overview, read_only=False)
        self.hub._watcher = threading.current_thread()
        self.client = self.hub.join()
        self.client.next(1)

    def _overview(self) -> object:
        return self.answers[-1] if self.answers else {}

    def look(self) -> int:
        """Look once; return how many messages that made."""
        before = self.client.waiting.qsize()
        self.hub.look()
        return self.client.waiting.qsize() - before


@pytest.fixture
def stepped(home: str) -> Any:
    made = Stepped(home)
    made.look()
    yield made
    made.app.queue.close()


def commit(stepped: Stepped) -> None:
    with Queue(stepped.app.queue.home.path) as queue:
        queue.add("true")


def test_without_a_change_nothing_is_said_for_five_seconds(stepped: Stepped) -> None:
    for _ in range(49):
        stepped.clock.advance(100)
        assert stepped.look() == 0


def test_many_changes_are_sent_at_most_four_times_a_second(stepped: Stepped) -> None:
    told = 0
    for _ in range(20):
        commit(stepped)
        stepped.clock.advance(100)
        told += stepped.look()
    # One was told before the first of these two seconds.
    assert told == 8


def test_the_last_of_many_changes_is_sent_too(stepped: Stepped) -> None:
    for _ in range(3):
        commit(stepped)
        assert stepped.look() == 1
    commit(stepped)
    assert stepped.look() == 0
    stepped.clock.advance(1000)
    assert stepped.look() == 1
    stepped.clock.advance(1000)
    assert stepped.look() == 0


def test_a_change_without_a_commit_is_sent_within_five_seconds_but_only_as_an_overview(stepped: Stepped) -> None:
    first = stepped.client.next(1)
    assert first is not None
    assert b"event: changed\n" in first
    stepped.answers.append({"workers": "one is lost"})
    stepped.clock.advance(5_000)
    assert stepped.look() == 1
    assert stepped.client.next(1) == b'event: overview\ndata: {"workers":"one is lost"}\n\n'


def test_the_watcher_survives_trouble_with_the_store(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[BaseException] = [ZeroDivisionError("a bug"), StoreBusy("busy")]
    overview = served.server.hub._overview

    def fail() -> object:
        if failures:
            raise failures.pop()
        return overview()

    monkeypatch.setattr(served.server.hub, "_overview", fail)
    monkeypatch.setattr(stream_module, "AFTER_TROUBLE_SECONDS", 0.01)
    monkeypatch.setattr(stream_module, "TELL_ANYWAY_MS", 50)
    assert Listener(served).until("overview")["counts"] == {}
    assert failures == []


def test_silence_is_broken_by_a_ping(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "PING_MS", 100)
    monkeypatch.setattr(stream_module, "STEP_SECONDS", 0.05)
    assert Listener(served).until("ping") == {}
