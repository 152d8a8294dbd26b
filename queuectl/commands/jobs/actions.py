"""Commands that change jobs, by id or by filter: one for each plain verb.

Those that destroy ask before they change what a filter found. Jobs that were named are not asked about, and
what only starts or stops jobs never asks.
"""

from __future__ import annotations

from ...engine.waiting import Waiting
from ...model.errors import WaitTimeout
from ...model.job import CANCELLED, PROCESSING, TRANSITIONS
from ...model.verbs import PLAIN_VERBS, Verb
from ..grammar.registry import Arg, command
from ..result import Result
from .selection import SELECTION, act, report, select, show_only, verb_options, widened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence

    from ...engine.change import Change
    from ...engine.finding import Selection
    from ..context import Context

END_SECONDS = 5
# It is declared with the pauses, which it ends too.
RESUME = "resume"
NO_WAIT = Arg("--no-wait", flag=True, help="do not wait until running jobs have ended")


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

    few = "" if verb.means == verb.states else f"A filter that names no state means {_listed(verb.means)} jobs."
    handle.__doc__ = f"{verb.help}\n\n{few}"
    return handle


def _listed(states: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(states[:-1]), states[-1])))


def _examples(verb: Verb) -> tuple[str, ...]:
    return (f"{verb.name} job-1", f"{verb.name} --state {verb.means[0]} --queue reports{' --yes' * verb.destroys}")


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
            context.front_end.note(f"{job.id} was faster, it is {job.state}")


for _verb in (verb for verb in PLAIN_VERBS if verb.name != RESUME):
    # A running job ends some time after the request reached its worker.
    _more = [NO_WAIT] if (PROCESSING, _verb.name) in TRANSITIONS and _verb.destroys else []
    command(_verb.name, *SELECTION, *verb_options(_verb), *_more, examples=_examples(_verb))(handler_of(_verb))
