"""Jobs that show the queue at work: success, output, retries, a timeout, a dead job."""

from __future__ import annotations

from typing import Any, Callable, Sequence

from ..model.job import Job
from ..model.worker import ALL
from .queue import Queue

WORKERS = 2
BUDGET_SECONDS = 120.0
TAG = "demo"
JOBS: tuple[dict[str, Any], ...] = (
    {"command": "echo 'Hello from QueueCTL'", "priority": 10},
    {"command": 'for i in 1 2 3 4 5; do echo "step $i of 5"; sleep 0.1; done'},
    {"command": "ls /usr/bin | sort | head -n 100 | wc -l"},
    {"command": 'echo "priority jobs go first, this is attempt $QUEUECTL_ATTEMPT"', "priority": 5},
    {"command": "test \"$QUEUECTL_ATTEMPT\" -ge 2 || { echo 'not yet' >&2; exit 75; }", "retries": 2},
    {"command": "echo 'this one always fails' >&2; exit 3", "retries": 1},
    {"command": "echo 'this one takes too long'; sleep 30", "timeout": 1, "retries": 0},
    {"command": "kill -SEGV $$", "retries": 0},
    {"command": 'echo "$GREETING, $NAME"', "env": {"GREETING": "Good evening", "NAME": "night shift"}},
    {"command": "sleep 0.5; date"},
)


def add_demo_jobs(queue: Queue) -> list[str]:
    """Enqueue the demo jobs; return their ids."""
    return queue.enqueue([{**job, "tags": [TAG]} for job in JOBS])


def run_demo(queue: Queue, ids: Sequence[str], on_progress: Callable[[int], None]) -> list[dict[str, Any]]:
    """Run the jobs with workers of our own, and stop these; return each job's fate.

    Workers that run already are used and left running. Raises WaitTimeout.
    """
    ours = queue.workers.pid is None and queue.workers.start(ALL, WORKERS)[0] == 0
    try:
        jobs = queue.wait(
            *ids, timeout=BUDGET_SECONDS, on_change=lambda found: on_progress(sum(job.is_final for job in found))
        )
    finally:
        if ours:
            queue.workers.stop(ALL, force=True)
    return [{**{name: getattr(job, name) for name in job.FIELDS}, "fate": _fate(job)} for job in jobs]


def _fate(job: Job) -> str:
    if job.state != "completed":
        return job.error or job.state
    return "succeeded" if job.attempts == 1 else f"succeeded at attempt {job.attempts}"
