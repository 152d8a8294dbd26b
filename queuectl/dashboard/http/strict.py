"""The checks of a request before `http.server` parses it: it has one meaning only, or it is refused.

`http.server` alone is too trusting for something that runs commands: it dispatches a request whose head was cut off,
takes the first of two Hosts, and its timeout is for each read, so that a byte now and then keeps a thread forever.
`wire` makes sure that a head is whole and in time.

Its parsing takes 40 us of a request, 25 of them for the headers. An answer from the store takes 300 us and more.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, unquote

from ...engine.intake import parse_value
from ...model.errors import InvalidInput
from .message import HttpError, Request
from .security import is_for_programs

MAX_HEADERS = 64
MAX_PARAMETERS = 100
MAX_BODY = 1024 * 1024
LENGTH = re.compile(r"[0-9]{1,15}")
HEAD = re.compile(rb"[A-Z]{1,16} /(?!/)[!-~]* HTTP/[1-9]\.[0-9](\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*)*")
NAMES = re.compile(rb"\r\n([^:]+)")
# Two of them would mean one thing to us and another to somebody else.
ONCE = (
    b"host origin content-length content-type transfer-encoding cookie authorization x-queuectl-token sec-fetch-site"
).split()


def bad(message: str) -> HttpError:
    """Return the refusal of a request that is not proper HTTP."""
    return HttpError(400, "bad_request", message)


def split_head(head: bytes) -> tuple[bytes, bytes]:
    """Return the request line and the header lines of a head that has one meaning only. Raises HttpError."""
    if not HEAD.fullmatch(head):
        raise bad("the request line or a header is not one of HTTP")
    names = NAMES.findall(head.lower())
    if len(names) > MAX_HEADERS:
        raise HttpError(431, "too_many_headers", f"more than {MAX_HEADERS} headers")
    for name in ONCE:
        if names.count(name) > 1:
            raise bad(f"header {name.decode()} appears twice")
    first, _, headers = head.partition(b"\r\n")
    return first, headers


def split_target(target: str) -> tuple[str, dict[str, str]]:
    """Return path and query, if both have one meaning only. Raises HttpError."""
    raw, _, query = target.partition("?")
    try:
        path = unquote(raw, errors="strict")
        found = dict(parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS))
    except ValueError:
        raise bad(f"the path or query is not UTF-8, or there are more than {MAX_PARAMETERS} parameters") from None
    is_odd = any(text in raw.lower() for text in ("//", "%2f", "%5c", "\\", "#")) or not path.isprintable()
    if is_odd or any(part in (".", "..") for part in path.split("/")):
        raise bad("the request must name a plain path")
    return path, found


def body_length(request: Request) -> int:
    """Return the length of the body in bytes. Raises HttpError if it is not acceptable."""
    if "transfer-encoding" in request.headers:
        hint = "send the body with Content-Length"
        raise HttpError(501, "not_implemented", "Transfer-Encoding is not supported", hint=hint)
    text = request.headers.get("content-length", "0")
    if not LENGTH.fullmatch(text):
        raise bad("Content-Length is not a number of bytes")
    if int(text) > MAX_BODY:
        raise HttpError(413, "too_large", f"the body has more than {MAX_BODY} bytes, the most that is allowed")
    if int(text) and request.is_read and not is_for_programs(request.path):
        raise reads_with_body()
    return int(text)


def reads_with_body() -> HttpError:
    """Return the refusal of a body where there can be none. In the API an unknown route is refused first."""
    return bad("a request that only reads has no body")


def parse_body(data: bytes) -> dict[str, Any]:
    """Return the JSON object of a body, read strictly. Raises HttpError."""
    try:
        value = parse_value(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise bad("the body is not UTF-8") from None
    except InvalidInput as error:
        raise HttpError(400, "bad_json", error.message.replace("the value", "the body", 1)) from None
    if not isinstance(value, dict):
        raise HttpError(400, "bad_json", "the body must be a JSON object")
    return value
