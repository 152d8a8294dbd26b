"""Whether this dashboard is well, what it is and can do, and the words of its pages, which have no lists themselves."""

from __future__ import annotations

import os
from typing import Any

from ...model.fields import FILTERS, JOB_FIELDS
from ...model.fields import Field as JobField
from ...model.filter import example, meaning
from ...model.job import STATE_TABLE
from ...model.schedule import CATCH_UP, OVERLAP
from ...model.verbs import VERBS
from ..app import App
from .actions import MOST_SELECTED
from .answers import HEALTH, LEFT_OUT, META
from .jobs import LONGEST_PAGE
from .metrics import MOST_POINTS
from .output import LARGEST
from .route import route

FLAGS = ("given", "required", "editable", "recurring", "kept", "wide")
LIMITS = {"page": LONGEST_PAGE, "selection": MOST_SELECTED, "output": LARGEST, "points": MOST_POINTS}


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


@route("GET", "/meta", "What this dashboard is and can do", answer=META)
def meta(app: App) -> dict[str, Any]:
    urgent_first = sorted(STATE_TABLE.values(), key=lambda state: state.rank)
    return {
        "version": app.version,
        "read_only": app.read_only,
        "server_time": app.clock.wall(),
        "started_at": app.started_at,
        "home": app.queue.home.path,
        "states": urgent_first,
        "verbs": VERBS.values(),
        "fields": [_field(field, app.directory) for field in JOB_FIELDS],
        "filters": [{"key": key, "example": example(key), "help": meaning(key)} for key in FILTERS],
        "choices": {"catch_up": CATCH_UP, "overlap": OVERLAP},
        "limits": LIMITS,
    }


# Parts of fields that differ between a form and the command line.
HERE = {
    "inherit_env": {"default": "only PATH"},
    "stdin": {"help": "what its command reads as standard input: the text itself"},
}


def _field(field: JobField, directory: str) -> dict[str, Any]:
    """Return a field of a job as pages need it; `directory` is the default of `cwd`."""
    default = directory if field.name == "cwd" else field.default_words
    default = f"the setting {field.setting}" if field.setting else default
    return {
        **{name: getattr(field, name) for name in ("name", "label", "help", "option", "edit_option")},
        **{name: getattr(field, f"is_{name}") for name in FLAGS},
        "kind": field.kind.name,
        "input": field.kind.input,
        "default": default,
        "listed": field.is_kept and field.name not in LEFT_OUT,
        **HERE.get(field.name, {}),
    }
