"""The OpenAPI 3.0.3 document, made from the table of routes: it documents the same kinds that check requests."""

from __future__ import annotations

from typing import Any, Dict

from ... import __version__
from ...model import batch
from ...model.job import STATES
from ...model.kinds import ID, NAME, STANDING, STATE, Kind
from ...model.noun import Noun
from ...model.nouns.home import ERROR
from ..app import App
from ..http import stream
from .route import BASE, TABLE, Parameter, Route, route

Schema = Dict[str, Any]

JSON = "application/json"
METRICS = "/metrics"
SCHEMES = {
    "token": {"type": "apiKey", "in": "header", "name": "X-QueueCTL-Token"},
    "bearer": {"type": "http", "scheme": "bearer"},
}
WITH_TOKEN: list[dict[str, list[str]]] = [{name: []} for name in SCHEMES]
# The server itself sends it, since it has no end.
STREAM = Route(
    "GET",
    stream.PATH,
    "Server-sent events: hello, overview, changed, ping and bye",
    stream.run_stream,
    answer=stream.EVENTS,
)
# The kinds of names in paths.
IN_PATHS = {"id": ID, "name": NAME}
# The refusals of any route, and those of some only.
EVERYWHERE = (400, 421, 503)
GUARDED = (401, 403)
OF_WRITES = (413, 415, 422)
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
    413: "the body is too large",
    415: "the body is not JSON by its Content-Type",
    416: "beyond the end",
    421: "this is not a host of the dashboard",
    422: "a filter, a reference or a field of the body is wrong",
    503: "the store cannot be used at the moment",
}


@route("GET", "/openapi.json", "This document", answer=Kind("document", schema={"type": "object"}))
def show_document(app: App) -> Schema:
    return document()


def document() -> Schema:
    """Return the document."""
    paths: dict[str, Schema] = {}
    nouns: dict[str, Schema] = {}
    for declared in (*TABLE, STREAM):
        paths.setdefault(declared.path, {})[declared.method.lower()] = _operation(declared, nouns)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "QueueCTL",
            "version": __version__,
            "description": "The API of one home. Times are RFC 3339 UTC, durations seconds. A request without a body "
            "needs no Content-Type. Malformed and overlong requests are refused with 408, 413, 414, 431, 501 or 505.",
        },
        "paths": paths,
        "security": WITH_TOKEN,
        "components": {"schemas": nouns, "securitySchemes": SCHEMES},
    }


def _operation(declared: Route, nouns: dict[str, Schema]) -> Schema:
    found: Schema = {
        "summary": declared.summary,
        "operationId": declared.handler.__name__,
        "parameters": _parameters(declared),
        "responses": _responses(declared, nouns),
    }
    if not declared.path.startswith(BASE):
        # The token is optional on this machine, and required from others.
        found["security"] = [*WITH_TOKEN, {}] if declared.path == METRICS else []
    body = _body(declared)
    if body is not None:
        found["requestBody"] = {
            "required": bool(body.get("required") or body.get("allOf")),
            "content": {JSON: {"schema": body}},
        }
    return found


def _parameters(declared: Route) -> list[Schema]:
    names = [part[1:-1] for part in declared.path.split("/") if part.startswith("{")]
    found: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": schema_of(IN_PATHS[name])} for name in names
    ]
    places = {"query": declared.query, "header": declared.headers}
    for place, parameter in ((place, one) for place, given in places.items() for one in given):
        default = {} if parameter.default is None else {"default": parameter.default}
        found.append(
            {
                "name": parameter.name,
                "in": place,
                "required": parameter.is_required,
                "description": parameter.help,
                "schema": {**schema_of(parameter.kind), **default},
            }
        )
    return found


def _body(declared: Route) -> Schema | None:
    given = (*declared.body, *declared.rest)
    if not given:
        return None
    found: Schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            # The model alone checks the rest, so it decides about null.
            **{each.name: _described(each, is_optional=not each.is_required) for each in declared.body},
            **{each.name: _described(each, is_optional=False) for each in declared.rest},
        },
    }
    spellings: dict[str, list[str]] = {}
    for parameter in given:
        if parameter.is_required:
            spellings.setdefault(parameter.spelling_of or parameter.name, []).append(parameter.name)
    required = [name for name, names in spellings.items() if len(names) == 1]
    if required:
        found["required"] = required
    if len(spellings) > len(required):
        choices = [names for names in spellings.values() if len(names) > 1]
        found["allOf"] = [{"oneOf": [{"required": [name]} for name in names]} for names in choices]
    if declared.method == "PATCH" and not spellings:
        found["minProperties"] = 1
    return found


def _described(parameter: Parameter, *, is_optional: bool) -> Schema:
    found = {**schema_of(parameter.kind), "description": parameter.help}
    if is_optional:
        return {**found, "nullable": True}
    try:
        parameter.kind.check(None, 0)
    except ValueError:
        return found
    return {**found, "nullable": True}


def _responses(declared: Route, nouns: dict[str, Schema]) -> Schema:
    found: Schema = {}
    for status, answer in {declared.status: declared.answer, **declared.others}.items():
        found[str(status)] = {"description": MEANINGS[status], **_content(answer, nouns)}
        if declared.also:
            found[str(status)]["content"].update(_content(declared.also, nouns)["content"])
    errors = {
        *declared.errors,
        *EVERYWHERE,
        *((404,) if "{" in declared.path else ()),
        *(OF_WRITES if declared.writes else ()),
        *(GUARDED if declared.path.startswith(BASE) else ()),
        *(GUARDED[:1] if declared.path == METRICS else ()),
    }
    for status in sorted(errors):
        found[str(status)] = {"description": MEANINGS[status], **_content(ERROR, nouns)}
    return found


def _content(answer: Kind | str, nouns: dict[str, Schema]) -> Schema:
    if not answer:
        return {}
    if isinstance(answer, str):
        return {"content": {answer.partition(";")[0]: {"schema": {"type": "string"}}}}
    return {"content": {JSON: {"schema": schema_of(answer, nouns)}}}


def schema_of(kind: Kind, nouns: dict[str, Schema] | None = None) -> Schema:
    """Return the schema of a kind in an answer, whose nouns are added to `nouns`; without these, of a parameter."""
    if isinstance(kind, Noun) and nouns is not None:
        name = "".join(map(str.capitalize, kind.title.split()))
        if name not in nouns:
            properties = {key: schema_of(part, nouns) for key, part in kind.keys.items()}
            nouns[name] = {
                "type": "object",
                "properties": properties,
                "required": list(properties),
                "additionalProperties": False,
            }
        return {"$ref": f"#/components/schemas/{name}"}
    if kind.inner is not None:
        inner = schema_of(kind.inner, nouns)
        if kind.name == "maybe":
            return {"allOf": [inner], "nullable": True} if "$ref" in inner else {**inner, "nullable": True}
        if kind.name == "list":
            return {"type": "array", "items": inner, **kind.schema}
        return {"type": "object", "additionalProperties": inner}
    if kind is STATE:
        return {**kind.schema, "enum": list(STATES)}
    if kind is STANDING:
        return {**kind.schema, "enum": [*STATES, *(state for state in batch.STATES if state not in STATES)]}
    return kind.taken if nouns is None else kind.schema
