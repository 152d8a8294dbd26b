"""More connections than there are places: who does nothing makes room, and who is served is left alone."""

from __future__ import annotations

import socket
import threading
from typing import Callable, Iterator

import pytest

from queuectl.dashboard.http import answer
from queuectl.dashboard.http import server as server_module
from queuectl.dashboard.http.message import Request, Response
from queuectl.dashboard.http.visits import Visits
from queuectl.dashboard.http.wire import Connection, Gone
from queuectl.model.clock import SYSTEM_CLOCK
from tests.dashboard.conftest import ECHO, Serve, Served, head_of
from tests.dashboard.raw import Client
from tests.support import FakeClock, wait_until

PLACES = 5
PROBES = 30


@pytest.fixture
def small(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Served:
    """A server with few places."""
    monkeypatch.setattr(server_module, "MAX_CONNECTIONS", PLACES)
    return serve()


def occupy(served: Served, data: bytes = b"") -> list[Client]:
    """Take all places, one after the other, each with the same bytes sent."""
    clients: list[Client] = []
    for _ in range(PLACES):
        clients.append(served.client())
        clients[-1].send(data)
        wait_until(lambda: len(served.server.visits) == len(clients))
    wait_until_read(served)
    return clients


def wait_until_read(served: Served) -> None:
    """Wait until nothing that was sent is unread."""
    wait_until(lambda: not any(each._has_sent_more() for each in list(served.server.visits._open)))


def is_ended(client: Client) -> bool:
    """Return whether the server has ended a connection."""
    client.socket.setblocking(False)
    try:
        return client.socket.recv(1, socket.MSG_PEEK) is not None
    except BlockingIOError:
        return False
    finally:
        client.socket.settimeout(60)


# Over the wire


def test_the_longest_idle_one_makes_room_for_a_new_one(small: Served) -> None:
    clients = occupy(small)
    occupied = SYSTEM_CLOCK.monotonic()
    wait_until(lambda: SYSTEM_CLOCK.monotonic() > occupied)
    clients[0].send(head_of(small))
    assert clients[0].answer().status == 200
    assert small.ask("GET", ECHO).status == 200
    wait_until(lambda: is_ended(clients[1]))
    assert [is_ended(client) for client in clients] == [False, True, False, False, False]
    for client in (clients[0], *clients[2:]):
        client.send(head_of(small))
        assert client.answer().status == 200


@pytest.mark.slow
@pytest.mark.parametrize("data", [b"", b"G", b"GET / HTTP/1.1\r\nHost: ", b"POST /api/v1/jobs HTTP/1.1\r\nX: "])
def test_clients_that_take_all_places_without_a_request_block_nobody(small: Served, data: bytes) -> None:
    clients = occupy(small, data)
    for _ in range(PROBES):
        assert small.ask("GET", ECHO).status == 200
        # A client that was sent away comes again at once.
        clients.append(small.client())
        clients[-1].send(data)
        wait_until_read(small)
    wait_until(lambda: len(small.server.visits) <= PLACES)


def test_a_client_that_drips_bytes_is_idle(small: Served) -> None:
    clients = occupy(small, b"GET / HTTP/1.1\r\nX: ")
    for client in clients:
        client.send(b"x")
    wait_until_read(small)
    first = small.client()
    wait_until(lambda: is_ended(clients[0]))
    assert not is_ended(first)


def test_a_client_that_does_not_read_its_answers_is_idle_too(small: Served) -> None:
    clients = []
    for _ in range(PLACES):
        clients.append(small.client(receive_buffer=2048))
        clients[-1].send(head_of(small, path="/api/v1/large") * 3)
    wait_until(lambda: len(small.requests) == PLACES)
    wait_until(lambda: all(not each._waits_for_request for each in small.server.visits._open))
    assert small.ask("GET", ECHO).status == 200


@pytest.mark.parametrize("in_link", [False, True])
def test_a_client_that_tries_tokens_waits_and_blocks_nobody(
    small: Served, monkeypatch: pytest.MonkeyPatch, in_link: bool
) -> None:
    monkeypatch.setattr(answer, "WRONG_TOKEN_SECONDS", 60)
    guess = head_of(small).replace(small.token.encode(), b"wrong")
    if in_link:
        guess = head_of(small, path="/?token=wrong")
    clients = occupy(small, guess)
    wait_until(lambda: all(not each._waits_for_request for each in small.server.visits._open))
    assert small.ask("GET", ECHO).status == 200
    wait_until(lambda: any(is_ended(client) for client in clients))
    for each in list(small.server.visits._open):
        each.dismiss_if_idle(small.server._dismiss)


def test_a_client_that_has_to_go_without_an_answer_gets_the_reason(small: Served) -> None:
    clients = occupy(small)
    newest = small.client()
    answer = clients[0].answer()
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "too_many_connections", "1")
    assert clients[0].rest() == b""
    newest.send(head_of(small))
    assert newest.answer().status == 200


