"""The OpenAPI 3.0.3 document, made from the table of routes: what is checked is what is documented."""

from __future__ import annotations

from ... import __version__
from ...model.kinds import Kind
from ...model.nouns.home import ERROR
from ..http.message import Response, json_response
from .route import BASE, TABLE, Parameter, Route, route
from .shapes import schema_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..app import App

    Schema = dict[str, Any]

JSON = "application/json"
TOKEN = {"type": "apiKey", "in": "header", "name": "X-QueueCTL-Token"}
# What any route may answer, and what only some do.
EVERYWHERE = (400, 503)
GUARDED = (401, 403)
MEANINGS = {
    200: "done",
    201: "made",
    202: "begun, and not done yet",
    204: "done, nothing to say",
    400: "a parameter is wrong",
    401: "the token is missing",
    403: "not allowed",
    404: "there is no such thing",
    405: "another method is meant",
    409: "its state does not allow that",
    410: "it is not there any more",
    416: "beyond the end",
    422: "a field of the body is wrong",
    503: "the store cannot be used at the moment",
}


@route("GET", "/openapi.json", "This document", answer={"type": "object"})
def show_document(app: App) -> Response:
    return json_response(document())


def document() -> Schema:
    """Return the document."""
    paths: dict[str, Schema] = {}
    nouns: dict[str, Schema] = {}
    for declared in TABLE:
        paths.setdefault(declared.path, {})[declared.method.lower()] = _operation(declared, nouns)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "QueueCTL",
            "version": __version__,
            "description": "The API of one home. Times are RFC 3339 UTC, durations seconds.",
        },
        "paths": paths,
        "security": [{"token": []}],
        "components": {"schemas": nouns, "securitySchemes": {"token": TOKEN}},
    }


def _operation(declared: Route, nouns: dict[str, Schema]) -> Schema:
    found: Schema = {
        "summary": declared.summary,
        "operationId": declared.handler.__name__,
        "parameters": _parameters(declared),
        "responses": _responses(declared, nouns),
    }
    if not declared.path.startswith(BASE):
        found["security"] = []
    body = _body(declared)
    if body is not None:
        found["requestBody"] = {"required": bool(body.get("required")), "content": {JSON: {"schema": body}}}
    return found


def _parameters(declared: Route) -> list[Schema]:
    names = [part[1:-1] for part in declared.path.split("/") if part.startswith("{")]
    found: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
    ]
    for parameter in declared.query:
        schema = parameter.schema if parameter.default is None else {**parameter.schema, "default": parameter.default}
        found.append(
            {
                "name": parameter.name,
                "in": "query",
                "required": parameter.is_required,
                "description": parameter.help,
                "schema": schema,
            }
        )
    return found


def _body(declared: Route) -> Schema | None:
    if declared.whole_body is not None or not declared.body:
        return declared.whole_body
    found: Schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {parameter.name: _described(parameter) for parameter in declared.body},
    }
    required = [parameter.name for parameter in declared.body if parameter.is_required]
    if required:
        found["required"] = required
    return found


def _described(parameter: Parameter) -> Schema:
    return {**parameter.schema, "description": parameter.help}


def _responses(declared: Route, nouns: dict[str, Schema]) -> Schema:
    found: Schema = {}
    for status, answer in declared.answers.items():
        found[str(status)] = {"description": MEANINGS[status], **_content(answer, nouns)}
        if declared.also:
            found[str(status)]["content"].update(_content(declared.also, nouns)["content"])
    errors = {
        *declared.errors,
        *EVERYWHERE,
        *((422,) if declared.writes else ()),
        *(GUARDED if declared.path.startswith(BASE) else ()),
    }
    for status in sorted(errors):
        found[str(status)] = {"description": MEANINGS[status], **_content(ERROR, nouns)}
    return found


def _content(answer: Kind | Schema | str, nouns: dict[str, Schema]) -> Schema:
    if not answer:
        return {}
    if isinstance(answer, str):
        return {"content": {answer.partition(";")[0]: {"schema": {"type": "string"}}}}
    return {"content": {JSON: {"schema": schema_of(answer, nouns) if isinstance(answer, Kind) else answer}}}
