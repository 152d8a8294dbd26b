"""The schemas of JSON: of what may be given, and of what is answered, which the nouns say."""

from __future__ import annotations

from ...model.job import STATES, Job
from ...model.noun import Noun
from ...model.verbs import allowed_verbs
from .answers import JOB_CHANGED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from ...model.fields import Field
    from ...model.kinds import Kind
    from ...model.report import Coming
    from ...model.run import CommandStats, Run

    Schema = dict[str, Any]

COMMAND_SHOWN = 500
TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
# What a kind is in an answer.
SCHEMAS_OF_KINDS: dict[str, Schema] = {
    **dict.fromkeys(("id", "name", "text"), TEXT),
    **dict.fromkeys(("integer", "signal", "bytes"), INTEGER),
    "number": {"type": "number"},
    "state": {"type": "string", "enum": list(STATES)},
    "duration": {"type": "number", "description": "seconds"},
    "time": {"type": "string", "format": "date-time"},
    "flag": FLAG,
    "names": {"type": "array", "items": TEXT},
    "variables": {"type": "object", "additionalProperties": TEXT},
}


def maybe(schema: Schema) -> Schema:
    """Return a schema that allows null too."""
    return {"allOf": [schema], "nullable": True} if "$ref" in schema else {**schema, "nullable": True}


def many(schema: Schema, most: int | None = None) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": schema, **({} if most is None else {"maxItems": most})}


def whole(low: int, high: int) -> Schema:
    """Return the schema of an integer of a range."""
    return {"type": "integer", "minimum": low, "maximum": high}


def one_of(*words: str) -> Schema:
    """Return the schema of one of some words."""
    return {"type": "string", "enum": list(words)}


def schema_of(kind: Kind, nouns: dict[str, Schema]) -> Schema:
    """Return the schema of a kind in an answer. Those of nouns are references to what is added to `nouns`."""
    if isinstance(kind, Noun):
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
    if kind.of is None:
        return one_of(*kind.words) if kind.name == "word" else SCHEMAS_OF_KINDS[kind.name]
    inner = schema_of(kind.of, nouns)
    if kind.name == "maybe":
        return maybe(inner)
    return many(inner) if kind.name == "list" else {"type": "object", "additionalProperties": inner}


def given_schemas(fields: Sequence[Field]) -> dict[str, Schema]:
    """Return the schemas of a job's fields in a body, by every name that they may have there."""
    return {name: _given(field) for field in fields for name in (field.name, *field.spellings)}


def _given(field: Field) -> Schema:
    kind = field.kind
    # A time or a duration may be given in other words too.
    schema = {"duration": {}, "time": TEXT}.get(kind.name, SCHEMAS_OF_KINDS[kind.name])
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


def listed_job(job: Job, now: int) -> dict[str, Any]:
    """Return what a list shows of a job."""
    return {
        **{name: getattr(job, name) for name in job.FIELDS},
        "command": job.command[:COMMAND_SHOWN],
        "command_cut": len(job.command) > COMMAND_SHOWN,
        "elapsed": job.elapsed(now),
        "allowed_actions": allowed_verbs(job.state),
    }


def shortened(record: Coming | CommandStats | Run) -> dict[str, Any]:
    """Return something with no more of its command than a list shows."""
    return {**record.as_dict(), "command": record.command[:COMMAND_SHOWN]}


def changed_job(job: Job) -> dict[str, Any]:
    """Return the answer about a job that was changed or added."""
    return JOB_CHANGED.json({"job": job, "allowed_actions": allowed_verbs(job.state)})
