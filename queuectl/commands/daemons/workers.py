"""Commands for the workers: start, stop, scale and show them; and what the commands of all daemons share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from ...model.alert import NO_WORKERS_RUN
from ...model.errors import Conflict, DaemonUnavailable, InvalidInput, StoreUnavailable
from ...model.job import jobs_text
from ...model.nouns import daemons as nouns
from ...model.nouns.daemons import STOPPED
from ...model.quantity import counted, some_of
from ...model.settings import find
from ...model.worker import (
    ALL,
    EVERY_QUEUE,
    WorkerState,
    given_limits,
    group_of,
    of_group,
    option,
    queues_of,
    workers_text,
)
from ..context import Context, Result
from ..grammar import arguments
from ..grammar.registry import Arg, command

NAMED = "commas between; * for the group of all queues"
COLUMNS = ("worker", "pid", "state", "job", "elapsed", "jobs_done", "heartbeat_at", "memory", "uptime", "command")
TAIL_LINES = 50
READ_BYTES = 65_536
LOOK_SECONDS = 0.1
TAIL = Arg(
    "--tail",
    "-n",
    parse=arguments.integer(1, 1_000_000),
    default=TAIL_LINES,
    metavar="N",
    help=f"only the last N lines (default: {TAIL_LINES})",
)
NO_DETACH = Arg(
    "--no-detach",
    also=("--foreground", "--no-daemon"),
    flag=True,
    help="stay in the foreground until Ctrl-C; a second one does not wait for current jobs",
)
DETACH = Arg(
    "--detach",
    "-d",
    also=("--detached", "--daemon", "--background"),
    flag=True,
    help="run in the background, as it does anyway",
)
READY_FD = Arg("--ready-fd", parse=arguments.integer(0, 1_000_000), hidden=True, help="where to say that it is up")
FOLLOW = Arg("--follow", "-f", flag=True, help="go on until Ctrl-C")


def queue_names(text: str) -> list[str]:
    """Queues separated by commas, or * for all."""
    names = [name.strip() for name in text.split(",")]
    return names if names == [EVERY_QUEUE] else list(map(arguments.name, names))


def sized_group(text: str) -> tuple[str, int]:
    """The number of workers of a group and its queues: COUNT:QUEUE,QUEUE."""
    count, _, queues = text.partition(":")
    return queues, arguments.integer(1, 256)(count)


def _queues(help: str, complete: str = "group") -> Arg:
    return Arg("--queue", "-Q", many=True, parse=queue_names, metavar="QUEUE", complete=complete, help=help)


def _group(queues: Sequence[str]) -> str | None:
    return group_of(queues) if queues else None


def limit(name: str) -> Callable[[str], str]:
    """Return the parser of an option that takes what a setting takes."""

    def parse(text: str) -> str:
        setting = find(name)
        return setting.show(setting.read(text))

    return parse


# Shared with `scheduler start`, whose workers have them too.
LIMITS = (
    Arg(
        "--max-load",
        also=("--load",),
        parse=limit("max_load"),
        metavar="LOAD",
        setting="max_load",
        help="take no job while the load average is at or above this, or none (default: max_load)",
    ),
    Arg(
        "--min-memory",
        also=("--memfree",),
        parse=limit("min_memory"),
        metavar="SIZE",
        setting="min_memory",
        help="take no job while less memory than this is available, or none (default: min_memory)",
    ),
)


@command(
    "worker start",
    Arg(
        "--count",
        "-n",
        also=("-c", "--workers"),
        parse=arguments.integer(1, 256),
        metavar="N",
        help="how many (default: worker_count)",
        setting="worker_count",
    ),
    _queues(f"the queues of the group, {NAMED} (default: all)", "queue"),
    NO_DETACH,
    DETACH,
    Arg(
        "--drain",
        also=("--burst", "--stop-when-empty"),
        flag=True,
        help="stop when nothing is left to do; with --no-detach the exit code is 1 if a job died",
    ),
    *LIMITS,
    Arg("--group", many=True, parse=sized_group, hidden=True, help="with --no-detach: COUNT:QUEUES; repeatable"),
    READY_FD,
    examples=("worker start", "worker start --count 4"),
)
def worker_start(
    context: Context,
    *,
    count: int | None,
    queue: Sequence[str],
    no_detach: bool,
    detach: bool,
    drain: bool,
    group: Sequence[tuple[str, int]],
    ready_fd: int | None,
    **limits: str | None,
) -> Result:
    """Start a group of workers in the background; returns when they are up.

    The workers of a group take jobs from the same queues, without --queue from all. Several --queue options name one
    group. A group that runs is scaled up to the number, never down.

    With --drain the workers stop when none of their jobs runs, is pending, waits for its next attempt or was snoozed.
    They leave other scheduled jobs, held jobs and those of paused queues. With --no-detach the exit code is 1 if a job
    died meanwhile, or if the workers were stopped earlier, and 4 if jobs of paused queues are left.

    With --max-load and --min-memory idle workers wait while the machine is busy; running jobs go on. The group keeps
    both when it is scaled and restarted.
    """
    demand_one_place(no_detach, detach)
    if group:
        context.queue.workers.run(dict(group), ready_fd, drain=drain)
        return Result()
    if drain and context.queue.workers.pid is not None:
        hint = "wait for them with: queuectl wait state:open, or stop them with: queuectl worker stop"
        raise Conflict("--drain is for workers of its own, and some are running", hint=hint)
    name, given = _group(queue) or ALL, given_limits(**limits)
    if no_detach:
        groups = {name: context.queue.settings().worker_count if count is None else count}
        return _run_here(context, groups, ready_fd, drain, given)
    before, now = context.queue.workers.start(name, count, drain=drain, limits=given)
    title = _started(name, before, now) + (_new_limits(given) if before else "")
    found = worker_status(context)
    lines = (f"  worker {row.worker}: pid {row.pid}" for row in found.rows or () if group_of(row.queues) == name)
    found.message = "\n".join([title, *lines])
    if drain:
        # They may have found nothing to do, and be gone.
        found.notes, found.code = ["they stop when nothing is left to do"], 0
    return found


def _run_here(
    context: Context, groups: Mapping[str, int], ready_fd: int | None, drain: bool, limits: Mapping[str, object]
) -> Result:
    """Run the pool in the foreground; return how a drain ended."""
    context.front_end.note(
        f"starting {workers_text(groups)} in the foreground; to stop, press Ctrl-C or type: queuectl worker stop"
    )
    end = context.queue.workers.run(groups, ready_fd, drain=drain, limits=limits)
    if end is None:
        return Result()
    if not end.is_empty:
        return Result(notes=["the workers were stopped before the queue was empty"], code=1)
    if end.dead:
        died = f"{jobs_text(len(end.dead))} died: {some_of(end.dead)}"
        return Result(notes=[f"{died}; see them with: queuectl dlq list"], code=1)
    if end.paused:
        left = counted(end.paused, "job of paused queues is", "jobs of paused queues are")
        return Result(notes=[f"{left} left; see the pauses with: queuectl queue list"], code=Conflict.exit_code)
    return Result(notes=["nothing is left to do"])


def _started(group: str, before: int, count: int) -> str:
    if not before:
        return f"{workers_text({group: count})} started"
    if before < count:
        return f"Scaled from {before} to {workers_text({group: count})}"
    return f"{workers_text({group: before})} {'is' if before == 1 else 'are'} running already"


def _new_limits(limits: Mapping[str, object]) -> str:
    """Return the limits that a group now has which ran before."""
    given = (f"--{name.replace('_', '-')} {value}" for name, value in limits.items())
    return f", now with {' and '.join(given)}" if limits else ""


@command("worker status", watch=True, examples=("worker status", "worker status --json"))
def worker_status(context: Context, *, message: str | None = None) -> Result:
    """Show the workers' health by groups: pid, state, current job, jobs done, last heartbeat, memory."""
    rows: list[WorkerState] = []
    notes: list[str] = []
    # To look must not make a home.
    if context.queue.home.exists():
        found = context.queue.reports.status()
        rows, notes = found.worker_list, [str(alert) for alert in found.worker_alerts]
    is_running = any(row.state != "lost" for row in rows)
    if not is_running:
        notes.append(NO_WORKERS_RUN)
    return Result(
        nouns.WORKER,
        rows=rows,
        columns=("queues", *COLUMNS) if any(row.queues for row in rows) else COLUMNS,
        notes=notes,
        message=message,
        ids=[str(row.worker) for row in rows],
        code=0 if is_running else DaemonUnavailable.exit_code,
    )


