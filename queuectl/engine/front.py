"""Which priorities put jobs before all others of their queue.

They go above the highest priority of what waits in the queue, so that of two that are put in front one after the other
the second is first. Jobs of different priorities keep that order among themselves. Jobs that are first already stay as
they are. A time cannot do this: that of a scheduled job is when it is due.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..model.checks import MAX_PRIORITY
from ..model.errors import Conflict, quoted
from ..model.job import WAITING_STATES, Job
from ..store import Store


def priorities(store: Store, jobs: Iterable[Job]) -> dict[int, int]:
    """Return the priority that each job that waits must have, by number.

    Raises Conflict if others have the highest there is.
    """
    queues: dict[str, dict[int, int]] = {}
    for job in (job for job in jobs if job.state in WAITING_STATES):
        queues.setdefault(job.queue, {})[job.number] = job.priority
    found: dict[int, int] = {}
    for queue, chosen in queues.items():
        found.update(_in_queue(store, queue, chosen))
    return found


def _in_queue(store: Store, queue: str, chosen: dict[int, int]) -> dict[int, int]:
    counts = store.counts.by_queue().get(queue, {})
    others = store.search.highest_priority(queue, [state for state in WAITING_STATES if counts.get(state)], chosen)
    if others is None or min(chosen.values()) > others:
        return chosen
    if others >= MAX_PRIORITY:
        raise Conflict(
            f"nothing can be put before the jobs of queue {quoted(queue)} whose priority is {MAX_PRIORITY}",
            hint=f"lower theirs first: queuectl edit 'queue:{queue} priority:{MAX_PRIORITY}' --priority 0",
        )
    # One step for each priority that the jobs have, not for each job: there are not that many.
    steps = {priority: step for step, priority in enumerate(sorted(set(chosen.values())), others + 1)}
    return {number: min(MAX_PRIORITY, steps[priority]) for number, priority in chosen.items()}
