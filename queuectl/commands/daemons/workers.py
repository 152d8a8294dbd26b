"""Commands for the workers: start, stop, scale, look at them."""

from __future__ import annotations

import os

from ...model.errors import DaemonUnavailable, InvalidInput
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Sequence

    from ...engine.daemons.daemon import Start
    from ..context import Context

GROUP = "Workers"
COLUMNS = ("worker", "pid", "state", "job", "elapsed", "jobs_done", "heartbeat_at", "memory", "uptime", "command")
TAIL_LINES = 50
READ_BYTES = 65_536
LOOK_SECONDS = 0.1


@command(
    "worker start",
    Arg(
        "--count",
        "-n",
        parse=arguments.integer(1, 256),
        metavar="N",
        help="how many (default: worker_count)",
        setting="worker_count",
    ),
    Arg(
        "--queue",
        "-Q",
        many=True,
        parse=arguments.name,
        metavar="QUEUE",
        complete="queue",
        help="run jobs of this queue only; repeatable",
    ),
    Arg(
        "--no-detach", flag=True, help="stay in the foreground: Ctrl-C lets current jobs finish, a second one ends them"
    ),
    Arg("--ready-fd", parse=arguments.integer(0, 1_000_000), hidden=True, help="where to say that the workers are up"),
    group=GROUP,
    examples=("worker start", "worker start --count 4", "worker start --no-detach"),
)
def worker_start(
    context: Context, *, count: int | None, queue: Sequence[str], no_detach: bool, ready_fd: int | None
) -> Result:
    """Start workers in the background; returns when they are up."""
    from ...engine.daemons.daemon import reporting

    with reporting(ready_fd) as start:
        count = _allowed(context, context.queue.settings().worker_count if count is None else count)
        context.close()
        if no_detach:
            return _run_here(context, count, queue, start)
    from ...engine.daemons.pool_control import start_pool

    start_pool(context.queue.home, count=count, queues=queue)
    return worker_status(context, started=count)


def _allowed(context: Context, count: int) -> int:
    """Return the count. Raises InvalidInput if the settings do not allow so many."""
    limit = context.queue.settings().max_workers
    if count <= limit:
        return count
    raise InvalidInput(
        f"at most {limit} workers are allowed, got {count}",
        field="count",
        hint=f"allow more with: queuectl config set max_workers {count}",
    )


def _run_here(context: Context, count: int, queues: Sequence[str], start: Start) -> Result:
    from ...engine.daemons.pool import Pool

    Pool(context.queue.home, count=count, queues=tuple(queues), on_ready=start.succeed).run()
    return Result()


@command("worker status", group=GROUP, watch=True, examples=("worker status", "worker status --json"))
def worker_status(context: Context, *, started: int | None = None) -> Result:
    """Show the workers' health: pid, state, current job, jobs done, last heartbeat, memory."""
    from ...engine.reports import summary

    home = context.queue.home
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    # To look must not make a home.
    if home.exists():
        rows = summary.worker_rows(home, context.queue.store, context.clock.wall())
        notes = summary.pool_advice(summary.pool_state(home, context.queue.store))
    is_running = any(row["state"] != "lost" for row in rows)
    if not is_running:
        notes.append("no workers are running; start them with: queuectl worker start")
    message = None if started is None else f"{started} worker{'s' * (started != 1)} started"
    return Result(
        rows=rows,
        columns=COLUMNS,
        notes=notes,
        message=message,
        ids=[str(row["worker"]) for row in rows],
        code=0 if is_running else DaemonUnavailable.exit_code,
    )


@command(
    "worker scale",
    Arg("count", parse=arguments.integer(1, 256), metavar="N", help="how many workers there shall be"),
    group=GROUP,
    examples=("worker scale 4",),
)
def worker_scale(context: Context, *, count: int) -> Result:
    """Change the number of workers; those that leave finish their current job."""
    from ...engine.daemons.pool_control import scale_pool

    _must_exist(context)
    scale_pool(context.queue, _allowed(context, count))
    return Result(record={"workers": count}, message=f"Scaled to {count} worker{'s' * (count != 1)}")


TIMEOUT = Arg(
    "--timeout",
    "-T",
    parse=arguments.seconds,
    metavar="TIME",
    help="how long current jobs may go on (default: shutdown_timeout)",
)
FORCE = Arg("--force", flag=True, help="end current jobs at once; they go back to the queue")


def _demand_one(timeout: float | None, force: bool) -> None:
    if timeout is not None and force:
        raise InvalidInput("give either --timeout or --force, not both", field="timeout")


@command(
    "worker stop",
    TIMEOUT,
    FORCE,
    group=GROUP,
    examples=("worker stop", "worker stop --timeout 10", "worker stop --force"),
)
def worker_stop(context: Context, *, timeout: float | None, force: bool) -> Result:
    """Stop the workers; returns when all are gone.

    Jobs that are not done in time are ended and go back to the queue; that attempt does not count.
    """
    from ...engine.daemons.pool_control import stop_pool

    _demand_one(timeout, force)
    pid = stop_pool(context.queue, patience=timeout, force=force)
    return Result(
        record={"stopped": pid is not None, "pid": pid},
        message="no workers were running" if pid is None else "Workers stopped",
    )


@command("worker restart", TIMEOUT, FORCE, group=GROUP, examples=("worker restart",))
def worker_restart(context: Context, *, timeout: float | None, force: bool) -> Result:
    """Stop the workers and start as many again, for the same queues."""
    from ...engine.daemons.pool_control import start_pool, stop_pool

    _demand_one(timeout, force)
    _must_exist(context)
    store = context.queue.store
    count = store.meta.pool_target() or context.queue.settings().worker_count
    queues = next((row.queues for row in store.workers.all()), "")
    if stop_pool(context.queue, patience=timeout, force=force) is None:
        raise DaemonUnavailable("no workers are running", hint="queuectl worker start")
    context.close()
    start_pool(context.queue.home, count=count, queues=[name for name in queues.split(",") if name])
    return worker_status(context, started=count)


def _must_exist(context: Context) -> None:
    """Raise DaemonUnavailable where no workers can be running: to ask for those must not make a home."""
    if not context.queue.home.exists():
        raise DaemonUnavailable("no workers are running", hint="queuectl worker start")


TAIL = Arg(
    "--tail",
    "-n",
    parse=arguments.integer(1, 1_000_000),
    default=TAIL_LINES,
    metavar="N",
    help=f"only the last N lines (default: {TAIL_LINES})",
)
FOLLOW = Arg("--follow", "-f", flag=True, help="go on until Ctrl-C")


@command("worker logs", TAIL, FOLLOW, group=GROUP, examples=("worker logs", "worker logs -f"))
def worker_logs(context: Context, *, tail: int, follow: bool) -> Result:
    """Print what the workers' log says."""
    return Result(text=log_text(context, context.queue.home.pool_log, tail, follow), live=follow)


def log_text(context: Context, path: str, lines: int, follow: bool) -> Iterator[bytes]:
    """Yield the end of a log; with `follow` go on, also after the log was emptied for rotation."""
    try:
        file = open(path, "rb")
    except FileNotFoundError:
        context.front_end.note(f"there is no log yet: {path}")
        return
    with file:
        yield from _last_lines(file.read(), lines)
        while follow:
            data = file.read(READ_BYTES)
            if data:
                yield data
                continue
            if file.tell() > os.fstat(file.fileno()).st_size:
                file.seek(0)
            context.clock.pause(LOOK_SECONDS)


def _last_lines(text: bytes, lines: int) -> list[bytes]:
    return text.splitlines(keepends=True)[-lines:]
