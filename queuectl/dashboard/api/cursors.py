"""Cursors: the end of a page, as a text that means nothing to the client.

It holds the key of the last row, how many rows came before, and a hash of the filter and order that it belongs to: an
altered cursor, or one with another filter, is refused instead of giving a wrong page. It has no offset, so rows that
come or go in between neither repeat a row nor hide one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Sequence, Tuple

from ..http.message import HttpError

Key = Tuple[int, ...]

LONGEST = 400
MOST = 1 << 62


def write(key: Key | None, seen: int, belongs_to: Sequence[str]) -> str | None:
    """Return the text of the place after the row with this key, in the list that the words `belongs_to` describe.

    `seen` rows of the list come before. None is the end, which has no text.
    """
    if key is None:
        return None
    content = {"k": list(key), "s": seen, "f": _hash(belongs_to)}
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).rstrip(b"=").decode()


def read(text: str | None, belongs_to: Sequence[str], length: int) -> tuple[Key | None, int]:
    """Return the key of `length` numbers and the number of rows before it; None is the beginning. Raises HttpError."""
    if text is None:
        return None, 0
    try:
        if len(text) > LONGEST or not text.isascii():
            raise ValueError("no cursor of ours")
        content = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        key, seen = tuple(content["k"]), content["s"]
        is_ours = content["f"] == _hash(belongs_to)
    except (ValueError, KeyError, TypeError):
        raise _bad("the cursor is damaged") from None
    if not is_ours:
        raise _bad("the cursor belongs to another filter or order")
    if len(key) != length or not all(type(part) is int and abs(part) <= MOST for part in (*key, seen)) or seen < 0:
        raise _bad("the cursor is damaged")
    return key, seen


def _hash(words: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(words).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _bad(message: str) -> HttpError:
    return HttpError(400, "bad_cursor", message, field="cursor", hint="begin again without a cursor")
