"""`/healthz`, for programs that watch the dashboard."""

from __future__ import annotations

import os
from typing import Any

from ..app import App
from .answers import HEALTH
from .route import route


@route(
    "GET",
    "//healthz",
    "Whether this dashboard and its store are well; 503 and the reason where nothing can be written",
    answer=HEALTH,
)
def health(app: App) -> dict[str, Any]:
    return {
        "status": "ok",
        "version": app.version,
        "pid": os.getpid(),
        "uptime": app.clock.wall() - app.started_at,
        "workers": app.health.workers(),
    }
