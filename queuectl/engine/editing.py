"""Editing jobs that wait: what may not be asked for, and what the history says of it."""

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

    Raises InvalidInput for fields that are wrong, and if a job that waits for an attempt would not be
    allowed it any more.
    """
    changes = parse_changes(fields, now)
    if "shell" in changes:
        demand_shell(changes["shell"])
    for job in jobs if "shell" in changes or "command" in changes else ():
        if job.state in WAITING_STATES:
            shell = changes.get("shell", job.shell)
            demand_words(changes.get("command", job.command), shell, f"job {quoted(job.id)}")
    for job in jobs if "max_retries" in changes else ():
        least = min(job.attempts, job.max_retries)
        if job.state in WAITING_STATES and changes["max_retries"] < least:
            raise InvalidInput(
                f"max_retries must be at least {least} for job {quoted(job.id)}: it waits for attempt "
                f"{job.attempts + 1}",
                field="max_retries",
            )
    for job in jobs if not LISTS.keys().isdisjoint(changes) else ():
        if job.state in WAITING_STATES:
            lists = {name: changes.get(name, getattr(job, name)) for name in LISTS}
            demand_distinct(lists, changes, f" for job {quoted(job.id)}")
    return changes


def difference(job: Job | Schedule, changes: Mapping[str, Any]) -> str:
    """Return what changes about a job, or those of a schedule, such as `priority 0 to 5`, without what stays."""
    changed = [
        f"{name} {_text(name, getattr(job, name))} to {_text(name, value)}"
        for name, value in changes.items()
        if name in BY_NAME and value != getattr(job, name)
    ]
    return ", ".join(changed) or "nothing new"


def _text(name: str, value: Any) -> str:
    # The only place where the old one stands: it is not cut. What may have blanks stands in quotes.
    kind = BY_NAME[name].kind
    return json.dumps(value, ensure_ascii=False) if kind.is_free else kind.text(value) or "none"
