"""A client of bytes: it sends what it is told, however wrong, and reads answers to their exact end."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any, Mapping

if TYPE_CHECKING:
    Headers = dict[str, str]

LIMIT = 60.0


class Answer:
    """A response: status, headers (names in small letters), body."""

    def __init__(self, head: bytes, body: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        self.body = body

    def __repr__(self) -> str:
        return f"{self.status} {self.headers} {self.body[:300]!r}"

    @property
    def code(self) -> str:
        """The code of the error that it is."""
        return str(self.json()["error"]["code"])

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One connection to a server of this machine."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self.port = port
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(LIMIT)
        self.socket.connect(("127.0.0.1", port))
        self._read = b""

    def ask(
        self, method: str, path: str, headers: Mapping[str, str | None] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send a whole request, read the answer. A header that is None is left out."""
        length = None if body is None else str(len(body))
        wanted: dict[str, str | None] = {"Host": f"127.0.0.1:{self.port}", "Content-Length": length, **(headers or {})}
        lines = [
            f"{method} {path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in wanted.items() if value is not None),
        ]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))
        return self.answer(has_body=method != "HEAD")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def end_sending(self) -> None:
        """Say that no more will come; answers can still be read."""
        self.socket.shutdown(socket.SHUT_WR)

    def answer(self, *, has_body: bool = True) -> Answer:
        """Read the next response; raises EOFError if there is none."""
        answer = Answer(self.until(b"\r\n\r\n")[:-4], b"")
        if has_body and answer.status not in (204, 304):
            length = answer.headers.get("content-length")
            answer.body = self.rest() if length is None else self.exactly(int(length))
        return answer

    def until(self, mark: bytes) -> bytes:
        """Read up to a mark, which is part of what is returned; raises EOFError."""
        while mark not in self._read:
            self._more()
        return self.exactly(self._read.index(mark) + len(mark))

    def exactly(self, count: int) -> bytes:
        while len(self._read) < count:
            self._more()
        found, self._read = self._read[:count], self._read[count:]
        return found

    def rest(self) -> bytes:
        """Read until the server ends the connection."""
        try:
            while True:
                self._more()
        except EOFError:
            found, self._read = self._read, b""
            return found

    def _more(self) -> None:
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise EOFError("the server has ended the connection")
        self._read += data

    def close(self) -> None:
        self.socket.close()
