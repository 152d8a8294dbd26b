"""Commands that put jobs into the queue."""

from __future__ import annotations

from ...model import when
from ...model.errors import InvalidInput
from ...model.fields import BY_NAME, BY_SPELLING, GIVEN
from ...model.job import HELD, SCHEDULED, jobs_text
from ...model.kinds import read_variable
from ...model.nouns import jobs as nouns
from ..grammar.registry import Arg, command
from ..result import Result
from .options import job_fields, options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from ...model.job import Job
    from ..context import Context

GROUP = "Jobs"
MANY_JOBS = 10_000


@command(
    "add",
    Arg("command", optional=True, help="the command, as one quoted text", complete="command", field="command"),
    Arg("words", rest=True, many=True, help="after --: the command as words, which are quoted for the shell"),
    *options(GIVEN),
    Arg("--like", metavar="ID", help="begin with all that this job was given, but for its id", complete="job"),
    Arg("--wait", "-w", flag=True, help="wait until it is done and exit with its exit code", group="afterwards"),
    Arg(
        "--follow",
        "-f",
        flag=True,
        help="show its output until it is done and exit with its exit code",
        group="afterwards",
    ),
    group=GROUP,
    aliases=("run",),
    examples=(
        "add 'make -j4 test' --timeout 10m",
        "add --id nightly --priority 10 --retries 5 './backup.sh'",
        "add -- rsync -a 'My Documents' backup:",
        "add --like job-1 --priority 10",
    ),
)
def add(
    context: Context,
    *,
    command: str | None,
    words: Sequence[str],
    like: str | None,
    wait: bool,
    follow: bool,
    **given: Any,
) -> Result:
    """Add a job: one shell command.

    Give it as one quoted text, or after -- as words. It runs as /bin/sh -c COMMAND in the current
    directory, with the workers' environment and your PATH.
    """
    fields = job_fields(given)
    if like is not None:
        fields = _like(context, like, fields)
        copied = fields.pop("command")
        command = copied if command is None and not words else command
    job = context.queue.add(_command(command, words), **fields)
    if follow:
        from .logs import follow_job

        return follow_job(context, job.number)
    if wait:
        from .wait import wait_for_one

        return wait_for_one(context, job.number, timeout=None)
    context.front_end.hint(lambda: _what_next(context, job.id))
    return Result(nouns.JOB, record=job, message=told(job, context.clock.wall()), ids=[job.id])


def _like(context: Context, reference: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a job, secrets included, with these in place of its own. Raises NotFound."""
    from ...model.copies import copy_of

    changed = {}
    for name, value in fields.items():
        field = BY_SPELLING[name] if name in BY_SPELLING else BY_NAME[name]
        # A flag or a list that was not given is empty.
        if value or not (field.kind.is_flag or field.kind.is_many):
            changed[field.name] = value
    return {**copy_of(context.queue.get(reference), context.clock.wall()), **changed}


def _what_next(context: Context, job: str) -> str:
    from ...engine.attended import is_attended
    from ...model.alert import NO_WORKERS_RUN

    return f"follow it with: queuectl logs -f {job}" if is_attended(context.queue) else NO_WORKERS_RUN


def told(job: Job, now: int) -> str:
    """Return what is said of a job that was added."""
    lines = [
        f"Job added: {job.id}",
        f"  command:  {job.command}",
        f"  priority: {job.priority}",
        f"  retries:  {job.max_retries}",
    ]
    if job.timeout is not None:
        lines.append(f"  timeout:  {when.duration_text(job.timeout)}")
    if job.state == SCHEDULED or job.run_at < job.created_at or (job.state == HELD and job.run_at > now):
        lines.append(f"  runs at:  {due_text(job, now)}")
    if job.state == HELD:
        lines.append(f"  held; let it go with: queuectl release {job.id}")
    return "\n".join(lines)


def due_text(job: Job, now: int) -> str:
    """Return when a job is due: in local time, in UTC and from now; a held one has to be released, too."""
    instant = f"{when.local(job.run_at)} ({when.iso(job.run_at)})"
    ago, is_held = when.ago(job.run_at, now), job.state == HELD
    if job.run_at < min(job.created_at, now):
        return f"{instant}; that is over ({ago}): it runs " + ("once it is released" if is_held else "now")
    return f"{instant}, {ago}" + ", once it is released" * is_held


def _command(command: str | None, words: Sequence[str]) -> str:
    if command is not None and words:
        raise InvalidInput("give the command either as one quoted text or as words after --, not both", field="command")
    if command is not None:
        return command
    if words:
        import shlex

        return shlex.join(words)
    raise InvalidInput(
        "command is missing", field="command", hint="queuectl add 'COMMAND', or queuectl add -- WORD WORD"
    )


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
    group=GROUP,
    examples=(
        'enqueue \'{"id": "hello", "command": "echo Hello"}\'',
        "enqueue jobs.jsonl",
        "enqueue --validate @jobs.json",
        "generate-jobs | queuectl enqueue -",
        "enqueue --template simple_job --set command='make test'",
    ),
)
def enqueue(
    context: Context,
    *,
    jobs: list[str],
    file: list[str],
    validate: bool,
    template: str | None,
    set: list[tuple[str, str]],
) -> Result:
    """Add jobs from JSON, all of them or none.

    Takes one object, an array of objects, or one object a line.
    """
    found, places = _gather(context, jobs, file, template, set)
    if validate:
        count = len(context.queue.check(found, names=places))
        return Result(
            nouns.CHECKED,
            record={"valid": True, "jobs": count},
            message=f"{jobs_text(count)} {'is' if count == 1 else 'are'} valid, nothing was added",
        )
    ids = _enqueue(context, found, places)
    message = f"Job added: {ids[0]}" if len(ids) == 1 else f"{len(ids)} jobs added: {ids[0]} to {ids[-1]}"
    return Result(nouns.ADDED, rows=[{"id": job} for job in ids], message=message, ids=ids)


enqueue.__doc__ = f"""{enqueue.__doc__}
    Fields: {", ".join(field.name for field in GIVEN)}.
    Also written: {", ".join(name for field in GIVEN for name in field.spellings)}."""


def _enqueue(context: Context, jobs: list[dict[str, Any]], places: list[str]) -> list[str]:
    """Enqueue jobs, showing progress where it takes long enough to wonder."""
    if len(jobs) < MANY_JOBS:
        return context.queue.enqueue(jobs, names=places)
    with context.front_end.progress(len(jobs), "adding") as on_progress:
        return context.queue.enqueue(jobs, names=places, on_progress=on_progress)


def _gather(
    context: Context, jobs: list[str], files: list[str], template: str | None, changes: list[tuple[str, str]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return all jobs that were given in any way, with where each stands."""
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
        more = _read(context, source)
        found += more.jobs
        places += more.places
    return found, places if len(found) > 1 or places[0] != "the argument" else []


def _read(context: Context, source: str) -> Any:
    from ...engine.intake import READ_BYTES, decode, parse_jobs, read_file

    if source == "-":
        return parse_jobs(decode(context.front_end.read_stdin(READ_BYTES), "stdin"), "stdin")
    if source.lstrip()[:1] in ("{", "["):
        return parse_jobs(source, "the argument")
    path = source[1:] if source.startswith("@") else source
    return parse_jobs(read_file(path), path)
