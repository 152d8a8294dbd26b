"""The dead letter queue: jobs that are out of attempts."""

from __future__ import annotations

from ...model.errors import Conflict
from ...model.job import DEAD, jobs_text
from ...model.nouns import jobs as nouns
from ...model.verbs import PLAIN_VERBS
from ...store.search import JobFilter
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..result import Result
from .selection import Selection, act, left_alone, options, read_ids, report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Sequence

    from ...model.verbs import Verb
    from ..context import Context

GROUP = "Dead letters"
COLUMNS = ("id", "attempts", "finished_at", "exit_code", "error", "command")
VERBOSE_COLUMNS = (
    *("number", "id", "queue", "priority", "attempts", "created_at", "finished_at", "duration", "exit_code", "signal"),
    *("worker", "cwd", "error", "command"),
)
DEAD_IDS = Arg("ids", many=True, metavar="ID", complete="dead", help="dead jobs (default: all of them)")


@command(
    "dlq list",
    Arg("--verbose", "-v", flag=True, help="more columns"),
    Arg(
        "--limit",
        "-l",
        parse=arguments.integer(0, 10_000_000),
        default=50,
        metavar="N",
        help="at most this many, 0 for all (default: 50)",
    ),
    group=GROUP,
    watch=True,
    examples=("dlq list", "dlq list --verbose -o json"),
)
def dlq_list(context: Context, *, verbose: bool, limit: int) -> Result:
    """List the dead jobs, newest first."""

    jobs = context.queue.list(DEAD, sort="-finished_at", limit=limit or -1)
    notes = [] if jobs else ["the dead letter queue is empty"]
    return Result(
        nouns.JOB,
        rows=jobs,
        ids=[job.id for job in jobs],
        notes=notes,
        columns=VERBOSE_COLUMNS if verbose else COLUMNS,
    )


@command("dlq stats", group=GROUP, watch=True, examples=("dlq stats",))
def dlq_stats(context: Context) -> Result:
    """Show failure patterns: dead jobs by exit code and error, and by command."""
    from ...engine.reports import summary

    found = summary.dead_groups(context.queue.store)
    notes = [jobs_text(found["dead"], "dead") if found["dead"] else "the dead letter queue is empty"]
    columns = ("pattern", "count", "exit_code", "signal", "last_at", "sample_ids", "value")
    return Result(nouns.DEAD_GROUP, rows=[*found["by_error"], *found["by_command"]], columns=columns, notes=notes)


def _handler(verb: Verb) -> Callable[..., Result]:
    def handle(context: Context, *, ids: Sequence[str], yes: bool, **flags: bool) -> Result:
        meant = _select(context, ids)
        change = act(context, verb, meant, yes=yes, kind=DEAD, **flags)
        return left_alone() if change is None else report(change, verb.done, meant)

    handle.__doc__ = f"{verb.label} dead jobs, all of them if no id is given."
    return handle


def _select(context: Context, ids: Sequence[str]) -> Selection:
    """Return the dead jobs that were meant. Raises Conflict for one that is not dead."""
    search = context.queue.store.search
    if not ids:
        wanted = JobFilter(states=(DEAD,), sort="number")
        return Selection(search.numbers(wanted), wanted)
    numbers = context.queue.find(read_ids(context, ids))
    for job in search.jobs(numbers):
        if job.state != DEAD:
            raise Conflict(
                f'job "{job.id}" is not in the dead letter queue: it is {job.state}',
                hint="see the dead ones with: queuectl dlq list",
            )
    return Selection(numbers)


for _verb in PLAIN_VERBS:
    # What a filter that names no state does to dead jobs is what they are there for.
    if DEAD in _verb.means:
        _path = f"dlq {_verb.name}"
        command(_path, DEAD_IDS, *options(_verb), group=GROUP, examples=(f"{_path} job-1", _path))(_handler(_verb))
