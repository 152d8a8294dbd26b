"""Whole requests, many of them, and what becomes of errors."""

from __future__ import annotations

import errno
import json
import os
import socket
import socketserver
import threading

import pytest

from queuectl.dashboard.http import server as server_module
from queuectl.dashboard.http import strict, wire
from queuectl.model.noun import Noun
from queuectl.model.nouns.home import ERROR
from tests.dashboard.conftest import ECHO, Serve, Served, head_of
from tests.dashboard.raw import Client
from tests.support import wait_until

# Whole requests


def test_a_connection_serves_one_request_after_the_other(served: Served) -> None:
    client = served.client()
    for number in range(20):
        client.send(head_of(served, path=f"{ECHO}?n={number}"))
        assert client.answer().json()["query"] == {"n": str(number)}


def test_requests_that_were_sent_ahead_are_answered_in_order(served: Served) -> None:
    client = served.client()
    body = b'{"n": 1}'
    client.send(
        head_of(served, f"Content-Length: {len(body)}", method="POST")
        + body
        + head_of(served, path=f"{ECHO}?n=2")
        + head_of(served, path="/assets/app.css")
        + head_of(served, "Connection: close", path=f"{ECHO}?n=3")
    )
    assert client.answer().json()["body"] == {"n": 1}
    assert client.answer().json()["query"] == {"n": "2"}
    assert client.answer().headers["content-type"].startswith("text/css")
    assert client.answer().json()["query"] == {"n": "3"}
    assert client.rest() == b""


