"""Settings, events, suggestions for the filter."""

from __future__ import annotations

from typing import Any

from ...engine.logs import NEWEST
from ...model import when
from ...model.errors import InvalidInput
from ...model.fields import FILTERS
from ...model.kinds import ANY, STRING, TEXT, one_of
from ...model.setting import Setting
from ...model.settings import SETTINGS as ALL
from ..app import App
from . import cursors
from .answers import EVENTS, SETTINGS, SUGGESTIONS
from .jobs import CURSOR, LIMIT
from .route import Parameter, route

SUGGESTED = 20
WORDS = {"filter": sorted(FILTERS), "setting": [setting.name for setting in ALL]}


def _given(setting: Setting) -> dict[str, Any]:
    """Return the schema of a new value of a setting: a number within its range, or a text."""
    if not setting.high:
        return STRING
    kind = "integer" if setting.kind in ("int", "bytes") else "number"
    low, high = (limit / when.SECOND if setting.kind == "duration" else limit for limit in (setting.low, setting.high))
    return {"anyOf": [{"type": kind, "minimum": low, "maximum": high}, STRING]}


@route("GET", "/config", "The settings: value, where it is from, what is allowed", answer=SETTINGS)
def config(app: App) -> dict[str, Any]:
    return {"items": app.queue.config.rows()}


@route(
    "PATCH",
    "/config",
    "Change settings, all of them or none; null means the default again",
    rest=tuple(
        Parameter(name, ANY.but(given=_given(setting)), setting.help)
        for setting in ALL
        for name in (setting.name, *setting.aliases)
    ),
    answer=SETTINGS,
)
def change_config(app: App, *, rest: dict[str, Any]) -> object:
    if not rest:
        raise InvalidInput("no setting was given")
    app.queue.config.update(rest)
    return config(app)


@route(
    "GET",
    "/events",
    "What users and daemons did, newest first",
    query=(Parameter("what", TEXT, "only events such as retry", default=""), LIMIT, CURSOR),
    answer=EVENTS,
)
def events(app: App, *, what: str, limit: int, cursor: str | None) -> dict[str, Any]:
    belongs_to = ("events", what)
    key, seen = cursors.read(cursor, belongs_to, 1)
    page, end = app.queue.events.page(limit, before=NEWEST if key is None else key[0], what=what)
    return {"items": page, "next": cursors.write(None if end is None else (end,), seen + len(page), belongs_to)}


@route(
    "GET",
    "/suggest",
    "What may come next in a filter",
    query=(
        Parameter("field", one_of("filter", "setting", *FILTERS), "what is being written", is_required=True),
        Parameter("prefix", TEXT, "the beginning of the value", default=""),
    ),
    answer=SUGGESTIONS,
)
def suggest(app: App, *, field: str, prefix: str) -> dict[str, Any]:
    # The values of other keys, such as times, have no list.
    words = dict.fromkeys(WORDS.get(field, ()))
    found = words or {found.value: found.jobs for found in app.queue.suggest(field, prefix, SUGGESTED)}
    items = [{"value": value, "count": count} for value, count in found.items() if value.startswith(prefix)]
    # Our own words are few enough to show all of them.
    return {"items": items if words else items[:SUGGESTED]}