@command(
    "worker scale",
    Arg(
        "count",
        parse=lambda text: 0 if text == "0" else arguments.integer(1, 256)(text),
        metavar="N",
        help="how many workers there should be",
    ),
    _queues(f"the queues of the group, {NAMED} (default: that of all, or the only one that runs)"),
    examples=("worker scale 4", "worker scale 2 -Q encode"),
)
def worker_scale(context: Context, *, count: int, queue: Sequence[str]) -> Result:
    """Change the number of workers of a group; those that leave finish their current job.

    Several --queue options name one group, whose workers take jobs from all of these queues.
    """
    if count == 0:
        line = f"queuectl worker stop{option(_group(queue))}"
        raise InvalidInput("a group has at least one worker", field="count", hint=f"stop all of them with: {line}")
    group = context.queue.workers.scale(_group(queue), count)
    record = {"queues": queues_of(group), "target": count}
    return Result(nouns.GROUP, record=record, message=f"Scaled to {workers_text({group: count})}")


TIMEOUT = Arg(
    "--timeout",
    "-T",
    also=("-t",),
    parse=arguments.seconds,
    metavar="TIME",
    help="how long current jobs may go on (default: shutdown_timeout)",
)
FORCE = Arg("--force", also=("-f",), flag=True, help="end current jobs at once; they go back to the queue")


