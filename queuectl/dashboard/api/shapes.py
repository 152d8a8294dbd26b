"""The schemas of JSON: of what may be given, and of what is answered, which the nouns say."""

from __future__ import annotations

from ...engine.reports.snapshot import elapsed
from ...model.job import STATES, Job
from ...model.kinds import STATE
from ...model.noun import Noun
from ...model.verbs import allowed_verbs
from .answers import JOB_CHANGED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Sequence

    from ...model.fields import Field
    from ...model.kinds import Kind

    Schema = dict[str, Any]

COMMAND_SHOWN = 500
TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}


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
    if kind.inner is None:
        return one_of(*STATES) if kind is STATE else kind.schema
    inner = schema_of(kind.inner, nouns)
    if kind.name == "maybe":
        return maybe(inner)
    return many(inner) if kind.name == "list" else {"type": "object", "additionalProperties": inner}


def given_schemas(fields: Sequence[Field]) -> dict[str, Schema]:
    """Return the schemas of a job's fields in a body, by every name that they may have there."""
    return {name: _given(field) for field in fields for name in (field.name, *field.spellings)}


def _given(field: Field) -> Schema:
    schema = {**field.kind.taken, "description": field.help}
    try:
        field.check(None, 0)
    except ValueError:
        return schema
    return maybe(schema)


def median(values: Iterable[int]) -> int | None:
    """Return the middle of some values, None without any."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else None


def listed_job(job: Job, now: int) -> dict[str, Any]:
    """Return what a list shows of a job."""
    return {
        **{name: getattr(job, name) for name in job.FIELDS},
        "command": job.command[:COMMAND_SHOWN],
        "command_cut": len(job.command) > COMMAND_SHOWN,
        "elapsed": elapsed(job, now),
        "allowed_actions": allowed_verbs(job.state),
    }


def shortened(values: dict[str, Any]) -> dict[str, Any]:
    """Return something with no more of its command than a list shows."""
    return {**values, "command": values["command"][:COMMAND_SHOWN]}


def changed_job(job: Job) -> dict[str, Any]:
    """Return the answer about a job that was changed or added."""
    return JOB_CHANGED.json({"job": job, "allowed_actions": allowed_verbs(job.state)})
