"""The dashboard's server: `http.server`, a thread for each connection, made strict.

    bytes --wire--> head --parse_request--> Request --security--> admitted --+-- /api/v1/stream -> stream
                                                                             +-- anything else --> answer

A request that is refused before its body was read ends the connection, so that the rest cannot pass for the next
request. At most 64 connections are served at a time, in addition to 64 streams. The connection that has been idle
longest makes room for a new one.
"""

from __future__ import annotations

import errno
import io
import json
import os
import socket
import socketserver
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ...engine.queue import Queue
from ...model.dashboard import DashboardOptions
from ...model.errors import Conflict, DaemonUnavailable, InvalidInput, QueueCTLError
from .address import reachable
from .answer import Handle, answer, encode, refusal, trace
from .message import HttpError, Request, Response, refused
from .owner import tells_owners
from .security import Guard, as_in_url
from .static import Site
from .stream import PATH, Hub, Overview, run_stream
from .strict import body_length, parse_body, split_head, split_target
from .visits import Visits
from .wire import Connection, Gone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...engine.machine.log import Log

MAX_CONNECTIONS = 64
REFUSED_SECONDS = 0.2


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection, one after the other."""

    protocol_version = "HTTP/1.1"
    request: Connection
    server: Server

    def setup(self) -> None:
        """Have answers sent at once. There are no files to set up: `Connection` reads and writes."""
        self.request.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def finish(self) -> None:
        """Do nothing: the server closes the connection."""

    def handle_one_request(self) -> None:
        """Answer one request; `close_connection` then says whether it was the last. Raises Gone, OSError."""
        self.command, self.close_connection = "", True
        request = None
        try:
            head = self.request.read_head()
            if head is None:
                return
            request = self._parse(head)
            self.server.guard.admit(request)
            request.body = self._read_body(request)
            if request.path == PATH:
                self._stream(request)
                return
        except HttpError as error:
            self._reply(refusal(request, error, self.request), keep=False)
            self.request.drain()
            return
        server = self.server
        response = answer(request, self.request, handle=server.handle, site=server.site, say=server.log.say)
        self._reply(response, keep=self._may_keep(request) and response.pieces is None)
        if response.pieces is not None:
            self._send_pieces(request, response)

    def _parse(self, head: bytes) -> Request:
        """Return the request that a head is. Raises HttpError."""
        self.raw_requestline, headers = split_head(head)
        self.rfile = io.BytesIO(headers)
        self.parse_request()
        found: dict[str, str] = {}
        for name, value in self.headers.items():
            key, text = name.lower(), value.strip(" \t")
            found[key] = f"{found[key]}, {text}" if key in found else text
        path, query = split_target(self.path)
        return Request("GET" if self.command == "HEAD" else self.command, path, query, found)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request that `parse_request` cannot read. Raises HttpError."""
        raise HttpError(code, "http_version" if code == 505 else "bad_request", message or "this is not proper HTTP")

    def handle_expect_100(self) -> bool:
        """Let the client wait: `_read_body` asks for the body once the request is let in."""
        return True

    def _may_keep(self, request: Request) -> bool:
        """Return whether another request may follow; `parse_request` reads `Connection` only as a single word."""
        closes = "close" in request.headers.get("connection", "").lower() or self.request_version == "HTTP/1.0"
        # The bytes after a write without a length must not pass for the next request.
        closes = closes or not (request.is_read or "content-length" in request.headers)
        return not closes and not self.server.hub.is_closed

    def _read_body(self, request: Request) -> dict[str, Any] | None:
        """Return the JSON object in the body, None without a body. Raises HttpError, Gone."""
        waits = request.headers.get("expect", "").lower() == "100-continue"
        data = self.request.read_body(body_length(request), waits=waits)
        return parse_body(data) if data else None

    def _reply(self, response: Response, *, keep: bool) -> None:
        """Send an answer, only the head of one in pieces. Raises OSError, Gone."""
        self.close_connection = not keep
        self.request.send(encode(response, self.server.clock.wall(), keep=keep, only_head=self.command == "HEAD"))

    def _stream(self, request: Request) -> None:
        """Send events until the client leaves or the dashboard ends. Raises HttpError, OSError, Gone."""
        if not request.is_read:
            raise HttpError(405, "method_not_allowed", "the stream can only be read", headers={"Allow": "GET, HEAD"})
        self.close_connection = True
        # It may stay for hours, does not use the store, and counts only as a stream.
        self.server.leave(self.request)
        run_stream(self.server.hub, self.request, only_head=self.command == "HEAD")

    def _send_pieces(self, request: Request, response: Response) -> None:
        """Send a body of unknown length. After a failure it is cut off: it is too late for a refusal."""
        assert response.pieces is not None
        try:
            for piece in response.pieces if self.command != "HEAD" else ():
                self.request.send(piece)
        except QueueCTLError as error:
            self.server.log.say(f"{request.method} {request.path} was cut off: {error}")
        finally:
            close = getattr(response.pieces, "close", None)
            if close is not None:
                close()


