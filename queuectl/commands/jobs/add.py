"""Commands that put jobs into the queue."""

from __future__ import annotations

from ...model import when
from ...model.checks import is_utf8, without_line_end
from ...model.errors import InvalidInput, quoted
from ...model.fields import BY_NAME, GIVEN
from ...model.job import HELD, SCHEDULED, jobs_text
from ...model.nouns import jobs as nouns
from ...model.quantity import some_of
from ...model.shellwords import shell_word
from ...model.surroundings import NO_SHELL
from ..grammar.registry import Arg, command
from ..result import Result
from .linked import link_notes
from .options import job_fields, options, overrides, tell_of_line_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from ...model.job import Job
    from ..context import Context

GROUP = "Jobs"


@command(
    "add",
    Arg(
        "command",
        optional=True,
        help="the command, as one quoted text; - for stdin, with a command on each line",
        complete="command",
        field="command",
    ),
    Arg("words", rest=True, many=True, help="after --: the command as words, which are quoted for the shell"),
    Arg(
        "--command",
        also=("--cmd",),
        parameter="command_option",
        metavar="COMMAND",
        help="the command, where it begins with a dash or reads like JSON",
        complete="command",
        field="command",
    ),
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
    Arg("--start", flag=True, help="start a worker if nobody runs the job", group="afterwards"),
    group=GROUP,
    aliases=("run",),
    examples=(
        "add 'make -j4 test' --timeout 10m",
        "add --id nightly --priority 10 --retries 5 './backup.sh'",
        "add -- rsync -a 'My Documents' backup:",
        "add --shell none -- rsync -a 'My Documents' backup:",
        "add 'sort | uniq -c' --shell bash --stdin names.txt",
        "add --like job-1 --priority 10",
        "add 'make test' --follow --start",
        "add 'make install' --after build,test",
        "add - --batch downloads%4 < commands.txt",
    ),
)
def add(
    context: Context,
    *,
    command: str | None,
    words: Sequence[str],
    command_option: str | None,
    like: str | None,
    wait: bool,
    follow: bool,
    start: bool,
    **given: Any,
) -> Result:
    """Add a job: one shell command.

    Give it as one quoted text, or after -- as words. It runs as /bin/sh -c COMMAND in the current
    directory, with the workers' environment, your PATH, language, time zone and umask.
    With - each line of stdin is the command of a job, but for blank lines and those that begin with #;
    all of them are added, or none.
    """
    fields = job_fields(context, given)
    if like is not None:
        fields = _like(context, like, fields)
    jobs, places = _jobs(context, command, command_option, words, fields)
    tell_of_line_end(context, *(job.get("command") for job in jobs))
    if start:
        context.queue.check(jobs, names=places)
        _start_worker(context, fields.get("queue"))
    skipped: list[str] = []
    ids = context.queue.enqueue(jobs, names=places, on_skipped=skipped.extend)
    notes = [*(skipped_notes(skipped) if places else ()), *link_notes(context, jobs, ids)]
    if follow or wait:
        for note in notes:
            context.front_end.note(note)
        return _awaited(context, ids, follow=follow)
    if places:
        notes += [due_note(context, ids[0])] if "run_at" in fields else []
        return Result(nouns.ADDED, rows=[{"id": job} for job in ids], message="\n".join(ids), ids=ids, notes=notes)
    job = context.queue.get(ids[0])
    if skipped:
        message = f"Nothing added: {job.id} has the key {quoted(job.key)} already, it is {job.state}"
        return Result(nouns.JOB, record=job, message=message, ids=ids, notes=notes)
    context.front_end.hint(lambda: _what_next(context, job.id))
    return Result(
        nouns.JOB,
        record=job,
        message=added_text(job, context.clock.wall()),
        call=how_to_release(job),
        ids=ids,
        notes=notes,
    )


def skipped_notes(skipped: Sequence[str]) -> list[str]:
    """Return what to say of jobs that were not added, since those with these ids have their keys."""
    if not skipped:
        return []
    one = len(skipped) == 1
    return [f"{jobs_text(len(skipped))} not added: {some_of(list(skipped))} {'has' if one else 'have'} the key already"]


