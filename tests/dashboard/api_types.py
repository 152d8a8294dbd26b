"""What the API answers, as TypeScript, by which the pages are checked: `python3 -m tests.dashboard.api_types`.

It is made from the schemas of the OpenAPI description, which the tests check every answer by.
"""

from __future__ import annotations

import json
import re
from typing import Any

from queuectl.dashboard.api import routes  # noqa: F401  (declares the routes)
from queuectl.dashboard.api.openapi import document
from queuectl.dashboard.api.route import BASE

PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}


def declarations() -> str:
    """Return the types of all nouns, and `Answer<PATH>` for all paths that are read."""
    described = document()
    answers = {
        path_type(path): type_of(content["schema"])
        for path, operations in sorted(described["paths"].items(), key=lambda pair: -pair[0].count("/"))
        if "get" in operations
        for kind, content in operations["get"]["responses"]["200"]["content"].items()
        if kind == "application/json"
    }
    return "\n".join(
        [
            "declare namespace Api {",
            *(f"  type {name} = {type_of(schema)};" for name, schema in described["components"]["schemas"].items()),
            "  type Answer<P extends string> = string extends P ? any",
            *(f"    : P extends {path} ? {answer}" for path, answer in answers.items()),
            "    : never;",
            "}",
        ]
    )


def path_type(path: str) -> str:
    """Return the type of the texts that are one path of the API, as the pages write it."""
    return "`" + re.sub(r"\{\w+\}", "${string}", path.replace(BASE, "", 1)) + "`"


def type_of(schema: dict[str, Any]) -> str:
    """Return the type of what a schema describes."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "allOf" in schema:
        return " & ".join(map(type_of, schema["allOf"]))
    if "oneOf" in schema:
        return "(" + " | ".join(map(type_of, schema["oneOf"])) + ")"
    if "enum" in schema:
        return "(" + " | ".join(map(json.dumps, schema["enum"])) + ")"
    if schema.get("type") == "array":
        return f"{type_of(schema['items'])}[]"
    if "properties" in schema:
        return "{ " + " ".join(f"{name}: {type_of(one)};" for name, one in schema["properties"].items()) + " }"
    if schema.get("additionalProperties"):
        return f"Record<string, {type_of(schema['additionalProperties'])}>"
    return PLAIN.get(schema.get("type", ""), "any")


if __name__ == "__main__":
    print(declarations())
