"""A client's connection: its requests as bytes, each whole within one deadline and of bounded size."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable

from ...model.clock import Clock
from .message import HttpError

IDLE_MS = 15_000
REQUEST_MS = 10_000
SEND_SECONDS = 30.0
DRAIN_MS = 1_000
MAX_LINE = 8 * 1024
MAX_HEAD = 32 * 1024
READ_BYTES = 64 * 1024
END = b"\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Gone(Exception):
    """The client went away in the middle of a request, or had to go."""


class Connection:
    """A client's connection. Bytes that it sent ahead wait for their turn.

    `idle_since` is the monotonic time since which the client keeps us waiting, None while it does not; `was_answered`
    says whether it ever got an answer. Another thread may dismiss it, but never in the middle of a request.
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

    def dismiss_if_idle(self, take_leave: Callable[[Connection], None]) -> bool:
        """For another thread: make sure that no more requests are answered; return False if the client is not idle.

        `take_leave` is called before the connection's own thread can go on, and close it.
        """
        with self._lock:
            if self.idle_since is None or (self._waits_for_request and self._has_sent_more()):
                return False
            self._dismissed.set()
            take_leave(self)
            return True

    def _has_sent_more(self) -> bool:
        try:
            return bool(select.select([self.socket], [], [], 0)[0])
        except (OSError, ValueError):  # It was closed just now.
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

    def read_head(self) -> bytes | None:
        """Return the next request's head without the blank line, None if none came in time. Raises HttpError, Gone."""
        self._wait_for_client(for_request=True)
        self._deadline = self._clock.monotonic() + IDLE_MS
        if not self._buffer:
            try:
                self._receive()
            except (HttpError, Gone):
                return None
        self._deadline = self._clock.monotonic() + REQUEST_MS
        seen = 0
        while (at := self._buffer.find(END, seen)) < 0:
            seen = max(0, len(self._buffer) - len(END))
            self._refuse_long_head(len(self._buffer))
            self._receive()
        self._refuse_long_head(at)
        head = bytes(self._buffer[:at])
        del self._buffer[: at + len(END)]
        self._go_on()
        return head

    def _refuse_long_head(self, size: int) -> None:
        if size > MAX_LINE and self._buffer.find(b"\r\n", 0, MAX_LINE + 2) < 0:
            raise HttpError(414, "too_long", f"the request line has more than {MAX_LINE} bytes")
        if size > MAX_HEAD:
            raise HttpError(431, "too_long", f"the headers have more than {MAX_HEAD} bytes")

    def read_body(self, length: int, *, waits: bool = False) -> bytes:
        """Return the body after a head; a client that `waits` is asked for it first. Raises HttpError, Gone."""
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
        """Let the client read the answer: a connection that is closed with unread bytes is reset."""
        self._wait_for_client()
        self._deadline = self._clock.monotonic() + DRAIN_MS
        try:
            self.socket.shutdown(socket.SHUT_WR)
            while True:
                self._receive()
                self._buffer.clear()
        except (OSError, HttpError, Gone):
            return
