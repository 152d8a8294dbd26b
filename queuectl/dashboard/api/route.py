"""A route of the API: its path, its parameters, its answer. It is declared once, beside its handler.

    @route("GET", "/jobs/{id}", "One job with everything known about it", answer=JOB_VIEW)
    def show_job(app, *, id): ...

A parameter is read and checked by its kind, which the OpenAPI document shows too: a handler gets values of the right
type, under the names of the path, the query and the body. `answer` says how its result is written.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

from ...model.errors import InvalidInput, did_you_mean, quoted
from ...model.fields import Field
from ...model.kinds import Kind
from ...model.record import Record
from ..app import App
from ..http.message import HttpError, Request, Response, json_response

Handler = Callable[..., Any]

BASE = "/api/v1"


class Parameter(Record):
    """Something that may be given: in the query or a header as text, in the body as JSON. Else `default` holds."""

    name: str
    kind: Kind
    help: str
    default: object = None
    is_required: bool = False
    spelling_of: str = ""  # the name of the field that it spells: one of the spellings may be given

    def read(self, text: str | None) -> object:
        """Return the value of a text of the query or a header, None if there is none. Raises HttpError."""
        if text is None:
            return self.default
        try:
            return self.kind.check(self.kind.read(text), 0)
        except ValueError as error:
            message = f"{self.name} {error}, got {quoted(text)}"
            raise HttpError(400, "bad_parameter", message, field=self.name) from None

    def check(self, value: object) -> object:
        """Return a value of the body, None if there is none. Raises InvalidInput."""
        if value is None and not self.is_required:
            return self.default
        try:
            return self.kind.check(value, 0)
        except ValueError as error:
            raise InvalidInput(f"{self.name} {error}, got {quoted(value)}", field=self.name) from None


def parameters_of(fields: Sequence[Field], *, are_changes: bool = False) -> tuple[Parameter, ...]:
    """Return the fields of a job as parameters, one for each name of a field in JSON. No change is required."""
    return tuple(
        Parameter(name, field.kind, field.help, None, field.is_required and not are_changes, field.name)
        for field in fields
        for name in (field.name, *field.spellings)
    )


class Route(Record):
    """One method on one path."""

    method: str
    path: str
    summary: str
    handler: Handler
    query: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()  # the handler gets `Idempotency-Key` as `idempotency_key`
    body: tuple[Parameter, ...] = ()
    rest: tuple[Parameter, ...] = ()  # more of the body: the handler gets it as it came, as `rest`; the model checks it
    answer: Kind | str = ""  # the kind of the JSON, a content type, or empty for no body
    status: int = 200
    others: Mapping[int, Kind] = {}  # further answers by status
    also: str = ""  # another content type that the answer may have
    location: str = ""  # the path of what was made, below BASE, with keys of the answer in it
    errors: tuple[int, ...] = ()  # the statuses of refusals that do not follow from method and path

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

    def respond(self, app: App, request: Request) -> Response:
        """Check what was given, have it handled, and write what that returns, unless it is a Response already."""
        names = [(parameter, parameter.name.lower()) for parameter in self.headers]
        of_headers = {name.replace("-", "_"): parameter.read(request.headers.get(name)) for parameter, name in names}
        of_query, of_body = self._query(request.query), self._body(request.body or {})
        found = self.handler(app, **request.params, **of_query, **of_headers, **of_body)
        if isinstance(found, Response):
            return found
        if not self.answer:
            return Response(self.status)
        if isinstance(self.answer, str):
            return Response(self.status, found, content_type=self.answer)
        written = self.answer.json(found)
        headers = {"Location": BASE + self.location.format(**written)} if self.location else {}
        return json_response(written, self.status, headers)

    def _query(self, given: Mapping[str, str]) -> dict[str, object]:
        known = {parameter.name: parameter for parameter in self.query}
        for name in given:
            if name not in known:
                message = f"unknown parameter {quoted(name)}{did_you_mean(name, known)}"
                hint = f"known here: {', '.join(known)}" if known else "none is known here"
                raise HttpError(400, "bad_parameter", message, field=name, hint=hint)
        for name, parameter in known.items():
            if parameter.is_required and name not in given:
                raise HttpError(400, "bad_parameter", f"the parameter {name} is missing", field=name)
        return {name: parameter.read(given.get(name)) for name, parameter in known.items()}

    def _body(self, given: dict[str, Any]) -> dict[str, object]:
        known = {parameter.name: parameter for parameter in self.body}
        rest = {name: value for name, value in given.items() if name not in known}
        if not self.rest:
            for name in rest:
                raise InvalidInput(f"unknown field {quoted(name)}{did_you_mean(name, known)}", field=name)
        for name, parameter in known.items():
            if parameter.is_required and name not in given:
                raise InvalidInput(f"{name} is missing", field=name)
        values = {name: parameter.check(given.get(name)) for name, parameter in known.items()}
        return {**values, "rest": rest} if self.rest else values


TABLE: list[Route] = []


def route(method: str, path: str, summary: str, **parts: Any) -> Callable[[Handler], Handler]:
    """Declare a route with these parts; `path` is below BASE unless it begins with two slashes."""

    def declare(handler: Handler) -> Handler:
        full = path[1:] if path.startswith("//") else BASE + path
        TABLE.append(Route(method, full, summary, handler, **parts))
        return handler

    return declare
