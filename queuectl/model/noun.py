"""A noun: a thing with named parts, described once for JSON, CSV, tables, the API's schemas and docs/json.md."""

from __future__ import annotations

from .kinds import DURATION, FLAG, NUMBER, REAL, TEXT, TIME, Kind, as_it_is

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Sequence

    from .fields import Field
    from .record import Record


class Noun(Kind):
    """A kind of thing whose parts have names."""

    title: str = ""  # what it is
    looks: Mapping[str, str] = {}  # the attributes that stand for parts in a table for people
    keys: Mapping[str, Kind] = {}  # the kind of each part
    # Takes an object with an attribute for each key, or a dict; what else that holds is left out.
    json: Callable[[object], dict[str, Any]] = as_it_is

    def __init__(self, title: str, **keys: Kind) -> None:
        super().__init__("noun", json=self._json)
        self.title, self.keys = title, keys

    def part(self, thing: object, name: str) -> Any:
        """Return what a thing has as one of the keys."""
        return _parts_of(thing)(name)

    def _json(self, thing: object) -> dict[str, Any]:
        part = _parts_of(thing)
        return {name: kind.json(part(name)) for name, kind in self.keys.items()}


def _parts_of(thing: object) -> Callable[[str], Any]:
    return thing.__getitem__ if isinstance(thing, dict) else thing.__getattribute__


def maybe(kind: Kind) -> Kind:
    """Return the kind of what may be missing."""
    return kind.or_none(name="maybe", inner=kind, json=lambda value: None if value is None else kind.json(value))


def many(kind: Kind, most: int | None = None) -> Kind:
    """Return the kind of a list with a maximum length."""

    def check(values: object, now: int) -> list[Any]:
        if not isinstance(values, list) or len(values) > (len(values) if most is None else most):
            raise ValueError("must be a list" if most is None else f"must be a list of at most {most}")
        try:
            return [kind.check(value, now) for value in values]
        except ValueError as error:
            raise ValueError(f"must be a list in which each {error}") from None

    schema = {} if most is None else {"maxItems": most}
    return Kind("list", check, inner=kind, json=lambda values: [kind.json(value) for value in values], schema=schema)


DURATIONS = ("duration", "elapsed", "interval", "took", "uptime")
BY_TYPE = {"str": TEXT, "int": NUMBER, "float": REAL, "bool": FLAG}


def noun_of(title: str, record: type[Record], **others: Kind) -> Noun:
    """Return the noun of a record. Names in DURATIONS, names with _at and types tell its kinds, `others` the rest."""
    keys = {}
    for name, annotation in record.__annotations__.items():
        what, _, none = annotation.partition(" | ")
        if name in others:
            keys[name] = others[name]
            continue
        kind = TIME if name.endswith("_at") else DURATION if name in DURATIONS else BY_TYPE[what]
        keys[name] = maybe(kind) if none else kind
    return Noun(title, **keys)


def table(kind: Kind) -> Kind:
    """Return the kind of a dict with any keys."""
    return Kind("table", inner=kind, json=lambda values: {name: kind.json(value) for name, value in values.items()})


def kinds_of(fields: Sequence[Field]) -> dict[str, Kind]:
    """Return the kinds of a job's fields, by name."""
    return {field.name: maybe(field.kind) if field.is_nullable else field.kind for field in fields}
