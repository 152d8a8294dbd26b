"""The dead letter queue: jobs that are out of attempts."""

from __future__ import annotations

from ...engine.selection import Selection, found_by
from ...model.errors import Conflict
from ...model.filter import Filter
from ...model.job import DEAD, jobs_text
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..result import Result
from .selection import YES, YES_ANYWAY, is_agreed, left_alone, report, select

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
DEAD_IDS = Arg(
    "ids",
    many=True,
    metavar="ID|FILTER",
    complete="dead",
    help="dead jobs, or a filter such as 'queue:mail exit:1' for some of them (default: all of them)",
)


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

    jobs = context.queue.list(state=DEAD, sort="-finished_at", limit=limit or -1)
    notes = [] if jobs else ["the dead letter queue is empty"]
    return Result(
        rows=[job.as_dict() for job in jobs],
        ids=[job.id for job in jobs],
        notes=notes,
        columns=VERBOSE_COLUMNS if verbose else COLUMNS,
    )


@command("dlq stats", group=GROUP, watch=True, examples=("dlq stats",))
def dlq_stats(context: Context) -> Result:
    """Show failure patterns: dead jobs by exit code and error, and by command."""
    from ...engine.reports import summary

    found = summary.dlq_stats(context.queue.store)
    rows = [
        {
            "jobs": row["jobs"],
            "pattern": "error",
            "exit_code": row["exit_code"],
            "signal": row["signal"],
            "last_at": row["last_at"],
            "example": row["example"],
            "value": row["error"],
        }
        for row in found["by_error"]
    ]
    rows += [
        {
            "jobs": row["jobs"],
            "pattern": "command",
            "exit_code": None,
            "signal": None,
            "last_at": row["last_at"],
            "example": row["example"],
            "value": row["command"],
        }
        for row in found["by_command"]
    ]
    notes = [jobs_text(found["dead"], "dead") if found["dead"] else "the dead letter queue is empty"]
    return Result(
        rows=rows, columns=("pattern", "jobs", "exit_code", "signal", "last_at", "example", "value"), notes=notes
    )


@command(
    "dlq retry",
    DEAD_IDS,
    YES_ANYWAY,
    Arg("--keep-attempts", flag=True, help="one more attempt instead of all of them"),
    group=GROUP,
    examples=("dlq retry job-1", "dlq retry exit:127", "dlq retry"),
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
    """Return the dead jobs that were meant. Raises Conflict for one that was named and is not dead."""
    if not ids:
        return found_by(context.queue.store, Filter((DEAD,)))
    meant = select(context, ids, means=(DEAD,))
    jobs = context.queue.store.search.jobs(meant.numbers)
    others = [job for job in jobs if job.state != DEAD]
    if meant.is_named and others:
        raise Conflict(
            f'job "{others[0].id}" is not in the dead letter queue: it is {others[0].state}',
            hint="see the dead ones with: queuectl dlq list",
        )
    return Selection([job.number for job in jobs if job.state == DEAD], meant.wanted)
