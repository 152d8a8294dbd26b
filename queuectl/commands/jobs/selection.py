"""Which jobs a command means: named ones, or those that a filter finds."""

from __future__ import annotations

from ...model.errors import InvalidInput
from ...model.job import STATES, jobs_text
from ...store.search import JobFilter
from ..grammar import arguments
from ..grammar.registry import Arg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from ...engine.change import Change
    from ...model.verbs import Verb
    from ..context import Context
    from ..result import Result

IDS = Arg(
    "ids",
    many=True,
    metavar="ID",
    complete="job",
    help="job ids, numbers, unique prefixes, ranges such as 3-9, last, or - to read ids from stdin",
)
IDS_OR_STATE = Arg("ids", many=True, metavar="ID", complete="job", help=f"{IDS.help}; or state:STATE as --state STATE")
STATE = Arg(
    "--state",
    "-s",
    many=True,
    parse=arguments.state_list,
    metavar="STATE",
    complete="state",
    group="filter",
    help=f"only these states, separated by commas ({', '.join(STATES)}), or open for all that are not final",
)
QUEUE = Arg(
    "--queue",
    "-Q",
    many=True,
    parse=arguments.name,
    complete="queue",
    group="filter",
    help="only this queue; repeatable for several",
)
TAG = Arg(
    "--tag",
    "-t",
    many=True,
    parse=arguments.name,
    complete="tag",
    group="filter",
    help="only jobs with this tag; repeatable, a job must have all",
)
ALL = Arg("--all", "-a", flag=True, group="filter", help="all jobs of the home")
DRY_RUN = Arg("--dry-run", "-n", flag=True, help="only say which jobs it would be")
YES = Arg("--yes", "-y", flag=True, help="do not ask for a confirmation")
# So that a script may give it to any verb.
YES_ANYWAY = Arg("--yes", "-y", flag=True, help="accepted by every verb; this one asks nothing")
MAX_IDS_BYTES = 64 * 1024 * 1024
SHOWN = 5
FILTER_WORD = "state:"
SELECTION = (IDS_OR_STATE, STATE, QUEUE, TAG, ALL, DRY_RUN)


class Selection:
    """The jobs that a command means, by number.

    `wanted` is the filter that found them, None if they were named. `left_out` counts by state the jobs that
    the command could be used on, and that the filter found in states which it means only if they are given.
    """

    __slots__ = ("numbers", "wanted", "left_out")

    def __init__(
        self, numbers: Sequence[int], wanted: JobFilter | None = None, left_out: dict[str, int] | None = None
    ) -> None:
        self.numbers = list(numbers)
        self.wanted = wanted
        self.left_out = left_out or {}

    @property
    def is_named(self) -> bool:
        """Whether the jobs were named: by id, number, range or on stdin."""
        return self.wanted is None

    @property
    def notes(self) -> list[str]:
        """What to say about the jobs that were left out."""
        if not self.left_out:
            return []
        counts = ", ".join(f"{count} {state}" for state, count in self.left_out.items())
        return [f"{counts} left out; add --state {','.join(self.left_out)}"]


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
    state: Sequence[str],
    queue: Sequence[str],
    tag: Sequence[str],
    all: bool,
    means: Sequence[str],
    takes: Sequence[str] = (),
) -> Selection:
    """Return the jobs that were meant.

    `means` are the states of a filter that names none, `takes` all those that the command can be used on. Raises
    InvalidInput if nothing, or both names and a filter were given.
    """
    names = [word for word in ids if not word.startswith(FILTER_WORD)]
    states = [*state, *(one for word in ids if word not in names for one in _states_of_word(word))]
    by_filter = bool(all or states or queue or tag)
    if names and by_filter:
        raise InvalidInput("give either ids or a filter, not both")
    if names:
        return Selection(context.queue.find(read_ids(context, names)))
    if not by_filter:
        raise InvalidInput(
            "which jobs? give ids, or --state, --queue, --tag or --all", hint="see them with: queuectl list"
        )
    search = context.queue.store.search
    wanted = JobFilter(states=states or means, queues=queue, tags=tag, sort="number")
    others = [] if states else [state for state in takes if state not in means]
    left_out = search.count_by_state(JobFilter(states=others, queues=queue, tags=tag)) if others else {}
    return Selection(search.numbers(wanted), wanted, left_out)


def _states_of_word(word: str) -> list[str]:
    try:
        return arguments.state_list(word[len(FILTER_WORD) :])
    except ValueError as error:
        raise InvalidInput(f"{FILTER_WORD} {error}", field="state") from None


def options(verb: Verb) -> list[Arg]:
    """Return what a command of this verb takes besides the jobs."""
    flags = [Arg(f"--{name.replace('_', '-')}", flag=True, help=help) for name, help in verb.flags.items()]
    return [YES if verb.destroys else YES_ANYWAY, *flags]


def act(context: Context, verb: Verb, meant: Selection, *, yes: bool, kind: str = "", **flags: bool) -> Change | None:
    """Do a verb to the jobs that were meant, all of this `kind`; return None if the user does not agree.

    A verb that destroys asks, but not about jobs that were named, or about none.
    """
    asks = verb.destroys and not yes and not meant.is_named and meant.numbers
    if asks and not context.front_end.confirm(f"{verb.name} {jobs_text(len(meant.numbers), kind)}"):
        return None
    return context.queue.apply(verb.name, *meant.numbers, **flags)


def left_alone() -> Result:
    """Return the answer to a question that was not answered with yes."""
    from ..result import Result

    return Result(notes=["nothing was changed"], code=1)


def some_of(names: Sequence[str], count: int | None = None) -> str:
    """Return the first names, and how many more of the `count` there are; by default all names were given."""
    more = (len(names) if count is None else count) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def show_only(context: Context, meant: Selection) -> Result:
    """Return the jobs that a command would act on."""
    from ...model.nouns.jobs import JOB
    from ..result import Result
    from .listing import LIST_COLUMNS

    jobs = context.queue.store.search.jobs(meant.numbers)
    return Result(
        JOB,
        rows=jobs,
        columns=LIST_COLUMNS,
        ids=[job.id for job in jobs],
        notes=[f"{jobs_text(len(jobs))}, nothing was changed", *meant.notes],
    )


def report(change: Change, done: str, meant: Selection) -> Result:
    """Return the answer of a verb on the jobs that were meant: `done` says what was done, such as `cancelled`."""
    from ...engine.change import demand_done
    from ...model.nouns.jobs import REPORT
    from ..result import Result

    demand_done(change)
    shown = some_of(change.done)
    message = (
        f"Job {done}: {shown}"
        if len(change.done) == 1
        else f"{jobs_text(len(change.done))} {done}" + (f": {shown}" if change.done else "")
    )
    return Result(
        REPORT,
        rows=[{"id": job, "result": done} for job in change.done]
        + [{"id": refused.id, "result": f"refused: {refused.state}"} for refused in change.refused],
        message=message,
        ids=change.done,
        notes=[*(refused.message for refused in change.refused[:20]), *meant.notes],
        code=1 if change.refused else 0,
    )
