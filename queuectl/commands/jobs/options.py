"""The options that stand for fields of a job, and the fields that given options mean."""

from __future__ import annotations

import os

from ...model.checks import without_line_end
from ...model.errors import InvalidInput
from ...model.fields import BY_NAME, BY_SPELLING, GIVEN, Field
from ...model.kinds import read_variable
from ...model.surroundings import MAX_STDIN_BYTES
from ..grammar import arguments
from ..grammar.registry import Arg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence

    from ..context import Context


def options(
    fields: Sequence[Field],
    *,
    but: Sequence[str] = ("command",),
    group: str | None = None,
    defaults: Mapping[str, str] | None = None,
) -> tuple[Arg, ...]:
    """Return the options of a command that makes jobs.

    `but` are fields that it takes in another way; with `group` all stand under this heading. `defaults` says of fields
    what stands in where they are missing, in words, if that is something else than for a job.
    """
    words = {field.name: field.default_words for field in fields}
    words.update(defaults or {})
    found = [_option(field, default=words[field.name], group=group) for field in fields if field.name not in but]
    return _with_delay(found, group)


def edit_options(fields: Sequence[Field]) -> tuple[Arg, ...]:
    """Return the options of a command that changes jobs: what is not given stays, what is given replaces all."""
    return _with_delay([_option(field, edits=True) for field in fields])


def _with_delay(found: list[Arg], group: str | None = None) -> tuple[Arg, ...]:
    """Return options, with one more where they take a time."""
    if not any(arg.field == "run_at" for arg in found):
        return tuple(found)
    delay = Arg(
        "--in",
        also=("--delay",),
        parse=arguments.delay,
        metavar="DELAY",
        help="run it after this time, such as 90s, 30m or 2h30m",
        group=group or BY_NAME["run_at"].group,
    )
    return (*found, delay)


def _option(field: Field, *, default: str = "", edits: bool = False, group: str | None = None) -> Arg:
    """Return the option of a field; what is wrong with its value is reported later, with all other problems."""
    kind = field.kind
    if edits and kind.is_many:
        help = f"{field.help}; several with commas between, in place of those it has; '' for none"
        return Arg(field.edit_option, help=help, parse=kind.read, metavar=field.name.upper(), field=field.name)
    more = f" (default: {default})" if default else ""
    if edits and field.is_shared and field.is_nullable:
        more = ", or default for the setting's"
    return Arg(
        *filter(None, (field.option, field.short)),
        also=field.other_options,
        help=(edits and field.edit_help or field.help) + ("; repeatable" if kind.is_many else "") + more,
        parse=_variable if kind.is_pairs else kind.read_one or (_directory if field.name == "cwd" else kind.read),
        choices=("yes", "no") if kind.is_flag and edits else tuple(kind.schema.get("enum", ())),
        metavar=field.metavar,
        implied=field.implied,
        flag=kind.is_flag and not edits,
        many=kind.is_many,
        pairs=kind.is_pairs,
        complete=field.complete,
        group=group or field.group,
        field=None if kind.is_many else field.name,
        setting=None if edits else field.setting,
    )


def _variable(text: str) -> tuple[str, str]:
    """Return the name and the value of NAME=VALUE, or of NAME with the caller's value."""
    if not text or "=" in text:
        return read_variable(text)
    if text not in os.environ:
        raise ValueError("must be NAME=VALUE, or the NAME of a variable that is set here")
    return text, os.environ[text]


def _directory(text: str) -> str:
    if not os.path.isdir(text):
        raise ValueError("must be a directory that exists")
    return os.path.abspath(text)


def job_fields(context: Context, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a job that the arguments of a command mean, without those that were not given.

    The standard input of the job is read here, up to one byte more than is allowed. Raises InvalidInput, also
    if stdin is taken already.
    """
    found = dict(_field_of(field, given) for field in GIVEN)
    delay = given.get("in")
    if delay is not None and found["run_at"] is not None:
        raise InvalidInput("give either --in or --at, not both")
    if delay is not None:
        found["run_at"] = f"+{round(delay * 1000)}ms"
    if found["stdin"] is not None:
        found["stdin"] = context.bytes_of(found["stdin"], MAX_STDIN_BYTES + 1, field="stdin")
    return {name: value for name, value in found.items() if value is not None}


def _field_of(field: Field, given: Mapping[str, Any]) -> tuple[str, Any]:
    """Return a field's name, as its option has it where JSON may too, and its value."""
    key = field.option.lstrip("-").replace("-", "_")
    value = given.get(key, given.get(field.name))
    if value is not None and field.kind.is_pairs:
        value = dict(value)
    return key if key in BY_SPELLING else field.name, value


def tell_of_line_end(context: Context, *commands: object) -> None:
    """Say that the carriage return at the end of a command is left out."""
    if any(isinstance(command, str) and without_line_end(command) != command for command in commands):
        context.front_end.note("the carriage return at the end of the command was left out")


def overrides(fields: dict[str, Any]) -> dict[str, Any]:
    """Return what `job_fields` has found by the fields' names, for a job that has others already."""
    named = ((BY_SPELLING[name] if name in BY_SPELLING else BY_NAME[name], value) for name, value in fields.items())
    # A flag or a list that was not given is empty.
    return {field.name: value for field, value in named if value or not (field.kind.is_flag or field.kind.is_many)}
