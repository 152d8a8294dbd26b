"""Commands about queues and locks: what is in them, their limits, the defaults of jobs, and pauses."""

from __future__ import annotations

from ...model.errors import InvalidInput
from ...model.filter import with_quotes
from ...model.filterparse import parse
from ...model.job import PROCESSING, WAITING_STATES, jobs_text
from ...model.kinds import NONE
from ...model.lane import Pause
from ...model.nouns.queues import LOCK, PAUSE, QUEUE, RESUMED
from ...model.quantity import counted
from ...model.queue import DEFAULTS
from ...model.verbs import VERBS
from ..context import Context, Result
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..grammar.shared import SLOTS, YES
from .actions import handler_of
from .selection import SELECTION, act, report, verb_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from ...model.queue import ShownQueue

NAME = Arg("name", metavar="NAME", parse=arguments.name, complete="queue", help="the queue's name")
COLUMNS = ("queue", "state", "pending", "processing", "total", "slots", "rate", "paused_until", "pause_reason")
HOW = (
    Arg(
        "--for",
        parameter="duration",
        parse=arguments.delay,
        metavar="TIME",
        help="end the pause after this time, such as 1h",
    ),
    Arg("--until", metavar="TIME", help="end the pause at this time, such as 18:00 or 'tomorrow 09:00'"),
    Arg("--reason", metavar="TEXT", help="why; shown wherever the pause is shown"),
    Arg("--running", flag=True, help="suspend the jobs that run, until the pause ends"),
    Arg("--schedules", flag=True, help="keep schedules from adding jobs meanwhile"),
)


@command("queue list", watch=True, examples=("queue list", "queue list -o json"))
def queue_list(context: Context) -> Result:
    """Show every queue: what waits and runs, its limits, and whether it is paused."""
    rows = context.queue.queues.all()
    return Result(QUEUE, rows=rows, columns=COLUMNS, ids=[row.queue for row in rows], notes=_of_home(context))


def _of_home(context: Context) -> list[str]:
    pause = context.queue.queues.pause_of_home()
    return [] if pause is None else [f"everything is {pause.pause_text(context.clock.wall())}: queuectl resume"]


@command("queue show", NAME, examples=("queue show mail", "queue show default"))
def queue_show(context: Context, *, name: str) -> Result:
    """Show one queue, with the defaults of its jobs."""
    found = context.queue.queues.get(name)
    return Result(QUEUE, record=found, ids=[found.queue], notes=_of_home(context))


@command("queue limit", NAME, SLOTS, examples=("queue limit encode 2", "queue limit encode none"))
def queue_limit(context: Context, *, name: str, limit: int | None) -> Result:
    """Limit how many jobs of a queue run at a time.

    A lower limit ends no job: those that run go on, and none starts until there is room.
    """
    found = context.queue.queues.limit(name, limit)
    most = "any number of jobs" if limit is None else f"at most {jobs_text(limit)}"
    return _given(context, found, f"Queue {name}: {most} at a time")


@command(
    "queue rate",
    NAME,
    Arg(
        "rate", metavar="N/UNIT[:BURST]|none", help="how many may start in a second, minute, hour or day: s, m, h or d"
    ),
    examples=("queue rate mail 10/m", "queue rate api 100/h:20"),
)
def queue_rate(context: Context, *, name: str, rate: str) -> Result:
    """Limit how many jobs of a queue start in a given time, at even intervals.

    After a time without jobs, BURST of them may start at once; without it, one.
    """
    found = context.queue.queues.rate(name, None if rate.lower() == NONE else rate)
    how = "any number of jobs may start" if found.rate is None else f"{found.rate} may start"
    return _given(context, found, f"Queue {name}: {how}")


@command("queue drain", NAME, examples=("queue drain old", "queue drain mail"))
def queue_drain(context: Context, *, name: str) -> Result:
    """Let a queue take no new jobs until it is resumed; those that it has go on.

    A new job is refused with exit code 4. Schedules add no jobs to it, with a note in events.
    """
    return _given(context, context.queue.queues.drain(name), f"Queue {name} takes no new jobs")


