"""Editing jobs that wait: what may not be asked for, and what the history says of it."""
from __future__ import annotations

from ..model.errors import InvalidInput, quoted
from ..model.when import duration_text, iso

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Mapping

    from ..model.job import Job


def demand_attempts_left(jobs: Iterable[Job], changes: Mapping[str, Any]) -> None:
    """Raise InvalidInput if a job that waits for an attempt would not be allowed it any more."""
    allowed = changes.get("max_retries")
    if allowed is None:
        return
    for job in jobs:
        if job.attempts > allowed and not job.is_final:
            raise InvalidInput(f"max_retries must be at least {job.attempts} for job {quoted(job.id)}: it has been "
                               "tried that often and waits for the next attempt", field="max_retries")


def difference(job: Job, changes: Mapping[str, Any]) -> str:
    """Return what changes about a job, such as `priority 0 to 5`, without what stays as it is."""
    told = [f"{name} {_text(name, getattr(job, name))} to {_text(name, value)}"
            for name, value in changes.items() if value != getattr(job, name)]
    return ", ".join(told) or "nothing new"


def _text(name: str, value: Any) -> str:
    if name == "timeout":
        return "none" if value is None else duration_text(value)
    if name == "run_at":
        return str(iso(value))
    if name == "tags":
        return "+".join(value) or "none"
    return quoted(value) if name in ("command", "cwd") else str(value)
