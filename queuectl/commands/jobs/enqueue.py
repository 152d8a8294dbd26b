"""Jobs from JSON: `enqueue` adds all of them or none; templates come with the package, or are the user's own."""

from __future__ import annotations

import json
import os

from ...engine.intake import JobText, leave_out, parse_jobs, parse_value, read_file
from ...model.checks import is_name
from ...model.errors import Conflict, InvalidInput, NotFound, did_you_mean, quoted
from ...model.fields import BY_SPELLING, GIVEN, overridden
from ...model.job import jobs_text
from ...model.kinds import read_variable
from ...model.nouns import jobs as nouns
from ...model.settings import find
from ...model.shellwords import shell_word
from ...model.templates import FULLEST, SHIPPED, SUFFIX, plain_name
from ..context import Context, Result
from ..grammar.registry import Arg, command
from .adding import due_note, enqueued, skipped_notes
from .linked import link_notes
from .options import job_fields, options, overrides, tell_of_line_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Values for the fullest template where a default shows nothing.
EXAMPLES = {
    "command": 'echo "running as $QUEUECTL_JOB_ID, attempt $QUEUECTL_ATTEMPT"',
    "env": {"GREETING": "hello"},
    "tags": ["example"],
}
NAME = Arg("name", metavar="NAME", help="the template's name", complete="template")


@command(
    "enqueue",
    Arg(
        "jobs",
        many=True,
        metavar="JSON|FILE|-",
        help="a JSON object, array or lines; a file with them, or @FILE; - for stdin",
        complete="file",
    ),
    Arg("--file", "-f", many=True, metavar="FILE", help="a file with jobs; repeatable", complete="file"),
    Arg("--validate", flag=True, help="only check the jobs, add nothing"),
    Arg("--template", metavar="NAME", help="start from this template", complete="template"),
    Arg(
        "--set",
        many=True,
        pairs=True,
        parse=read_variable,
        metavar="KEY=VALUE",
        help="with --template: set a field; repeatable",
    ),
    *options(GIVEN, but=(), group="for every job, in place of what it says"),
    examples=('enqueue \'{"id": "hello", "command": "echo Hello"}\'', "enqueue jobs.jsonl"),
)
def enqueue(
    context: Context,
    *,
    jobs: list[str],
    file: list[str],
    validate: bool,
    template: str | None,
    set: list[tuple[str, str]],
    **given: Any,
) -> Result:
    """Add jobs from JSON, all of them or none.

    Takes one object, an array of objects, or one object a line; // begins a comment. The options of add apply
    to every job. Fields that QueueCTL computes, such as the state, are left out, so that the JSON of show can be
    enqueued again.
    """
    fields = overrides(job_fields(context, given))
    if fields and not (jobs or file or template is not None):
        found: list[dict[str, Any]] = [{}]
        places: list[str] = []
    else:
        found, places = _gather(context, jobs, file, template, set)
    found = [overridden(job, fields) for job in found] if fields else found
    tell_of_line_end(context, *(job.get(key) for job in found for key in spellings_of("command")))
    specs = context.queue.check(found, names=places)
    if validate:
        count = len(specs)
        message = f"{jobs_text(count)} {'is' if count == 1 else 'are'} valid, nothing was added"
        return Result(nouns.CHECKED, record={"valid": True, "jobs": count}, message=message)
    ids, skipped = enqueued(context, specs)
    notes = [*skipped_notes(skipped), *link_notes(context, specs, ids)]
    if "run_at" in fields or (len(found) == 1 and any(key in found[0] for key in spellings_of("run_at"))):
        notes.append(due_note(context, ids[0]))
    if skipped:
        message = f"{jobs_text(len(ids) - len(skipped))} added"
    else:
        message = f"Job added: {ids[0]}" if len(ids) == 1 else f"{len(ids)} jobs added: {ids[0]} to {ids[-1]}"
    return Result(nouns.ADDED, rows=[{"id": job} for job in ids], message=message, ids=ids, notes=notes)


enqueue.__doc__ = f"""{enqueue.__doc__}

    Fields: {", ".join(field.name for field in GIVEN)}.

    Also written: {", ".join(name for field in GIVEN for name in field.spellings)}."""


def spellings_of(name: str) -> list[str]:
    """Return all names that a field has in JSON."""
    return [key for key, field in BY_SPELLING.items() if field.name == name]


def _gather(
    context: Context, jobs: list[str], files: list[str], template: str | None, changes: list[tuple[str, str]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return all jobs that were given in any way, with where each stands."""
    if template is not None:
        if jobs or files:
            raise InvalidInput("give either --template or jobs, not both")
        return [fill(context, template, changes)], [f"template {template}"]
    if changes:
        raise InvalidInput("--set needs --template")
    sources = [*jobs, *(f"@{path}" for path in files)]
    if not sources:
        raise InvalidInput("no jobs given; give JSON, a file, or - for stdin", hint="see: queuectl enqueue --help")
    found: list[dict[str, Any]] = []
    places: list[str] = []
    for source in sources:
        more = read_source(context, source)
        found += more.jobs
        places += more.places
    for note in leave_out(found):
        context.front_end.note(note)
    return found, places if len(found) > 1 or places[0] != "the argument" else []


def read_source(context: Context, source: str) -> JobText:
    """Return the jobs of JSON, of a file that may have an `@` in front, or of stdin for `-`. Raises InvalidInput."""
    if source == "-":
        return parse_jobs(context.stdin_text(), "stdin")
    if source.lstrip()[:1] in ("{", "[") or (source.lstrip()[:2] == "//" and not os.path.exists(source)):
        return parse_jobs(source, "the argument")
    path = source[1:] if source.startswith("@") else source
    if not os.path.exists(path):
        template = _template(context, path)
        if template is not None:
            return parse_jobs(template, f"template {path}")
        if not path or " " in source:
            hint = f"queuectl add {shell_word(source)}" if path else "give JSON, a file that exists, or - for stdin"
            raise InvalidInput(f"{quoted(source)} is neither JSON nor a file", hint=hint, field="jobs")
    return parse_jobs(read_file(path), path)


def _template(context: Context, path: str) -> str | None:
    """Return the text of the template whose file a path could be, None if there is none."""
    if not path.endswith(SUFFIX):
        return None
    try:
        text = read_template(context, path)
    except NotFound:
        return None  # The reader of the file reports that it does not exist.
    context.front_end.note(f"there is no file {path}: this is the template")
    return text


@command("template list", examples=("template list", "template list -o ids"))
def template_list(context: Context) -> Result:
    """List the job templates."""
    own = _own_names(context)
    rows = [
        *({"name": name, "source": "built in", "description": text, "path": None} for name, text in SHIPPED.items()),
        *({"name": name, "source": "home", "description": None, "path": _path(context, name)} for name in own),
    ]
    return Result(nouns.TEMPLATE, rows=rows, ids=[*SHIPPED, *own])


@command("template show", NAME, examples=("template show simple_job > job.json", "template show simple_job"))
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
    examples=(
        'template save nightly \'{"command": "./backup.sh", "timeout": "2h"}\'',
        "template save nightly job.json --force",
    ),
)
def template_save(context: Context, *, name: str, source: str, force: bool) -> Result:
    """Save a job as a template of your own."""
    name = plain_name(name)
    if not is_name(name) or name in SHIPPED:
        message = f"the name must be letters, digits and . _ - and none of {', '.join(SHIPPED)}, got {quoted(name)}"
        raise InvalidInput(message)
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
