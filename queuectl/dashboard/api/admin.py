"""The rest: settings, events, suggestions for the filter."""

from __future__ import annotations

import os

from ...model.errors import InvalidInput
from ...model.fields import FILTERS
from ...model.job import STATES
from ...model.setting import Setting
from ...model.settings import SETTINGS, find, resolve
from ...model.when import iso
from ..http.message import Response, json_response
from . import cursors
from .cursors import Cursor
from .jobs import CURSOR, LIMIT
from .route import Field, route
from .shapes import INTEGER, SCHEMAS, TEXT, TIME, many, maybe, one_of, record, ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from ...model.setting import Value
    from ...store import Store
    from ..app import App

EVENT_WINDOW = 10_000
NEWEST = 1 << 60
SUGGESTED = 20
TAGGED_JOBS = 1_000

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
