"""Whose a connection is: found in either table, and nobody's where that is not certain."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterator

import pytest

from queuectl.dashboard.http import owner as owner_module
from queuectl.dashboard.http.owner import owner, tells_owners
from tests.dashboard.conftest import Served

if TYPE_CHECKING:
    Pair = tuple[socket.socket, socket.socket]
    Connect = Callable[..., Pair]

STRANGER = 4_242
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

needs_tables = pytest.mark.skipif(
    not os.path.exists("/proc/net/tcp"), reason="this system does not tell whose a connection is"
)


@contextlib.contextmanager
def user(uid: int) -> Iterator[None]:
    """Let this thread make its sockets as another user; the others stay who they are."""
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    libc = ctypes.CDLL(None)
    # Python loads it with the first connection, from files that the other user may not read.
    "x".encode("idna")
    libc.setfsuid(uid)
    try:
        yield
    finally:
        libc.setfsuid(os.geteuid())


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connect a client to a listener; return the client's end and the server's."""
    opened: list[socket.socket] = []

    def make(host: str = "127.0.0.1", at: str | None = None, source: tuple[str, int] | None = None) -> Pair:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        opened.append(listener)
        try:
            listener.bind((host, 0))
        except OSError:
            pytest.skip(f"there is no {host} here")
        listener.listen()
        opened.append(socket.create_connection((at or host, listener.getsockname()[1]), source_address=source))
        opened.append(listener.accept()[0])
        return opened[-2], opened[-1]

    yield make
    for each in opened:
        each.close()


WAYS = [
    ("127.0.0.1", "127.0.0.1"),
    ("::1", "::1"),
    ("127.0.0.1", "::ffff:127.0.0.1"),
    ("::ffff:127.0.0.1", "127.0.0.1"),
    ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
]


@needs_tables
@pytest.mark.parametrize("host, at", WAYS)
def test_the_owner_is_found_on_any_socket(connect: Connect, host: str, at: str) -> None:
    assert owner(connect(host, at)[1]) == os.geteuid()


@needs_tables
@pytest.mark.parametrize("host, at", WAYS)
def test_another_user_is_recognized_on_any_socket(connect: Connect, host: str, at: str) -> None:
    with user(STRANGER):
        accepted = connect(host, at)[1]
    assert owner(accepted) == STRANGER


@needs_tables
def test_the_owner_is_found_behind_another_address_of_this_machine(connect: Connect) -> None:
    assert owner(connect(source=("127.0.0.9", 0))[1]) == os.geteuid()


@needs_tables
def test_a_client_that_has_closed_its_socket_has_no_owner(connect: Connect) -> None:
    client, accepted = connect()
    client.close()
    assert owner(accepted) is None


def test_a_connection_that_has_ended_has_no_owner(connect: Connect) -> None:
    _, accepted = connect()
    accepted.close()
    assert owner(accepted) is None


@needs_tables
def test_a_user_unknown_to_this_namespace_has_no_owner(connect: Connect) -> None:
    with user(owner_module.UNKNOWN_USER):
        accepted = connect()[1]
    assert owner(accepted) is None


# Tables that say nothing, or not one thing


def tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, accepted: socket.socket, *users: tuple[int, int]) -> None:
    """Show one row of the connection for each (uid, inode), the second one in the table of IPv6."""
    there, here = (
        owner_module._in_table(address, socket.AF_INET) for address in (accepted.getpeername(), accepted.getsockname())
    )
    there6, here6 = (
        owner_module._in_table(address, socket.AF_INET6) for address in (accepted.getpeername(), accepted.getsockname())
    )
    paths = [tmp_path / "tcp", tmp_path / "tcp6"]
    addresses = [f"{there} {here}", f"{there6} {here6}"]
    for index, path in enumerate(paths):
        rows = [
            f"   0: {addresses[index]} 01 00000000:00000000 00:00000000 00000000  {uid}        0 {inode} 1\n"
            for uid, inode in users[index : index + 1]
        ]
        path.write_text(HEADER + "".join(rows), encoding="ascii")
    families = (socket.AF_INET, socket.AF_INET6)
    monkeypatch.setattr(owner_module, "TABLES", tuple(zip(families, map(str, paths))))


def test_a_connection_without_a_row_has_no_owner(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, accepted = connect()
    tables(monkeypatch, tmp_path, accepted)
    assert owner(accepted) is None
    assert not tells_owners("127.0.0.1", socket.AF_INET)


def test_two_users_of_one_connection_are_none(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, accepted = connect()
    tables(monkeypatch, tmp_path, accepted, (7, 100), (7, 101))
    assert owner(accepted) == 7
    tables(monkeypatch, tmp_path, accepted, (7, 100), (8, 101))
    assert owner(accepted) is None


def test_a_row_without_an_inode_is_no_user_s(connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _, accepted = connect()
    tables(monkeypatch, tmp_path, accepted, (0, 0))
    assert owner(accepted) is None


def test_without_tables_nobody_is_known(connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(owner_module, "TABLES", ((socket.AF_INET, str(tmp_path / "none")),))
    assert owner(connect()[1]) is None
    assert not tells_owners("127.0.0.1", socket.AF_INET)


@needs_tables
def test_the_system_is_asked_with_a_connection_whether_it_tells() -> None:
    assert tells_owners("127.0.0.1", socket.AF_INET)
    assert not tells_owners("192.0.2.1", socket.AF_INET)


# What a stranger is given


@needs_tables
@pytest.mark.parametrize("at", ["127.0.0.1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("uid", [STRANGER, 1, owner_module.UNKNOWN_USER])
def test_no_other_user_of_the_machine_is_given_the_token(served: Served, at: str, uid: int) -> None:
    with user(uid), socket.create_connection((at, served.port)) as client:
        client.sendall(f"GET / HTTP/1.0\r\nHost: 127.0.0.1:{served.port}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert served.token.encode() not in answer
    assert b"set-cookie" not in answer.lower()
