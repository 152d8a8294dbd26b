"""A checker of JSON against the schemas of OpenAPI 3.0, as far as our document uses them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Iterator

if TYPE_CHECKING:
    Schema = dict[str, Any]

KNOWN = {
    "$ref",
    "allOf",
    "nullable",
    "type",
    "enum",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minimum",
    "maximum",
    "maxItems",
    "format",
    "description",
    "default",
}
TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def problems(value: Any, schema: Schema, document: Schema, where: str = "$") -> Iterator[str]:
    """Yield what of a value is not as the schema says."""
    unknown = set(schema) - KNOWN
    assert not unknown, f"the checker does not know {unknown}"
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from problems(value, document["components"]["schemas"][name], document, where)
        return
    if value is None:
        if not schema.get("nullable"):
            yield f"{where} is null"
        return
    for part in schema.get("allOf", ()):
        yield from problems(value, part, document, where)
    kind = schema.get("type")
    if kind is None:
        return
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{where} is {value!r}, no {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} is {value!r}, none of {schema['enum']}"
    if schema.get("format") == "date-time" and not TIME.fullmatch(value):
        yield f"{where} is {value!r}, no time"
    if kind in ("integer", "number") and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{where} is {value!r}, out of range"
    if kind == "array":
        if len(value) > schema.get("maxItems", len(value)):
            yield f"{where} has {len(value)} items"
        for index, item in enumerate(value):
            yield from problems(item, schema["items"], document, f"{where}[{index}]")
    if kind == "object":
        yield from _of_object(value, schema, document, where)


def _of_object(value: dict[str, Any], schema: Schema, document: Schema, where: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{where} lacks {name}"
    for name, item in value.items():
        if name in properties:
            yield from problems(item, properties[name], document, f"{where}.{name}")
        elif isinstance(others, dict):
            yield from problems(item, others, document, f"{where}.{name}")
        elif not others:
            yield f"{where} has {name} as well"
