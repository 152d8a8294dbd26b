"""What is said of a job that was added: what it is, when it is due, how to let it go."""

from __future__ import annotations

from ...model import when
from ...model.job import HELD, SCHEDULED, jobs_text
from ...model.quantity import some_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from ...model.job import Job
    from ..context import Context


def added_text(job: Job, now: int) -> str:
    """Return what is said of a job that was added."""
    lines = [
        f"Job added: {job.id}",
        f"  command:  {job.command}",
        f"  priority: {job.priority}",
        f"  retries:  {job.max_retries}",
    ]
    if job.timeout is not None:
        lines.append(f"  timeout:  {when.duration_text(job.timeout)}")
    if job.state == SCHEDULED or job.run_at < job.created_at or (job.state == HELD and job.run_at > now):
        lines.append(f"  runs at:  {due_text(job, now)}")
    if job.expires_at is not None:
        lines.append(f"  expires:  {expiry_text(job.expires_at, now)}")
    return "\n".join(lines)


def expiry_text(expires_at: int, now: int) -> str:
    """Return until when a job must have started, in local time and from now."""
    return f"{when.local(expires_at)} ({when.ahead(expires_at, now)}), unless it has started by then"


def how_to_release(job: Job) -> str:
    """Return what is said last of a job that is held, an empty text of others."""
    return f"  held; let it go with: queuectl release {job.id}" if job.state == HELD else ""


def due_text(job: Job, now: int) -> str:
    """Return when a job is due: in local time, in UTC and from now; a held one has to be released, too."""
    instant = f"{when.local(job.run_at)} ({when.iso(job.run_at)})"
    away, is_held = when.ahead(job.run_at, now), job.state == HELD
    if job.run_at < min(job.created_at, now):
        return f"{instant}; that is over ({away}): it runs " + ("once it is released" if is_held else "now")
    return f"{instant}, {away}" + ", once it is released" * is_held


def due_note(context: Context, id: str) -> str:
    """Return when a job that was added is due; those that were added with it are due at the same time."""
    now = context.clock.wall()
    return f"runs at {due_text(context.queue.get(id), now)}"


def skipped_notes(skipped: Sequence[str]) -> list[str]:
    """Return what to say of jobs that were not added, since those with these ids have their keys."""
    if not skipped:
        return []
    one = len(skipped) == 1
    return [f"{jobs_text(len(skipped))} not added: {some_of(list(skipped))} {'has' if one else 'have'} the key already"]
