"""The OpenAPI document: complete, and true of every answer (`asking` checks each answer of all tests by it)."""

from __future__ import annotations

import re
from typing import Any, Iterator

import pytest

from queuectl.dashboard.api.route import TABLE, Route
from queuectl.model.fields import BY_NAME, BY_SPELLING
from queuectl.model.job import COMPLETED, DEAD, FAILED, HELD, PROCESSING, SCHEDULED
from queuectl.model.kinds import ID, NAME, Kind
from queuectl.model.piece import STDOUT, Piece
from queuectl.model.settings import SETTINGS
from tests.dashboard import asking
from tests.dashboard.asking import DOCUMENT, Api
from tests.dashboard.schemas import KNOWN, TYPES, problems
from tests.store.building import NOW, add, bring_to, claim, finish, write

api = asking.api
NEEDED: dict[str, dict[str, str]] = {
    "/api/v1/cron/preview": {"cron": "@daily"},
    "/api/v1/suggest": {"field": "queue"},
    **{f"/api/v1/results.{kind}": {"of": "nightly"} for kind in ("jsonl", "csv")},
}
NAMES = {"{id}": "done", "{name}": "nightly"}
GETS = [route for route in TABLE if route.method == "GET"]


@pytest.fixture
def lively(api: Api) -> Api:
    """A home with something of everything, so that no list in an answer is empty."""
    store = api.store
    for state in (DEAD, COMPLETED, FAILED, HELD, SCHEDULED, PROCESSING):
        bring_to(store, state, command="make", max_retries=int(state == FAILED), tags=("t",))
    add(store, id="done", command="make", priority=1000, batch="nightly", max_fails="10%")
    claimed = claim(store)
    with store.writing():
        store.output.append(claimed.attempt_id, [Piece(0, STDOUT, b"hi\n")], head_end=0, tail_start=0)
        store.workers.add(pid=1, pid_start="", boot="", queues="", now=NOW)
        store.stats.count_attempt("default", COMPLETED, run_time=5, wait_time=5, now=NOW)
        store.backlog.add(pending=1, processing=1, oldest_age=5, now=NOW)
        store.events.add("tested", actor="test", now=NOW)
    finish(store, claimed)
    add(store, id="waits")
    api.post("/schedules", {"name": "nightly", "expression": "@daily", "command": "make"}, 201)
    api.post("/schedules/nightly/run", status=201)
    write(store, store.jobs.cancel, 4, NOW)
    return api


@pytest.mark.parametrize("route", GETS, ids=lambda route: route.path)
def test_every_answer_to_a_get_is_as_documented(lively: Api, route: Route) -> None:
    path = route.path
    for name, value in NAMES.items():
        path = path.replace(name, value)
    path = path[len(asking.BASE) :] if path.startswith(asking.BASE) else "/" + path
    answer = lively.ask("GET", path, **NEEDED.get(route.path, {}))
    assert answer.status == 200, answer.body
    assert lively.ask("GET", path, nonsense=1).status == 400


def test_every_route_is_described_completely() -> None:
    operations = [operation for path in DOCUMENT["paths"].values() for operation in path.values()]
    assert len(operations) == len(TABLE) + 1 == len({operation["operationId"] for operation in operations})
    for route in TABLE:
        operation = DOCUMENT["paths"][route.path][route.method.lower()]
        assert operation["summary"] and operation["responses"]
        named = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", route.path))
        assert all(parameter["schema"]["type"] in TYPES for parameter in operation["parameters"])
        for status, response in operation["responses"].items():
            assert response["description"]
            if int(status) >= 400:
                assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
        assert route.path.startswith(asking.BASE) == ({"401", "403"} <= set(operation["responses"]))


