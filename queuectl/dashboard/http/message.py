"""Requests and responses, as the API sees them. Sockets are `server`'s business, permissions `security`'s."""

from __future__ import annotations

from ...model.nouns.home import ERROR
from ...model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Mapping, Sequence

EMPTY: Mapping[str, str] = {}


class Request(Record):
    """One request: `path` is decoded, `query` has the last value of each parameter, names in `headers` are small.

    HEAD is GET here: only the server knows the difference. `body` is the JSON object or None, `params` are the parts of
    the path that the route names, such as `id`.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: dict[str, Any] | None = None
    params: Mapping[str, str] = EMPTY

    @property
    def is_read(self) -> bool:
        """Whether it asks, and changes nothing."""
        return self.method == "GET"


class Response(Record):
    """An answer. `pieces` stands for a body whose length is not known; the connection closes after it."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = EMPTY
    pieces: Iterator[bytes] | None = None


def json_response(value: object, status: int = 200, headers: Mapping[str, str] = EMPTY) -> Response:
    """Return a value as JSON."""
    import json

    return Response(
        status,
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace"),
        headers=headers,
    )


class HttpError(Exception):
    """A request that is refused: status, stable code, a message, what to do next, and the field to blame.

    The rest is as in QueueCTLError.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        field: str | None = None,
        headers: Mapping[str, str] | None = None,
        problems: Sequence[str] = (),
        position: int | None = None,
        suggestion: str | None = None,
        count: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.field = field
        self.headers = dict(headers or {})
        self.problems = list(problems) or [message]
        self.position = position
        self.suggestion = suggestion
        self.count = count

    def response(self) -> Response:
        """Return it as the answer."""
        return json_response(ERROR.json({"error": self}), self.status, self.headers)
