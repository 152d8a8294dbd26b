"""The pages and their assets: a fixed table, read once from the package. No URL becomes the path of a file.

All pages are one document, `index.html`, with the token in it for a user who may write; its scripts look at the URL.
It works from a zip archive too.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import os
import pkgutil
import re
import socket
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

from .message import HttpError, Request, Response
from .security import OWN_SITES, Guard, wrong_token

FOLDER = "assets"
PACKAGE = "queuectl.dashboard"
TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
HTML = TYPES["html"]
WORTH_PACKING = 512


class Asset:
    """A file of the package as it is sent."""

    __slots__ = ("data", "packed", "content_type", "etag")

    def __init__(self, name: str, data: bytes) -> None:
        self.data = data
        packed = gzip.compress(data, 9)
        self.packed = packed if len(data) >= WORTH_PACKING and len(packed) < len(data) else None
        self.content_type = TYPES[name.rpartition(".")[2]]
        self.etag = f'W/"{hashlib.sha256(data).hexdigest()[:20]}"'

    def response(self, request: Request) -> Response:
        """Return it, packed if the client takes that; 304 if the client has it."""
        headers = {"ETag": self.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        status, data = 200, self.data
        if self.etag in request.headers.get("if-none-match", ""):
            status, data = 304, b""
        elif self.packed is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
            data = self.packed
            headers["Content-Encoding"] = "gzip"
        return Response(status, data, content_type=self.content_type, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    codings = [part.replace(" ", "").lower() for part in accepted.split(",")]
    return any(coding.partition(";")[0] == "gzip" and not re.search(r";q=0(\.0*)?$", coding) for coding in codings)


def names() -> list[str]:
    """Return the names of the package's assets, such as `views/jobs.js`."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folder = os.path.join(package, FOLDER)
    if os.path.isdir(folder):
        paths = [os.path.relpath(os.path.join(at, file), folder) for at, _, files in os.walk(folder) for file in files]
    else:
        paths = _names_in_archive(folder)
    found = [path.replace(os.sep, "/") for path in paths]
    return sorted(name for name in found if name.rpartition(".")[2] in TYPES)


def _names_in_archive(folder: str) -> list[str]:
    import zipfile

    archive = folder
    while not os.path.isfile(archive):
        archive = os.path.dirname(archive)
    inside = os.path.relpath(folder, archive).replace(os.sep, "/") + "/"
    with zipfile.ZipFile(archive) as package:
        return [name[len(inside) :] for name in package.namelist() if name.startswith(inside) and name[-1] != "/"]


def read(name: str) -> bytes:
    """Return an asset of the package."""
    data = pkgutil.get_data(PACKAGE, f"{FOLDER}/{name}")
    assert data is not None
    return data


class Navigation(HTMLParser):
    """The pages: the links of `index.html` that name a view, and whether items below them have pages too."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, bool] = {}
        self.feed(read("index.html").decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link."""
        named = dict(attrs)
        if "data-view" in named:
            self.pages[named["href"] or ""] = "data-item-view" in named

    def has(self, path: str) -> bool:
        """Return whether a path is that of a page."""
        above, _, item = path.rpartition("/")
        return path in self.pages or bool(item and self.pages.get(above))


class Site:
    """The pages and assets of one dashboard."""

    def __init__(self, guard: Guard, *, read_only: bool) -> None:
        self._guard = guard
        self._navigation = Navigation()
        self._assets = {f"/{FOLDER}/{name}": Asset(name, read(name)) for name in names() if name != "index.html"}
        index = read("index.html").replace(b"@READ_ONLY@", b"true" if read_only else b"false")
        self._index = index.replace(b"@TOKEN@", html.escape(guard.token).encode())
        self._index_without_token = index.replace(b"@TOKEN@", b"")

    def answer(self, request: Request, connected: socket.socket) -> Response:
        """Return the page or asset at a path. Raises HttpError."""
        if not request.is_read:
            raise HttpError(405, "method_not_allowed", "pages can only be read", headers={"Allow": "GET, HEAD"})
        asset = self._assets.get(request.path)
        if asset is not None:
            return asset.response(request)
        if not self._navigation.has(request.path):
            return page(404, "Not found", "There is no such page.", leads_to="/")
        if "token" in request.query:
            return self._log_in(request)
        has_cookie = self._guard.cookie.is_in(request)
        if self._guard.cookie.redeem(request):
            return _document(self._index, self._guard.cookie.setting())
        if self._guard.opens_page(request, connected):
            return _document(self._index, None if has_cookie else self._guard.cookie.setting())
        if has_cookie:
            return _document(self._index_without_token)
        return page(
            401,
            "A token is needed",
            "Open the dashboard with the link that this shows: queuectl dashboard status. "
            "Or, if you just followed a link, continue.",
            leads_to="/",
        )

    def _log_in(self, request: Request) -> Response:
        """Exchange the token in a link for the cookie: no token stays in the address bar and the history."""
        if not self._guard.is_token(request.query["token"]):
            raise wrong_token()
        others = urlencode({name: value for name, value in request.query.items() if name != "token"})
        place = quote(request.path) + (f"?{others}" if others else "")
        cookie = self._guard.cookie.setting(with_ticket=True)
        if request.headers.get("sec-fetch-site") not in OWN_SITES:
            # A browser that comes from another site sends no cookie after a redirect, but it does from our page.
            found = page(200, "QueueCTL", "The dashboard opens.", leads_to=place, at_once=True)
        else:
            found = Response(303, content_type=HTML, headers={"Location": place})
        found.headers = {**found.headers, "Set-Cookie": cookie}
        return found


def _document(data: bytes, cookie: str | None = None) -> Response:
    return Response(200, data, content_type=HTML, headers={} if cookie is None else {"Set-Cookie": cookie})


def page(status: int, title: str, text: str, *, leads_to: str = "", at_once: bool = False) -> Response:
    """Return a page of one sentence, with a link to what it `leads_to`, which the browser may open `at_once`."""
    place = html.escape(leads_to)
    link = f'<p><a href="{place}">Continue to the dashboard</a></p>' if place else ""
    refresh = f'<meta http-equiv="refresh" content="0; url={place}">' if at_once else ""
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8">{refresh}<title>{html.escape(title)} - QueueCTL</title>'
        f'<link rel="stylesheet" href="/{FOLDER}/app.css"><main><h1>{html.escape(title)}</h1>'
        f"<p>{html.escape(text)}</p>{link}</main></html>\n"
    )
    return Response(status, body.encode(), content_type=HTML)
