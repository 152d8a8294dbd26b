"""The cookie of a page. It lets its bearer read, never write.

Cookies know no ports: a browser sends them to every server with the same name, no matter who runs it. So the cookie is
derived from the token, and it opens no page that has the token in it. There is one exception: the answer to a link with
the token redirects to a clean address, and the page there still needs the token. The cookie of that answer carries a
ticket, which is good for one page and a short time.

`http.cookies` stops at the first cookie that it cannot read, perhaps of another server: `a={"b":1}` hides the rest.
"""

from __future__ import annotations

import hmac
import secrets
import threading

from ...model.clock import Clock
from .message import Request

TICKET_MS = 300_000
MOST_TICKETS = 100


class Cookie:
    """The cookie of the dashboard that has this token and this port."""

    def __init__(self, token: str, port: int, clock: Clock) -> None:
        self.name = f"queuectl_token_{port}"
        self._value = hmac.new(token.encode(), f"read on port {port}".encode(), "sha256").hexdigest()
        self._clock = clock
        self._lock = threading.Lock()
        self._tickets: dict[str, int] = {}

    def is_in(self, request: Request) -> bool:
        """Return whether a request has the cookie; the time that this takes does not show how much is right."""
        value = self._given(request).partition(".")[0]
        return hmac.compare_digest(value.encode("utf-8", "replace"), self._value.encode())

    def redeem(self, request: Request) -> bool:
        """Return whether a request has the cookie with a valid ticket, and use up the ticket."""
        ticket = self._given(request).partition(".")[2]
        if not ticket or not self.is_in(request):
            return False
        with self._lock:
            until = self._tickets.pop(ticket, None)
        return until is not None and self._clock.monotonic() < until

    def setting(self, *, with_ticket: bool = False) -> str:
        """Return the value of Set-Cookie."""
        value = f"{self._value}.{self._issue()}" if with_ticket else self._value
        return f"{self.name}={value}; Path=/; HttpOnly; SameSite=Strict"

    def _issue(self) -> str:
        now, ticket = self._clock.monotonic(), secrets.token_urlsafe(16)
        with self._lock:
            good = [(other, until) for other, until in self._tickets.items() if until > now]
            self._tickets = dict([*good[1 - MOST_TICKETS :], (ticket, now + TICKET_MS)])
        return ticket

    def _given(self, request: Request) -> str:
        pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
        return next((value for name, _, value in pairs if name == self.name), "")
