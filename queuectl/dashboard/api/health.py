"""Whether the dashboard and its store are well, for whoever watches them. Who asks is not known: no path is named."""

from __future__ import annotations

import os

from ..http.message import Response, json_response
from .route import route
from .shapes import INTEGER, SECONDS, TEXT, one_of, record, seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..app import App


@route(
    "GET",
    "//healthz",
    "Whether this dashboard and its store are well; 503 and the reason where nothing can be written",
    answer=record(status=one_of("ok"), version=TEXT, pid=INTEGER, uptime=SECONDS, workers=INTEGER),
)
def health(app: App) -> Response:
    workers = app.health.workers()
    return json_response(
        {
            "status": "ok",
            "version": app.version,
            "pid": os.getpid(),
            "uptime": seconds(app.clock.wall() - app.started_at),
            "workers": workers,
        }
    )