def _schemas(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "$ref" in value or "type" in value and isinstance(value["type"], str):
            yield value
        for each in value.values():
            yield from _schemas(each)
    elif isinstance(value, list):
        for each in value:
            yield from _schemas(each)


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    known = set(DOCUMENT["components"]["schemas"])
    used = {schema["$ref"].rpartition("/")[2] for schema in _schemas(DOCUMENT) if "$ref" in schema}
    assert used == known


def test_required_keys_are_declared() -> None:
    for schema in _schemas(DOCUMENT["components"]["schemas"]):
        if schema.get("type") == "object" and "properties" in schema:
            assert set(schema.get("required", ())) <= set(schema["properties"])


def test_a_new_job_may_have_the_fields_that_the_model_knows() -> None:
    body = DOCUMENT["paths"]["/api/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == set(BY_SPELLING)


def test_a_required_field_may_have_any_one_of_its_spellings(api: Api) -> None:
    described = DOCUMENT["paths"]["/api/v1/jobs"]["post"]["requestBody"]
    body = described["content"]["application/json"]["schema"]
    assert body["allOf"] == [{"oneOf": [{"required": ["command"]}, {"required": ["cmd"]}]}]
    assert described["required"] and "required" not in body
    for given, status in ({"command": "a"}, 201), ({"cmd": "a"}, 201), ({"command": "a", "cmd": "a"}, 422), ({}, 422):
        assert api.ask("POST", "/jobs", given).status == status, given


@pytest.mark.parametrize("kind", [NAME, ID, BY_NAME["command"].kind, BY_NAME["cwd"].kind], ids=lambda kind: kind.name)
def test_a_pattern_says_what_the_check_says(kind: Kind) -> None:
    texts = ["", " ", "\0", "a", "a b", "a:b", "a.b", "-a", ".a", "é", "/", "/a b", "/\0", "a\n"]
    for text in [*texts, *("a" * length for length in (64, 65, 128, 129))]:
        try:
            fits = kind.check(text, 0) == text
        except ValueError:
            fits = False
        # In JavaScript, as the document means it, `$` is the end.
        assert bool(re.search(kind.taken["pattern"].replace("$", r"\Z"), text)) == fits, text


def test_a_setting_that_is_given_has_its_range() -> None:
    body = DOCUMENT["paths"]["/api/v1/config"]["patch"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == {name for one in SETTINGS for name in (one.name, *one.aliases)}
    for setting in (one for one in SETTINGS if one.high):
        number, text = body["properties"][setting.name]["anyOf"]
        assert text == {"type": "string"}
        ends = (number["minimum"], number["maximum"])
        assert tuple(setting.parse(str(end)) for end in ends) == (setting.low, setting.high)


def test_a_whole_number_that_is_given_has_bounds() -> None:
    """The reader of JSON refuses numbers of many digits, so that a number without bounds would not be valid."""

    def unbounded(schema: Any) -> Iterator[dict[str, Any]]:
        if isinstance(schema, dict) and schema.get("type") == "integer" and not {"minimum", "maximum"} <= {*schema}:
            yield schema
        for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
            yield from unbounded(part)

    operations = [operation for path in DOCUMENT["paths"].values() for operation in path.values()]
    given = [operation.get(part) for operation in operations for part in ("parameters", "requestBody")]
    assert list(unbounded(given)) == []


@pytest.mark.parametrize("path", ["/api/v1/jobs/{id}", "/api/v1/schedules/{name}", "/api/v1/config"])
def test_no_change_is_required(path: str) -> None:
    body = DOCUMENT["paths"][path]["patch"]["requestBody"]["content"]["application/json"]["schema"]
    assert "required" not in body and body["minProperties"] == 1


def test_a_method_that_is_not_described_is_refused_as_such_also_with_a_body(api: Api) -> None:
    assert api.ask("TRACE", "/overview").status == api.ask("GET", "/jobs/actions/commit", {}).status == 405
    assert api.ask("GET", "/overview", {}).error["message"] == "a request that only reads has no body"


def test_the_document_is_served(api: Api) -> None:
    assert api.get("/openapi.json") == DOCUMENT
    assert DOCUMENT["openapi"] == "3.0.3"


@pytest.mark.parametrize(
    "value, schema",
    [
        ("x", {"type": "integer"}),
        (True, {"type": "integer"}),
        (None, {"type": "string"}),
        ("c", {"type": "string", "enum": ["a"]}),
        ("2026-01-01", {"type": "string", "format": "date-time"}),
        ([1, "x"], {"type": "array", "items": {"type": "integer"}}),
        ({"a": 1}, {"type": "object", "properties": {}, "additionalProperties": False}),
        ({}, {"type": "object", "required": ["a"]}),
        (5, {"type": "integer", "maximum": 4}),
        ({"a": "x"}, {"type": "object", "additionalProperties": {"type": "integer"}}),
        (None, {"$ref": "#/components/schemas/Job"}),
        ([1, 2], {"type": "array", "items": {"type": "integer"}, "maxItems": 1}),
    ],
)
def test_the_checker_finds_what_is_wrong(value: Any, schema: dict[str, Any]) -> None:
    assert list(problems(value, schema, DOCUMENT))


def test_the_checker_knows_all_that_the_document_uses() -> None:
    for schema in _schemas(DOCUMENT["components"]["schemas"]):
        assert set(schema) <= KNOWN
