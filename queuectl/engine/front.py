"""Which priorities put jobs before all others of their queue.

They are above the highest priority of the other jobs that wait there, so the job that is put in front last comes first.
Jobs of different priorities keep their order. Jobs that are first already stay as they are. The run time cannot do
this: a scheduled job is due at it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..model.checks import MAX_PRIORITY
from ..model.errors import Conflict, quoted
from ..model.job import WAITING_STATES, Job
from ..store import Store


def priorities(store: Store, jobs: Iterable[Job]) -> dict[int, int]:
    """Return the priority that each waiting job must have, by number.

    Raises Conflict if others have the highest there is.
    """
    queues: dict[str, dict[int, int]] = {}
    for job in (job for job in jobs if job.state in WAITING_STATES):
        queues.setdefault(job.queue, {})[job.number] = job.priority
    found: dict[int, int] = {}
    for queue, chosen in queues.items():
        counts = store.counts.by_queue().get(queue, {})
        others = store.search.highest_priority(queue, [state for state in WAITING_STATES if counts.get(state)], chosen)
        if others is None or min(chosen.values()) > others:
            found.update(chosen)
            continue
        if others >= MAX_PRIORITY:
            message = f"nothing can be put before the jobs of queue {quoted(queue)} whose priority is {MAX_PRIORITY}"
            hint = f"lower theirs first: queuectl edit 'queue:{queue} priority:{MAX_PRIORITY}' --priority 0"
            raise Conflict(message, hint=hint)
        # One step for each priority that the jobs have, not for each job: steps are few.
        steps = {priority: step for step, priority in enumerate(sorted(set(chosen.values())), others + 1)}
        found.update((number, min(MAX_PRIORITY, steps[priority])) for number, priority in chosen.items())
    return found
