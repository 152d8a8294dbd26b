"""What this dashboard is and can do, and the words that its pages use: they keep no list of their own."""

from __future__ import annotations

from ...model.fields import FILTERS, JOB_FIELDS
from ...model.filter import example, meaning
from ...model.job import STATE_TABLE
from ...model.verbs import VERBS
from ...model.when import iso
from ...store.lanes import SORTED_STATES
from ..http.message import Response, json_response
from .actions import MOST_SELECTED
from .jobs import LONGEST_PAGE
from .metrics import MOST_POINTS
from .output import LARGEST
from .route import route
from .shapes import (
    FLAG,
    INTEGER,
    KIND_SCHEMAS,
    LEFT_OUT,
    SCHEMAS,
    STATE,
    TEXT,
    TIME,
    many,
    maybe,
    one_of,
    record,
    ref,
    table,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...model.fields import Field as JobField
    from ..app import App

FEATURES = ("bulk_actions", "dlq_groups", "export", "schedules", "stream", "prometheus")
LIMITS = {"page": LONGEST_PAGE, "selection": MOST_SELECTED, "output": LARGEST, "points": MOST_POINTS}
STATE_SCHEMAS = {"name": STATE, "glyph": TEXT, "phrase": TEXT, "is_final": FLAG, "is_due": FLAG, "is_rare": FLAG}
VERB_SCHEMAS = {
    "name": TEXT,
    "label": TEXT,
    "done": TEXT,
    "question": maybe(TEXT),
    "key": TEXT,
    "states": many(STATE),
    "means": many(STATE),
    "destroys": FLAG,
    "in_rows": FLAG,
    "is_plain": FLAG,
}
FIELD_TEXTS = ("name", "label", "help", "option", "edit_option")
FIELD_FLAGS = ("given", "required", "editable", "recurring", "kept", "wide")
SCHEMAS["Field"] = record(
    kind=one_of(*KIND_SCHEMAS),
    default=TEXT,
    listed=FLAG,
    **dict.fromkeys(FIELD_TEXTS, TEXT),
    **dict.fromkeys(FIELD_FLAGS, FLAG),
)
SCHEMAS["Meta"] = record(
    version=TEXT,
    read_only=FLAG,
    server_time=TIME,
    started_at=TIME,
    home=TEXT,
    states=many(record(**STATE_SCHEMAS)),
    verbs=many(record(**VERB_SCHEMAS)),
    fields=many(ref("Field")),
    filters=many(record(key=TEXT, example=TEXT, help=TEXT)),
    features=many(TEXT),
    sorts=table(many(STATE)),
    limits=record(**dict.fromkeys(LIMITS, INTEGER)),
)


@route("GET", "/meta", "What this dashboard is and can do", answer=ref("Meta"))
def meta(app: App) -> Response:
    urgent_first = sorted(STATE_TABLE.values(), key=lambda state: state.rank)
    return json_response(
        {
            "version": app.version,
            "read_only": app.read_only,
            "server_time": iso(app.clock.wall()),
            "started_at": iso(app.started_at),
            "home": app.queue.home.path,
            "states": [{name: getattr(state, name) for name in STATE_SCHEMAS} for state in urgent_first],
            "verbs": [{name: getattr(verb, name) for name in VERB_SCHEMAS} for verb in VERBS.values()],
            "fields": list(map(_field, JOB_FIELDS)),
            "filters": [{"key": key, "example": example(key), "help": meaning(key)} for key in FILTERS],
            "features": list(FEATURES),
            "sorts": {sort: list(states) for sort, states in SORTED_STATES.items()},
            "limits": LIMITS,
        }
    )


def _field(field: JobField) -> dict[str, Any]:
    """Return what a page needs to know of a job's field: to ask for it, to show it, to name it in a command."""
    return {
        **{name: getattr(field, name) for name in FIELD_TEXTS},
        **{name: getattr(field, f"is_{name}") for name in FIELD_FLAGS},
        "kind": field.kind.name,
        "default": f"the setting {field.setting}" if field.setting else field.default_words,
        "listed": field.is_kept and field.name not in LEFT_OUT,
    }
