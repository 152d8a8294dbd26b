"""Whether the dashboard and its store are well, for whoever watches them. Who asks is not known: no path is named."""

from __future__ import annotations

import os

from .answers import HEALTH
from .route import route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..app import App


@route(
    "GET",
    "//healthz",
    "Whether this dashboard and its store are well; 503 and the reason where nothing can be written",
    answer=HEALTH,
)
def health(app: App) -> dict[str, Any]:
    workers = app.health.workers()
    return {
        "status": "ok",
        "version": app.version,
        "pid": os.getpid(),
        "uptime": app.clock.wall() - app.started_at,
        "workers": workers,
    }
