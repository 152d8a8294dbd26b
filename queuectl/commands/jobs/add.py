"""Commands that put jobs into the queue."""

from __future__ import annotations

from ...model.checks import is_utf8, without_line_end
from ...model.errors import InvalidInput, quoted
from ...model.fields import GIVEN
from ...model.job import jobs_text
from ...model.nouns import jobs as nouns
from ...model.shellwords import shell_word
from ...model.surroundings import NO_SHELL
from ..context import Context, Result
from ..grammar.registry import Arg, command
from . import inputs as inputs_of
from .adding import added_job, awaited, due_note, enqueued, planned, skipped_notes, start_worker
from .linked import link_notes
from .options import job_fields, options, overrides, tell_of_line_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from .inputs import Array, Given


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
        "inputs",
        inputs=True,
        many=True,
        metavar="INPUT",
        help="after :::, a job for each; placeholders in the command stand for it, and several ::: make a grid",
        complete="file",
    ),
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
    *inputs_of.OPTIONS,
    Arg("--like", metavar="ID", help="begin with all that this job was given, except its id", complete="job"),
    Arg("--wait", "-w", flag=True, help="wait until it is done and exit with its exit code", group="afterwards"),
    Arg(
        "--follow",
        "-f",
        flag=True,
        help="show its output until it is done and exit with its exit code",
        group="afterwards",
    ),
    Arg("--start", flag=True, help="start a worker if none would take the job", group="afterwards"),
    Arg("--dry-run", flag=True, help="only show the first and the last commands, and how many there are"),
    aliases=("run",),
    examples=("add 'make -j4 test' --timeout 10m", "add 'ffmpeg -i {} {.}.mp4' ::: *.mkv"),
)
def add(
    context: Context,
    *,
    command: str | None,
    words: Sequence[str],
    inputs: Sequence[str] | None,
    command_option: str | None,
    each_line: str | None,
    null: bool,
    csv: str | None,
    array: Array | None,
    like: str | None,
    wait: bool,
    follow: bool,
    start: bool,
    dry_run: bool,
    **given: Any,
) -> Result:
    """Add a job: one shell command.

    Give it as one quoted text, or after -- as words. It runs as /bin/sh -c COMMAND in the current directory, with the
    workers' environment, your PATH, language, time zone and umask. With - each line of stdin is the command of a job,
    except blank lines and those that begin with #; all of them are added, or none.

    With inputs a job is added for each of them, all in one batch: {} in the command stands for the input,
    {.} without its extension, {/} its base name, {//} its directory, {/.} its base name without extension,
    {#} the number of the job, {2} the input of the second source. Without any of them the input is the last
    argument. All that follows the first ::: is input.
    """
    fields = job_fields(context, given)
    found = inputs_of.Given(inputs, each_line, null, csv, array)
    if like is not None:
        fields = _like(context, like, fields, but=inputs_of.OWN if found else ())
    places: list[str] = []
    if found:
        template = _template(context, command, command_option, words, fields, found)
        specs = found.inputs_for(context, template, fields).specs(context.queue, fields)
    else:
        jobs, places = _jobs(context, command, command_option, words, fields)
        tell_of_line_end(context, *(job.get("command") for job in jobs))
        specs = context.queue.check(jobs, names=places)
    if dry_run:
        return planned(specs)
    if start:
        start_worker(context, specs[0].queue)
    ids, skipped = enqueued(context, specs, is_batch=bool(found) and specs[0].batch is None)
    notes = [*(skipped_notes(skipped) if places else ()), *link_notes(context, specs, ids)]
    if follow or wait:
        for note in notes:
            context.front_end.note(note)
        return awaited(context, ids, follow=follow)
    if not found and not places:
        return _one_added(context, ids[0], notes, is_new=not skipped)
    if "run_at" in fields:
        notes.append(due_note(context, ids[0]))
    message = "\n".join(ids)
    if found:
        batch = specs[0].batch
        context.front_end.hint(lambda: f"see how far they are with: queuectl batch show {batch}")
        message = f"Jobs added: {batch}, {jobs_text(len(ids))}, {' to '.join(dict.fromkeys((ids[0], ids[-1])))}"
    return Result(nouns.ADDED, rows=[{"id": job} for job in ids], message=message, ids=ids, notes=notes)


def _one_added(context: Context, id: str, notes: list[str], *, is_new: bool) -> Result:
    """Return the answer for one job; one that is not new had the key already."""
    job = context.queue.get(id)
    if is_new:
        context.front_end.hint(lambda: _what_next(context, job.id))
        return added_job(context, job, notes)
    message = f"Nothing added: {job.id} has the key {quoted(job.key)} already, it is {job.state}"
    return Result(nouns.JOB, record=job, message=message, ids=[job.id], notes=notes)