@command(
    "queue set",
    NAME,
    Arg("key", metavar="KEY", choices=DEFAULTS, help=f"one of {', '.join(DEFAULTS)}"),
    Arg("value", metavar="VALUE|default", help="the value for jobs that give none; default: as in other queues"),
    examples=("queue set encode timeout 2h", "queue set mail max_retries 10"),
)
def queue_set(context: Context, *, name: str, key: str, value: str) -> Result:
    """Give new jobs of a queue other defaults than the settings do."""
    return _given(context, context.queue.queues.set(name, key, value), f"Queue {name}: {key} = {value}")


def _given(context: Context, found: ShownQueue, message: str) -> Result:
    return Result(QUEUE, record=found, message=message, ids=[found.queue], notes=if_unknown(found))


@command("queue pause", NAME, *HOW, examples=("queue pause mail", "queue pause mail --until 18:00"))
def queue_pause(context: Context, *, name: str, **how: Any) -> Result:
    """Let no job of a queue start until it is resumed: the same as pause NAME."""
    return pause(context, queues=[name], **how)


@command("queue resume", NAME, examples=("queue resume mail", "queue resume old"))
def queue_resume(context: Context, *, name: str) -> Result:
    """End the pause of a queue, and let it take new jobs again."""
    return end_pauses(context, [name])


@command("queue clear", NAME, YES, examples=("queue clear mail", "queue clear mail --yes"))
def queue_clear(context: Context, *, name: str, yes: bool) -> Result:
    """Cancel the jobs that wait in a queue; those that run go on."""
    verb = VERBS["cancel"]
    context.queue.queues.get(name)
    wanted = parse(f"queue:{name}", context.clock.wall())
    meant = context.queue.found_by(wanted, means=WAITING_STATES, takes=WAITING_STATES)
    return report(act(context, verb, meant, yes=yes, kind="waiting"), verb.done, meant)


@command("lock list", watch=True, examples=("lock list", "lock list -o json"))
def lock_list(context: Context) -> Result:
    """Show the locks that jobs need: how many may hold each, which ones do, and how many wait."""
    rows = context.queue.locks.all()
    notes = [] if rows else ["no job needs a lock; give it one with: queuectl add --lock NAME 'COMMAND'"]
    return Result(LOCK, rows=rows, ids=[row.name for row in rows], notes=notes)


@command(
    "lock limit",
    Arg("name", metavar="NAME", parse=arguments.name, complete="lock", help="the lock's name"),
    Arg("limit", metavar="N", parse=arguments.slots, help="how many jobs may hold it at a time; without a limit, one"),
    examples=("lock limit gpu 2", "lock limit license 5"),
)
def lock_limit(context: Context, *, name: str, limit: int) -> Result:
    """Limit how many jobs hold a lock at a time.

    A lower limit ends no job: those that run go on, and none starts until there is room.
    """
    found = context.queue.locks.limit(name, limit)
    notes = [] if found.is_needed else [f"no job needs lock {name} yet"]
    message = f"Lock {name}: at most {jobs_text(limit)} at a time"
    return Result(LOCK, record=found, message=message, ids=[name], notes=notes)


@command(
    "pause",
    Arg(
        "queues", metavar="QUEUE", many=True, complete="queue", help="the queues to pause (default: all, also new ones)"
    ),
    *HOW,
    examples=("pause", "pause --for 1h --reason game"),
)
def pause(
    context: Context,
    *,
    queues: Sequence[str],
    duration: float | None,
    until: str | None,
    reason: str | None,
    running: bool,
    schedules: bool,
) -> Result:
    """Let no job of some queues start, or no job at all, until resume.

    Jobs that run go on unless --running is given. Schedules keep adding jobs, which wait, unless --schedules is
    given.
    """
    _demand_queues(context, queues)
    if duration is not None and until is not None:
        raise InvalidInput("give either --for or --until, not both", field="until")
    end = until if duration is None else f"+{round(duration * 1000)}ms"
    done = context.queue.queues.pause(*queues, until=end, reason=reason, schedules=schedules, running=running)
    now = context.clock.wall()
    lines = [f"{lane.subject[0].upper()}{lane.subject[1:]} is {lane.pause_text(now)}" for lane in done.lanes]
    rows, notes = [Pause.of_lane(lane) for lane in done.lanes], _notes(context, queues, len(done.jobs))
    return Result(PAUSE, rows=rows, message="\n".join(lines), notes=notes)


