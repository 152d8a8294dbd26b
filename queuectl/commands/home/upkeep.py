"""Commands for the past and for tidying up: events, why, prune."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...model.errors import InvalidInput
from ...model.job import COMPLETED, FINAL_STATES, jobs_text
from ...model.nouns.home import EVENT, PRUNED
from ...model.nouns.jobs import REASON
from ...model.when import local
from ..context import Context, Result, job_table, left_alone
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..grammar.shared import DRY_RUN, ID, LIMIT, YES, beyond_limit, limit_of

LOOK_SECONDS = 0.1


@command("events", LIMIT, Arg("--follow", "-f", flag=True, help="go on until Ctrl-C"), examples=("events", "events -f"))
def events(context: Context, *, limit: int | None, follow: bool) -> Result:
    """Show what users, workers and the scheduler did, newest last."""
    most = limit_of(context, limit)
    if follow:
        return Result(text=_followed(context, most), live=True)
    rows = context.queue.events.since(0, most)
    notes = [] if rows else ["no events yet"]
    notes += beyond_limit(len(rows), most, context.queue.events.count, "events")
    return Result(EVENT, rows=rows, columns=("at", "what", "job", "detail", "by"), notes=notes)


def _followed(context: Context, most: int) -> Iterator[bytes]:
    """Yield the newest events, at most `most` of them or all if it is negative, and then each new one."""
    last = 0
    while True:
        for event in context.queue.events.since(last, most):
            last = event.number
            words = [local(event.at), event.what, event.job or "", event.detail, f"({event.by})"]
            yield ("  ".join(filter(None, words)) + "\n").encode()
        most = -1
        context.clock.pause(LOOK_SECONDS)


@command("why", ID, watch=True, examples=("why job-1", "why last"))
def why(context: Context, *, id: str) -> Result:
    """Explain why a job is in its state, and what helps."""
    job = context.queue.get(id)
    found = context.queue.reports.why(job)
    # Each command has a line of its own, so that it can be copied.
    helps = found.hint.split("; ") if found.hint else []
    message = "\n  ".join([f"{job.id} is {job.state}: {found.reason}", *helps])
    return Result(REASON, record=found, message=message, ids=[job.id], is_prose=True)


def final_states(text: str) -> list[str]:
    """Final states, separated by commas."""
    states = arguments.state_list(text)
    if not set(states) <= set(FINAL_STATES):
        raise ValueError(f"must be among {', '.join(FINAL_STATES)}: only what has ended can be pruned")
    return states


@command(
    "prune",
    Arg(
        "--older-than",
        parse=arguments.seconds,
        metavar="TIME",
        group="filter",
        help="only jobs that ended longer ago than this, such as 12h or 30d "
        "(default: that of the setting retain_completed_hours)",
    ),
    Arg(
        "--state",
        "-s",
        many=True,
        parse=final_states,
        complete="state",
        group="filter",
        help=f"these states, separated by commas, of {', '.join(FINAL_STATES)} (default: {COMPLETED})",
    ),
    DRY_RUN,
    YES,
    examples=("prune --yes", "prune --older-than 30d --state completed,cancelled --dry-run"),
)
def prune(context: Context, *, older_than: float | None, state: Sequence[str], dry_run: bool, yes: bool) -> Result:
    """Delete jobs that ended long ago, with their output, and free the space."""
    state = state or [COMPLETED]
    if older_than is None:
        hours = context.queue.settings().retain_completed_hours
        if hours is None:
            message, hint = "the age is missing, since retain_completed_hours is none", "give --older-than, such as 30d"
            raise InvalidInput(message, hint=hint, field="older_than")
        older_than = hours * 3600
    before = context.clock.wall() - round(older_than * 1000)
    jobs = context.queue.ended_before(state, before)
    total = len(jobs)
    if dry_run:
        return job_table(jobs, [f"{jobs_text(total)}, nothing was changed"])
    if total and not yes and not context.front_end.confirm(f"prune {jobs_text(total)}"):
        return left_alone()
    with context.front_end.progress(total, "pruning") as on_progress:
        pruned = context.queue.prune(state, before, on_progress) if total else 0
    return Result(PRUNED, record={"pruned": pruned}, message=f"{jobs_text(pruned)} pruned")