def _like(context: Context, reference: str, fields: dict[str, Any], *, but: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a job except those in `but`, with secrets; `fields` replace the job's. Raises NotFound."""
    from ...model.copies import copy_of

    given, job = overrides(fields), context.queue.get(reference)
    stdin = {} if job.stdin_size is None else {"stdin": context.queue.stdin(job)}
    found = {**stdin, **copy_of(job, context.clock.wall(), given)}
    return {name: value for name, value in found.items() if name in given or name not in but}


def _what_next(context: Context, job: str) -> str:
    from ...model.alert import NO_WORKERS_RUN

    return f"follow it with: queuectl logs -f {job}" if context.queue.is_attended() else NO_WORKERS_RUN


def _template(
    context: Context,
    command: str | None,
    command_option: str | None,
    words: Sequence[str],
    fields: dict[str, Any],
    given: Given,
) -> str | Sequence[str]:
    """Return the command that inputs are for, as a text or as words. Raises InvalidInput."""
    if command == "-":
        raise InvalidInput("the commands of stdin take no inputs", field="command", hint="give one command")
    if len(given.from_stdin) > 1:
        raise InvalidInput(f"stdin can be read once only, not by {' and '.join(given.from_stdin)}")
    if command is not None and command.strip() == "{}" and command_option is None:
        # This command is the item alone; it would look like a job in JSON.
        command, command_option = None, command
    jobs, _ = _jobs(context, command, command_option, words, fields)
    tell_of_line_end(context, jobs[0].get("command"))
    if not words or given.array is not None:
        return str(jobs[0]["command"])
    return _words_to_run(context, words, fields)


def _jobs(
    context: Context, command: str | None, command_option: str | None, words: Sequence[str], fields: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the jobs to add and, of those from stdin, where each stands. Raises InvalidInput."""
    if (command is not None) + (command_option is not None) + bool(words) > 1:
        message = "give the command once: as one quoted text, as words after --, or with --command"
        raise InvalidInput(message, field="command")
    if command == "-":
        return _jobs_of_stdin(context, fields)
    if command is not None:
        _demand_no_json(command, shell_word(command))
    text = command_option if command is None else command
    if text is None and (words or "command" not in fields):
        text = _quoted(context, words, fields)
    return [fields if text is None else {**fields, "command": text}], []


def _jobs_of_stdin(context: Context, fields: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a job for each line of stdin that is neither blank nor a comment, and its place. Raises InvalidInput."""
    from ...engine.intake import MAX_JOBS

    if "id" in fields:
        raise InvalidInput("an id is for one job, not for those of stdin", field="id")
    lines = context.stdin_text().split("\n")
    found = {number: line.strip() for number, line in enumerate(lines, 1)}
    commands = {number: text for number, text in found.items() if text and not text.startswith("#")}
    if not commands:
        raise InvalidInput("stdin holds no command; one on each line was expected", field="command")
    if len(commands) > MAX_JOBS:
        raise InvalidInput(f"stdin: at most {MAX_JOBS} jobs can be added at once", field="command")
    for text in commands.values():
        _demand_no_json(text, "-")
    places = [f"stdin:{number}" for number in commands]
    return [{**fields, "command": text} for text in commands.values()], places


def _demand_no_json(command: str, word: str) -> None:
    """Raise InvalidInput for a job in JSON, which `enqueue` takes as `word`: as a command it would only fail later."""
    if not command.lstrip().startswith("{"):
        return
    import json

    try:
        found = json.loads(command)
    except (ValueError, RecursionError):
        return
    if isinstance(found, dict):
        raise InvalidInput("this is a job in JSON, not a command", field="command", hint=f"queuectl enqueue {word}")


def _quoted(context: Context, words: Sequence[str], fields: dict[str, Any]) -> str:
    if words:
        found = _words_to_run(context, words, fields)
        if found != [*words]:
            tell_of_line_end(context, words[-1])
        return " ".join(map(_word, found))
    message = "command is missing"
    raise InvalidInput(message, field="command", hint="queuectl add 'COMMAND', or queuectl add -- WORD WORD")


def _words_to_run(context: Context, words: Sequence[str], fields: dict[str, Any]) -> list[str]:
    """Return words without the carriage return at their end; without a shell, exactly these. Raises InvalidInput."""
    wrong = next((word for word in words if not is_utf8(word)), None)
    found = [*words[:-1], without_line_end(words[-1])]
    if (wrong is None and found == [*words]) or context.queue.shell_of(fields) != NO_SHELL:
        return found
    if wrong is not None:
        raise InvalidInput(f"without a shell, words must be UTF-8, got {quoted(wrong)}", field="command")
    return [*words]


def _word(word: str) -> str:
    """Return a word as the shell reads it back. The shell has to make bytes that are no text."""
    if not is_utf8(word):
        return shell_word(word)
    import shlex

    return shlex.quote(word)
