"""From a request to its handler, for all paths below /api/v1 and two more. The server calls `handle`.

Each route is declared beside its handler, in a module of this folder; `openapi` has its parameters and answers.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from .. import api
from ..app import App
from ..http.message import HttpError, Request, Response
from ..http.strict import reads_with_body
from .route import TABLE, Route

# A module declares its routes when it is imported.
for _module in pkgutil.iter_modules(api.__path__, f"{api.__name__}."):
    import_module(_module.name)


def handle(app: App, request: Request) -> Response:
    """Answer a request. Raises HttpError and the errors of the queue."""
    found, request.params = _find(request)
    if request.is_read and request.body is not None:
        raise reads_with_body()
    if found.writes and app.read_only:
        raise HttpError(403, "read_only", "this dashboard only shows", hint="start it without --read-only to change")
    return found.respond(app, request)


def _find(request: Request) -> tuple[Route, dict[str, str]]:
    """Return the route of a request and the named parts of its path."""
    parts = request.path.split("/")
    allowed = []
    for route in TABLE:
        names = route.match(parts)
        if names is None:
            continue
        if route.method == request.method:
            return route, names
        allowed.append(route.method)
    if not allowed:
        raise HttpError(404, "not_found", "there is nothing at this address", hint="see /api/v1/openapi.json")
    methods = sorted({*allowed, *(["HEAD"] if "GET" in allowed else [])})
    known = ", ".join(methods)
    raise HttpError(405, "method_not_allowed", f"this address knows {known}", headers={"Allow": known})