def _before_stop(context: Context, group: str | None, timeout: float | None, force: bool) -> None:
    """Say which suspended jobs of a group, by default of all, go on as their workers stop. Raises InvalidInput."""
    if timeout is not None and force:
        raise InvalidInput("give either --timeout or --force, not both", field="timeout")
    if force or not context.queue.home.exists():
        return
    try:
        workers = context.queue.reports.status().alive
        mine = {worker.worker for worker in workers if group in (None, group_of(worker.queues))}
        ids = [job.id for job in context.queue.list("suspended:yes") if job.worker in mine]
    except StoreUnavailable:
        return  # A store that cannot be used keeps nobody from stopping what works on it.
    if ids:
        context.front_end.note(f"{some_of(ids)} {'goes' if len(ids) == 1 else 'go'} on, to end before the workers stop")


@command(
    "worker stop",
    _queues(f"the queues of the group, {NAMED} (default: all groups)"),
    TIMEOUT,
    FORCE,
    examples=("worker stop", "worker stop -Q encode"),
)
def worker_stop(context: Context, *, queue: Sequence[str], timeout: float | None, force: bool) -> Result:
    """Stop the workers, or one group of them; returns when they are gone.

    Several --queue options name one group, whose workers take jobs from all of these queues. Jobs that are
    not done in time are ended and go back to the queue; that attempt does not count.
    """
    group, workers = _group(queue), context.queue.workers
    _before_stop(context, group, timeout, force)
    pid = workers.stop(group, patience=timeout, force=force)
    done = (
        "stopped" if workers.asking_job is None else "will stop: they wait for this job, which does not wait for them"
    )
    return stopped(pid, f"Workers{of_group(group)} {done}", f"no workers were running{of_group(group)}")


@command("worker restart", TIMEOUT, FORCE, examples=("worker restart", "worker restart --timeout 5m"))
def worker_restart(context: Context, *, timeout: float | None, force: bool) -> Result:
    """Stop the workers and start as many again, in the same groups."""
    _before_stop(context, None, timeout, force)
    groups = context.queue.workers.restart(patience=timeout, force=force)
    return worker_status(context, message=f"{workers_text(groups)} started")


@command("worker logs", TAIL, FOLLOW, examples=("worker logs", "worker logs -f"))
def worker_logs(context: Context, *, tail: int, follow: bool) -> Result:
    """Print the workers' log."""
    return Result(text=log_text(context, context.queue.workers.log, tail, follow), live=follow)


def demand_one_place(no_detach: bool, detach: bool) -> None:
    """Raise InvalidInput if a daemon is to be both in the foreground and in the background."""
    if no_detach and detach:
        raise InvalidInput("give either --detach or --no-detach, not both", field="detach")


def log_text(context: Context, path: str, lines: int, follow: bool) -> Iterator[bytes]:
    """Yield the end of a log; with `follow` go on, also after the log was emptied for rotation."""
    try:
        file = open(path, "rb")
    except FileNotFoundError:
        context.front_end.note(f"there is no log yet: {path}")
        return
    with file:
        yield from file.read().splitlines(keepends=True)[-lines:]
        while follow:
            data = file.read(READ_BYTES)
            if data:
                yield data
                continue
            if file.tell() > os.fstat(file.fileno()).st_size:
                file.seek(0)
            context.clock.pause(LOOK_SECONDS)


def stopped(pid: int | None, done: str, nothing: str, notes: Sequence[str] = ()) -> Result:
    """Return the answer of a command that stopped the process `pid`, or nothing if that is None."""
    record = {"stopped": pid is not None, "pid": pid}
    return Result(STOPPED, record=record, message=nothing if pid is None else done, notes=notes)
