"""The rest: what this dashboard is, settings, events, suggestions for the filter."""

from __future__ import annotations

import os

from ...model.errors import InvalidInput
from ...model.fields import FILTERS, JOB_FIELDS
from ...model.filter import example, meaning
from ...model.job import FINAL_STATES, STATES
from ...model.setting import Setting
from ...model.settings import SETTINGS, find, resolve
from ...model.when import iso
from ..http.message import Response, json_response
from . import cursors, listing
from .cursors import Cursor
from .jobs import CURSOR, LIMIT, LONGEST_PAGE
from .route import Field, route
from .shapes import (
    FLAG,
    INTEGER,
    KIND_SCHEMAS,
    LEFT_OUT,
    SCHEMAS,
    TEXT,
    TIME,
    VERBS,
    many,
    maybe,
    one_of,
    record,
    ref,
    table,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ...model.fields import Field as JobField
    from ...model.setting import Value
    from ...store import Store
    from ..app import App

EVENT_WINDOW = 10_000
NEWEST = 1 << 60
SUGGESTED = 20
TAGGED_JOBS = 1_000
FEATURES = ("bulk_actions", "dlq_groups", "export", "schedules", "stream", "prometheus")

FIELD_TEXTS = ("name", "label", "help", "option", "edit_option")
FIELD_FLAGS = ("given", "required", "editable", "recurring", "kept", "wide")

SCHEMAS["Meta"] = record(
    version=TEXT,
    read_only=FLAG,
    server_time=TIME,
    started_at=TIME,
    home=TEXT,
    states=many(TEXT),
    final_states=many(TEXT),
    actions=table(many(TEXT)),
    features=many(TEXT),
    sorts=many(TEXT),
    filters=many(record(key=TEXT, example=TEXT, help=TEXT)),
    fields=many(ref("Field")),
    limits=record(page=INTEGER, selection=INTEGER, output=INTEGER, points=INTEGER),
)
SCHEMAS["Field"] = record(
    kind=one_of(*KIND_SCHEMAS),
    default=TEXT,
    listed=FLAG,
    **dict.fromkeys(FIELD_TEXTS, TEXT),
    **dict.fromkeys(FIELD_FLAGS, FLAG),
)
SCHEMAS["Config"] = record(
    items=many(
        record(
            key=TEXT,
            value=TEXT,
            default=TEXT,
            source=one_of("default", "home", "environment"),
            type=TEXT,
            group=TEXT,
            description=TEXT,
            allowed=TEXT,
            aliases=many(TEXT),
            env=TEXT,
        )
    )
)
SCHEMAS["Events"] = record(
    next=maybe(TEXT), items=many(record(number=INTEGER, at=TIME, kind=TEXT, job=maybe(TEXT), detail=TEXT, by=TEXT))
)


@route("GET", "/meta", "What this dashboard is and can do", answer=ref("Meta"))
def meta(app: App) -> Response:
    from .actions import MOST_SELECTED
    from .metrics import MOST_POINTS
    from .output import LARGEST

    return json_response(
        {
            "version": app.version,
            "read_only": app.read_only,
            "server_time": iso(app.clock.wall()),
            "started_at": iso(app.started_at),
            "home": app.queue.home.path,
            "states": list(STATES),
            "final_states": list(FINAL_STATES),
            "actions": {verb: list(states) for verb, states in VERBS.items()},
            "features": list(FEATURES),
            "sorts": list(listing.SORTS),
            "filters": [{"key": key, "example": example(key), "help": meaning(key)} for key in FILTERS],
            "fields": list(map(_field, JOB_FIELDS)),
            "limits": {"page": LONGEST_PAGE, "selection": MOST_SELECTED, "output": LARGEST, "points": MOST_POINTS},
        }
    )


def _field(field: JobField) -> dict[str, Any]:
    """Return what a page needs to know of a job's field: to ask for it, to show it, to name it in a command."""
    return {
        **{name: getattr(field, name) for name in FIELD_TEXTS},
        **{name: getattr(field, f"is_{name}") for name in FIELD_FLAGS},
        "kind": field.kind.name,
        "default": field.default_words,
        "listed": field.is_kept and field.name not in LEFT_OUT,
    }


@route("GET", "/config", "The settings: value, where it is from, what is allowed", answer=ref("Config"))
def config(app: App) -> Response:
    found = resolve(app.queue.store.meta.settings(), os.environ)
    return json_response({"items": [_setting(*row) for row in found]})


def _setting(setting: Setting, value: Value, source: str) -> dict[str, Any]:
    return {
        "key": setting.name,
        "value": setting.show(value),
        "default": setting.show(setting.default),
        "source": source,
        "type": setting.kind,
        "group": setting.group,
        "description": setting.help,
        "allowed": setting.allowed,
        "aliases": list(setting.aliases),
        "env": setting.env,
    }


@route(
    "PATCH",
    "/config",
    "Change settings, all of them or none; null means the default again",
    whole_body={"type": "object", "additionalProperties": {"nullable": True, "description": "a text or a number"}},
    answer=ref("Config"),
    errors=(422,),
)
def change_config(app: App, *, body: dict[str, Any]) -> Response:
    changes = [_change(name, value) for name, value in body.items()]
    if not changes:
        raise InvalidInput("no setting was given")
    for name, text in changes:
        app.queue.change_setting(name, text)
    return config(app)


def _change(name: str, value: object) -> tuple[str, str | None]:
    """Return a setting's name and text. Raises InvalidInput, naming the key as it was given."""
    try:
        setting = find(name)
        if value is None:
            return setting.name, None
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise InvalidInput(f"{name} must be {setting.allowed}")
        return setting.name, setting.show(setting.parse(str(value)))
    except InvalidInput as error:
        raise InvalidInput(error.message, hint=error.hint, field=name) from None


@route(
    "GET",
    "/events",
    "What users and daemons did, newest first",
    query=(Field("kind", TEXT, "only events of this kind", default=""), LIMIT, CURSOR),
    answer=ref("Events"),
    errors=(400,),
)
def events(app: App, *, kind: str, limit: int, cursor: str | None) -> Response:
    belongs_to = ("events", kind)
    place = Cursor((NEWEST,), 0) if cursor is None else cursors.read(cursor, belongs_to, 1)
    found, before = app.queue.store.events, place.key[0]
    page = found.page(before, kind, EVENT_WINDOW if kind else limit, limit)
    end = page[-1].id if len(page) == limit else found.end_of_window(before, EVENT_WINDOW) if kind else None
    following = None if end is None else cursors.write(Cursor((end,), place.seen + len(page)), belongs_to)
    return json_response(
        {
            "items": [
                {
                    "number": event.id,
                    "at": iso(event.at),
                    "kind": event.kind,
                    "job": event.job,
                    "detail": event.detail,
                    "by": event.actor,
                }
                for event in page
            ],
            "next": following,
        }
    )


@route(
    "GET",
    "/suggest",
    "What may come next in a filter",
    query=(
        Field(
            "field",
            one_of("qualifier", "setting", *FILTERS),
            "what is being written",
            required=True,
        ),
        Field("prefix", TEXT, "what there is of it", default=""),
    ),
    answer=record(items=many(record(value=TEXT, count=maybe(INTEGER)), SUGGESTED)),
    errors=(400,),
)
def suggest(app: App, *, field: str, prefix: str) -> Response:
    # Of the values of other keys, such as times, there is no list.
    found = SUGGESTIONS[field](app.queue.store, prefix) if field in SUGGESTIONS else {}
    matching = [(value, count) for value, count in found.items() if value.startswith(prefix)]
    return json_response({"items": [{"value": value, "count": count} for value, count in matching[:SUGGESTED]]})


def _states(store: Store, prefix: str) -> dict[str, int | None]:
    counts = store.counts.by_state()
    return {state: counts.get(state, 0) for state in STATES}


SUGGESTIONS: dict[str, Callable[[Store, str], dict[str, int | None]]] = {
    "qualifier": lambda store, prefix: dict.fromkeys(sorted(FILTERS)),
    "state": _states,
    "queue": lambda store, prefix: {queue: sum(states.values()) for queue, states in store.counts.by_queue().items()},
    "tag": lambda store, prefix: dict.fromkeys(store.names.recent_tags(TAGGED_JOBS)),
    "id": lambda store, prefix: dict.fromkeys(row["id"] for row in store.names.named(prefix, SUGGESTED)),
    "schedule": lambda store, prefix: dict.fromkeys(schedule.name for schedule in store.schedules.all()),
    "worker": lambda store, prefix: dict.fromkeys(str(row.id) for row in store.workers.all()),
    "setting": lambda store, prefix: dict.fromkeys(setting.name for setting in SETTINGS),
}
