"""What `add` does once the jobs are in the queue: start a worker, wait for them, show their output."""

from __future__ import annotations

from ...model.fields import BY_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from ..context import Context
    from ..result import Result


def start_worker(context: Context, queue: str | None) -> None:
    """Start a worker unless somebody takes the jobs of a queue, by default the default one.

    Raises DaemonUnavailable, or Conflict where workers run elsewhere or are stopping.
    """
    from ...model.worker import ALL, option

    group = ALL
    if context.queue.is_attended():
        name = queue or str(BY_NAME["queue"].default)
        if not context.queue.reports.without_workers([name]):
            return
        group = name
    context.queue.workers.start(group, 1)
    context.front_end.note(f"1 worker started; stop it with: queuectl worker stop{option(group or None)}")


def awaited(context: Context, ids: Sequence[str], *, follow: bool) -> Result:
    """Return the answer once these jobs have ended; with `follow` their output is shown meanwhile."""
    from ...engine.finding import Selection
    from .follow import follow_jobs
    from .wait import wait_for

    numbers = context.queue.find(ids)
    return follow_jobs(context, numbers) if follow else wait_for(context, Selection(numbers))
