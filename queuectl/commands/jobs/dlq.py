"""The dead letter queue: jobs that are out of attempts."""

from __future__ import annotations

from ...model.errors import Conflict
from ...model.job import DEAD, jobs_text
from ...model.nouns import jobs as nouns
from ...store.search import JobFilter
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..result import Result
from .selection import YES, YES_ANYWAY, Selection, is_agreed, left_alone, read_ids, report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from ..context import Context

GROUP = "Dead letters"
COLUMNS = ("id", "attempts", "finished_at", "exit_code", "error", "command")
VERBOSE_COLUMNS = (
    "number",
    "id",
    "queue",
    "priority",
    "attempts",
    "created_at",
    "finished_at",
    "duration",
    "exit_code",
    "signal",
    "worker",
    "cwd",
    "error",
    "command",
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


@command(
    "dlq retry",
    DEAD_IDS,
    YES_ANYWAY,
    Arg("--keep-attempts", flag=True, help="one more attempt instead of all of them"),
    group=GROUP,
    examples=("dlq retry job-1", "dlq retry"),
)
def dlq_retry(context: Context, *, ids: Sequence[str], yes: bool, keep_attempts: bool) -> Result:
    """Run dead jobs again, all of them if no id is given."""
    meant = _select(context, ids)
    return report(context.queue.retry(*meant.numbers, keep_attempts=keep_attempts), "queued again", meant)


@command("dlq remove", DEAD_IDS, YES, group=GROUP, examples=("dlq remove job-1", "dlq remove --yes"))
def dlq_remove(context: Context, *, ids: Sequence[str], yes: bool) -> Result:
    """Delete dead jobs, all of them if no id is given."""
    meant = _select(context, ids)
    if not is_agreed(context, "remove", meant, yes=yes, kind=DEAD):
        return left_alone()
    return report(context.queue.remove(*meant.numbers), "removed", meant)


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
