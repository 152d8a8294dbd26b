"""Commands for the scheduler daemon."""

from __future__ import annotations

from ...model.errors import DaemonUnavailable
from ...model.nouns import daemons as nouns
from ...model.quantity import counted
from ...model.scheduler import TOTALS, SchedulerState
from ...model.settings import find
from ...model.when import ago, duration_text, local
from ...model.worker import ALL, given_limits
from ..cells import pairs
from ..context import Context, Result
from ..grammar import arguments
from ..grammar.registry import Arg, command
from .workers import DETACH, FOLLOW, LIMITS, NO_DETACH, READY_FD, TAIL, demand_one_place, log_text, stopped

LABEL_WIDTH = 11


def pause(text: str) -> float:
    """Seconds between two checks, as a duration."""
    return float(find("scheduler_interval").read(text)) / 1000  # type: ignore[arg-type]


@command(
    "scheduler start",
    Arg("--auto", flag=True, help="start, scale and stop workers with the backlog, too"),
    Arg(
        "--workers",
        "-n",
        parse=arguments.integer(1, 256),
        metavar="N",
        setting="worker_count",
        help="with --auto: at most this many workers (default: worker_count); else it is kept for a later --auto",
    ),
    Arg(
        "--interval",
        "-i",
        parse=pause,
        metavar="SECONDS",
        setting="scheduler_interval",
        help="the longest time between two checks (default: scheduler_interval)",
    ),
    *LIMITS,
    NO_DETACH,
    DETACH,
    READY_FD,
    examples=("scheduler start", "scheduler start --auto --workers 4"),
)
def scheduler_start(
    context: Context,
    *,
    auto: bool,
    workers: int | None,
    interval: float | None,
    no_detach: bool,
    detach: bool,
    ready_fd: int | None,
    **limits: str | None,
) -> Result:
    """Start the scheduler in the background; returns when it is up.

    It makes due jobs pending, fires recurring ones, recovers the jobs of lost workers and prunes. Workers do the same
    while they run, so a scheduler is for homes where they do not always run. With --auto it starts workers when there
    is something to do, and stops them after an idle minute. --max-load and --min-memory are for these workers.
    """
    demand_one_place(no_detach, detach)
    scheduler, given = context.queue.scheduler, given_limits(**limits)
    if no_detach:
        if ready_fd is None:
            message = "scheduler in the foreground; to stop, press Ctrl-C or type: queuectl scheduler stop"
            context.front_end.note(message)
        scheduler.run(interval=interval, workers=workers, auto=auto, limits=given, ready_fd=ready_fd)
        return Result()
    most = scheduler.start(interval=interval, workers=workers, auto=auto, limits=given)
    how = "" if most is None else f", with up to {counted(most, 'worker')}"
    found = context.queue.reports.status().scheduler
    kept = "without --auto the scheduler starts no workers: the number is kept for scheduler start --auto"
    notes = [kept] if workers is not None and not auto else []
    return Result(nouns.SCHEDULER, record=found, message=f"Scheduler started{how}", notes=notes)


@command("scheduler status", watch=True, examples=("scheduler status", "scheduler status --json"))
def scheduler_status(context: Context) -> Result:
    """Show whether the scheduler runs: mode, pid, uptime, last tick, next due job, and what it did."""
    if not context.queue.home.exists():
        raise DaemonUnavailable("no scheduler is running", hint="start one with: queuectl scheduler start")
    found = context.queue.reports.status().scheduler
    helps = "the workers do what is due" if found.pool_running else "start one with: queuectl scheduler start"
    notes = [] if found.running else [f"no scheduler is running; {helps}"]
    return Result(
        nouns.SCHEDULER,
        record=found,
        message=_text(found, context.clock.wall()),
        notes=notes,
        ids=[str(found.pid)] if found.running else [],
        code=0 if found.running else DaemonUnavailable.exit_code,
    )


def _text(found: SchedulerState, now: int) -> str:
    mode, due = None, found.next_due_at
    if found.mode and found.interval is not None:
        most = f", up to {counted(found.max_workers, 'worker')}" if found.max_workers else ""
        mode = f"{found.mode}{most}, checks at least every {found.interval / 1000:g} s"
    values = [
        ("scheduler", f"running, pid {found.pid}" if found.running else "not running"),
        ("mode", mode),
        ("uptime", None if found.uptime is None else duration_text(found.uptime)),
        ("last tick", None if found.last_tick_at is None else ago(found.last_tick_at, now)),
        ("next due", "nothing" if due is None else f"{local(due)}, {ago(due, now)}"),
        ("schedules", str(found.schedules)),
        ("so far", ", ".join(f"{getattr(found, name)} {name}" for name in TOTALS) if found.running else None),
    ]
    return pairs(values, LABEL_WIDTH)


@command("scheduler logs", TAIL, FOLLOW, examples=("scheduler logs", "scheduler logs -f"))
def scheduler_logs(context: Context, *, tail: int, follow: bool) -> Result:
    """Print the scheduler's log."""
    return Result(text=log_text(context, context.queue.scheduler.log, tail, follow), live=follow)


@command(
    "scheduler stop",
    Arg("--keep-workers", flag=True, help="let the workers that it has started go on"),
    examples=("scheduler stop", "scheduler stop --keep-workers"),
)
def scheduler_stop(context: Context, *, keep_workers: bool) -> Result:
    """Stop the scheduler and the workers that it has started; returns when they are gone.

    Current jobs may finish, as with worker stop. Other workers go on.
    """
    scheduler, workers = context.queue.scheduler, context.queue.workers
    pid = scheduler.stop()
    notes = []
    if pid is not None and not keep_workers and scheduler.has_started_workers and ALL in workers.groups():
        workers.stop(ALL)
        notes.append("the workers that it had started are stopped")
    if pid is not None and workers.pid is not None:
        notes.append("workers go on; stop them with: queuectl worker stop")
    return stopped(pid, "Scheduler stopped", "no scheduler was running", notes)
