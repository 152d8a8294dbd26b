"""A route of the API: its path, what may be given to it, what it answers. Declared once, beside its handler.

    @route("GET", "/jobs/{id}", "One job with everything known about it", answer=JOB_VIEW)
    def show_job(app, *, id): ...

What is given is checked by the same schemas that the OpenAPI document shows: a handler gets values of
the right type, under the names of the path, the query and the body. With `whole_body` it gets the body
as it came, and checks it by the rules of the model.
"""

from __future__ import annotations

from ...model.errors import InvalidInput, did_you_mean, quoted
from ...model.record import Record
from ..http.message import HttpError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping

    from ...model.kinds import Kind
    from ..app import App
    from ..http.message import Request, Response

    Schema = dict[str, Any]
    Handler = Callable[..., Response]

BASE = "/api/v1"
TRUE, FALSE = ("1", "true", "yes"), ("0", "false", "no")
KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


class Parameter(Record):
    """Something that may be given: in the query as text, in the body as JSON. Without it `default` holds."""

    name: str
    schema: Schema
    help: str
    default: object = None
    is_required: bool = False

    def read(self, text: str) -> object:
        """Return the value of a text of the query. Raises HttpError."""
        try:
            value = _from_text(text, self.schema["type"])
        except ValueError:
            value = None
        problem = "is not understood" if value is None else _problem(value, self.schema)
        if problem:
            raise HttpError(
                400, "bad_parameter", f"{self.name} must be {allowed(self.schema)}, got {quoted(text)}", field=self.name
            )
        return value

    def check(self, value: object) -> object:
        """Return a value of the body. Raises InvalidInput."""
        if value is None and (self.schema.get("nullable") or not self.is_required):
            return None if self.schema.get("nullable") else self.default
        if _problem(value, self.schema):
            raise InvalidInput(f"{self.name} must be {allowed(self.schema)}, got {quoted(value)}", field=self.name)
        return value


def _from_text(text: str, kind: str) -> object:
    if kind == "integer":
        return int(text) if text.lstrip("-").isdigit() and len(text) < 18 else None
    if kind == "boolean":
        return True if text.lower() in TRUE else False if text.lower() in FALSE else None
    return text


def _problem(value: object, schema: Schema) -> bool:
    """Return whether a value is not what a schema says."""
    kind = schema["type"]
    if not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return True
    if isinstance(value, (int, float)):
        return not schema.get("minimum", value) <= value <= schema.get("maximum", value)
    if isinstance(value, list):
        return len(value) > schema.get("maxItems", len(value)) or any(_problem(item, schema["items"]) for item in value)
    return value not in schema.get("enum", (value,))


def allowed(schema: Schema) -> str:
    """Return what a schema allows, as the end of "NAME must be ..."."""
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    if "minimum" in schema and "maximum" in schema:
        return f"a whole number between {schema['minimum']} and {schema['maximum']}"
    if schema["type"] == "array":
        most = f" with at most {schema['maxItems']} items" if "maxItems" in schema else ""
        return f"a list of {schema['items']['type']}s{most}"
    return {
        "string": "a text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "object": "an object",
    }[schema["type"]]


class Route(Record):
    """One method on one path."""

    method: str
    path: str
    summary: str
    handler: Handler
    query: tuple[Parameter, ...]
    body: tuple[Parameter, ...]
    whole_body: Schema | None
    answers: dict[int, Kind | Schema | str]
    also: str
    errors: tuple[int, ...]

    @property
    def writes(self) -> bool:
        """Whether a read-only dashboard refuses it."""
        return self.method != "GET"

    def match(self, parts: list[str]) -> dict[str, str] | None:
        """Return the named parts of a path, None if it is another one."""
        own = self.path.split("/")
        if len(own) != len(parts):
            return None
        names: dict[str, str] = {}
        for mine, given in zip(own, parts):
            if mine.startswith("{"):
                names[mine[1:-1]] = given
            elif mine != given:
                return None
        return names if all(names.values()) else None

    def answer(self, app: App, request: Request) -> Response:
        """Check what was given and have it handled."""
        values: dict[str, object] = dict(request.params)
        values.update(self._query(request.query))
        values.update(self._body(request.body or {}))
        return self.handler(app, **values)

    def _query(self, given: Mapping[str, str]) -> dict[str, object]:
        known = {parameter.name: parameter for parameter in self.query}
        for name in given:
            if name not in known:
                raise HttpError(
                    400,
                    "bad_parameter",
                    f"unknown parameter {quoted(name)}{did_you_mean(name, known)}",
                    field=name,
                    hint=f"known here: {', '.join(known)}" if known else "none is known here",
                )
        for name, parameter in known.items():
            if parameter.is_required and name not in given:
                raise HttpError(400, "bad_parameter", f"the parameter {name} is missing", field=name)
        return {
            name: parameter.read(given[name]) if name in given else parameter.default
            for name, parameter in known.items()
        }

    def _body(self, given: dict[str, Any]) -> dict[str, object]:
        if self.whole_body is not None:
            return {"body": given}
        known = {parameter.name: parameter for parameter in self.body}
        for name in given:
            if name not in known:
                raise InvalidInput(f"unknown field {quoted(name)}{did_you_mean(name, known)}", field=name)
        for name, parameter in known.items():
            if parameter.is_required and name not in given:
                raise InvalidInput(f"{name} is missing", field=name)
        return {
            name: parameter.check(given[name]) if name in given else parameter.default
            for name, parameter in known.items()
        }


TABLE: list[Route] = []


def route(
    method: str,
    path: str,
    summary: str,
    *,
    query: tuple[Parameter, ...] = (),
    body: tuple[Parameter, ...] = (),
    whole_body: Schema | None = None,
    answer: Kind | Schema | str = "",
    status: int = 200,
    others: dict[int, Kind] | None = None,
    also: str = "",
    errors: tuple[int, ...] = (),
) -> Callable[[Handler], Handler]:
    """Declare a route. `answer` is the noun or the schema of the JSON, a content type, or empty for no body.

    `path` is below BASE unless it begins with two slashes. `others` are further answers by status, `also` is
    another content type that the answer may have, `errors` the statuses of refusals that not every route has.
    """
    full = path[1:] if path.startswith("//") else BASE + path

    def declare(handler: Handler) -> Handler:
        TABLE.append(
            Route(
                method,
                full,
                summary,
                handler,
                query=query,
                body=body,
                whole_body=whole_body,
                answers={status: answer, **(others or {})},
                also=also,
                errors=errors,
            )
        )
        return handler

    return declare
