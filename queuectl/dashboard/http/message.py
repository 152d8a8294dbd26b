"""Requests and responses as the API sees them. Sockets are `server`'s business, permissions are `security`'s."""

from __future__ import annotations

import json
from typing import Any, Iterator, Mapping

from ...model import errors
from ...model.nouns.home import ERROR
from ...model.record import Record

EMPTY: Mapping[str, str] = {}
RETRY_AFTER = {"Retry-After": "1"}
STATUSES: tuple[tuple[type[errors.QueueCTLError], int], ...] = (
    (errors.InvalidInput, 422),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.StoreUnavailable, 503),
    (errors.DaemonUnavailable, 409),
)


class Request(Record):
    """One request: `path` is decoded, `query` has the last value of each parameter, names in `headers` are small.

    HEAD is GET here: only the server knows the difference. `body` is the JSON object, `params` are the parts of the
    path that the route names, such as `id`.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: dict[str, Any] | None = None
    params: Mapping[str, str] = EMPTY

    @property
    def is_read(self) -> bool:
        """Whether it only reads."""
        return self.method == "GET"


class Response(Record):
    """An answer. `pieces` stands for a body whose length is not known; the connection closes after it."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = EMPTY
    pieces: Iterator[bytes] | None = None


def json_response(value: object, status: int = 200, headers: Mapping[str, str] = EMPTY) -> Response:
    """Return a value as a line of JSON."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"
    return Response(status, text.encode("utf-8", "backslashreplace"), headers=headers)


class HttpError(errors.QueueCTLError):
    """A request that is refused, with the status and the headers of the answer."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        field: str | None = None,
        headers: Mapping[str, str] = EMPTY,
        count: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint, field=field)
        self.status = status
        self.code = code
        self.headers = headers
        self.count = count


def status_of(error: errors.QueueCTLError) -> int:
    """Return the status for an error, 500 if it is not the fault of the request."""
    if isinstance(error, HttpError):
        return error.status
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def refused(error: errors.QueueCTLError) -> Response:
    """Return the refusal for an error, as JSON."""
    status = status_of(error)
    own = error.headers if isinstance(error, HttpError) else EMPTY
    return json_response(ERROR.json({"error": error}), status, {**(RETRY_AFTER if status == 503 else EMPTY), **own})
