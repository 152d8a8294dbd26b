"""The dead letter queue: jobs that are out of attempts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...engine.finding import Selection
from ...model.errors import Conflict
from ...model.filter import Filter, with_quotes
from ...model.job import DEAD, jobs_text
from ...model.nouns.jobs import DEAD_GROUP
from ...model.verbs import DLQ_VERBS, Verb
from ..context import Context
from ..grammar.registry import Arg, command
from ..grammar.shared import LIMIT, beyond_limit, limit_of
from ..result import Result, job_table
from .selection import act, report, select, verb_options, widened

COLUMNS = ("id", "attempts", "finished_at", "exit_code", "error", "command")
VERBOSE_COLUMNS = (
    *("number", "id", "queue", "priority", "attempts", "created_at", "finished_at", "duration", "exit_code", "signal"),
    *("worker", "cwd", "error", "command"),
)
DEAD_IDS = Arg(
    "ids",
    many=True,
    parse=with_quotes,
    metavar="ID|FILTER",
    complete="dead",
    help="dead jobs, or a filter such as 'queue:mail exit:1' for some of them (default: all of them)",
)


@command(
    "dlq list",
    Arg("--verbose", "-v", flag=True, help="show more columns"),
    LIMIT,
    watch=True,
    examples=("dlq list", "dlq list --verbose -o json"),
)
def dlq_list(context: Context, *, verbose: bool, limit: int | None) -> Result:
    """List the dead jobs, newest first."""
    most = limit_of(context, limit)
    jobs = context.queue.listing(f"state:{DEAD}", sort="-finished_at", limit=most)
    notes = [] if jobs else ["the dead letter queue is empty"]
    notes += beyond_limit(len(jobs), most, lambda: context.queue.count(f"state:{DEAD}"), "dead jobs")
    return job_table(jobs, notes, columns=VERBOSE_COLUMNS if verbose else COLUMNS)


@command("dlq stats", watch=True, examples=("dlq stats",))
def dlq_stats(context: Context) -> Result:
    """Show failure patterns: dead jobs by exit code and error, by command, and by the last line of standard error.

    Commands and lines that differ in numbers only are one group, with N for a number that differs. Of standard error
    only the newest 1000 dead jobs are read.
    """
    found = context.queue.reports.dead_groups()
    notes = [jobs_text(found.dead, "dead") if found.dead else "the dead letter queue is empty"]
    columns = ("pattern", "count", "exit_code", "signal", "last_at", "sample_ids", "value")
    return Result(DEAD_GROUP, rows=[*found.by_error, *found.by_stderr, *found.by_command], columns=columns, notes=notes)


def _handler(verb: Verb) -> Callable[..., Result]:
    def handle(context: Context, *, ids: Sequence[str], yes: bool, **flags: bool) -> Result:
        dead = _select(context, ids)
        meant = widened(context, verb, dead, flags)
        change = act(context, verb, meant, yes=yes, kind=DEAD if meant is dead else "", **flags)
        return report(change, verb.done, meant)

    handle.__doc__ = f"{verb.label} dead jobs, all of them if no id is given."
    return handle


def _select(context: Context, ids: Sequence[str]) -> Selection:
    """Return the dead jobs that were meant. Raises Conflict for one that was named and is not dead."""
    if not ids:
        return context.queue.found_by(Filter((DEAD,)))
    meant = select(context, ids, means=(DEAD,))
    jobs = context.queue.read(meant.numbers)
    others = [job for job in jobs if job.state != DEAD]
    if meant.is_named and others:
        message = f'job "{others[0].id}" is not in the dead letter queue: it is {others[0].state}'
        raise Conflict(message, hint="see the dead ones with: queuectl dlq list")
    return Selection([job.number for job in jobs if job.state == DEAD], meant.wanted, states=(DEAD,))


for _verb in DLQ_VERBS:
    _path = f"dlq {_verb.name}"
    _examples = (f"{_path} exit:127", _path)
    command(_path, DEAD_IDS, *verb_options(_verb), examples=_examples)(_handler(_verb))
