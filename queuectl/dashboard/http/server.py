"""The dashboard's server: a thread for each connection, and what becomes of a request.

    bytes --wire--> Head --security--> admitted --+-- /api, /healthz, /metrics --> routes.handle
                                                  +-- /api/v1/stream ------------> stream
                                                  +-- anything else -------------> static

Whatever is refused before its body was read ends the connection, so that no rest of it can pass for the next
request. At most 64 connections are served at a time, the longest idle one making room for a new one, and
besides them 64 streams.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import socketserver
import threading
import traceback

from ...engine.machine.log import Log
from ...model.errors import Conflict, DaemonUnavailable, InvalidInput, NotFound, QueueCTLError, StoreUnavailable
from .message import HttpError, Request, Response
from .owner import tells_owners
from .security import HEADERS, WRONG_TOKEN, Guard, as_in_url, is_for_programs
from .static import NO_STORE, Site, page
from .stream import PATH, Hub, run_stream
from .visits import Visits
from .wire import Connection, Gone, bad, encode_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ...engine.daemons.dashboard import DashboardOptions
    from ..app import App
    from .wire import Head

    Handle = Callable[[App, Request], Response]

MAX_CONNECTIONS = 64
# A connection that came so lately may just not have had the time to send its request.
NEW_MS = 1_000
RETRY_AFTER = {"Retry-After": "1"}
# So that nobody can try many.
WRONG_TOKEN_SECONDS = 0.2
REFUSED_SECONDS = 0.2
STATUSES: tuple[tuple[type[QueueCTLError], int], ...] = (
    (InvalidInput, 422),
    (NotFound, 404),
    (Conflict, 409),
    (StoreUnavailable, 503),
    (DaemonUnavailable, 409),
)
NO_BODY = (204, 304)


def _routes(app: App, request: Request) -> Response:
    from ..api.routes import handle

    return handle(app, request)


class Server(socketserver.TCPServer):
    """Listens from the moment it is made; `serve_forever` in a thread answers. Raises QueueCTLError.

    `handle` answers the API. `place` is its address, `link` the address with the token, `url` the one of both that
    its user needs.
    """

    request_queue_size = 128
    # Elsewhere it means that a port may be taken over soon after its last user; on Windows, from its user.
    allow_reuse_address = os.name != "nt"

    def __init__(self, app: App, options: DashboardOptions, *, handle: Handle = _routes) -> None:
        self.app = app
        self.log = Log("dashboard", app.clock)
        self.hub = Hub(app, self.log)
        self._handle = handle
        self.visits = Visits(MAX_CONNECTIONS, self._dismiss, app.clock)
        self.address_family, address = _resolve(options)
        try:
            super().__init__(address, socketserver.BaseRequestHandler)
        except OSError as error:
            raise _cannot_listen(options, error) from error
        self.port: int = self.server_address[1]
        needs_link = options.token is not None or not options.is_local
        self.guard = Guard(
            options.host,
            self.port,
            clock=app.clock,
            is_local=options.is_local,
            opens_to_owner=not needs_link and tells_owners(address[0], self.address_family),
            token=options.token,
            allowed_hosts=options.allowed_hosts,
            read_only=app.read_only,
        )
        self.site = Site(self.guard, read_only=app.read_only)
        self.place = f"http://{as_in_url(options.host)}:{self.port}/"
        self.link = f"{self.place}?token={self.guard.token}"
        self.url = self.place if self.guard.opens_to_owner else self.link

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection. Raises OSError.

        One that the system refuses for want of descriptors stays to be accepted, and would be tried without a pause.
        """
        try:
            return super().get_request()
        except OSError:
            self.app.clock.pause(REFUSED_SECONDS)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a new connection in a thread of its own, or turn it away."""
        connection = Connection(request, self.app.clock)
        if not self.visits.enter(connection):
            self._turn_away(request)
            return
        try:
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
        except RuntimeError:  # No thread could be started.
            self.visits.leave(connection)
            self._turn_away(request)

    def _serve(self, connection: Connection) -> None:
        """Answer the requests of a connection, one after the other, until it ends."""
        try:
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self._serve_one(connection):
                continue
        except (OSError, Gone):
            pass  # The client went away; there is nobody to tell.
        except Exception as error:  # The edge of this thread; nothing is known to come here.
            self.log.say(f"a connection failed: {_trace(error)}")
        finally:
            self.shutdown_request(connection.socket)
            self.app.queue.close()
            self.visits.leave(connection)

    def _turn_away(self, request: socket.socket) -> None:
        self.log.complain(f"all {MAX_CONNECTIONS} connections are served, a new one was refused")
        request.setblocking(False)
        self._tell_full(request)
        self.shutdown_request(request)

    def _dismiss(self, connection: Connection) -> None:
        """End an idle connection for a new one; its own thread closes it. One that came just now is told why."""
        self.log.complain(
            f"all {MAX_CONNECTIONS} connections are taken, a new one takes the place of the longest idle one"
        )
        since = connection.idle_since
        if not connection.was_answered and since is not None and self.app.clock.monotonic() - since < NEW_MS:
            self._tell_full(connection.socket)
        try:
            connection.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # The client was faster.

    def _tell_full(self, request: socket.socket) -> None:
        error = HttpError(503, "too_many_connections", "too many connections", hint="try again", headers=RETRY_AFTER)
        try:
            request.send(self.encode(None, error.response(), keep=False))
        except OSError:
            return  # The client was faster.

    def _serve_one(self, connection: Connection) -> bool:
        """Answer one request; return whether another may follow."""
        head = None
        try:
            head = connection.read_head()
            if head is None:
                return False
            self.guard.admit(head)
            body = self._read_body(head, connection)
        except HttpError as error:
            connection.send(self.encode(head, self._refusal(head, error, connection), keep=False))
            connection.drain()
            return False
        if head.path == PATH:
            return self._stream(head, connection)
        response = self._answer(head, body, connection)
        keep = head.keep_alive and response.pieces is None and not self.hub.is_closed
        connection.send(self.encode(head, response, keep=keep))
        if response.pieces is not None:
            self._send_pieces(head, response, connection)
        return keep

    def _read_body(self, head: Head, connection: Connection) -> dict[str, Any] | None:
        """Return the JSON object that is the body, None if there is none. Raises HttpError, Gone."""
        waits = head.headers.get("expect", "").lower() == "100-continue"
        data = connection.read_body(head.length, waits=waits)
        if not data:
            return None
        return parse_body(data)

    def _answer(self, head: Head, body: dict[str, Any] | None, connection: Connection) -> Response:
        try:
            if not is_for_programs(head.path):
                return self.site.answer(head, connection.socket)
            method = "GET" if head.method == "HEAD" else head.method
            return self._handle(self.app, Request(method, head.path, head.query, head.headers, body))
        except HttpError as error:
            return self._refusal(head, error, connection)
        except QueueCTLError as error:
            return self._refusal(head, _as_http(error) or self._incident(head, error), connection)
        except Exception as error:  # The edge: a bug must become an answer and a line in the log.
            return self._refusal(head, self._incident(head, error), connection)

    def _incident(self, head: Head, error: BaseException) -> HttpError:
        """Return the answer to what is our own fault; its number finds it in the log."""
        number = secrets.token_hex(4)
        self.log.say(f"incident {number}: {head.method} {head.path}: {_trace(error)}")
        return HttpError(
            500,
            "internal",
            f"internal error, incident {number}",
            hint="please report it; the dashboard's log has the incident",
        )

    def _refusal(self, head: Head | None, error: HttpError, connection: Connection) -> Response:
        """Return the answer that refuses a request. Raises Gone."""
        if error.code == WRONG_TOKEN:
            connection.pause(WRONG_TOKEN_SECONDS)
        if head is None or is_for_programs(head.path):
            return error.response()
        response = page(error.status, error.message.capitalize(), error.hint or "")
        response.headers.update(error.headers)
        return response

    def _stream(self, head: Head, connection: Connection) -> bool:
        if not head.is_read:
            error = HttpError(405, "method_not_allowed", "the stream can only be read", headers={"Allow": "GET, HEAD"})
            connection.send(self.encode(head, error.response(), keep=False))
            return False
        # It may stay for hours, asks the store nothing, and counts as a stream only.
        self.app.queue.close()
        self.visits.leave(connection)
        try:
            run_stream(self.hub, connection, self._stream_head(), only_head=head.method == "HEAD")
        except HttpError as error:
            connection.send(self.encode(head, error.response(), keep=False))
        return False

    def _stream_head(self) -> bytes:
        return encode_head(
            200,
            {
                **HEADERS,
                **NO_STORE,
                "Content-Type": "text/event-stream; charset=utf-8",
                "Connection": "close",
                "X-Accel-Buffering": "no",
            },
            self.app.clock.wall(),
        )

    def _send_pieces(self, head: Head, response: Response, connection: Connection) -> None:
        """Send a body of unknown length. One that fails is cut off: the client cannot be told any more."""
        assert response.pieces is not None
        try:
            for piece in response.pieces if head.method != "HEAD" else ():
                connection.send(piece)
        except QueueCTLError as error:
            self.log.say(f"{head.method} {head.path} was cut off: {error}")
        finally:
            close = getattr(response.pieces, "close", None)
            if close is not None:
                close()

    def encode(self, head: Head | None, response: Response, *, keep: bool) -> bytes:
        """Return an answer's bytes; of one in pieces, the head."""
        headers = {
            **HEADERS,
            **({} if response.status == 304 else {"Content-Type": response.content_type}),
            **response.headers,
        }
        if head is None or is_for_programs(head.path):
            headers.setdefault("Cache-Control", "no-store")
        if response.pieces is None and response.status not in NO_BODY:
            headers["Content-Length"] = str(len(response.body))
        if not keep:
            headers["Connection"] = "close"
        data = encode_head(response.status, headers, self.app.clock.wall())
        has_body = (head is None or head.method != "HEAD") and response.status not in NO_BODY
        return data + response.body if has_body else data


