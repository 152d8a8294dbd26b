"""What several answers show of a job."""

from __future__ import annotations

from ...engine.reports.snapshot import elapsed
from ...model.job import Job
from ...model.verbs import allowed_verbs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable


COMMAND_SHOWN = 500


def median(values: Iterable[int]) -> int | None:
    """Return the middle of some values, None without any."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else None


def listed_job(job: Job, now: int) -> dict[str, Any]:
    """Return what a list shows of a job."""
    return {
        **{name: getattr(job, name) for name in job.FIELDS},
        "command": job.command[:COMMAND_SHOWN],
        "command_cut": len(job.command) > COMMAND_SHOWN,
        "elapsed": elapsed(job, now),
        "allowed_actions": allowed_verbs(job.state),
    }


def shortened(values: dict[str, Any]) -> dict[str, Any]:
    """Return something with no more of its command than a list shows."""
    return {**values, "command": values["command"][:COMMAND_SHOWN]}


def changed_job(job: Job) -> dict[str, Any]:
    """Return the answer about a job that was changed or added."""
    return {"job": job, "allowed_actions": allowed_verbs(job.state)}
