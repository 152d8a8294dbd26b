"""Requests that are wrong, cut off or slow: none of them is taken for something else."""

from __future__ import annotations

from typing import Callable

import pytest

from queuectl.dashboard.http import strict, wire
from tests.dashboard.conftest import ECHO, Served, head_of
from tests.dashboard.raw import Client
from tests.support import wait_until

# Requests that mean nothing, or more than one thing


@pytest.mark.slow
@pytest.mark.parametrize(
    "first",
    [
        "GET /api/v1/echo",
        "GET  /api/v1/echo HTTP/1.1",
        "get /api/v1/echo HTTP/1.1",
        "GET http://127.0.0.1/ HTTP/1.1",
        "GET * HTTP/1.1",
        "GET 127.0.0.1:80 HTTP/1.1",
        "GET /\xe4 HTTP/1.1",
        "GET /a b HTTP/1.1",
        "",
        "\x16\x03\x01",
        "GET / HTTP/11",
        "GET //evil.example/ HTTP/1.1",
        "GET /a/../b HTTP/1.1",
        "GET /./a HTTP/1.1",
        "GET /assets/..%2f..%2fhttp.py HTTP/1.1",
        "GET /assets/%2e%2e/http.py HTTP/1.1",
        "GET /a%00b HTTP/1.1",
        "GET /a%0d%0aSet-Cookie:x HTTP/1.1",
        "GET /a\\b HTTP/1.1",
        "GET /a%5cb HTTP/1.1",
        "GET /%ff HTTP/1.1",
        "GET /?q=%ff HTTP/1.1",
        "GET /a#b HTTP/1.1",
        "GET /?" + "a=1&" * 200 + " HTTP/1.1",
    ],
)
def test_a_request_line_with_no_plain_meaning_is_refused(served: Served, first: str) -> None:
    client = served.client()
    client.send(f"{first}\r\nHost: 127.0.0.1:{served.port}\r\n\r\n".encode("latin-1"))
    assert client.answer().status == 400
    assert client.rest() == b""
    assert served.requests == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "lines",
    [
        ["Host: 127.0.0.1"],
        ["Content-Length: 0", "Content-Length: 1"],
        ["Content-Length: -1"],
        ["Content-Length: abc"],
        ["Content-Length: +1"],
        ["Content-Length: 1, 1"],
        ["Content-Length: 0x1"],
        ["Content-Length: 1_0"],
        ["Content-Length:"],
        ["NoColon"],
        ["Name : value"],
        [": value"],
        ["X: a\r\n folded"],
        ["X: a\x00b"],
        ["X: a\rY: b"],
        ["X: a\nY: b"],
        ["Cookie: a=1", "Cookie: b=2"],
        ["X\xe4: 1"],
        ["X-QueueCTL-Token: other"],
    ],
)
def test_headers_with_no_plain_meaning_are_refused(served: Served, lines: list[str]) -> None:
    client = served.client()
    client.send(head_of(served, *lines))
    assert client.answer().status == 400
    assert client.rest() == b""
    assert served.requests == []


@pytest.mark.parametrize(
    "lines, status",
    [
        (["Transfer-Encoding: chunked"], 501),
        (["Transfer-Encoding: chunked", "Content-Length: 3"], 501),
        ([f"Content-Length: {strict.MAX_BODY + 1}"], 413),
        (["Content-Length: 9999999999999999"], 400),
    ],
)
def test_a_body_of_unclear_or_too_great_length_is_refused(served: Served, lines: list[str], status: int) -> None:
    client = served.client()
    client.send(head_of(served, *lines, method="POST") + b"3\r\nabc\r\n0\r\n\r\n" + head_of(served))
    answer = client.answer()
    assert (answer.status, answer.headers["connection"]) == (status, "close")
    # What follows is not taken for a request.
    assert client.rest() == b""
    assert served.requests == []


def test_a_request_for_a_page_has_no_body(served: Served) -> None:
    client = served.client()
    client.send(head_of(served, "Content-Length: 3", path="/"))
    assert client.answer().status == 400
    assert client.rest() == b""


