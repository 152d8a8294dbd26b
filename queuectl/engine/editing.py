"""Editing jobs that wait: which changes are refused, what the history says of others, and how jobs come in front."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..model.checks import MAX_PRIORITY
from ..model.errors import Conflict, InvalidInput, quoted
from ..model.fields import BY_NAME
from ..model.job import WAITING_STATES, Job
from ..model.policy import LISTS, demand_distinct
from ..model.schedule import Schedule
from ..model.spec import parse_changes
from ..store import Store
from .machine.programs import demand_shell, demand_words


def read_changes(jobs: Sequence[Job], fields: Mapping[str, object], now: int) -> dict[str, Any]:
    """Return the changes that fields mean. Raises InvalidInput, also if a job would lose an attempt it waits for."""
    changes = parse_changes(fields, now)
    if "shell" in changes:
        demand_shell(changes["shell"])
    waiting = [job for job in jobs if job.state in WAITING_STATES]
    for job in waiting if "shell" in changes or "command" in changes else ():
        shell = changes.get("shell", job.shell)
        demand_words(changes.get("command", job.command), shell, f"job {quoted(job.id)}")
    for job in waiting if "max_retries" in changes else ():
        least = min(job.attempts, job.max_retries)
        if changes["max_retries"] < least:
            of_job = f"for job {quoted(job.id)}: it waits for attempt {job.attempts + 1}"
            raise InvalidInput(f"max_retries must be at least {least} {of_job}", field="max_retries")
    for job in waiting if not LISTS.keys().isdisjoint(changes) else ():
        lists = {name: changes.get(name, getattr(job, name)) for name in LISTS}
        demand_distinct(lists, changes, f" for job {quoted(job.id)}")
    return changes


def difference(job: Job | Schedule, changes: Mapping[str, Any]) -> str:
    """Return what changes about a job, or the jobs of a schedule, such as `priority 0 to 5`."""
    changed = [
        f"{name} {_text(name, getattr(job, name))} to {_text(name, value)}"
        for name, value in changes.items()
        if name in BY_NAME and value != getattr(job, name)
    ]
    return ", ".join(changed) or "nothing new"


def _text(name: str, value: Any) -> str:
    # Nothing else keeps the old value, so it is not cut. A value that may have blanks is quoted.
    kind = BY_NAME[name].kind
    return json.dumps(value, ensure_ascii=False) if kind.is_free else kind.text(value) or "none"


def priorities(store: Store, jobs: Iterable[Job]) -> dict[int, int]:
    """Return the priorities that put waiting jobs before all others of their queue, by number.

    They are above the highest of the other jobs that wait there, so the job that is put in front last comes first. Jobs
    of different priorities keep their order, and jobs that are first already stay as they are. The run time cannot do
    this: a scheduled job is due at it. Raises Conflict if others have the highest there is.
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
