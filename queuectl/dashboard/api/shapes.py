"""How things look in JSON, and the schemas that say so: one function and one schema for each noun.

Times are RFC 3339 in UTC with milliseconds, durations seconds, ids texts, numbers integers. What is not
there is null. Secrets in environments are masked.
"""

from __future__ import annotations

from ...engine.reports.snapshot import elapsed
from ...model.fields import HOW, KEPT
from ...model.job import STATES, Job
from ...model.verbs import VERBS, allowed_verbs
from ...model.when import iso

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Mapping, Sequence

    from ...model.fields import Field
    from ...store.attempts import Attempt
    from ...store.sqlite import Row

    Schema = dict[str, Any]

COMMAND_SHOWN = 500
TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
SECONDS: Schema = {"type": "number", "description": "seconds"}
STATE: Schema = {"type": "string", "enum": list(STATES)}
# What a list leaves out of a job.
LEFT_OUT = tuple(field.name for field in KEPT if field.group == HOW)


def maybe(schema: Schema) -> Schema:
    """Return a schema that allows null too."""
    return {"allOf": [schema], "nullable": True} if "$ref" in schema else {**schema, "nullable": True}


def many(schema: Schema, most: int | None = None) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": schema, **({} if most is None else {"maxItems": most})}


def table(schema: Schema) -> Schema:
    """Return the schema of an object with any keys."""
    return {"type": "object", "additionalProperties": schema}


def record(**properties: Schema) -> Schema:
    """Return the schema of an object with exactly these keys."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def ref(name: str) -> Schema:
    """Return a reference to one of SCHEMAS."""
    return {"$ref": f"#/components/schemas/{name}"}


def whole(low: int, high: int) -> Schema:
    """Return the schema of an integer of a range."""
    return {"type": "integer", "minimum": low, "maximum": high}


def one_of(*words: str) -> Schema:
    """Return the schema of one of some words."""
    return {"type": "string", "enum": list(words)}


def seconds(ms: float | None) -> float | None:
    """Return milliseconds as seconds."""
    return None if ms is None else round(ms) / 1000


def median(values: Iterable[int]) -> int | None:
    """Return the middle of some values, None without any."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else None


def summary_json(job: Job, now: int) -> dict[str, Any]:
    """Return what a list shows of a job."""
    values = {name: value for name, value in job.as_json().items() if name not in LEFT_OUT}
    values["command"] = job.command[:COMMAND_SHOWN]
    values["command_cut"] = len(job.command) > COMMAND_SHOWN
    values["elapsed"] = seconds(elapsed(job, now))
    values["allowed_actions"] = allowed_verbs(job.state)
    return values


def attempt_json(attempt: Attempt) -> dict[str, Any]:
    """Return one try of a job."""
    values = attempt.as_dict()
    del values["id"]
    for name in ("started_at", "finished_at"):
        values[name] = iso(values[name])
    for name in ("duration", "wait_time"):
        values[name] = seconds(values[name])
    return values


def worker_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of `summary.worker_rows`."""
    values = dict(row)
    values["heartbeat_at"] = iso(values["heartbeat_at"])
    for name in ("elapsed", "uptime"):
        values[name] = seconds(values[name])
    return values


def picked(row: Row, names: Iterable[str]) -> dict[str, Any]:
    """Return some columns; those that end with `_at` as times."""
    return {name: iso(row[name]) if name.endswith("_at") else row[name] for name in names}


# What a field holds in an answer; a time or a duration may be given in other words too.
KIND_SCHEMAS: dict[str, Schema] = {
    **dict.fromkeys(("id", "name", "text"), TEXT),
    **dict.fromkeys(("integer", "signal"), INTEGER),
    "state": STATE,
    "duration": SECONDS,
    "time": TIME,
    "flag": FLAG,
    "names": many(TEXT),
    "variables": table(TEXT),
}
GIVEN_SCHEMAS: dict[str, Schema] = {**KIND_SCHEMAS, "duration": {}, "time": TEXT}


def kept_schemas(fields: Sequence[Field]) -> dict[str, Schema]:
    """Return the schemas of a job's fields in an answer, by name."""
    found = {field.name: KIND_SCHEMAS[field.kind.name] for field in fields}
    return {field.name: maybe(found[field.name]) if field.is_nullable else found[field.name] for field in fields}


def given_schemas(fields: Sequence[Field]) -> dict[str, Schema]:
    """Return the schemas of a job's fields in a body, by every name that they may have there."""
    return {name: _given(field) for field in fields for name in (field.name, *field.spellings)}


def _given(field: Field) -> Schema:
    kind, schema = field.kind, GIVEN_SCHEMAS[field.kind.name]
    if kind.name == "integer":
        schema = whole(kind.low, kind.high)
    elif kind.name == "names":
        schema = many(TEXT, kind.high)
    schema = {**schema, "description": field.help}
    try:
        field.check(None, 0)
    except ValueError:
        return schema
    return maybe(schema)


SUMMARY: dict[str, Schema] = {
    **{name: schema for name, schema in kept_schemas(KEPT).items() if name not in LEFT_OUT},
    "command_cut": FLAG,
    "elapsed": maybe(SECONDS),
    "allowed_actions": many(one_of(*VERBS)),
}
SCHEMAS: dict[str, Schema] = {
    "Error": {
        "type": "object",
        "required": ["error"],
        "additionalProperties": False,
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message", "hint", "field"],
                "properties": {
                    "code": TEXT,
                    "message": TEXT,
                    "hint": maybe(TEXT),
                    "field": maybe(TEXT),
                    "position": INTEGER,
                    "suggestion": maybe(TEXT),
                    "count": INTEGER,
                },
            }
        },
    },
    "Job": record(**kept_schemas(KEPT)),
    "JobSummary": record(**SUMMARY),
    "JobChanged": record(job=ref("Job"), allowed_actions=many(one_of(*VERBS))),
    "Attempt": record(
        attempt=INTEGER,
        worker=INTEGER,
        pid=maybe(INTEGER),
        started_at=TIME,
        wait_time=SECONDS,
        finished_at=maybe(TIME),
        duration=maybe(SECONDS),
        outcome=maybe(TEXT),
        exit_code=maybe(INTEGER),
        signal=maybe(INTEGER),
        error=maybe(TEXT),
        output_size=INTEGER,
    ),
    "Worker": record(
        worker=INTEGER,
        pid=INTEGER,
        state=one_of("busy", "idle", "stopping", "lost"),
        job=maybe(TEXT),
        elapsed=maybe(SECONDS),
        jobs_done=INTEGER,
        heartbeat_at=TIME,
        memory=INTEGER,
        uptime=SECONDS,
        busy=maybe(NUMBER),
        queues=many(TEXT),
        command=maybe(TEXT),
        trouble=maybe(TEXT),
    ),
    "Refused": record(id=TEXT, state=STATE, message=TEXT),
    "Upcoming": record(at=TIME, what=TEXT, id=TEXT, command=TEXT),
}
