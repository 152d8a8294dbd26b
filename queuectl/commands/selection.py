"""Which jobs a command means: named ones, or those that a filter finds."""

from __future__ import annotations

from ..model.errors import InvalidInput
from ..model.job import STATES, jobs_text
from ..store.search import JobFilter
from . import arguments
from .registry import Arg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from ..engine.change import Change
    from .context import Context
    from .result import Result

IDS = Arg(
    "ids",
    many=True,
    metavar="ID",
    complete="job",
    help="job ids, numbers, unique prefixes, ranges such as 3-9, last, or - to read ids from stdin",
)
STATE = Arg(
    "--state",
    "-s",
    parse=arguments.state_list,
    metavar="STATE",
    complete="state",
    group="filter",
    help=f"only these states, separated by commas ({', '.join(STATES)})",
)
QUEUE = Arg("--queue", "-Q", parse=arguments.name, complete="queue", group="filter", help="only this queue")
TAG = Arg("--tag", "-t", parse=arguments.name, complete="tag", group="filter", help="only jobs with this tag")
ALL = Arg("--all", "-a", flag=True, group="filter", help="all jobs of the home")
DRY_RUN = Arg("--dry-run", "-n", flag=True, help="only say which jobs it would be")
YES = Arg("--yes", "-y", flag=True, help="do not ask for a confirmation")
MAX_IDS_BYTES = 64 * 1024 * 1024
SELECTION = (IDS, STATE, QUEUE, TAG, ALL, DRY_RUN)


def read_ids(context: Context, ids: Sequence[str]) -> list[str]:
    """Return the ids as given, with `-` replaced by the ids on stdin."""
    found: list[str] = []
    for word in ids:
        if word == "-":
            found += context.front_end.read_stdin(MAX_IDS_BYTES).decode("utf-8", "replace").split()
        else:
            found.append(word)
    return found


def select(
    context: Context,
    ids: Sequence[str],
    *,
    state: Sequence[str] | None,
    queue: str | None,
    tag: str | None,
    all: bool,
    default_states: Sequence[str],
) -> list[int]:
    """Return the numbers of the jobs that were meant.

    A filter without `--state` means the states that the command can do something with. Raises
    InvalidInput if nothing, or both names and a filter were given.
    """
    by_filter = all or state is not None or queue is not None or tag is not None
    if ids and by_filter:
        raise InvalidInput("give either ids or a filter, not both")
    if ids:
        return context.queue.find(read_ids(context, ids))
    if not by_filter:
        raise InvalidInput(
            "which jobs? give ids, or --state, --queue, --tag or --all", hint="see them with: queuectl list"
        )
    wanted = JobFilter(states=state or default_states, queue=queue, tag=tag, sort="number")
    return context.queue.store.search.numbers(wanted)


def show_only(context: Context, numbers: Sequence[int]) -> Result:
    """Return the jobs that a command would act on."""
    from .jobs import LIST_COLUMNS
    from .result import Result

    jobs = context.queue.store.search.jobs(numbers)
    return Result(
        rows=[job.as_dict() for job in jobs],
        columns=LIST_COLUMNS,
        ids=[job.id for job in jobs],
        notes=[f"{jobs_text(len(jobs))}, nothing was changed"],
    )


def report(change: Change, done: str) -> Result:
    """Return the answer of a verb on several jobs: `done` says what was done, such as `cancelled`."""
    from ..engine.change import demand_done
    from .result import Result

    demand_done(change)
    shown = ", ".join(change.done[:5]) + (f" and {len(change.done) - 5} more" if len(change.done) > 5 else "")
    message = (
        f"Job {done}: {shown}"
        if len(change.done) == 1
        else f"{jobs_text(len(change.done))} {done}" + (f": {shown}" if change.done else "")
    )
    return Result(
        rows=[{"id": job, "result": done} for job in change.done]
        + [{"id": refused.id, "result": f"refused: {refused.state}"} for refused in change.refused],
        columns=("id", "result"),
        message=message,
        ids=change.done,
        notes=[refused.message for refused in change.refused[:20]],
        code=1 if change.refused else 0,
    )