def test_what_follows_a_write_of_no_length_is_not_taken_for_a_request(served: Served) -> None:
    client = served.client()
    client.send(head_of(served, method="POST") + head_of(served))
    answer = client.answer()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert client.rest() == b""
    assert [request.method for request in served.requests] == ["POST"]


@pytest.mark.parametrize(
    "data, status",
    [
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /" + b"a" * 100_000, 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 65 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 9_999, 431),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
    ],
)
def test_too_much_of_anything_is_refused(served: Served, data: bytes, status: int) -> None:
    client = served.client()
    client.send(data)
    assert client.answer().status == status
    assert client.rest() == b""


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'"x"',
        b"1",
        b"null",
        b"{",
        b"",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b"\xff",
        b"{'a': 1}",
        b'{"a": 1} x',
        b'{"a": ' + b"[" * 100_000,
        b'{"a": 12345678901234567890}',
    ],
)
def test_a_body_that_is_no_json_object_is_refused(served: Served, body: bytes) -> None:
    answer = served.ask("POST", ECHO, body or b" ")
    assert answer.status == 400
    assert answer.code in ("bad_json", "bad_request")
    assert served.requests == []


# Requests that do not end


@pytest.mark.parametrize(
    "data",
    [
        "POST /api/v1/jobs/1/cancel HTTP/1.1\r\n",
        "POST /api/v1/jobs/1/cancel HTTP/1.1\r\nHo",
        "P",
    ],
)
def test_a_head_that_is_cut_off_is_not_acted_upon(served: Served, data: str) -> None:
    client = served.client()
    client.send(data.encode())
    client.end_sending()
    assert client.rest() == b""
    assert served.requests == []


def test_a_head_that_lacks_only_its_last_line_is_not_acted_upon(served: Served) -> None:
    whole = head_of(served, "Content-Length: 0", method="POST")
    for missing in range(1, 5):
        client = served.client()
        client.send(whole[:-missing])
        client.end_sending()
        assert client.rest() == b""
    assert served.requests == []


def test_a_body_that_is_cut_off_is_not_acted_upon(served: Served) -> None:
    client = served.client()
    client.send(head_of(served, "Content-Length: 4", method="POST") + b"{} ")
    client.end_sending()
    assert client.rest() == b""
    assert served.requests == []


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch, served: Served) -> Served:
    """A server that waits half a second for a request, and as long for the next."""
    monkeypatch.setattr(wire, "REQUEST_MS", 500)
    monkeypatch.setattr(wire, "IDLE_MS", 500)
    return served


def drip(client: Client) -> Callable[[], bool]:
    """Return a function that sends one more byte and says whether the server has had enough."""

    def one() -> bool:
        try:
            client.send(b"x")
        except OSError:
            return True
        client.socket.setblocking(False)
        try:
            return client.socket.recv(1) is not None
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            client.socket.settimeout(60)

    return one


@pytest.mark.slow
def test_a_client_that_sends_a_byte_now_and_then_is_left_in_time(hasty: Served) -> None:
    in_head, in_body = hasty.client(), hasty.client()
    in_head.send(b"GET / HTTP/1.1\r\nX: ")
    in_body.send(head_of(hasty, "Content-Length: 100000", method="POST"))
    wait_until(drip(in_head), what="the dripping head was refused")
    wait_until(drip(in_body), what="the dripping body was refused")
    wait_until(lambda: len(hasty.server.visits) == 0)
    assert hasty.requests == []


@pytest.mark.slow
def test_connections_that_stay_silent_are_closed(hasty: Served) -> None:
    clients = [hasty.client() for _ in range(20)]
    client = hasty.client()
    client.send(head_of(hasty))
    assert client.answer().status == 200
    assert [client.rest() for client in clients] == [b""] * 20
    assert client.rest() == b""
    wait_until(lambda: len(hasty.server.visits) == 0)


@pytest.mark.slow
def test_a_request_that_takes_too_long_is_refused(hasty: Served) -> None:
    client = hasty.client()
    client.send(head_of(hasty, "Content-Length: 10", method="POST") + b"{")
    assert client.answer().status == 408
    assert client.rest() == b""
