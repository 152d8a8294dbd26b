"""Commands that change jobs, by id or by filter, and that wait for them."""

from __future__ import annotations

from ..model.errors import WaitTimeout
from ..model.job import COMPLETED, DEAD, FAILED, FINAL_STATES, HELD, PROCESSING, WAITING_STATES, jobs_text, sources
from . import arguments
from .registry import Arg, command
from .result import Result
from .selection import SELECTION, YES, report, select, show_only

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from ..engine.change import Change
    from ..model.job import Job
    from .context import Context

GROUP = "Jobs"
END_SECONDS = 5
SIGNAL_BASE = 128


@command(
    "wait",
    *SELECTION[:-1],
    Arg("--timeout", "-T", parse=arguments.seconds, metavar="TIME", help="give up after this time (exit code 124)"),
    group=GROUP,
    examples=("wait job-1", "wait --all", "wait 3-9 --timeout 10m"),
)
def wait(context: Context, *, timeout: float | None, **selection: Any) -> Result:
    """Wait until jobs are done.

    With one job named the exit code is the job's own, otherwise it is 1 if one did not complete.
    """
    numbers = select(context, **selection, default_states=(*WAITING_STATES, PROCESSING))
    return wait_for(context, numbers, timeout=timeout, own_code=len(selection["ids"]) == len(numbers) == 1)


def wait_for(context: Context, numbers: Sequence[int], *, timeout: float | None, own_code: bool) -> Result:
    """Wait for jobs, showing progress; the exit code is the one job's own, or 1 if any did not complete."""
    from .jobs import LIST_COLUMNS

    _warn_without_workers(context, numbers)
    progress = context.front_end.progress(len(numbers), "waiting")
    try:
        jobs = context.queue.wait(
            *numbers, timeout=timeout, on_change=lambda found: progress.update(sum(job.is_final for job in found))
        )
    finally:
        progress.close()
    code = exit_code_of(jobs[0]) if own_code else int(any(job.state != COMPLETED for job in jobs))
    return Result(rows=[job.as_dict() for job in jobs], columns=LIST_COLUMNS, ids=[job.id for job in jobs], code=code)


def _warn_without_workers(context: Context, numbers: Sequence[int]) -> None:
    from ..engine.instance import pool_pid

    jobs = context.queue.store.search.jobs(numbers)
    if pool_pid(context.queue.home) is None and not all(job.is_final for job in jobs):
        context.front_end.note("no workers are running; start them with: queuectl worker start")


def exit_code_of(job: Job) -> int:
    """Return the exit code that stands for how a job ended, as a shell would give it."""
    if job.state == COMPLETED:
        return 0
    if job.signal is not None:
        return SIGNAL_BASE + job.signal
    return job.exit_code or 1


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
    numbers = select(context, **selection, default_states=(*WAITING_STATES, PROCESSING))
    if dry_run:
        return show_only(context, numbers)
    if not (yes or selection["ids"]) and not _confirm(context, "cancel", numbers):
        return _left_alone()
    change = context.queue.cancel(*numbers)
    if not no_wait:
        _await_end(context, change)
    return report(change, "cancelled")


def _await_end(context: Context, change: Change) -> None:
    """Wait until the jobs that ran have ended; say so if one takes longer than it should."""
    if not change.done:
        return
    patience = context.queue.settings().kill_grace / 1000 + END_SECONDS
    try:
        jobs = context.queue.wait(*change.done, timeout=patience)
    except WaitTimeout:
        context.front_end.note("some jobs are still ending; see them with: queuectl list --state processing")
        return
    for job in jobs:
        if job.state != "cancelled":
            context.front_end.note(f"{job.id} was faster, it is {job.state}")


@command(
    "retry",
    *SELECTION,
    YES,
    Arg("--keep-attempts", flag=True, help="one more attempt instead of all of them anew"),
    group=GROUP,
    examples=("retry job-1", "retry --state dead --tag nightly --yes"),
)
def retry(context: Context, *, dry_run: bool, yes: bool, keep_attempts: bool, **selection: Any) -> Result:
    """Run jobs again: dead, completed or cancelled ones, and failed ones at once."""
    numbers = select(context, **selection, default_states=(DEAD, FAILED))
    if dry_run:
        return show_only(context, numbers)
    if not (yes or selection["ids"]) and not _confirm(context, "retry", numbers):
        return _left_alone()
    return report(context.queue.retry(*numbers, keep_attempts=keep_attempts), "queued again")


@command("hold", *SELECTION, YES, group=GROUP, examples=("hold job-1", "hold --queue reports --yes"))
def hold(context: Context, *, dry_run: bool, yes: bool, **selection: Any) -> Result:
    """Keep waiting jobs from running until they are released.

    A held job counts as unfinished: a schedule that skips while its last job is not done goes on skipping.
    """
    numbers = select(context, **selection, default_states=sources("hold"))
    if dry_run:
        return show_only(context, numbers)
    if not (yes or selection["ids"]) and not _confirm(context, "hold", numbers):
        return _left_alone()
    return report(context.queue.hold(*numbers), "held")


@command("release", *SELECTION, group=GROUP, examples=("release job-1", "release --all"))
def release(context: Context, *, dry_run: bool, **selection: Any) -> Result:
    """Let held jobs run."""
    numbers = select(context, **selection, default_states=(HELD,))
    return show_only(context, numbers) if dry_run else report(context.queue.release(*numbers), "released")


@command("remove", *SELECTION, YES, group=GROUP, examples=("remove job-1", "remove --state completed --yes"))
def remove(context: Context, *, dry_run: bool, yes: bool, **selection: Any) -> Result:
    """Delete jobs that are not running, with their output.

    A filter without --state means finished jobs.
    """
    numbers = select(context, **selection, default_states=FINAL_STATES)
    if dry_run:
        return show_only(context, numbers)
    if not yes and not _confirm(context, "remove", numbers):
        return _left_alone()
    return report(context.queue.remove(*numbers), "removed")


def _confirm(context: Context, verb: str, numbers: Sequence[int]) -> bool:
    """Ask before many jobs are changed; nothing to change needs no question."""
    return not numbers or context.front_end.confirm(f"{verb} {jobs_text(len(numbers))}")


def _left_alone() -> Result:
    return Result(notes=["nothing was changed"], code=1)
