"""The answer to a request, without the sockets: from the API or a page, and there is always one."""

from __future__ import annotations

import secrets
import traceback
from email.utils import formatdate
from http import HTTPStatus
from typing import Callable

from ...model.errors import QueueCTLError
from .message import HttpError, Request, Response, refused, status_of
from .security import HEADERS, WRONG_TOKEN, is_for_programs
from .static import Site, page
from .wire import Connection

Handle = Callable[[Request], Response]
Say = Callable[[str], None]

WRONG_TOKEN_SECONDS = 0.2
NO_BODY = (204, 304)


def answer(request: Request, connection: Connection, *, handle: Handle, site: Site, say: Say) -> Response:
    """Return the answer to an admitted request: the API's, else the `site`'s; `say` logs our faults. Raises Gone."""
    try:
        if is_for_programs(request.path):
            return handle(request)
        return site.answer(request, connection.socket)
    except Exception as error:  # The edge: a bug must become an answer and a line in the log.
        if isinstance(error, QueueCTLError) and status_of(error) != 500:
            return refusal(request, error, connection)
        number = secrets.token_hex(4)
        say(f"incident {number}: {request.method} {request.path}: {trace(error)}")
        message = f"internal error, incident {number}"
        hint = "please report it; the dashboard's log has the incident"
        return refusal(request, HttpError(500, "internal", message, hint=hint), connection)


def refusal(request: Request | None, error: QueueCTLError, connection: Connection) -> Response:
    """Return the refusal of a request: JSON for programs and for what is no request, else a page. Raises Gone."""
    if error.code == WRONG_TOKEN:
        # Slowly, so that nobody can try many.
        connection.pause(WRONG_TOKEN_SECONDS)
    response = refused(error)
    if request is None or is_for_programs(request.path):
        return response
    shown = page(response.status, error.message.capitalize(), error.hint or "")
    shown.headers = {**shown.headers, **response.headers}
    return shown


def trace(error: BaseException) -> str:
    """Return an error with its traceback, for the log."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__)).strip()


def encode(response: Response, now: int, *, keep: bool = False, only_head: bool = False) -> bytes:
    """Return an answer as bytes, only the head of one in pieces. `now` is wall time, `keep` keeps the connection."""
    # It is whole before any of it is sent, also by a thread without a handler. `send_header` lets a line break pass.
    has_body = response.status not in NO_BODY
    headers = {"Server": "queuectl", "Date": formatdate(now / 1000, usegmt=True), **HEADERS, **response.headers}
    headers.setdefault("Cache-Control", "no-store")
    if response.status != 304:
        headers["Content-Type"] = response.content_type
    if response.pieces is None and has_body:
        headers["Content-Length"] = str(len(response.body))
    if not keep:
        headers["Connection"] = "close"
    status = HTTPStatus(response.status)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header of the answer has a line break")
    data = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return data + response.body if has_body and not only_head else data
