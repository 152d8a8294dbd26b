"""HTTP/1.1 as bytes: a strict reader of requests, a writer of answers.

`http.server` takes too much on trust for something that runs commands: it dispatches a request whose head
was cut off, accepts two Hosts, and its timeout is for each read, so that a byte now and then keeps a thread
for ever. Here a request is whole or refused: within one deadline, of bounded size, with one meaning only.
"""

from __future__ import annotations

import re
import select
import socket
import threading
import time
from http import HTTPStatus
from urllib.parse import unquote, unquote_plus

from .message import HttpError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Mapping

    from ...model.clock import Clock

IDLE_MS = 15_000
REQUEST_MS = 10_000
SEND_SECONDS = 30.0
DRAIN_MS = 1_000
MAX_LINE = 8 * 1024
MAX_HEAD = 32 * 1024
MAX_HEADERS = 64
MAX_BODY = 1024 * 1024
MAX_PARAMETERS = 100
READ_BYTES = 64 * 1024
END = b"\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) ([!-~]+) HTTP/([0-9]\.[0-9])")
NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(rb"[\t -~\x80-\xff]*")
LENGTH = re.compile(r"[0-9]{1,15}")
# Two of them would mean one thing to us and another to somebody else.
ONCE = {
    "host",
    "origin",
    "content-length",
    "content-type",
    "transfer-encoding",
    "cookie",
    "authorization",
    "x-queuectl-token",
    "sec-fetch-site",
}


class Gone(Exception):
    """The client went away in the middle of a request, or had to go."""


class Head:
    """The head of a request: `path` is decoded, `query` has the last value of each parameter, names are small."""

    __slots__ = ("method", "path", "query", "headers", "version")

    def __init__(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], version: str = "1.1"
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.version = version

    @property
    def keep_alive(self) -> bool:
        """Whether another request may follow on the connection."""
        return self.version == "1.1" and "close" not in self.headers.get("connection", "").lower()

    @property
    def is_read(self) -> bool:
        """Whether it asks, and changes nothing."""
        return self.method in ("GET", "HEAD")

    @property
    def length(self) -> int:
        """How long the body is. Raises HttpError for one that is not acceptable."""
        if "transfer-encoding" in self.headers:
            raise HttpError(
                501, "not_implemented", "Transfer-Encoding is not supported", hint="send the body with Content-Length"
            )
        text = self.headers.get("content-length")
        if text is None:
            if self.method in ("POST", "PUT", "PATCH"):
                raise HttpError(411, "length_required", "Content-Length is missing")
            return 0
        if not LENGTH.fullmatch(text):
            raise bad("Content-Length is not a number of bytes")
        if int(text) > MAX_BODY:
            raise HttpError(413, "too_large", f"the body has more than {MAX_BODY} bytes, at most so many are allowed")
        if int(text) and self.is_read:
            raise bad(f"a {self.method} request has no body")
        return int(text)


def bad(message: str) -> HttpError:
    """Return the refusal of a request that is not proper HTTP."""
    return HttpError(400, "bad_request", message)


def parse_head(data: bytes) -> Head:
    """Return the head of a request from its lines, without the blank one at the end. Raises HttpError."""
    first, *lines = data.split(b"\r\n")
    if len(first) > MAX_LINE:
        raise HttpError(414, "too_long", f"the request line has more than {MAX_LINE} bytes")
    found = REQUEST_LINE.fullmatch(first)
    if found is None:
        raise bad("the request line is not one of HTTP")
    version = found[3].decode("ascii")
    if version not in ("1.0", "1.1"):
        raise HttpError(505, "http_version", f"HTTP/{version} is not supported")
    if len(lines) > MAX_HEADERS:
        raise HttpError(431, "too_many_headers", f"more than {MAX_HEADERS} headers")
    headers = _headers(lines)
    path, query = _split_target(found[2].decode("ascii"))
    return Head(found[1].decode("ascii"), path, query, headers, version)


