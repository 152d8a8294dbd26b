"""Adding jobs: the plan, a worker for them, what is said of them, and the wait for their end."""

from __future__ import annotations

from ...model import when
from ...model.job import HELD, SCHEDULED, Job, jobs_text
from ...model.nouns import jobs as nouns
from ...model.quantity import some_of
from ...model.spec import JobSpec
from ..context import Context, Result

# From this number on, adding takes long enough to show progress.
MANY_JOBS = 10_000
# A dry run shows this many commands from the start, and this many from the end.
SHOWN = 3


def planned(specs: list[JobSpec]) -> Result:
    """Return the answer that shows jobs without adding them: the commands of the first and the last of them."""
    count, commands = len(specs), [spec.command for spec in specs]
    ends = commands if count <= 2 * SHOWN else [*commands[:SHOWN], *commands[-SHOWN:]]
    lines = ends if len(ends) == count else [*ends[:SHOWN], "...", *ends[SHOWN:]]
    record, notes = {"jobs": count, "commands": ends}, [f"{jobs_text(count)} would be added, nothing was"]
    return Result(nouns.PLANNED, record=record, message="\n".join(lines), notes=notes)


def start_worker(context: Context, queue: str) -> None:
    """Start a worker unless something already takes the jobs of a queue.

    Raises DaemonUnavailable, or Conflict where workers run elsewhere or are stopping.
    """
    from ...model.worker import ALL, option

    group = ALL
    if context.queue.is_attended():
        if not context.queue.reports.without_workers([queue]):
            return
        group = queue
    context.queue.workers.start(group, 1)
    context.front_end.note(f"1 worker started; stop it with: queuectl worker stop{option(group or None)}")


def enqueued(context: Context, specs: list[JobSpec], *, is_batch: bool = False) -> tuple[list[str], list[str]]:
    """Enqueue jobs, showing progress if they are many; return their ids, and those of others that had a key already."""
    skipped: list[str] = []
    enqueue = context.queue.enqueue_checked
    if len(specs) < MANY_JOBS:
        return enqueue(specs, is_batch=is_batch, on_skipped=skipped.extend), skipped
    with context.front_end.progress(len(specs), "adding") as on_progress:
        return enqueue(specs, is_batch=is_batch, on_skipped=skipped.extend, on_progress=on_progress), skipped


def added_job(context: Context, job: Job, notes: list[str]) -> Result:
    """Return the answer for a job that was added."""
    now = context.clock.wall()
    lines = [
        f"Job added: {job.id}",
        f"  command:  {job.command}",
        f"  priority: {job.priority}",
        f"  retries:  {job.max_retries}",
    ]
    if job.timeout is not None:
        lines.append(f"  timeout:  {when.duration_text(job.timeout)}")
    if job.state == SCHEDULED or job.run_at < job.created_at or (job.state == HELD and job.run_at > now):
        lines.append(f"  runs at:  {_due_text(job, now)}")
    if job.expires_at is not None:
        lines.append(f"  expires:  {expiry_text(job.expires_at, now)}")
    release = f"  held; let it run with: queuectl release {job.id}" if job.state == HELD else ""
    return Result(nouns.JOB, record=job, message="\n".join(lines), call=release, ids=[job.id], notes=notes)


def expiry_text(expires_at: int, now: int) -> str:
    """Return until when a job must have started, in local time and from now."""
    return f"{when.local(expires_at)} ({when.ahead(expires_at, now)}), unless it has started by then"


def _due_text(job: Job, now: int) -> str:
    """Return when a job is due: in local time, in UTC and from now; a held one has to be released, too."""
    instant = f"{when.local(job.run_at)} ({when.iso(job.run_at)})"
    away, is_held = when.ahead(job.run_at, now), job.state == HELD
    if job.run_at < min(job.created_at, now):
        return f"{instant}; that has passed ({away}): it runs " + ("once it is released" if is_held else "now")
    return f"{instant}, {away}" + (", once it is released" if is_held else "")


def due_note(context: Context, id: str) -> str:
    """Return when a job is due; those that were added with it are due at the same time."""
    return f"runs at {_due_text(context.queue.get(id), context.clock.wall())}"


def skipped_notes(skipped: list[str]) -> list[str]:
    """Return the notes about jobs that were not added, because the jobs with these ids have their keys."""
    if not skipped:
        return []
    have = "has" if len(skipped) == 1 else "have"
    return [f"{jobs_text(len(skipped))} not added: {some_of(skipped)} {have} the key already"]


def awaited(context: Context, ids: list[str], *, follow: bool) -> Result:
    """Return the answer once these jobs have ended; with `follow` their output is shown meanwhile."""
    from ...engine.finding import Selection
    from .follow import follow_jobs
    from .wait import wait_for

    numbers = context.queue.find(ids)
    return follow_jobs(context, numbers) if follow else wait_for(context, Selection(numbers))
