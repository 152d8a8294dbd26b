"""Why a job is where it is: one sentence, and the command that helps where one does."""

from __future__ import annotations

from ...model import when
from ...model.job import COMPLETED, DEAD, FAILED, PENDING, PROCESSING, SCHEDULED, STATE_TABLE, jobs_text
from ..daemons.daemon import POOL, SCHEDULER
from ..daemons.groups import group_of, option
from .scheduler import scheduler_state
from .summary import worker_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from ...model.job import Job
    from ..home.opened import OpenHome

NO_WORKERS = "start workers with: queuectl worker start"
NOBODY = f"{NO_WORKERS}, or queuectl scheduler start --auto"
COUNTED = 10_000


def explain(opened: OpenHome, job: Job) -> tuple[str, str | None]:
    """Return the reason and the hint for a job."""
    return REASONS.get(job.state, _stands)(opened, job)


def _pending(opened: OpenHome, job: Job) -> tuple[str, str | None]:
    workers = [
        row
        for row in worker_rows(opened.home, opened.store, opened.clock.wall())
        if row["state"] not in ("lost", "stopping")
    ]
    before = opened.store.search.count_before(job, COUNTED)
    ahead = f"{jobs_text(before)} {'is' if before == 1 else 'are'} before it"
    if not workers:
        if scheduler_state(opened.home, opened.store, opened.clock.wall())["mode"] == "auto":
            return f"no workers are running, the scheduler starts some; {ahead}", None
        return f"no workers are running; {ahead}", NOBODY if SCHEDULER.pid(opened.home) is None else NO_WORKERS
    workers = [row for row in workers if not row["queues"] or job.queue in row["queues"]]
    if not workers:
        return (
            f"no worker takes jobs of queue {job.queue}; {ahead}",
            f"start workers for it: queuectl worker start --queue {job.queue}",
        )
    if all(row["state"] == "busy" for row in workers):
        busy = "the only worker is busy" if len(workers) == 1 else f"all {len(workers)} workers are busy"
        return f"{busy}; {ahead}", f"more workers: queuectl worker scale N{option(group_of(workers[0]['queues']))}"
    return f"a worker takes it any moment; {ahead}", None


def _waits(opened: OpenHome, job: Job) -> tuple[str, str | None]:
    now = opened.clock.wall()
    due = f"{when.local(job.run_at)}, {when.ago(job.run_at, now)}"
    reason = f"it is due at {due}"
    if job.state == FAILED:
        reason = f"attempt {job.attempts} of {job.max_retries + 1} failed ({job.error}), the next is due at {due}"
    if POOL.pid(opened.home) is None and SCHEDULER.pid(opened.home) is None:
        return f"{reason}; neither workers nor a scheduler are running", NOBODY
    if POOL.pid(opened.home) is None and scheduler_state(opened.home, opened.store, now)["mode"] != "auto":
        return f"{reason}; no workers are running", NO_WORKERS
    return reason, f"run it at once: queuectl retry {job.id}" if job.state == FAILED else None


def _processing(opened: OpenHome, job: Job) -> tuple[str, str | None]:
    since = "" if job.started_at is None else f" for {when.duration_text(opened.clock.wall() - job.started_at)}"
    if opened.store.search.details(job.number)["cancel_requested"]:
        return f"worker {job.worker} is ending it, as was asked", None
    return f"worker {job.worker} has been running it{since}, attempt {job.attempts} of {job.max_retries + 1}", (
        f"follow it with: queuectl logs -f {job.id}"
    )


def _dead(opened: OpenHome, job: Job) -> tuple[str, str | None]:
    return (
        f"all {job.attempts} attempts failed, the last one: {job.error}",
        f"see its output with: queuectl logs {job.id}; run it again with: queuectl retry {job.id}",
    )


def _completed(opened: OpenHome, job: Job) -> tuple[str, str | None]:
    which = "" if job.attempts < 2 else f" at attempt {job.attempts}"
    return f"it ended well{which}, {when.ago(job.finished_at or 0, opened.clock.wall())}", None


def _stands(opened: OpenHome, job: Job) -> tuple[str, str | None]:
    """Say what its state says of any job."""
    state = STATE_TABLE[job.state]
    return f"it {state.phrase}", state.hint and f"{state.hint} {job.id}"


REASONS: dict[str, Callable[[OpenHome, Job], tuple[str, str | None]]] = {
    PENDING: _pending,
    SCHEDULED: _waits,
    FAILED: _waits,
    PROCESSING: _processing,
    DEAD: _dead,
    COMPLETED: _completed,
}