@command(
    "resume",
    Arg(
        "ids",
        many=True,
        parse=with_quotes,
        metavar="QUEUE|ID|FILTER",
        complete="resumable",
        help="paused queues, or suspended jobs: ids, numbers, ranges such as 3-9, last, - to read ids from stdin, or a "
        "filter such as 'queue:mail' (default: everything)",
    ),
    *SELECTION[1:],
    *verb_options(VERBS["resume"]),
    examples=("resume", "resume mail"),
)
def resume(context: Context, *, ids: Sequence[str], **given: Any) -> Result:
    """Let suspended jobs, paused queues or, without an argument, everything go on.

    Without an argument all pauses end, and what pause --running has suspended goes on. A word that names a paused
    queue is that queue, otherwise a suspended job.
    """
    queues = [word for word in ids if _is_queue(context, word)]
    if queues and len(queues) < len(ids):
        raise InvalidInput("give either queues or jobs, not both", field="ids")
    for word in queues:
        if context.queue.has_id(word) and context.queue.get(word).is_suspended:
            hint = f"for the queue: queuectl queue resume {word}"
            raise InvalidInput(f"{word} is a paused queue and a suspended job", field="ids", hint=hint)
    if queues or not (ids or any(given.values())):
        return end_pauses(context, queues)
    return handler_of(VERBS["resume"])(context, ids=ids, **given)


def _is_queue(context: Context, word: str) -> bool:
    """Return whether a word names a queue that is paused or drained, or that is no job."""
    found = [queue for queue in context.queue.queues.all() if queue.queue == word]
    return any(queue.paused_at or queue.draining or not context.queue.has_id(word) for queue in found)


def end_pauses(context: Context, queues: Sequence[str]) -> Result:
    """End the pauses of some queues, or all; let go on what they have suspended."""
    done = context.queue.queues.resume(*queues)
    names = [lane.subject for lane in done.lanes]
    notes = [counted(len(done.jobs), "job goes on", "jobs go on")] if done.jobs else []
    notes += [] if names or done.jobs else ["nothing was paused"]
    left = context.queue.queues.pause_of_home()
    if left is not None:
        notes.append(f"everything is still {left.pause_text(context.clock.wall())}; end that with: queuectl resume")
    message = f"Resumed: {', '.join(names)}" if names else None
    return Result(RESUMED, rows=[{"queue": lane.name or None} for lane in done.lanes], message=message, notes=notes)


def _demand_queues(context: Context, words: Sequence[str]) -> None:
    known = {queue.queue for queue in context.queue.queues.all()} if words else set()
    for word in words:
        if word not in known and (context.queue.has_id(word) or word.isdigit()):
            hint = f"keep a job from starting with: queuectl hold {word}"
            raise InvalidInput(f"pause takes queues, and {word} is a job", field="queues", hint=hint)


def if_unknown(found: ShownQueue) -> list[str]:
    """Return what to say of a queue that has no job: its name may be a mistake."""
    return [] if found.total else [f"no job is in queue {found.queue} yet"]


def _notes(context: Context, queues: Sequence[str], suspended: int) -> list[str]:
    shown = [queue for queue in context.queue.queues.all() if not queues or queue.queue in queues]
    jobs = context.queue.list(state=PROCESSING, queue=list(queues), limit=-1)
    running = sum(not job.is_suspended for job in jobs)
    notes = [counted(suspended, "job is suspended", "jobs are suspended")] if suspended else []
    notes += [counted(running, "running job goes on", "running jobs go on")] if running else []
    return notes + ([note for queue in shown for note in if_unknown(queue)] if queues else [])