class Server(ThreadingHTTPServer):
    """Listens as soon as it is made; `serve_forever` in a thread answers. Raises QueueCTLError.

    `handle` answers the API, `overview` is what streams send. `place` is its address, `link` has the token too,
    `url` is the one that its user needs. In this class a request is a Connection.
    """

    request_queue_size = 128
    # Elsewhere a port can be reused soon after its last user; on Windows this would take it from its user.
    allow_reuse_address = os.name != "nt"
    # Some Pythons would share the port with another program of the user.
    allow_reuse_port = False

    def __init__(
        self, queue: Queue, options: DashboardOptions, *, log: Log, handle: Handle, overview: Overview
    ) -> None:
        self.queue = queue
        self.clock = queue.clock
        self.log = log
        self.hub = Hub(queue, log.complain, overview, read_only=options.read_only)
        self.visits = Visits(MAX_CONNECTIONS, self._dismiss, self.clock)
        self.address_family, address = _resolve(options)
        try:
            super().__init__(address, Handler)
        except OSError as error:
            raise _cannot_listen(options, error) from error
        self.port: int = self.server_address[1]
        needs_link = options.token is not None or not options.is_local
        opens_to_owner = not needs_link and tells_owners(address[0], self.address_family)
        self.guard = Guard(options, self.port, self.clock, opens_to_owner=opens_to_owner)
        self.handle = handle
        self.site = Site(self.guard, read_only=options.read_only)
        self.place = f"http://{as_in_url(reachable(options.host))}:{self.port}/"
        self.link = f"{self.place}?token={self.guard.token}"
        self.url = self.place if self.guard.opens_to_owner else self.link

    def server_bind(self) -> None:
        """Bind without a lookup of this machine's name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection. Raises OSError."""
        try:
            connected, address = super().get_request()
        except OSError:
            # If the system has no descriptor left, it stays in line, and would be tried again without a pause.
            self.clock.pause(REFUSED_SECONDS)
            raise
        return Connection(connected, self.clock), address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Return whether there is room for a connection; else refuse it."""
        if self.visits.enter(request):
            return True
        self._turn_away(request)
        return False

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a new thread, or turn it away."""
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # No thread could be started.
            self._turn_away(request)
            self.shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection, and the store of the thread that served it."""
        super().shutdown_request(request.socket)
        self.leave(request)

    def leave(self, connection: Connection) -> None:
        """Stop counting a connection; this thread no longer uses the store. Calling it twice is harmless."""
        self.queue.leave()
        self.visits.leave(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log the error that ended a connection, unless the client left."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, (OSError, Gone)):
            self.log.say(f"a connection failed: {trace(error)}")

    def _turn_away(self, connection: Connection) -> None:
        self.log.complain(f"all {MAX_CONNECTIONS} connections are served, a new one was refused")
        connection.socket.setblocking(False)
        self._tell_full(connection.socket)

    def _dismiss(self, connection: Connection) -> None:
        """End an idle connection for a new one; its thread closes it. A client without an answer gets the reason."""
        taken = f"all {MAX_CONNECTIONS} connections are taken"
        self.log.complain(f"{taken}, a new one takes the place of the longest idle one")
        if not connection.was_answered:
            # It may just be sending its request.
            self._tell_full(connection.socket)
        try:
            connection.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # The client was faster.

    def _tell_full(self, connected: socket.socket) -> None:
        error = HttpError(503, "too_many_connections", "too many connections", hint="try again")
        try:
            connected.send(encode(refused(error), self.clock.wall()))
        except OSError:
            return  # The client was faster.


def _resolve(options: DashboardOptions) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    """Return the family and address to listen on."""
    # The name may mean ::1 first, where a browser that tries 127.0.0.1 finds no server.
    host = "127.0.0.1" if options.host == "localhost" else options.host
    try:
        found = socket.getaddrinfo(host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise InvalidInput(f"there is no host {json.dumps(options.host)}: {error.strerror}", field="host") from None
    return found[0][0], found[0][4]


def _cannot_listen(options: DashboardOptions, error: OSError) -> QueueCTLError:
    where = f"{options.host} port {options.port}"
    if error.errno == errno.EADDRINUSE:
        hint = f"choose another with --port {options.port + 1}, or any free one with --port 0"
        return Conflict(f"{where} is used by another program", hint=hint)
    if error.errno == errno.EADDRNOTAVAIL:
        return InvalidInput(f"{options.host} is not an address of this machine", field="host")
    return DaemonUnavailable(f"cannot listen on {where}: {error.strerror}", hint="choose another with --port N")
