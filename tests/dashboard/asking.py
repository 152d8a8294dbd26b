"""Asking the API without a socket: each answer, also a refusal, is checked against the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any, Iterator

import pytest

from queuectl.dashboard.api import routes
from queuectl.dashboard.api.openapi import document
from queuectl.dashboard.api.route import TABLE
from queuectl.dashboard.app import App
from queuectl.dashboard.http.message import Request, Response, refused
from queuectl.model.errors import QueueCTLError
from queuectl.store import Store
from tests.dashboard.schemas import problems
from tests.support import FakeClock

BASE = "/api/v1"
DOCUMENT = json.loads(json.dumps(document()))


class Answer:
    """An answer: `json` is its value, `error` what was refused."""

    def __init__(self, response: Response) -> None:
        self.status = response.status
        self.headers = response.headers
        self.content_type = response.content_type
        self.body = response.body if response.pieces is None else b"".join(response.pieces)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.json["error"]
        return found


class Api:
    """The API of a home, its clock standing still unless another is given."""

    def __init__(self, home: str, *, clock: Any = None, read_only: bool = False) -> None:
        self.clock = FakeClock() if clock is None else clock
        self.app = App(home, clock=self.clock, read_only=read_only)

    @property
    def store(self) -> Store:
        return self.app.queue.store

    headers: dict[str, str] = {}

    def ask(self, method: str, path: str, body: Any = None, **query: object) -> Answer:
        """Ask as the server would, with `headers`; the answer is as the document says."""
        request = Request(
            method,
            path if path.startswith("//") else BASE + path,
            {name.rstrip("_"): str(value) for name, value in query.items()},
            self.headers,
            body,
        )
        request.path = request.path.replace("//", "/", 1)
        try:
            answer = Answer(routes.handle(self.app, request))
        except QueueCTLError as error:
            answer = Answer(refused(error))
        _check(request, answer)
        return answer

    def get(self, path: str, **query: object) -> Any:
        """Return the value of an answer that is 200."""
        answer = self.ask("GET", path, **query)
        assert answer.status == 200, answer.body
        return answer.json

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        """Return the value of an answer to a POST."""
        answer = self.ask("POST", path, body)
        assert answer.status == status, answer.body
        return answer.json

    def refused(self, method: str, path: str, body: Any = None, **query: object) -> tuple[int, str]:
        """Return the status and code of a refusal."""
        answer = self.ask(method, path, body, **query)
        return answer.status, answer.error["code"]

    def ids(self, q: str = "", **query: object) -> list[str]:
        """Return the ids of the first page of a filter."""
        return [item["id"] for item in self.get("/jobs", q=q, **query)["items"]]

    def pages(self, path: str, **query: object) -> Iterator[Any]:
        """Yield the pages of a list, each read when the caller asks for it."""
        cursor: dict[str, object] = {}
        while True:
            page = self.get(path, **query, **cursor)
            yield page
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    def walk(self, q: str = "", **query: object) -> Iterator[str]:
        """Yield the ids of all pages of a filter."""
        return (item["id"] for page in self.pages("/jobs", q=q, **query) for item in page["items"])

    def close(self) -> None:
        self.app.queue.close()


def _check(request: Request, answer: Answer) -> None:
    for route in TABLE:
        if route.method != request.method or route.match(request.path.split("/")) is None:
            continue
        described = DOCUMENT["paths"][route.path][route.method.lower()]["responses"]
        assert str(answer.status) in described, f"{route.path}: {answer.status} is not documented: {answer.body!r}"
        content = described[str(answer.status)].get("content")
        if content is None:
            assert answer.body == b""
            return
        kind = answer.content_type.partition(";")[0]
        assert kind in content
        if kind == "application/json":
            found = list(problems(answer.json, content[kind]["schema"], DOCUMENT))
            assert not found, f"{route.method} {route.path}: {found[:5]}"
        return
    assert answer.status in (404, 405)


@pytest.fixture
def api(home: str) -> Iterator[Api]:
    """The API of a new home."""
    made = Api(home)
    yield made
    made.close()
