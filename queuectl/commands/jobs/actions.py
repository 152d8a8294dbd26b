"""Commands that change jobs, by id or by filter.

cancel and remove ask before they change what a filter found. Jobs that were named are not asked about, and
what only starts or stops jobs (retry, hold, release) never asks.
"""

from __future__ import annotations

from ...engine.waiting import Waiting
from ...model.errors import WaitTimeout
from ...model.job import CANCELLED, DEAD, FAILED, FINAL_STATES, HELD, OPEN_STATES, PROCESSING, STATES, sources
from ..grammar.registry import Arg, command
from .selection import SELECTION, YES, YES_ANYWAY, is_agreed, left_alone, report, select, show_only

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine.change import Change
    from ...engine.selection import Selection
    from ..context import Context
    from ..result import Result

GROUP = "Jobs"
END_SECONDS = 5


@command(
    "cancel",
    *SELECTION,
    YES,
    Arg("--no-wait", flag=True, help="do not wait until running jobs have ended"),
    group=GROUP,
    examples=("cancel job-1", "cancel --queue reports --yes", "cancel --state pending --dry-run"),
)
def cancel(context: Context, *, dry_run: bool, yes: bool, no_wait: bool, **selection: Any) -> Result:
    """Cancel jobs, waiting or running.

    A running command gets SIGTERM, and SIGKILL after kill_grace; its output so far is kept.
    """
    meant = select(context, **selection, means=OPEN_STATES)
    if dry_run:
        return show_only(context, meant)
    if not is_agreed(context, "cancel", meant, yes=yes):
        return left_alone()
    change = context.queue.cancel(*meant.numbers)
    if not no_wait:
        _await_end(context, change, meant)
    return report(change, "cancelled", meant)


def _await_end(context: Context, change: Change, meant: Selection) -> None:
    """Wait until the jobs that ran have ended; say so if one takes longer than it should."""
    patience = context.queue.settings().kill_grace / 1000 + END_SECONDS
    try:
        # One that somebody removes meanwhile has been cancelled all the same.
        jobs = Waiting(context.queue, meant.numbers, timeout=patience).jobs(meant.numbers, lambda: None)
    except WaitTimeout:
        context.front_end.note("some jobs are still ending; see them with: queuectl list --state processing")
        return
    done = set(change.done)
    for job in jobs:
        if job.state != CANCELLED and job.id in done:
            context.front_end.note(f"{job.id} was faster, it is {job.state}")


@command(
    "retry",
    *SELECTION,
    YES_ANYWAY,
    Arg("--keep-attempts", flag=True, help="one more attempt instead of all of them"),
    group=GROUP,
    examples=("retry job-1", "retry --state dead --tag nightly"),
)
def retry(context: Context, *, dry_run: bool, yes: bool, keep_attempts: bool, **selection: Any) -> Result:
    """Run jobs again: dead, completed or cancelled ones, and failed ones at once.

    A filter without --state means dead and failed jobs.
    """
    meant = select(context, **selection, means=(DEAD, FAILED), takes=sources("retry"))
    if dry_run:
        return show_only(context, meant)
    return report(context.queue.retry(*meant.numbers, keep_attempts=keep_attempts), "queued again", meant)


@command("hold", *SELECTION, YES_ANYWAY, group=GROUP, examples=("hold job-1", "hold --queue reports"))
def hold(context: Context, *, dry_run: bool, yes: bool, **selection: Any) -> Result:
    """Keep waiting jobs from running until they are released.

    A held job counts as unfinished: a schedule that skips while its last job is not done goes on skipping.
    """
    meant = select(context, **selection, means=sources("hold"))
    return show_only(context, meant) if dry_run else report(context.queue.hold(*meant.numbers), "held", meant)


@command("release", *SELECTION, YES_ANYWAY, group=GROUP, examples=("release job-1", "release --all"))
def release(context: Context, *, dry_run: bool, yes: bool, **selection: Any) -> Result:
    """Let held jobs run."""
    meant = select(context, **selection, means=(HELD,))
    return show_only(context, meant) if dry_run else report(context.queue.release(*meant.numbers), "released", meant)


@command("remove", *SELECTION, YES, group=GROUP, examples=("remove job-1", "remove --state completed --yes"))
def remove(context: Context, *, dry_run: bool, yes: bool, **selection: Any) -> Result:
    """Delete jobs that are not running, with their output.

    A filter without --state means finished jobs.
    """
    removable = [state for state in STATES if state != PROCESSING]
    meant = select(context, **selection, means=FINAL_STATES, takes=removable)
    if dry_run:
        return show_only(context, meant)
    if not is_agreed(context, "remove", meant, yes=yes):
        return left_alone()
    return report(context.queue.remove(*meant.numbers), "removed", meant)