def _headers(lines: Iterable[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        raw, colon, rest = line.partition(b":")
        value = rest.strip(b" \t")
        if not colon or not NAME.fullmatch(raw) or not VALUE.fullmatch(value):
            raise bad("a header line is not one of HTTP")
        name = raw.decode("ascii").lower()
        if name in headers and name in ONCE:
            raise bad(f"header {name} stands twice")
        text = value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


def _split_target(target: str) -> tuple[str, dict[str, str]]:
    """Return path and query. Only what has one meaning for everybody is taken."""
    raw, _, query = target.partition("?")
    lower = raw.lower()
    if not raw.startswith("/") or any(text in lower for text in ("//", "%2f", "%5c", "\\", "#")):
        raise bad("the request must name a plain path")
    try:
        path = unquote(raw, errors="strict")
        fields = [part.partition("=") for part in query.split("&", MAX_PARAMETERS) if part]
        found = {unquote_plus(name, errors="strict"): unquote_plus(value, errors="strict") for name, _, value in fields}
    except UnicodeDecodeError:
        raise bad("the path or query is not UTF-8") from None
    if not path.isprintable() or any(part in (".", "..") for part in path.split("/")):
        raise bad("the request must name a plain path")
    if len(fields) > MAX_PARAMETERS:
        raise bad(f"more than {MAX_PARAMETERS} parameters")
    return path, found


class Connection:
    """A client's connection. Bytes that it sent ahead wait for their turn.

    `idle_since` is the monotonic time since when the client keeps us waiting, None while it does not; `was_answered`
    says whether it ever had an answer. Another thread may dismiss it meanwhile, but never a request in the middle.
    """

    def __init__(self, connected: socket.socket, clock: Clock) -> None:
        self.socket = connected
        self.was_answered = False
        self.idle_since: int | None = clock.monotonic()
        self._clock = clock
        self._buffer = bytearray()
        self._deadline = 0
        self._lock = threading.Lock()
        self._dismissed = threading.Event()
        self._waits_for_request = True

    def dismiss_if_idle(self) -> bool:
        """For another thread: see that no further request is answered; return False if the client is not idle."""
        with self._lock:
            if self.idle_since is None or (self._waits_for_request and self._has_sent_more()):
                return False
            self._dismissed.set()
            return True

    def _has_sent_more(self) -> bool:
        try:
            return bool(select.select([self.socket], [], [], 0)[0])
        except (OSError, ValueError):  # It was closed this instant.
            return True

    def _wait_for_client(self, *, for_request: bool = False) -> None:
        self._waits_for_request = for_request
        if self.idle_since is None:
            self.idle_since = self._clock.monotonic()

    def _go_on(self) -> None:
        with self._lock:
            if self._dismissed.is_set():
                raise Gone
            self.idle_since = None

    def read_head(self) -> Head | None:
        """Return the next request's head, None if none came in time. Raises HttpError, Gone."""
        self._wait_for_client(for_request=True)
        self._deadline = self._clock.monotonic() + IDLE_MS
        if not self._buffer:
            try:
                self._receive()
            except (HttpError, Gone):
                return None
        self._deadline = self._clock.monotonic() + REQUEST_MS
        seen = 0
        while True:
            at = self._buffer.find(END, seen)
            if at >= 0:
                break
            seen = max(0, len(self._buffer) - len(END))
            self._refuse_long_head()
            self._receive()
        self._refuse_long_head(at)
        head = bytes(self._buffer[:at])
        del self._buffer[: at + len(END)]
        self._go_on()
        return parse_head(head)

    def _refuse_long_head(self, end: int | None = None) -> None:
        size = len(self._buffer) if end is None else end
        if size > MAX_LINE and self._buffer.find(b"\r\n", 0, MAX_LINE + 2) < 0:
            raise HttpError(414, "too_long", f"the request line has more than {MAX_LINE} bytes")
        if size > MAX_HEAD:
            raise HttpError(431, "too_long", f"the headers have more than {MAX_HEAD} bytes")

    def read_body(self, length: int, *, waits: bool = False) -> bytes:
        """Return the body of the request whose head was read; `waits` says that the client wants to be asked for it.

        Raises HttpError, Gone.
        """
        if waits and len(self._buffer) < length:
            self.send(CONTINUE)
        while len(self._buffer) < length:
            self._receive()
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body

    def _receive(self) -> None:
        left = self._deadline - self._clock.monotonic()
        if left <= 0:
            raise HttpError(408, "timeout", "the request took too long")
        self.socket.settimeout(left / 1000)
        try:
            data = self.socket.recv(READ_BYTES)
        except socket.timeout:
            raise HttpError(408, "timeout", "the request took too long") from None
        if not data:
            raise Gone
        self._buffer += data

    def send(self, data: bytes, seconds: float = SEND_SECONDS) -> None:
        """Send all of it, within `seconds`. Raises OSError, Gone."""
        self._wait_for_client()
        self.was_answered = True
        self.socket.settimeout(seconds)
        self.socket.sendall(data)
        self._go_on()

    def pause(self, seconds: float) -> None:
        """Let the client wait. Raises Gone."""
        self._wait_for_client()
        self._clock.wait(self._dismissed, seconds)
        self._go_on()

    def drain(self) -> None:
        """Let the client read the answer: closed with something unread, the connection would be reset."""
        self._wait_for_client()
        self._deadline = self._clock.monotonic() + DRAIN_MS
        try:
            self.socket.shutdown(socket.SHUT_WR)
            while True:
                self._receive()
                self._buffer.clear()
        except (OSError, HttpError, Gone):
            return


def encode_head(status: int, headers: Mapping[str, str], now: int) -> bytes:
    """Return the head of an answer. `now` is the wall time."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now // 1000))
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Server: queuectl",
        f"Date: {date}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header of the answer has a line break")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
