"""What `add` does in rarer cases: commands from stdin, a worker where nobody runs the job, and following it."""

from __future__ import annotations

from ...model.errors import InvalidInput
from ...model.fields import BY_NAME
from ...model.job import COMPLETED
from ...model.link import STUCK
from ...model.quantity import some_of
from ..result import Result
from .follow import Follower, labelled, read_job
from .follow import follow as follow_all
from .idle import waited_for
from .wait import exit_code_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Sequence

    from ..context import Context
    from ..result import Text


def jobs_of_stdin(context: Context, fields: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a job with these fields for each line of stdin, and where each stands.

    Blank lines and those that begin with # are none. Raises InvalidInput, also where there is no other line.
    """
    from ...engine.intake import MAX_JOBS, READ_BYTES, decode

    if "id" in fields:
        raise InvalidInput("an id is for one job, not for those of stdin", field="id")
    lines = decode(context.front_end.read_stdin(READ_BYTES), "stdin").split("\n")
    found = {number: line.strip() for number, line in enumerate(lines, 1)}
    commands = {number: text for number, text in found.items() if text and not text.startswith("#")}
    if not commands:
        raise InvalidInput("stdin holds no command; one on each line was expected", field="command")
    if len(commands) > MAX_JOBS:
        raise InvalidInput(f"stdin: at most {MAX_JOBS} jobs can be added at once", field="command")
    for text in commands.values():
        demand_no_json(text, "-")
    places = [f"stdin:{number}" for number in commands]
    return [{**fields, "command": text} for text in commands.values()], places


def demand_no_json(command: str, word: str) -> None:
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


def start_worker(context: Context, queue: str | None) -> None:
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


def follow_jobs(context: Context, numbers: Sequence[int]) -> Result:
    """Return what new jobs print as it comes; the exit code is known at the end: that of one job, 1 if one failed."""
    result = Result(live=True)
    result.text = _follow_to_code(context, numbers, result)
    return result


def _follow_to_code(context: Context, numbers: Sequence[int], result: Result) -> Iterator[Text]:
    jobs = [read_job(context.queue, number) for number in numbers]
    context.front_end.note(f"{'Job' if len(jobs) == 1 else 'Jobs'} added: {some_of([job.id for job in jobs])}")
    pieces = follow_all([Follower(context, job) for job in jobs], context)
    with waited_for(context, numbers):
        if len(jobs) == 1:
            yield from (piece for _, piece in pieces)
        else:
            yield from labelled([job.id for job in jobs], pieces)
    jobs = [read_job(context.queue, number) for number in numbers]
    failed = [job for job in jobs if job.state != COMPLETED]
    for job in jobs if len(jobs) == 1 else failed:
        how = STUCK if job.stuck else job.state
        context.front_end.note(f"{job.id} is {how}" + (f": {job.error}" if job.error else ""))
    result.code = exit_code_of(jobs[0]) if len(jobs) == 1 else int(bool(failed))
