"""From a request to its handler. `handle` is what the server calls; everything below /api/v1, and two more.

    GET    /meta  /overview  /queues  /config  /events  /suggest  /openapi.json    //healthz  //metrics
    GET    /jobs  /jobs/{id}  /jobs/{id}/output  /export.jsonl  /export.csv
    POST   /jobs  /jobs/{id}/{retry|cancel|hold|release|duplicate}  /jobs/actions/{preview|commit}
    DELETE /jobs/{id}  /schedules/{name}                                    PATCH /jobs/{id}  /config
    GET    /workers    POST /workers  /workers/{scale|stop}
    GET    /dlq/groups  POST /dlq/groups/{preview|retry|remove}
    GET    /scheduled  /scheduled/times  /schedules  /schedules/{name}  /cron/preview
    POST   /schedules  /schedules/{name}/{run|pause|resume}
    GET    /metrics/series  /metrics/top  /metrics/summary

Each route is declared beside its handler; `openapi` has their parameters and answers.
"""

from __future__ import annotations

from ..http.message import HttpError
from . import (  # noqa: F401  (each of them declares its routes when it is imported)
    actions,
    admin,
    export,
    health,
    jobs,
    meta,
    metrics,
    openapi,
    output,
    overview,
    prometheus,
    schedules,
    verbs,
    workers,
)
from .route import TABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..app import App
    from ..http.message import Request, Response
    from .route import Route


def handle(app: App, request: Request) -> Response:
    """Answer a request. Raises HttpError and the errors of the queue."""
    found, request.params = _find(request)
    if found.writes and app.read_only:
        raise HttpError(403, "read_only", "this dashboard only shows", hint="start it without --read-only to change")
    return found.answer(app, request)


def _find(request: Request) -> tuple[Route, dict[str, str]]:
    """Return the route that a request means, with the named parts of its path."""
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
    raise HttpError(
        405, "method_not_allowed", f"this address knows {', '.join(methods)}", headers={"Allow": ", ".join(methods)}
    )
