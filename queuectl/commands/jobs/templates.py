"""Job templates: those that come with the package, and the user's own in the home."""

from __future__ import annotations

import json
import os

from ...engine.intake import parse_jobs, parse_value, read_file
from ...model.checks import is_name
from ...model.errors import Conflict, InvalidInput, NotFound, did_you_mean, quoted
from ...model.fields import BY_SPELLING, GIVEN
from ...model.nouns import jobs as nouns
from ...model.settings import find
from ...model.templates import FULLEST, SHIPPED, SUFFIX, plain_name
from ..context import Context
from ..grammar.registry import Arg, command
from ..result import Result

# What the fullest template has where a default shows nothing.
EXAMPLES = {
    "command": 'echo "running as $QUEUECTL_JOB_ID, attempt $QUEUECTL_ATTEMPT"',
    "env": {"GREETING": "hello"},
    "tags": ["example"],
}
NAME = Arg("name", metavar="NAME", help="the template's name", complete="template")


@command("template list", examples=("template list",))
def template_list(context: Context) -> Result:
    """List the job templates."""
    own = _own_names(context)
    rows = [
        *({"name": name, "source": "built in", "description": text, "path": None} for name, text in SHIPPED.items()),
        *({"name": name, "source": "home", "description": None, "path": _path(context, name)} for name in own),
    ]
    return Result(nouns.TEMPLATE, rows=rows, ids=[*SHIPPED, *own])


@command("template show", NAME, examples=("template show simple_job > job.json",))
def template_show(context: Context, *, name: str) -> Result:
    """Print a template as JSON."""
    return Result(text=[read_template(context, name)])


@command(
    "template save",
    NAME,
    Arg(
        "source", metavar="JSON|FILE|-", help="the job: a JSON object, a file with one, or - for stdin", complete="file"
    ),
    Arg("--force", flag=True, help="replace a template of that name"),
    examples=('template save nightly \'{"command": "./backup.sh", "timeout": "2h"}\'',),
)
def template_save(context: Context, *, name: str, source: str, force: bool) -> Result:
    """Save a job as a template of your own."""
    name = plain_name(name)
    if not is_name(name) or name in SHIPPED:
        raise InvalidInput(
            f"the name must be letters, digits and . _ - and none of {', '.join(SHIPPED)}, got {quoted(name)}"
        )
    if source == "-":
        text = context.stdin_text()
    else:
        text = source if source.lstrip().startswith("{") else read_file(source.lstrip("@"))
    jobs = parse_jobs(text, "the template").jobs
    if len(jobs) > 1:
        raise InvalidInput(f"a template is one job, got {len(jobs)}")
    job = jobs[0]
    context.queue.home.prepare()
    context.queue.check([job])
    path = _path(context, name)
    _write(path, json.dumps(job, indent=2) + "\n", force)
    record = {"name": name, "path": path}
    return Result(nouns.SAVED_TEMPLATE, record=record, message=f"Template saved: {name}", ids=[name])


def _write(path: str, text: str, force: bool) -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
    try:
        with open(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Conflict(f"there is a template {path} already", hint="replace it with --force") from None


def _path(context: Context, name: str) -> str:
    return os.path.join(context.queue.home.templates, name + SUFFIX)


def _own_names(context: Context) -> list[str]:
    try:
        files = os.listdir(context.queue.home.templates)
    except FileNotFoundError:
        return []
    return sorted(plain_name(name) for name in files if name.endswith(SUFFIX))


def read_template(context: Context, name: str) -> str:
    """Return a template's text; `NAME.json` means the same as `NAME`. Raises NotFound, InvalidInput."""
    name = plain_name(name)
    if name == FULLEST:
        return _fullest()
    if name in SHIPPED:
        import pkgutil

        return (pkgutil.get_data("queuectl", f"templates/{name}{SUFFIX}") or b"").decode()
    if name not in _own_names(context):
        near = did_you_mean(name, [*SHIPPED, *_own_names(context)])
        raise NotFound(f"there is no template {quoted(name)}{near}", hint="see them with: queuectl template list")
    return read_file(_path(context, name))


def _fullest() -> str:
    """Return a template with every field of a job that can have a default."""
    # An id can be used once, and a directory is that of the user of the template.
    fields = [field for field in GIVEN if field.name not in ("id", "cwd")]
    values = {field.name: find(field.setting).default if field.setting else field.default for field in fields}
    shown = {field.name: EXAMPLES.get(field.name, field.kind.json(values[field.name])) for field in fields}
    return json.dumps(shown, indent=2) + "\n"


def fill(context: Context, name: str, changes: list[tuple[str, str]]) -> dict[str, object]:
    """Return a template's job with fields set; `env.NAME` sets one variable. Values that are not texts are JSON."""
    job = parse_jobs(read_template(context, name), f"template {name}").jobs[0]
    for key, text in changes:
        field, dot, variable = key.partition(".")
        if field == "env" and dot:
            env = job.get("env")
            # Whatever else stands there is left for the check of the job to refuse.
            job["env"] = {**env, variable: text} if isinstance(env, dict) else env or {variable: text}
        else:
            job[key] = _value(key, text)
    return job


def _value(key: str, text: str) -> object:
    """Return the value of a field that a text stands for: as an option has it, or JSON."""
    field = BY_SPELLING.get(key)
    value = text if field is None else field.kind.read(text)
    if value != text or (field is not None and field.kind.taken.get("type") == "string"):
        return value
    try:
        return parse_value(text)
    except InvalidInput:
        return text
