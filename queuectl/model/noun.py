"""A noun: a thing with named parts, described once for JSON, CSV, tables, the API's schemas and docs/json.md."""

from __future__ import annotations

from .kinds import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence

    from .fields import Field


class Noun(Kind):
    """A kind of thing whose parts have names. `title` says what it is, `keys` has the kind of each part.

    `json` takes an object with an attribute for each key, or a dict; what else that holds is left out.
    """

    __slots__ = ("title", "keys")

    json: Callable[[object], dict[str, Any]]

    def __init__(self, title: str, **keys: Kind) -> None:
        super().__init__("noun", json=self._json)
        self.title = title
        self.keys = keys

    def part(self, thing: object, name: str) -> Any:
        """Return what a thing has as one of the keys."""
        return thing[name] if isinstance(thing, dict) else getattr(thing, name)

    def _json(self, thing: object) -> dict[str, Any]:
        if isinstance(thing, dict):
            return {name: kind.json(thing[name]) for name, kind in self.keys.items()}
        return {name: kind.json(getattr(thing, name)) for name, kind in self.keys.items()}


def maybe(kind: Kind) -> Kind:
    """Return the kind of what may be missing."""
    if kind.of is None and not isinstance(kind, Noun):
        return Kind("maybe", of=kind, shown=kind.shown, json=kind.json)
    return Kind("maybe", of=kind, json=lambda value: None if value is None else kind.json(value))


def many(kind: Kind) -> Kind:
    """Return the kind of a list."""
    return Kind("list", of=kind, json=lambda values: [kind.json(value) for value in values])


def table(kind: Kind) -> Kind:
    """Return the kind of a dict with any keys."""
    return Kind("table", of=kind, json=lambda values: {name: kind.json(value) for name, value in values.items()})


def one_of(*words: str) -> Kind:
    """Return the kind of one of some words."""
    return Kind("word", words=words)


def kinds_of(fields: Sequence[Field]) -> dict[str, Kind]:
    """Return the kinds of a job's fields, by name."""
    return {field.name: maybe(field.kind) if field.is_nullable else field.kind for field in fields}
