"""`enqueue`: jobs from JSON in the queue, all of them or none."""

from __future__ import annotations

import os

from ...model.errors import InvalidInput, NotFound, quoted
from ...model.fields import BY_SPELLING, GIVEN, overridden
from ...model.job import jobs_text
from ...model.kinds import read_variable
from ...model.nouns import jobs as nouns
from ...model.shellwords import shell_word
from ...model.templates import SUFFIX
from ..grammar.registry import Arg, command
from ..result import Result
from .adding import due_note, enqueued, skipped_notes
from .linked import link_notes
from .options import job_fields, options, overrides, tell_of_line_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine.intake import JobText
    from ..context import Context


@command(
    "enqueue",
    Arg(
        "jobs",
        many=True,
        metavar="JSON|FILE|-",
        help="a JSON object, array or lines; a file or @FILE with such; - for stdin",
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

    Takes one object, an array of objects, or one object a line; // begins a comment. The options of add hold
    for every job. What only QueueCTL knows of a job, such as its state, is left out, so that what show prints
    as JSON can be enqueued again.
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
    from ...engine.intake import leave_out

    if template is not None:
        from .templates import fill

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
    from ...engine.intake import parse_jobs, read_file

    if source == "-":
        return parse_jobs(context.stdin_text(), "stdin")
    if source.lstrip()[:1] in ("{", "[") or (source.lstrip()[:2] == "//" and not os.path.exists(source)):
        return parse_jobs(source, "the argument")
    path = source[1:] if source.startswith("@") else source
    if not os.path.exists(path):
        template = _template(context, path)
        if template is not None:
            return parse_jobs(template, f"template {path}")
        if " " in source:
            hint = f"queuectl add {shell_word(source)}"
            raise InvalidInput(f"{quoted(source)} is neither JSON nor a file", hint=hint, field="jobs")
    return parse_jobs(read_file(path), path)


def _template(context: Context, path: str) -> str | None:
    """Return the text of the template whose file a path could be, None if there is none."""
    if not path.endswith(SUFFIX):
        return None
    from .templates import read_template

    try:
        text = read_template(context, path)
    except NotFound:
        return None  # The reader of the file reports that it does not exist.
    context.front_end.note(f"there is no file {path}: this is the template")
    return text
