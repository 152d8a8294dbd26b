"""The nouns of JSON, and how docs/json.md names what their keys hold."""

from __future__ import annotations

from types import ModuleType
from typing import Iterator

from queuectl.dashboard.api import answers, routes  # noqa: F401  (declares the routes)
from queuectl.dashboard.api.route import TABLE
from queuectl.model.kinds import Kind
from queuectl.model.noun import Noun
from queuectl.model.nouns import batches, daemons, home, jobs, queues, schedules, webhooks

SHARED: tuple[ModuleType, ...] = (jobs, batches, queues, schedules, daemons, home, webhooks)
VALUES = {
    **dict.fromkeys(("id", "name", "text", "hook"), "text"),
    "references": "list of text",
    "integer": "whole number",
    "share": "`3` or `10%`",
    "signal": "number of a signal",
    "number": "number",
    "bytes": "bytes",
    "state": "state",
    "standing": "state, or that of a batch",
    "duration": "seconds",
    "time": "time",
    "flag": "`true` or `false`",
    "names": "list of text",
    "variables": "text by name",
    "any": "any value",
}


def nouns() -> dict[str, Noun]:
    """Return all nouns by their title, in the order of their declaration."""
    declared = [value for module in (*SHARED, answers) for value in vars(module).values()]
    answered = [answer for route in TABLE for answer in (route.answer, *route.others.values())]
    kinds = (value for value in (*declared, *answered) if isinstance(value, Kind))
    return {noun.title: noun for kind in kinds for noun in within(kind)}


def within(kind: Kind) -> Iterator[Noun]:
    """Yield a noun and all those within it; of what holds something else, those within that."""
    if isinstance(kind, Noun):
        yield kind
        for part in kind.keys.values():
            yield from within(part)
    elif kind.inner is not None:
        yield from within(kind.inner)


def value_text(kind: Kind) -> str:
    """Return what a key holds, as docs/json.md says it."""
    if isinstance(kind, Noun):
        return f"[{kind.title}](#{kind.title.replace(' ', '-')})"
    if kind.inner is None:
        return ", ".join(f"`{word}`" for word in kind.schema["enum"]) if kind.name == "word" else VALUES[kind.name]
    return {"maybe": "{} or null", "list": "list of {}", "table": "{} by name"}[kind.name].format(
        value_text(kind.inner)
    )