def test_a_client_that_was_answered_before_it_has_to_go_gets_nothing_more(small: Served) -> None:
    clients = occupy(small, head_of(small))
    assert [client.answer().status for client in clients] == [200] * PLACES
    newest = small.client()
    newest.send(head_of(small))
    assert newest.answer().status == 200
    assert clients[0].rest() == b""


def test_a_new_client_gets_the_reason_while_all_others_are_served(
    small: Served, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    may_answer = threading.Event()
    working: list[Request] = []

    def handle(request: Request) -> Response:
        working.append(request)
        assert may_answer.wait(60)
        return Response(200, b"{}")

    monkeypatch.setattr(small, "handle", handle)
    clients = [small.client() for _ in range(PLACES)]
    for client in clients:
        client.send(head_of(small))
    wait_until(lambda: len(working) == PLACES)
    refused = small.client().answer()
    assert (refused.status, refused.code, refused.headers["retry-after"]) == (503, "too_many_connections", "1")
    may_answer.set()
    for client in clients:
        assert client.answer().status == 200
        client.close()
    wait_until(lambda: len(small.server.visits) == 0)
    assert small.ask("GET", ECHO).status == 200


def test_the_log_says_once_that_all_places_are_taken(small: Served, capfd: pytest.CaptureFixture[str]) -> None:
    occupy(small)
    for _ in range(3):
        small.ask("GET", ECHO)
    assert capfd.readouterr().err.count("connections are taken") == 1


# Step by step


@pytest.fixture
def pair() -> Iterator[Callable[[FakeClock], Connection]]:
    """Make connections whose client's end stays open."""
    ends: list[socket.socket] = []

    def make(clock: FakeClock) -> Connection:
        ours, theirs = socket.socketpair()
        ends.extend((ours, theirs))
        return Connection(ours, clock)

    yield make
    for end in ends:
        end.close()


def test_a_dismissed_connection_answers_no_further_request(pair: Callable[[FakeClock], Connection]) -> None:
    connection = pair(FakeClock())
    told: list[Connection] = []
    assert connection.dismiss_if_idle(told.append) and told == [connection]
    with pytest.raises(Gone):
        connection._go_on()


def test_a_request_that_has_arrived_is_not_cut_off(pair: Callable[[FakeClock], Connection]) -> None:
    clock = FakeClock()
    connection, other = pair(clock), pair(clock)
    connection._go_on()
    told: list[Connection] = []
    assert not connection.dismiss_if_idle(told.append)
    client = socket.socketpair()
    try:
        unread = Connection(client[0], clock)
        client[1].sendall(b"GET")
        assert not unread.dismiss_if_idle(told.append)
    finally:
        for end in client:
            end.close()
    assert other.dismiss_if_idle(told.append) and told == [other]


def test_those_about_to_end_are_not_more_than_there_are_places(pair: Callable[[FakeClock], Connection]) -> None:
    clock, dismissed = FakeClock(), []  # type: ignore[var-annotated]
    visits = Visits(3, dismissed.append, clock)
    entered = []
    for _ in range(6):
        entered.append(pair(clock))
        clock.advance(1)
        assert visits.enter(entered[-1])
    assert dismissed == entered[:3]
    assert not visits.enter(pair(clock))
    visits.leave(entered[0])
    assert visits.enter(pair(clock))
    assert dismissed == entered[:4]
