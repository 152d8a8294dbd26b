"""What a request is answered, without the sockets: by the API or by a page, and always somehow."""

from __future__ import annotations

import secrets
import traceback
from email.utils import formatdate
from http import HTTPStatus

from ...model.errors import QueueCTLError
from .message import HttpError, Request, Response, refused, status_of
from .security import HEADERS, WRONG_TOKEN, is_for_programs
from .static import Site, page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from ...engine.machine.log import Log
    from .wire import Connection

    Handle = Callable[[Request], Response]

WRONG_TOKEN_SECONDS = 0.2
NO_BODY = (204, 304)


class Answers:
    """The answers of one dashboard. `handle` is the API; `site` has all other paths."""

    def __init__(self, handle: Handle, site: Site, log: Log) -> None:
        self._handle = handle
        self._site = site
        self._log = log

    def answer(self, request: Request, connection: Connection) -> Response:
        """Return the answer to a request that was let in. Raises Gone."""
        try:
            if is_for_programs(request.path):
                return self._handle(request)
            return self._site.answer(request, connection.socket)
        except QueueCTLError as error:
            is_ours = status_of(error) == 500
            return refusal(request, self._incident(request, error) if is_ours else error, connection)
        except Exception as error:  # The edge: a bug must become an answer and a line in the log.
            return refusal(request, self._incident(request, error), connection)

    def _incident(self, request: Request, error: BaseException) -> HttpError:
        """Return the answer to what is our own fault; its number finds it in the log."""
        number = secrets.token_hex(4)
        self._log.say(f"incident {number}: {request.method} {request.path}: {trace(error)}")
        return HttpError(
            500,
            "internal",
            f"internal error, incident {number}",
            hint="please report it; the dashboard's log has the incident",
        )


def refusal(request: Request | None, error: QueueCTLError, connection: Connection) -> Response:
    """Return the answer that refuses a request: JSON for programs and for what is no request, else a page.

    A wrong token is refused slowly, so that nobody can try many. Raises Gone.
    """
    if error.code == WRONG_TOKEN:
        connection.pause(WRONG_TOKEN_SECONDS)
    response = refused(error)
    if request is None or is_for_programs(request.path):
        return response
    shown = page(response.status, error.message.capitalize(), error.hint or "")
    shown.headers = {**shown.headers, **response.headers}
    return shown


def trace(error: BaseException) -> str:
    """Return an error with where it comes from, for the log."""
    return "".join(traceback.format_exception(type(error), error, error.__traceback__)).strip()


def encode(response: Response, now: int, *, keep: bool = False, only_head: bool = False) -> bytes:
    """Return an answer as bytes, of one in pieces the head. `now` is the wall time, `keep` is for the connection.

    It is whole before any of it is sent, also by a thread that has no handler. `send_header` would let a line break
    pass.
    """
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
