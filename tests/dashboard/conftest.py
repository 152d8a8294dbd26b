"""A dashboard's server inside the test, with a stand-in for the API that says what reached it."""

from __future__ import annotations

import threading
from typing import Any, Callable, Iterator

import pytest

from queuectl.dashboard.app import App
from queuectl.dashboard.http.message import HttpError, Request, Response, json_response
from queuectl.dashboard.http.server import Server
from queuectl.engine.machine.log import Log
from queuectl.model import errors
from queuectl.model.dashboard import DashboardOptions
from tests.dashboard.raw import Answer, Client
from tests.dashboard.running import Running
from tests.support import Processes

ECHO = "/api/v1/echo"
FIXED = "a-token-of-the-user-1"
RAISED: dict[str, Callable[[], Exception]] = {
    "invalid": lambda: errors.InvalidInput("priority must be a number", hint="give one", field="priority"),
    "not-found": lambda: errors.NotFound("there is no job"),
    "conflict": lambda: errors.Conflict("it runs"),
    "full": lambda: errors.StoreFull("the disk is full"),
    "daemon": lambda: errors.DaemonUnavailable("no workers are running"),
    "other": lambda: errors.WaitTimeout("gave up"),
    "bug": lambda: KeyError("a bug\nof ours"),
    "refused": lambda: HttpError(405, "method_not_allowed", "not so", headers={"Allow": "GET"}),
}


class Served:
    """A server that runs, what has reached its API, and clients that are closed at the end."""

    def __init__(self, home: str, *, read_only: bool = False, **options: Any) -> None:
        self.requests: list[Request] = []
        self.overviews: list[object] = []
        self.app = App(home, read_only=read_only)
        wanted = DashboardOptions(read_only=read_only, **options)
        self.server = Server(
            self.app.queue,
            wanted,
            log=Log("dashboard", self.app.clock),
            handle=lambda request: self.handle(request),
            overview=self._overview,
        )
        self.port = self.server.port
        self.token = self.server.guard.token
        self._clients: list[Client] = []
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def handle(self, request: Request) -> Response:
        self.requests.append(request)
        name = request.path.rpartition("/")[2]
        if name in RAISED:
            raise RAISED[name]()
        if name == "pieces":
            return Response(200, pieces=iter([b"one ", b"two"]), content_type="text/plain")
        if name == "large":
            return Response(200, b"x" * 5_000_000, content_type="text/plain")
        self.app.queue.settings()
        return json_response(
            {"method": request.method, "path": request.path, "query": request.query, "body": request.body}
        )

    def _overview(self) -> object:
        self.overviews.append(self.app.queue.store.counts.by_state())
        return {"counts": self.overviews[-1], "filling": self.filling}

    filling = ""

    def client(self, *, receive_buffer: int | None = None) -> Client:
        client = Client(self.port, receive_buffer=receive_buffer)
        self._clients.append(client)
        return client

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str | None) -> Answer:
        """Ask on a new connection, with the token and all other headers of a page."""
        wanted: dict[str, str | None] = {"X-QueueCTL-Token": self.token}
        if method not in ("GET", "HEAD"):
            wanted["Content-Type"] = "application/json"
        wanted.update({name.replace("_", "-"): value for name, value in headers.items()})
        client = self.client()
        answer = client.ask(method, path, wanted, body)
        client.close()
        return answer

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.server.hub.close()
        self.server.shutdown()
        self.server.server_close()
        self.app.queue.close()
        self._thread.join()


def head_of(served: Served, *lines: str, path: str = ECHO, method: str = "GET") -> bytes:
    """Return a request's head with all that it needs, and `lines` too."""
    needed = [
        f"{method} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{served.port}",
        f"X-QueueCTL-Token: {served.token}",
        "Content-Type: application/json",
    ]
    return "\r\n".join([*needed, *lines, "", ""]).encode("latin-1")


def without_token(served: Served, method: str, path: str, body: bytes | None = None, **headers: str | None) -> Answer:
    return served.ask(method, path, body, X_QueueCTL_Token=None, **headers)


def cookie_of(answer: Answer) -> str:
    """Return the cookie that a browser would keep and send."""
    return answer.headers["set-cookie"].partition(";")[0]


Serve = Callable[..., Served]


@pytest.fixture
def serve(home: str) -> Iterator[Serve]:
    """Start a server with these options."""
    started: list[Served] = []

    def start(**options: Any) -> Served:
        started.append(Served(home, **options))
        return started[-1]

    yield start
    for served in started:
        served.close()


@pytest.fixture
def served(serve: Serve) -> Served:
    """A server with the default options, on a free port."""
    return serve()


@pytest.fixture
def running(home: str, processes: Processes) -> Running:
    """The dashboards of a home, none yet."""
    return Running(home, processes)