def parse_body(data: bytes) -> dict[str, Any]:
    """Return the JSON object of a body, read strictly. Raises HttpError."""
    from ...engine.intake import parse_value

    try:
        value = parse_value(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise bad("the body is not UTF-8") from None
    except InvalidInput as error:
        raise HttpError(400, "bad_json", error.message.replace("the value", "the body", 1)) from None
    if not isinstance(value, dict):
        raise HttpError(400, "bad_json", "the body must be a JSON object")
    return value


def _as_http(error: QueueCTLError) -> HttpError | None:
    """Return the answer for an error that a user can understand, None for a kind that none is known for."""
    for kind, status in STATUSES:
        if isinstance(error, kind):
            headers = RETRY_AFTER if status == 503 else {}
            return HttpError(status, error.code, error.message, hint=error.hint, field=error.field, headers=headers)
    return None


def _trace(error: BaseException | None) -> str:
    if error is None:
        return ""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__)).strip()


def _resolve(options: DashboardOptions) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    """Return the family and address to listen on."""
    # The name may mean ::1 first, where a browser that tries 127.0.0.1 finds nobody.
    host = "127.0.0.1" if options.host == "localhost" else options.host
    try:
        found = socket.getaddrinfo(host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise InvalidInput(f"there is no host {json.dumps(options.host)}: {error.strerror}", field="host") from None
    return found[0][0], found[0][4]


def _cannot_listen(options: DashboardOptions, error: OSError) -> QueueCTLError:
    import errno

    where = f"{options.host} port {options.port}"
    if error.errno == errno.EADDRINUSE:
        return Conflict(
            f"{where} is used by another program",
            hint=f"choose another with --port {options.port + 1}, or any free one with --port 0",
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return InvalidInput(f"{options.host} is not an address of this machine", field="host")
    return DaemonUnavailable(f"cannot listen on {where}: {error.strerror}", hint="choose another with --port N")
