"""One POST: which addresses are public, and what becomes of servers that hang, lie or lead elsewhere."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from queuectl.engine.machine import post as module
from queuectl.engine.machine.post import Answer, is_public, post

PRIVATE = [
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.8", "198.18.0.1", "192.0.2.1", "203.0.113.9"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1"),
    # An IPv4 address in disguise: mapped, compatible, NAT64, 6to4, Teredo.
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1"),
    *("2002:7f00:1::1", "2002:c0a8:101::", "2001:0:4136:e378::1"),
]
PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "193.0.0.1", "2606:4700::1111", "2a00:1450::1"),
    *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
]


@pytest.mark.parametrize("address", [*PRIVATE, *PUBLIC])
def test_only_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address) == (address in PUBLIC)


def read_message(connection: socket.socket, said: bytes) -> bytes:
    """Return a request that begins so with its body, which may come later than the head."""
    while b"\r\n\r\n" not in said:
        said += connection.recv(65_536)
    head, end, body = said.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65_536)
    return head + end + body


class Server:
    """Listens on loopback; `said` is what it was sent, `answer` says something to each connection."""

    def __init__(self, answer: Callable[[socket.socket], object]) -> None:
        self.said: list[bytes] = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            try:
                first = connection.recv(65_536)
                self.said.append(read_message(connection, first) if first.startswith(b"POST ") else first)
                self._answer(connection)
            except OSError:
                continue

    def close(self) -> None:
        if self._listener.fileno() < 0:
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()
        self._thread.join(60)
        assert not self._thread.is_alive()


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[socket.socket], object]], Server]]:
    servers: list[Server] = []

    def start(answer: Callable[[socket.socket], object]) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


Serve = Callable[[Callable[[socket.socket], object]], Server]


def saying(text: str) -> Callable[[socket.socket], object]:
    def answer(connection: socket.socket) -> None:
        connection.sendall(text.encode())
        connection.close()

    return answer


def parts(answer: Answer) -> tuple[int | None, str | None]:
    return answer.status, answer.error


def send(server: Server, path: str = "/", limit: float = 30.0) -> Answer:
    return post(server.url(path), b'{"a": 1}', {"webhook-id": "msg_1"}, allow_private=True, limit=limit)


def test_a_message_is_sent_as_it_is(serve: Serve) -> None:
    server = serve(saying("HTTP/1.1 204 No Content\r\n\r\n"))
    assert parts(send(server, "/a?b=c")) == (204, None)
    head, _, body = server.said[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a?b=c HTTP/1.1\r\n") and body == b'{"a": 1}'
    assert f"Host: 127.0.0.1:{server.port}".encode() in head and b"webhook-id: msg_1" in head


@pytest.mark.parametrize(
    "answer, status, error",
    [
        ("HTTP/1.1 500 Oh\r\nContent-Length: 5\r\n\r\n\n hi\n", 500, "answered 500: hi"),
        ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", 302, "answered 302: redirects are not followed"),
        ("HTTP/1.1 410 Gone\r\n\r\n", 410, "answered 410"),
        ("HTTP/1.1 500 Oh\r\nContent-Length: 999999\r\n\r\nshort", 500, "answered 500"),
        ("HTTP/1.1 500 Oh\r\nContent-Length: -5\r\n\r\nx", 500, "answered 500"),
        ("HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 500, "answered 500"),
        ("HTTP/1.1 500 Oh\r\n\r\n" + "x" * 100_000, 500, "answered 500: " + "x" * 200),
        ("HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\nshort", 200, None),
        ("SSH-2.0-OpenSSH\r\n", None, "no proper answer: SSH-2.0-OpenSSH"),
        ("HTTP/1.1 abc\r\n\r\n", None, "no proper answer"),
        ("HTTP/1.1 200 OK\r\n" + "a: b\r\n" * 5_000 + "\r\n", None, "no proper answer"),
        ("", None, ""),
    ],
)
def test_of_an_answer_the_status_counts(serve: Serve, answer: str, status: int | None, error: str | None) -> None:
    found = send(serve(saying(answer)))
    assert found.status == status
    assert (found.error is None) if error is None else (found.error or "").startswith(error)
    assert found.succeeded == (status == 200)


def test_a_server_that_hangs_is_left(serve: Serve) -> None:
    found = send(serve(lambda connection: None), limit=0.3)
    assert found.status is None and found.error


def test_a_server_that_says_little_by_little_is_left(serve: Serve) -> None:
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        while not stop.wait(0.05):
            connection.sendall(b"H")

    found = send(serve(drip), limit=0.5)
    stop.set()
    assert parts(found) == (None, "no answer within 0.5 s")


def test_nobody_listens(serve: Serve) -> None:
    server = serve(saying(""))
    server.close()
    assert parts(send(server)) == (None, "Connection refused")


def test_a_private_address_is_refused_before_it_is_connected_to(serve: Serve) -> None:
    server = serve(saying("HTTP/1.1 200 OK\r\n\r\n"))
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
        found = post(f"http://{host}:{server.port}/", b"", {}, allow_private=False)
        assert found.status is None and "private address" in (found.error or "")
    assert server.said == []


def test_it_connects_to_the_address_that_was_checked(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves to another address at the second look leads nowhere else."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    server = serve(saying("HTTP/1.1 200 OK\r\n\r\n"))
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    addresses, _ = module._resolved(urlsplit(f"http://rebind.test:{server.port}/"), True, 5.0)
    assert (addresses, asked) == (["127.0.0.1"], ["rebind.test"])


@pytest.mark.parametrize("error", [None, socket.gaierror(-2, "Name or service not known")])
def test_a_name_that_leads_nowhere_is_reported(monkeypatch: pytest.MonkeyPatch, error: socket.gaierror | None) -> None:
    def resolve(*_: object, **__: object) -> list[object]:
        if error is not None:
            raise error
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    found = post("http://nowhere.test/", b"", {}, allow_private=True)
    assert parts(found) == (None, f"cannot resolve nowhere.test: {error.strerror if error else 'it has no address'}")


def test_a_resolver_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    going_on = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: going_on.wait(60) and [])
    found = post("http://slow.test/", b"", {}, allow_private=True, limit=0.2)
    going_on.set()
    assert parts(found) == (None, "no answer about the name slow.test within 0.2 s")


@pytest.mark.parametrize("host", ["a..b", "a" * 64])
def test_what_cannot_be_a_name_is_reported(host: str) -> None:
    """The codec of names raises an error of its own, which is no OSError."""
    assert parts(post(f"http://{host}/", b"", {}, allow_private=True)) == (
        None,
        f"cannot resolve {host}: it is no name of a host",
    )


def test_each_address_of_a_name_is_tried(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(saying("HTTP/1.1 200 OK\r\n\r\n"))
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, server.port)) for host in ("127.0.0.9", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_: found)
    connect = socket.create_connection
    asked: list[str] = []

    def connected(address: tuple[str, int], timeout: float) -> socket.socket:
        asked.append(address[0])
        if address[0] == "127.0.0.9":
            raise ConnectionRefusedError(111, "Connection refused")
        monkeypatch.undo()
        return connect(address, timeout)

    monkeypatch.setattr(socket, "create_connection", connected)
    assert parts(post(f"http://two.test:{server.port}/", b"", {}, allow_private=True)) == (200, None)
    assert asked == ["127.0.0.9", "127.0.0.1"]


class TakingOver:
    """Takes a socket over as TLS does: what it was given is no socket any more."""

    def wrap_socket(self, plain: socket.socket, server_hostname: str) -> socket.socket:
        timeout = plain.gettimeout()
        taken = socket.socket(plain.family, plain.type, fileno=plain.detach())
        taken.settimeout(timeout)
        return taken


def test_a_secure_server_that_says_little_by_little_is_left(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        while not stop.wait(0.05):
            connection.sendall(b"H")

    server = serve(drip)
    monkeypatch.setattr(ssl, "create_default_context", TakingOver)
    late = threading.Timer(30, stop.set)
    late.start()
    found = post(server.url().replace("http", "https"), b"", {}, allow_private=True, limit=0.5)
    late.cancel()
    assert not stop.is_set()
    stop.set()
    assert parts(found) == (None, "no answer within 0.5 s")


def test_the_usual_port_is_not_named(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(saying("HTTP/1.1 200 OK\r\n\r\n"))
    connect = socket.create_connection
    monkeypatch.setattr(ssl, "create_default_context", TakingOver)
    monkeypatch.setattr(socket, "create_connection", lambda _, timeout: connect(("127.0.0.1", server.port), timeout))
    assert post("https://127.0.0.1/", b"", {}, allow_private=True).status == 200
    assert b"\r\nHost: 127.0.0.1\r\n" in server.said[0]


def test_a_server_without_a_certificate_is_refused(serve: Serve) -> None:
    server = serve(saying("HTTP/1.1 200 OK\r\n\r\n"))
    found = post(f"https://127.0.0.1:{server.port}/", b"", {}, allow_private=True)
    assert found.status is None and "no secure connection" in (found.error or "")
