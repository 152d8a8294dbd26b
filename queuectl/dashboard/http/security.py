"""The guard of the dashboard. Anyone who can use the dashboard can run commands as its user.

Every request passes `Guard.admit`:

    Host            one of ours, or a page elsewhere that had its name rebound to us could ask      421
    Origin, site    of writes, and of all API calls: from a page of ours                            403
    token           of all of the API: in the header X-QueueCTL-Token (or Authorization: Bearer);
                    for reads the cookie of a page will do                                          401
    read-only       no writes                                                                       403
    method          one of the API; the address says which                                          405
    Content-Type    of a body: JSON, which no form of another page can send                         415

The token is new with each start unless the user gave one. A page has it for its writes. A browser gets such a page if
it brings the token in a link (`?token=`), or if it is the same user's on this machine, where the system knows the
owner of a connection and no proxy is in between: nobody knows the sender of a request that comes through a proxy.
`/healthz` needs no token, `/metrics` needs none on this machine without a proxy.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import socket

from ...model.clock import Clock
from ...model.dashboard import DashboardOptions
from .address import WILDCARDS, own_names
from .cookie import Cookie
from .message import HttpError, Request
from .owner import owner

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OWN_SITES = (None, "none", "same-origin")
LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")
ADDRESS = re.compile(r"(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])")
OF_PROXY = re.compile(
    "cdn-loop|cf-connecting-ip|client-ip|forwarded|forwarded-for|true-client-ip|via|x-client-ip|x-cluster-client-ip|"
    "x-forwarded-.*|x-original-forwarded-for|x-originating-ip|x-real-ip|x-remote-addr|x-remote-ip"
)
WRONG_TOKEN = "wrong_token"
OPEN_LINK = "open the link that this shows: queuectl dashboard status"


def as_in_url(host: str) -> str:
    """Return a host as it stands in a URL."""
    return f"[{host.lower()}]" if ":" in host else host.lower()


def is_api(path: str) -> bool:
    """Return whether a path belongs to the API."""
    return path == "/api" or path.startswith("/api/")


def is_for_programs(path: str) -> bool:
    """Return whether programs read this path, so that errors are JSON."""
    return is_api(path) or path in ("/healthz", "/metrics")


def came_through_proxy(request: Request) -> bool:
    """Return whether a proxy says that it forwards a request."""
    return any(map(OF_PROXY.fullmatch, request.headers))


class Guard:
    """What one dashboard lets in. Without a token from the user, it makes one.

    With `opens_to_owner` the user's own browsers on this machine get pages without it.
    """

    def __init__(self, options: DashboardOptions, port: int, clock: Clock, *, opens_to_owner: bool) -> None:
        self.token = options.token or secrets.token_urlsafe(32)
        self.cookie = Cookie(self.token, port, clock)
        self.opens_to_owner = opens_to_owner
        self._is_local = options.is_local
        self._read_only = options.read_only
        self._port = port
        # To rebind a name one needs a name: where any address may be ours, any is let in.
        self._any_address = options.host in WILDCARDS
        # On any port: a proxy has its own.
        self._trusted = {as_in_url(name) for name in options.allowed_hosts}
        names = {*LOCAL_NAMES, as_in_url(options.host), *(own_names() if self._any_address else ())}
        self._hosts = {f"{name}:{port}" for name in names} | (names if port == 80 else set())

    def admit(self, request: Request) -> None:
        """Raise HttpError for a request that may not be answered."""
        host = request.headers.get("host")
        if host is None:
            raise HttpError(400, "bad_request", "header Host is missing")
        if not self._is_own_host(host):
            hint = "let the name in with: queuectl dashboard --allow-host NAME --token TOKEN"
            raise HttpError(421, "wrong_host", "this is not a host of the dashboard", hint=hint)
        if request.method == "OPTIONS":
            raise HttpError(403, "forbidden", "no other site may use the dashboard")
        if request.method not in METHODS and not is_for_programs(request.path):
            raise HttpError(501, "not_implemented", "there is no such method")
        is_guarded = not request.is_read or is_api(request.path)
        if is_guarded and request.headers.get("sec-fetch-site") not in OWN_SITES:
            raise HttpError(403, "wrong_site", "no other site may use the dashboard")
        if not request.is_read:
            self._check_origin(request)
        if is_guarded or (request.path == "/metrics" and not self._comes_from_here(request)):
            self._check_token(request)
        if request.is_read:
            return
        if self._read_only:
            hint = "start it without --read-only to change anything"
            raise HttpError(403, "read_only", "this dashboard is read-only", hint=hint)
        has_body = "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if has_body and content_type != "application/json":
            hint = "with curl: -H 'Content-Type: application/json' -d '{...}'"
            raise HttpError(415, "content_type", "the Content-Type must be application/json", hint=hint)

    def _comes_from_here(self, request: Request) -> bool:
        """Return whether only this machine can have sent a request: an allowed host is the name of a proxy."""
        came_from_proxy = came_through_proxy(request) or self._is_trusted(request.headers["host"].lower())
        return self._is_local and not came_from_proxy

    def _is_trusted(self, host: str) -> bool:
        """Return whether a host is one of the allowed hosts, on any port."""
        name = host[:-1] if host.endswith(".") else host
        return name in self._trusted or name.rpartition(":")[0] in self._trusted

    def _is_own_host(self, host: str) -> bool:
        name, colon, port = host.lower().rpartition(":")
        if not colon or port.endswith("]"):
            name, port = host.lower(), ""
        name = name[:-1] if name.endswith(".") else name
        if name in self._trusted or (f"{name}:{port}" if port else name) in self._hosts:
            return True
        return self._any_address and port == str(self._port) and ADDRESS.fullmatch(name) is not None

    def _check_origin(self, request: Request) -> None:
        origin = request.headers.get("origin")
        if origin is None:
            return
        host = request.headers["host"].lower()
        own = {f"http://{host}"}
        if self._is_trusted(host):
            own.add(f"https://{host}")  # It is the name of a proxy, which encrypts.
        if origin.lower() not in own:
            raise HttpError(403, "wrong_origin", "no other site may use the dashboard")

    def _check_token(self, request: Request) -> None:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        given = request.headers.get("x-queuectl-token") or (bearer.strip() if scheme.lower() == "bearer" else None)
        if self.is_token(given) or (request.is_read and self.cookie.is_in(request)):
            return
        if given is not None:
            raise wrong_token()
        where = "header X-QueueCTL-Token" if not request.is_read else "header X-QueueCTL-Token or the page's cookie"
        raise HttpError(401, "token_required", f"the token is missing: {where}", hint=OPEN_LINK)

    def is_token(self, text: str | None) -> bool:
        """Return whether this is the token; the time that this takes does not show how much is right."""
        return text is not None and hmac.compare_digest(text.encode("utf-8", "replace"), self.token.encode())

    def opens_page(self, request: Request, connected: socket.socket) -> bool:
        """Return whether a client without the token may get a page with the token in it."""
        return (
            self.opens_to_owner
            and not came_through_proxy(request)
            and request.headers.get("sec-fetch-site") in OWN_SITES
            and owner(connected) == os.geteuid()
        )


def wrong_token() -> HttpError:
    """Return the refusal of a token that is not ours."""
    return HttpError(401, WRONG_TOKEN, "the token is wrong", hint=f"each start may have another; {OPEN_LINK}")
