"""Server-sent events: one thread checks for changes and tells all streams.

    hello     {seq, version, server_time, read_only}   the first
    overview  the answer of GET /api/v1/overview       after changes, at most 4 times a second; else every 5 s
    changed   {seq}                                    after changes; fetch again what is shown
    ping      {}                                       after 10 s of silence
    bye       {reason}                                 the dashboard ends

The watcher runs only while a stream is open. Its connection never writes, since `changes` shows only the commits of
others. A client that does not read its events is dropped and may connect again.
"""

from __future__ import annotations

import collections
import json
import queue
import select
import socket
import threading
from typing import Callable

from ... import __version__
from ...engine.queue import Queue
from ...model.clock import Clock
from ...model.errors import QueueCTLError
from ...model.when import iso
from .answer import Say, encode
from .message import HttpError, Response
from .wire import Connection

Overview = Callable[[], object]

PATH = "/api/v1/stream"
MAX_STREAMS = 64
WAITING = 64
LOOK_SECONDS = 0.1
# At most this many changes in this many milliseconds: a single one is sent at once, even soon after another.
MOST_NEWS, NEWS_MS = 4, 1_000
# Changes without a commit are sent this late: a worker that was killed, rates that fall, room on the disk.
TELL_ANYWAY_MS = 5_000
AFTER_TROUBLE_SECONDS = 1.0
SEND_SECONDS = 5.0
STEP_SECONDS = 3.0
PING_MS = 10_000
RETRY = b"retry: 1000\n\n"
EVENTS = "text/event-stream; charset=utf-8"


def event(name: str, data: object) -> bytes:
    """Return an event; its data is one line of JSON."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"event: {name}\ndata: {text}\n\n".encode("utf-8", "backslashreplace")


BYE = event("bye", {"reason": "shutdown"})
PING = event("ping", {})


class Client:
    """One stream: its waiting events. `is_dropped` once there are too many."""

    def __init__(self) -> None:
        self.waiting: queue.Queue[bytes] = queue.Queue(WAITING)
        self.is_dropped = False

    def put(self, message: bytes) -> None:
        """Add a message to those that wait."""
        try:
            self.waiting.put_nowait(message)
        except queue.Full:
            self.is_dropped = True

    def next(self, seconds: float) -> bytes | None:
        """Return the next message, None if none came in time."""
        try:
            return self.waiting.get(timeout=seconds)
        except queue.Empty:
            return None


class Hub:
    """The streams of one dashboard and the thread that feeds them. `overview` makes the data that they send."""

    def __init__(self, queue: Queue, complain: Say, overview: Overview, *, read_only: bool) -> None:
        self.clock = queue.clock
        self.is_closed = False
        self._queue = queue
        self._read_only = read_only
        self._complain = complain
        self._overview = overview
        self._lock = threading.Lock()
        self.clients: set[Client] = set()
        self._watcher: threading.Thread | None = None
        self._ends = threading.Event()
        self._empty = threading.Event()
        self._seq = 0
        self._seen: int | None = None
        self._told: collections.deque[int] = collections.deque(maxlen=MOST_NEWS)

    def join(self) -> Client:
        """Return a new client, greeted. Raises HttpError if there are too many."""
        client = Client()
        with self._lock:
            if self.is_closed or len(self.clients) >= MAX_STREAMS:
                later, problem = {"Retry-After": "5"}, "too many streams are open"
                raise HttpError(503, "too_many_streams", problem, hint="close some tabs", headers=later)
            self.clients.add(client)
            self._empty.clear()
            now = iso(self.clock.wall())
            hello = {"seq": self._seq, "version": __version__, "server_time": now, "read_only": self._read_only}
            client.put(RETRY + event("hello", hello))
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)
                self._watcher.start()
        return client

    def leave(self, client: Client) -> None:
        """Forget a client; the last one ends the watcher."""
        with self._lock:
            self.clients.discard(client)
            if not self.clients:
                self._empty.set()

    def close(self, seconds: float = 0.5) -> None:
        """Tell all streams that they end, and wait a moment until they have sent it."""
        with self._lock:
            self.is_closed = True
            for client in self.clients:
                client.put(BYE)
            if not self.clients:
                self._empty.set()
        self._ends.set()
        self.clock.wait(self._empty, seconds)

    def _watch(self) -> None:
        self._seen = None
        self._told.clear()
        try:
            while self._is_wanted():
                pause = LOOK_SECONDS
                try:
                    self.look()
                except QueueCTLError as error:
                    self._complain(f"the streams get no news: {error}")
                    # The file may be another one by now.
                    self._queue.leave()
                    self._seen, pause = None, AFTER_TROUBLE_SECONDS
                except Exception as error:  # The edge of this thread: without it no stream would get any events.
                    self._complain(f"the streams get no news: {type(error).__name__}: {error}")
                    pause = AFTER_TROUBLE_SECONDS
                self.clock.wait(self._ends, pause)
        finally:
            self._queue.leave()

    def _is_wanted(self) -> bool:
        with self._lock:
            if self.clients and not self.is_closed:
                return True
            self._watcher = None
            return False

    def look(self) -> None:
        """Tell the clients about changes since the last message. Raises QueueCTLError."""
        now = self.clock.monotonic()
        if len(self._told) == MOST_NEWS and now - self._told[0] < NEWS_MS:
            return
        changes = self._queue.changes()
        is_news = changes != self._seen
        if not is_news and now - self._told[-1] < TELL_ANYWAY_MS:
            return
        # This comes before the overview: a commit in between is sent the next time.
        self._seen = changes
        self._told.append(now)
        message = event("overview", self._overview())
        if is_news:
            self._seq += 1
            message += event("changed", {"seq": self._seq})
        with self._lock:
            for client in self.clients:
                client.put(message)


def run_stream(hub: Hub, connection: Connection, *, only_head: bool = False) -> None:
    """Send events until the client goes away, does not read, or the hub is closed. Raises HttpError, OSError, Gone."""
    # No proxy may collect them.
    opening = Response(200, content_type=EVENTS, headers={"X-Accel-Buffering": "no"}, pieces=iter(()))
    head = encode(opening, hub.clock.wall())
    if only_head:
        connection.send(head, SEND_SECONDS)
        return
    client = hub.join()
    try:
        connection.send(head, SEND_SECONDS)
        _send_events(client, connection, hub.clock)
    finally:
        hub.leave(client)


def _send_events(client: Client, connection: Connection, clock: Clock) -> None:
    sent_at = clock.monotonic()
    while not client.is_dropped:
        message = client.next(STEP_SECONDS)
        if _has_left(connection.socket):
            return
        if message is None and clock.monotonic() - sent_at >= PING_MS:
            message = PING
        if message is not None:
            connection.send(message, SEND_SECONDS)
            sent_at = clock.monotonic()
        if message == BYE:
            return


def _has_left(connected: socket.socket) -> bool:
    """Return whether the client has closed its end. The bytes that it sends stay unread."""
    if not select.select([connected], [], [], 0)[0]:
        return False
    return not connected.recv(1, socket.MSG_PEEK)
