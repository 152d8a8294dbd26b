"""Commands that pause queues, or the whole home, and let them go on."""

from __future__ import annotations

from ...model.errors import InvalidInput
from ...model.filter import with_quotes
from ...model.job import PROCESSING
from ...model.lane import Pause
from ...model.nouns.queues import PAUSE, RESUMED
from ...model.quantity import counted
from ...model.verbs import VERBS
from ..context import Context
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..jobs.actions import handler_of
from ..jobs.selection import SELECTION, verb_options
from ..result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from ...model.queue import ShownQueue

HOW = (
    Arg(
        "--for", parameter="duration", parse=arguments.delay, metavar="TIME", help="end it after this time, such as 1h"
    ),
    Arg("--until", metavar="TIME", help="end it at this time, such as 18:00 or 'tomorrow 09:00'"),
    Arg("--reason", metavar="TEXT", help="why; shown wherever the pause is"),
    Arg("--running", flag=True, help="suspend the jobs that run, until the pause ends"),
    Arg("--schedules", flag=True, help="let recurring jobs add no jobs meanwhile"),
)


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

    Jobs that run go on unless --running is given. Recurring jobs go on adding jobs, which wait, unless --schedules is
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
    notes = [f"{counted(len(done.jobs), 'job')} {'goes' if len(done.jobs) == 1 else 'go'} on"] if done.jobs else []
    notes += [] if names or done.jobs else ["nothing was paused"]
    left = context.queue.queues.pause_of_home()
    if left is not None:
        notes.append(f"everything is still {left.pause_text(context.clock.wall())}; end that with: queuectl resume")
    message = f"Resumed: {', '.join(names)}" if names else None
    return Result(RESUMED, rows=[{"queue": lane.name or None} for lane in done.lanes], message=message, notes=notes)


def _demand_queues(context: Context, words: Sequence[str]) -> None:
    """Raise InvalidInput for a word that names a job and no queue."""
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
    notes = [f"{counted(suspended, 'job')} {'is' if suspended == 1 else 'are'} suspended"] if suspended else []
    notes += [f"{counted(running, 'running job')} {'goes' if running == 1 else 'go'} on"] if running else []
    return notes + ([note for queue in shown for note in if_unknown(queue)] if queues else [])