def _start_worker(context: Context, queue: str | None) -> None:
    """Start a worker unless somebody takes the jobs of a queue, by default the default one.

    Raises DaemonUnavailable, or Conflict where workers run elsewhere or are stopping.
    """
    from ...engine.attended import is_attended
    from ...model.worker import ALL, option

    group = ALL
    if is_attended(context.queue):
        name = queue or str(BY_NAME["queue"].default)
        if not context.queue.reports.without_workers([name]):
            return
        group = name
    context.queue.workers.start(group, 1)
    context.front_end.note(f"1 worker started; stop it with: queuectl worker stop{option(group or None)}")


def _awaited(context: Context, ids: Sequence[str], *, follow: bool) -> Result:
    from ...engine.finding import Selection
    from .follow import follow_jobs
    from .wait import wait_for

    numbers = context.queue.find(ids)
    return follow_jobs(context, numbers) if follow else wait_for(context, Selection(numbers))


def _like(context: Context, reference: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a job, secrets included, with these in place of its own. Raises NotFound."""
    from ...model.copies import copy_of

    job = context.queue.get(reference)
    stdin = {} if job.stdin_size is None else {"stdin": context.queue.stdin(job)}
    return {**stdin, **copy_of(job, context.clock.wall(), overrides(fields))}


def _what_next(context: Context, job: str) -> str:
    from ...engine.attended import is_attended
    from ...model.alert import NO_WORKERS_RUN

    return f"follow it with: queuectl logs -f {job}" if is_attended(context.queue) else NO_WORKERS_RUN


def added_text(job: Job, now: int) -> str:
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
    if job.expires_at is not None:
        lines.append(f"  expires:  {expiry_text(job.expires_at, now)}")
    return "\n".join(lines)


def expiry_text(expires_at: int, now: int) -> str:
    """Return until when a job must have started, in local time and from now."""
    return f"{when.local(expires_at)} ({when.ahead(expires_at, now)}), unless it has started by then"


def how_to_release(job: Job) -> str:
    """Return what is said last of a job that is held, an empty text of others."""
    return f"  held; let it go with: queuectl release {job.id}" if job.state == HELD else ""


def due_text(job: Job, now: int) -> str:
    """Return when a job is due: in local time, in UTC and from now; a held one has to be released, too."""
    instant = f"{when.local(job.run_at)} ({when.iso(job.run_at)})"
    away, is_held = when.ahead(job.run_at, now), job.state == HELD
    if job.run_at < min(job.created_at, now):
        return f"{instant}; that is over ({away}): it runs " + ("once it is released" if is_held else "now")
    return f"{instant}, {away}" + ", once it is released" * is_held


def due_note(context: Context, id: str) -> str:
    """Return when a job that was added is due; those that were added with it are due at the same time."""
    now = context.clock.wall()
    return f"runs at {due_text(context.queue.get(id), now)}"


def _jobs(
    context: Context, command: str | None, command_option: str | None, words: Sequence[str], fields: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the jobs to add and, of those from stdin, where each stands. Raises InvalidInput."""
    if (command is not None) + (command_option is not None) + bool(words) > 1:
        raise InvalidInput(
            "give the command once: as one quoted text, as words after --, or with --command", field="command"
        )
    if command == "-":
        from .stdin import jobs_of_stdin

        return jobs_of_stdin(context, fields)
    if command is not None and command.lstrip().startswith("{"):
        from .stdin import demand_no_json

        demand_no_json(command, shell_word(command))
    text = command_option if command is None else command
    if text is None and (words or "command" not in fields):
        text = _quoted(context, words, fields)
    return [fields if text is None else {**fields, "command": text}], []


def _quoted(context: Context, words: Sequence[str], fields: dict[str, Any]) -> str:
    """Return words as a command. Raises InvalidInput for none, and for bytes that are no text and no shell can make."""
    if not words:
        raise InvalidInput(
            "command is missing", field="command", hint="queuectl add 'COMMAND', or queuectl add -- WORD WORD"
        )
    wrong = next((word for word in words if not is_utf8(word)), None)
    last = without_line_end(words[-1])
    if (wrong is not None or last != words[-1]) and context.queue.shell_of(fields) == NO_SHELL:
        if wrong is not None:
            raise InvalidInput(f"without a shell, words must be UTF-8, got {quoted(wrong)}", field="command")
        last = words[-1]
    elif last != words[-1]:
        tell_of_line_end(context, words[-1])
    return " ".join(map(_word, [*words[:-1], last]))


def _word(word: str) -> str:
    """Return a word as the shell reads it back; bytes that are no text it has to make."""
    if not is_utf8(word):
        return shell_word(word)
    import shlex

    return shlex.quote(word)
