"""Commands that change jobs, by id or by filter: one for each plain verb; and the dead letter queue, of dead jobs.

Those that destroy ask before they change what a filter found, but not about jobs that were named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...engine.finding import Selection
from ...engine.waiting import Waiting
from ...model.errors import Conflict, WaitTimeout
from ...model.filter import Filter, with_quotes
from ...model.job import CANCELLED, DEAD, PROCESSING, TRANSITIONS, jobs_text
from ...model.nouns.jobs import DEAD_GROUP
from ...model.verbs import DLQ_VERBS, PLAIN_VERBS, Verb
from ..context import Context, Result, job_table
from ..grammar.registry import Arg, command
from ..grammar.shared import LIMIT, beyond_limit, limit_of
from .selection import SELECTION, act, report, select, show_only, verb_options, widened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine.change import Change

END_SECONDS = 5
# It is declared with the pauses, which it ends too.
RESUME = "resume"
NO_WAIT = Arg("--no-wait", flag=True, help="do not wait until running jobs have ended")
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


def handler_of(verb: Verb) -> Callable[..., Result]:
    def handle(context: Context, *, dry_run: bool, yes: bool, no_wait: bool = True, **given: Any) -> Result:
        flags = {flag.name: given.pop(flag.name) for flag in verb.flags}
        named = select(context, **given, means=verb.means, takes=verb.states, finds=verb.finds)
        meant = widened(context, verb, named, flags)
        if dry_run:
            return show_only(context, verb, meant)
        change = act(context, verb, meant, yes=yes, **flags)
        if change is not None and not no_wait:
            _await_end(context, change, meant)
        return report(change, verb.done, meant)

    states = " and ".join(filter(None, (", ".join(verb.means[:-1]), verb.means[-1])))
    few = "" if verb.means == verb.states else f"A filter that names no state means {states} jobs."
    handle.__doc__ = f"{verb.help}\n\n{few}"
    return handle


def _await_end(context: Context, change: Change, meant: Selection) -> None:
    """Wait until the jobs that ran have ended; say so if one takes longer than it should."""
    done = set(change.done)
    ending = [job for job in context.queue.read(meant.numbers) if job.id in done]
    numbers = [job.number for job in ending]
    grace = max([context.queue.settings().kill_grace, *(job.kill_grace or 0 for job in ending)])
    patience = grace / 1000 + END_SECONDS
    try:
        # One that somebody removes meanwhile has been cancelled all the same.
        jobs = Waiting(context.queue, numbers, timeout=patience).jobs(numbers, lambda: None)
    except WaitTimeout:
        context.front_end.note("some jobs are still ending; see them with: queuectl list --state processing")
        return
    for job in jobs:
        if job.state != CANCELLED:
            context.front_end.note(f"{job.id} had ended by then, it is {job.state}")


for _verb in (verb for verb in PLAIN_VERBS if verb.name != RESUME):
    # A running job ends some time after the request reached its worker.
    _more = [NO_WAIT] if (PROCESSING, _verb.name) in TRANSITIONS and _verb.destroys else []
    _some = f"{_verb.name} --state {_verb.means[0]} --queue reports{' --yes' * _verb.destroys}"
    _examples = (f"{_verb.name} job-1", _some)
    command(_verb.name, *SELECTION, *verb_options(_verb), *_more, examples=_examples)(handler_of(_verb))


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


@command("dlq stats", watch=True, examples=("dlq stats", "dlq stats --watch"))
def dlq_stats(context: Context) -> Result:
    """Show failure patterns: dead jobs by exit code and error, by command, and by the last line of standard error.

    Commands and lines that differ in numbers only are one group, with N for a number that differs. Of standard error
    only the newest 1000 dead jobs are read.
    """
    found = context.queue.reports.dead_groups()
    notes = [jobs_text(found.dead, "dead") if found.dead else "the dead letter queue is empty"]
    columns = ("pattern", "count", "exit_code", "signal", "last_at", "sample_ids", "value")
    return Result(DEAD_GROUP, rows=[*found.by_error, *found.by_stderr, *found.by_command], columns=columns, notes=notes)


def _dlq_handler(verb: Verb) -> Callable[..., Result]:
    def handle(context: Context, *, ids: Sequence[str], yes: bool, **flags: bool) -> Result:
        dead = _dead(context, ids)
        meant = widened(context, verb, dead, flags)
        change = act(context, verb, meant, yes=yes, kind=DEAD if meant is dead else "", **flags)
        return report(change, verb.done, meant)

    handle.__doc__ = f"{verb.label} dead jobs, all of them if no id is given."
    return handle


def _dead(context: Context, ids: Sequence[str]) -> Selection:
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
    command(_path, DEAD_IDS, *verb_options(_verb), examples=_examples)(_dlq_handler(_verb))
