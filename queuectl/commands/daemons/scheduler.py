"""Commands for the scheduler daemon."""

from __future__ import annotations

from ...model.errors import DaemonUnavailable, InvalidInput
from ...model.nouns import daemons as nouns
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..result import Result
from .log import FOLLOW, TAIL, log_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...model.daemon import SchedulerState
    from ..context import Context

GROUP = "Schedule"
TOTALS = ("promoted", "fired", "recovered", "pruned")


def pause(text: str) -> float:
    """Seconds between two looks, as a duration."""
    from ...model.errors import InvalidInput
    from ...model.settings import find

    setting = find("scheduler_interval")
    try:
        return float(setting.parse(text)) / 1000  # type: ignore[arg-type]
    except InvalidInput:
        raise ValueError(f"must be {setting.allowed}") from None


@command(
    "scheduler start",
    Arg("--auto", flag=True, help="start, scale and stop workers with the backlog, too"),
    Arg(
        "--workers",
        "-n",
        parse=arguments.integer(1, 256),
        metavar="N",
        setting="worker_count",
        help="with --auto: at most this many workers (default: worker_count)",
    ),
    Arg(
        "--interval",
        "-i",
        parse=pause,
        metavar="SECONDS",
        setting="scheduler_interval",
        help="the longest time between two checks (default: scheduler_interval)",
    ),
    Arg("--no-detach", flag=True, help="stay in the foreground until Ctrl-C"),
    Arg("--ready-fd", parse=arguments.integer(0, 1_000_000), hidden=True, help="where to say that it is up"),
    group=GROUP,
    examples=("scheduler start", "scheduler start --auto --workers 4", "scheduler start --no-detach"),
)
def scheduler_start(
    context: Context, *, auto: bool, workers: int | None, interval: float | None, no_detach: bool, ready_fd: int | None
) -> Result:
    """Start the scheduler in the background; returns when it is up.

    It promotes due jobs, fires recurring ones, recovers what lost workers held and prunes. Workers do the
    same while they run, so a scheduler is for homes where they do not always run. With --auto it starts
    workers when there is something to do, and stops them after an idle minute.
    """
    from ...engine.daemons.daemon import SCHEDULER
    from ...engine.daemons.launch import reporting

    with reporting(ready_fd) as start:
        most = _most(context, auto, workers)
        seconds = context.queue.settings().scheduler_interval / 1000 if interval is None else interval
        context.close()
        if no_detach:
            from ...engine.daemons.scheduler_daemon import SchedulerDaemon

            SchedulerDaemon(context.queue.home, interval=seconds, workers=most, on_ready=start.succeed).run()
            return Result()
    automatic = [] if most is None else ["--auto", "--workers", str(most)]
    SCHEDULER.start(context.queue.home, ["--interval", f"{seconds:g}", *automatic])
    how = f", with up to {most} worker{'s' * (most != 1)}" if most is not None else ""
    return Result(nouns.SCHEDULER, record=_state(context), message=f"Scheduler started{how}")


def _most(context: Context, auto: bool, workers: int | None) -> int | None:
    """Return how many workers automatic mode may start, None in manual mode. Raises InvalidInput."""
    if not auto:
        if workers is not None:
            raise InvalidInput("--workers goes with --auto", field="workers")
        return None
    settings = context.queue.settings()
    most = settings.worker_count if workers is None else workers
    if most <= settings.max_workers:
        return most
    raise InvalidInput(
        f"at most {settings.max_workers} workers are allowed, got {most}",
        field="workers",
        hint=f"allow more with: queuectl config set max_workers {most}",
    )


def _state(context: Context) -> SchedulerState:
    from ...engine.reports.scheduler import scheduler_state

    return scheduler_state(context.queue.home, context.queue.store, context.clock.wall())


@command("scheduler status", group=GROUP, watch=True, examples=("scheduler status", "scheduler status --json"))
def scheduler_status(context: Context) -> Result:
    """Show whether the scheduler runs: mode, pid, uptime, last tick, next due job, and what it did."""
    if not context.queue.home.exists():
        raise DaemonUnavailable("no scheduler is running", hint="start one with: queuectl scheduler start")
    found = _state(context)
    notes = []
    if not found.running:
        notes.append(
            "no scheduler is running"
            + ("; the workers do what is due" if found.pool_running else "; start one with: queuectl scheduler start")
        )
    return Result(
        nouns.SCHEDULER,
        record=found,
        message=_text(found, context.clock.wall()),
        notes=notes,
        ids=[str(found.pid)] if found.running else [],
        code=0 if found.running else DaemonUnavailable.exit_code,
    )


def _text(found: SchedulerState, now: int) -> str:
    from ...model.when import ago, duration_text, local

    lines = [f"scheduler:  {'running, pid ' + str(found.pid) if found.running else 'not running'}"]
    if found.mode and found.interval is not None:
        most = f", up to {found.max_workers} workers" if found.max_workers else ""
        lines.append(f"mode:       {found.mode}{most}, looking at least every {found.interval / 1000:g} s")
    if found.uptime is not None:
        lines.append(f"uptime:     {duration_text(found.uptime)}")
    if found.last_tick_at is not None:
        lines.append(f"last tick:  {ago(found.last_tick_at, now)}")
    due = found.next_due_at
    lines.append(f"next due:   {'nothing' if due is None else f'{local(due)}, {ago(due, now)}'}")
    lines.append(f"schedules:  {found.schedules}")
    if found.running:
        lines.append("so far:     " + ", ".join(f"{getattr(found, name)} {name}" for name in TOTALS))
    return "\n".join(lines)


@command("scheduler logs", TAIL, FOLLOW, group=GROUP, examples=("scheduler logs", "scheduler logs -f"))
def scheduler_logs(context: Context, *, tail: int, follow: bool) -> Result:
    """Print the scheduler's log."""
    return Result(text=log_text(context, context.queue.home.daemon_log("scheduler"), tail, follow), live=follow)


@command("scheduler stop", group=GROUP, examples=("scheduler stop",))
def scheduler_stop(context: Context) -> Result:
    """Stop the scheduler; returns when it is gone. Workers go on."""
    from ...engine.daemons.daemon import POOL, SCHEDULER

    pid = SCHEDULER.stop(context.queue)
    notes = []
    if pid is not None and POOL.pid(context.queue.home) is not None:
        notes.append("workers go on; stop them with: queuectl worker stop")
    return Result(
        nouns.STOPPED,
        record={"stopped": pid is not None, "pid": pid},
        notes=notes,
        message="no scheduler was running" if pid is None else "Scheduler stopped",
    )
