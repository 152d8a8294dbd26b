"""Which jobs a command means: named ones, or those that a filter finds."""

from __future__ import annotations

from collections import Counter
from itertools import chain

from ...engine.finding import NOT_BOTH, Selection, is_by_filter
from ...model.errors import InvalidInput, NotFound
from ...model.filter import how_read, of_options, with_quotes, written
from ...model.filterparse import parse
from ...model.job import STATES, jobs_text
from ...model.nouns.jobs import CHANGE
from ...model.quantity import some_of
from ...model.shellwords import in_quotes
from ...model.verbs import WITH_CHILDREN
from ..context import Context, Result, job_table, left_alone
from ..grammar import arguments
from ..grammar.registry import Arg
from ..grammar.shared import DRY_RUN, YES, YES_ANYWAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Sequence

    from ...engine.change import Change
    from ...model.verbs import Verb

IDS = Arg(
    "ids",
    many=True,
    parse=with_quotes,
    metavar="ID|FILTER",
    complete="job",
    help="job ids, numbers, unique prefixes, ranges such as 3-9, last, or - to read ids from stdin; or a filter such "
    "as 'queue:mail tag:nightly'",
)
STATE = Arg(
    "--state",
    "-s",
    many=True,
    parse=arguments.state_list,
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
MAX_IDS_BYTES = 64 * 1024 * 1024
FINDING = (IDS, STATE, QUEUE, TAG, ALL)
SELECTION = (*FINDING, DRY_RUN)


def select(
    context: Context,
    ids: Sequence[str],
    *,
    state: Sequence[str] = (),
    queue: Sequence[str] = (),
    tag: Sequence[str] = (),
    all: bool = False,
    means: Sequence[str] = STATES,
    takes: Sequence[str] = (),
    finds: bool | None = None,
) -> Selection:
    """Return the jobs that were meant: ids and references, or one filter of words and options.

    `means` are the states of a filter that names none, `takes` all those that the command can be used on, `finds` is
    what `Finding.select` says. Raises InvalidInput if nothing, or both were given, and FilterError.
    """
    text = of_options(ids if is_by_filter(ids) else (), state=state, queue=queue, tag=tag)
    if ids and not is_by_filter(ids):
        if text or all:
            raise InvalidInput(NOT_BOTH)
        if list(ids) == ["all"] and not context.queue.has_id("all"):
            raise NotFound('no job with id "all"', hint="for all jobs write --all")
        read = context.front_end.read_stdin
        words = (read(MAX_IDS_BYTES).decode("utf-8", "replace").split() if word == "-" else [word] for word in ids)
        return context.queue.named([*chain.from_iterable(words)])
    for note in how_read(ids):
        context.front_end.note(note)
    wanted = parse(text, context.clock.wall(), takes_text=False)
    if not wanted.text and not all:
        example = "tag:nightly" if means == STATES else written("state", means[0])
        message = f"no jobs given; give ids, a filter such as {in_quotes(example)}, or --all"
        raise InvalidInput(message, hint="see them with: queuectl list")
    return context.queue.found_by(wanted, means=means, takes=takes, finds=finds)


def none_meant(meant: Selection) -> NotFound:
    """Return the error for a command that needs at least one job, where none was named or found."""
    if meant.is_named:
        return NotFound("there are no ids on stdin")
    return NotFound("no jobs match", hint="see all jobs with: queuectl list")


def left_out(meant: Selection) -> list[str]:
    """Return the note on jobs that the filter found and the command left out."""
    if not meant.left_out:
        return []
    counts = ", ".join(f"{count} {state}" for state, count in meant.left_out.items())
    return [f"{counts} left out; add {in_quotes(written('state', *meant.left_out))}"]


def verb_options(verb: Verb) -> list[Arg]:
    """Return the options of a command of this verb."""
    flags = [Arg(flag.option, flag=True, help=flag.help) for flag in verb.flags]
    return [YES if verb.destroys else YES_ANYWAY, *flags]


def widened(context: Context, verb: Verb, meant: Selection, flags: Mapping[str, bool]) -> Selection:
    """Return the jobs that a verb with these flags means."""
    return context.queue.with_children(meant, verb.name) if flags.get(WITH_CHILDREN) else meant


def act(context: Context, verb: Verb, meant: Selection, *, yes: bool, kind: str = "", **flags: bool) -> Change | None:
    """Do a verb to the jobs that were meant, all of this `kind`; return None if the user does not agree."""
    # Nobody is asked about jobs that were named, or about none.
    asks = verb.destroys and not yes and not meant.is_named and meant.numbers
    if asks and not context.front_end.confirm(f"{verb.name} {jobs_text(len(meant.numbers), kind)}"):
        return None
    return context.queue.apply(verb.name, meant, **flags)


def show_only(context: Context, verb: Verb, meant: Selection) -> Result:
    """Return the jobs that a verb would change. The notes count the jobs that would be refused."""
    found = context.queue.read(meant.numbers)
    jobs = [job for job in found if verb.misfit(job) is None]
    others = Counter(job.state for job in found if verb.misfit(job))
    refused = [f"cannot {verb.applied_to(jobs_text(count, state))}" for state, count in others.items()]
    return job_table(jobs, [f"{jobs_text(len(jobs))}, nothing was changed", *refused, *left_out(meant)])


def report(change: Change | None, done: str, meant: Selection) -> Result:
    """Return the answer of a verb, None if the user did not agree; `done` says what was done, such as `cancelled`."""
    if change is None:
        return left_alone()
    from ...engine.change import demand_done

    demand_done(change)
    refused = [one for one in change.refused if one.state in meant.states]
    others = len(meant.numbers) - len(change.done) - len(refused) - change.already
    who = f"Job {done}" if len(change.done) == 1 else f"{jobs_text(len(change.done))} {done}"
    message = f"{who}: {some_of(change.done)}" if change.done else who
    late = [f"{others} had begun or ended meanwhile"] if others > 0 else []
    notes = [*change.notes, *(one.message for one in refused[:20]), *late, *left_out(meant)]
    return Result(CHANGE, record=change, message=message, ids=change.done, notes=notes, code=int(bool(refused)))
