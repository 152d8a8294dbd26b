"""Editing jobs that wait: which changes are refused, and what the history says of the others."""

from __future__ import annotations

import json

from ..model.errors import InvalidInput, quoted
from ..model.fields import BY_NAME
from ..model.job import WAITING_STATES, Job
from ..model.policy import LISTS, demand_distinct
from ..model.spec import parse_changes
from .home.shells import demand_shell, demand_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence

    from ..model.schedule import Schedule


def read_changes(jobs: Sequence[Job], fields: Mapping[str, object], now: int) -> dict[str, Any]:
    """Return the changes that fields mean for jobs.

    Raises InvalidInput for wrong fields, and if a job would lose an attempt that it waits for.
    """
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