def test_a_connection_that_cannot_be_accepted_for_lack_of_descriptors_is_tried_again_after_a_pause(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    def refuse(self: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(socketserver.TCPServer, "get_request", refuse)
        patch.setattr(served.server.clock, "pause", pauses.append)
        with pytest.raises(OSError):
            served.server.get_request()
    assert pauses == [server_module.REFUSED_SECONDS]
    assert served.ask("GET", ECHO).status == 200


def test_a_request_may_come_byte_by_byte(served: Served) -> None:
    client = served.client()
    body = '{"text": "ä"}'.encode()
    for byte in head_of(served, f"Content-Length: {len(body)}", method="POST") + body:
        client.send(bytes([byte]))
    assert client.answer().json()["body"] == {"text": "ä"}


def test_the_connection_ends_when_the_client_wants_that(served: Served) -> None:
    client = served.client()
    client.send(head_of(served, "Connection: close"))
    assert client.answer().headers["connection"] == "close"
    assert client.rest() == b""
    client = served.client()
    client.send(head_of(served).replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert client.answer().status == 200
    assert client.rest() == b""


@pytest.mark.parametrize(
    "line, first",
    [("Connection: keep-alive, Close", b"HTTP/1.1"), ("Connection: keep-alive", b"HTTP/1.0")],
)
def test_the_connection_ends_where_the_client_may_not_know_that_it_could_go_on(
    served: Served, line: str, first: bytes
) -> None:
    client = served.client()
    client.send(head_of(served, line).replace(b"HTTP/1.1", first))
    assert client.answer().headers["connection"] == "close"
    assert client.rest() == b""


def test_a_header_is_what_was_sent_without_the_blanks_around_it(served: Served) -> None:
    lines = ["X-Odd: a\x85X-QueueCTL-Token: b\xa0c", "X-List: 1", "x-list:\t2 \t", "X-Empty:"]
    client = served.client()
    client.send(head_of(served, *lines))
    assert client.answer().status == 200
    found = served.requests[0].headers
    assert found["x-odd"] == "a\x85X-QueueCTL-Token: b\xa0c"
    assert (found["x-list"], found["x-empty"]) == ("1, 2", "")
    assert found["x-queuectl-token"] == served.token


def test_no_name_service_is_asked_when_it_starts(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(name: str = "") -> str:
        raise AssertionError(f"somebody asked after {name}")

    monkeypatch.setattr(socket, "getfqdn", ask)
    assert serve().ask("GET", ECHO).status == 200


def test_its_port_is_not_shared_with_another_program(served: Served) -> None:
    with socket.socket() as other:
        if hasattr(socket, "SO_REUSEPORT"):
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with pytest.raises(OSError):
            other.bind(("127.0.0.1", served.port))


def test_head_is_get_without_the_body(served: Served) -> None:
    client = served.client()
    for path in (ECHO, "/", "/assets/app.css", "/healthz", "/api/v1/pieces"):
        client.send(head_of(served, "Connection: close", method="HEAD", path=path))
        answer = client.answer(has_body=False)
        assert answer.status == 200
        assert client.rest() == b""
        client = served.client()
    assert {request.method for request in served.requests} == {"GET"}


def test_a_body_of_unknown_length_ends_with_the_connection(served: Served) -> None:
    answer = served.ask("GET", "/api/v1/pieces")
    assert (answer.body, answer.headers["connection"]) == (b"one two", "close")
    assert "content-length" not in answer.headers


def test_a_large_answer_arrives_whole(served: Served) -> None:
    assert served.ask("GET", "/api/v1/large").body == b"x" * 5_000_000


def test_a_client_that_wants_to_be_asked_for_the_body_is_asked(served: Served) -> None:
    client = served.client()
    client.send(head_of(served, "Content-Length: 2", "Expect: 100-continue", method="POST"))
    assert client.until(b"\r\n\r\n") == wire.CONTINUE
    client.send(b"{}")
    assert client.answer().json()["body"] == {}


def test_a_body_that_would_be_refused_is_not_asked_for(served: Served) -> None:
    client = served.client()
    client.send(head_of(served, f"Content-Length: {strict.MAX_BODY + 1}", "Expect: 100-continue", method="POST"))
    assert client.answer().status == 413


def test_the_api_gets_the_decoded_path_and_the_last_value_of_each_parameter(served: Served) -> None:
    found = served.ask("GET", "/api/v1/jobs/a%3Ab?q=x+y%26&q=z%C3%A4&empty=&flag").json()
    assert found["path"] == "/api/v1/jobs/a:b"
    assert found["query"] == {"q": "zä", "empty": "", "flag": ""}


def test_an_empty_body_is_none(served: Served) -> None:
    assert served.ask("POST", ECHO, b"").json()["body"] is None
    assert served.ask("DELETE", ECHO).json()["body"] is None


def test_json_is_what_is_sent(served: Served) -> None:
    answer = served.ask("POST", ECHO, json.dumps({"a": [1, 2.5, "\u2028"]}).encode())
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.json()["body"] == {"a": [1, 2.5, "\u2028"]}


# Many connections


def test_two_hundred_that_come_at_once_are_all_answered(served: Served) -> None:
    statuses: list[int] = []

    def visit() -> None:
        client = Client(served.port)
        client.send(head_of(served, "Connection: close"))
        statuses.append(client.answer().status)
        client.close()

    threads = [threading.Thread(target=visit) for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == 200
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= server_module.MAX_CONNECTIONS


def test_where_no_thread_can_be_started_a_connection_is_turned_away(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        client = served.client()
        assert (client.answer().status, client.rest()) == (503, b"")
    wait_until(lambda: len(served.server.visits) == 0)
    assert served.ask("GET", ECHO).status == 200


def test_each_connection_closes_its_store(served: Served) -> None:
    for _ in range(10):
        served.ask("GET", ECHO)
    wait_until(lambda: not served.app.queue._stores)


# Errors


@pytest.mark.parametrize(
    "name, status, code",
    [
        ("invalid", 422, "invalid"),
        ("not-found", 404, "not_found"),
        ("conflict", 409, "conflict"),
        ("full", 503, "store_full"),
        ("daemon", 409, "daemon_unavailable"),
        ("other", 500, "internal"),
        ("bug", 500, "internal"),
        ("refused", 405, "method_not_allowed"),
    ],
)
def test_an_error_is_answered_as_json(served: Served, name: str, status: int, code: str) -> None:
    client = served.client()
    client.send(head_of(served, path=f"/api/v1/{name}"))
    answer = client.answer()
    assert (answer.status, answer.code) == (status, code)
    told = ERROR.keys["error"]
    assert isinstance(told, Noun) and set(answer.json()["error"]) == set(told.keys)
    # The connection is still good.
    client.send(head_of(served))
    assert client.answer().status == 200


def test_an_error_names_the_field_and_what_to_do(served: Served) -> None:
    error = served.ask("GET", "/api/v1/invalid").json()["error"]
    told = {"code": "invalid", "message": "priority must be a number", "hint": "give one", "field": "priority"}
    assert {name: error[name] for name in told} == told
    assert error["problems"] == ["priority must be a number"]
    assert served.ask("GET", "/api/v1/refused").headers["allow"] == "GET"
    assert served.ask("GET", "/api/v1/full").headers["retry-after"] == "1"


def test_a_bug_is_found_in_the_log_by_its_number(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    message = served.ask("GET", "/api/v1/bug?secret=1").json()["error"]["message"]
    log = capfd.readouterr().err
    line = next(line for line in log.splitlines() if message.split()[-1] in line)
    assert "GET /api/v1/bug: Traceback" in line
    assert "KeyError" in line
    assert "secret" not in log
    assert "KeyError" not in message


def test_nothing_is_logged_of_clients_that_go_away(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    for data in (b"", b"GET /", head_of(served, path="/api/v1/large")):
        client = served.client()
        client.send(data)
        client.close()
    wait_until(lambda: len(served.server.visits) == 0)
    assert capfd.readouterr().err == ""


def test_what_ends_a_connection_unexpectedly_is_in_the_log(
    served: Served, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(data: bytes) -> None:
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(server_module, "split_head", fail)
        client = served.client()
        client.send(head_of(served))
        assert client.rest() == b""
    wait_until(lambda: len(served.server.visits) == 0)
    assert "a connection failed: Traceback" in capfd.readouterr().err
    assert served.ask("GET", ECHO).status == 200
