"""Whether the dashboard and its store are well, for whoever watches them. Who asks is not known: no path is named."""

from __future__ import annotations

import os

from ..app import App
from ..http.message import Response, json_response
from .answers import HEALTH
from .route import route


@route(
    "GET",
    "//healthz",
    "Whether this dashboard and its store are well; 503 and the reason where nothing can be written",
    answer=HEALTH,
)
def health(app: App) -> Response:
    workers = app.health.workers()
    return json_response(
        HEALTH.json(
            {
                "status": "ok",
                "version": app.version,
                "pid": os.getpid(),
                "uptime": app.clock.wall() - app.started_at,
                "workers": workers,
            }
        )
    )
