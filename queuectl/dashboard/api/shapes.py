"""Jobs and runs as several answers show them."""

from __future__ import annotations

from typing import Any

from ...model.filter import reference
from ...model.job import Job
from ...model.report import Coming, CommandStats, Run
from ...model.verbs import allowed_verbs

COMMAND_SHOWN = 500


def listed_job(job: Job, now: int) -> dict[str, Any]:
    """Return a job as lists show it."""
    return {
        **{name: getattr(job, name) for name in job.FIELDS},
        "command": job.command[:COMMAND_SHOWN],
        "command_cut": len(job.command) > COMMAND_SHOWN,
        "elapsed": job.elapsed(now),
        "reference": reference(job),
        "allowed_actions": allowed_verbs(job),
    }


def shortened(record: Coming | CommandStats | Run) -> dict[str, Any]:
    """Return a record with its command cut as in lists."""
    return {**record.parts_by_name(), "command": record.command[:COMMAND_SHOWN]}


def changed_job(job: Job) -> dict[str, Any]:
    """Return the answer for a job that was changed or added."""
    return {"job": job, "allowed_actions": allowed_verbs(job)}
