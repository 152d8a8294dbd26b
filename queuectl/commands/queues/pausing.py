"""Commands that pause queues, or the whole home, and let them go on; and jobs that are suspended."""

from __future__ import annotations

from ...model.errors import InvalidInput, quoted
from ...model.lane import Pause
from ...model.nouns.queues import PAUSE, RESUMED
from ...model.quantity import counted
from ...model.verbs import VERBS
from ..context import Context
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..jobs.actions import resume_jobs
from ..jobs.selection import SELECTION, verb_options
from ..result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from ...model.queue import ShownQueue

GROUP = "Queues"
HOW = (
    Arg(
        "--for", parameter="duration", parse=arguments.delay, metavar="TIME", help="end it after this time, such as 1h"
    ),
    Arg("--until", metavar="TIME", help="end it at this time, such as 18:00 or 'tomorrow 09:00'"),
    Arg("--reason", metavar="TEXT", help="why; shown wherever the pause is"),
    Arg("--schedules", flag=True, help="let recurring jobs add no jobs meanwhile"),
    Arg("--running", flag=True, help="suspend the jobs that run, too"),
)


def _queues(help: str) -> Arg:
    return Arg("queues", metavar="QUEUE", many=True, complete="queue", help=help)


@command(
    "pause",
    _queues("the queues to pause (default: all, those to come too)"),
    *HOW,
    group=GROUP,
    examples=("pause", "pause --for 1h --reason game", "pause mail news --until 18:00"),
)
def pause(
    context: Context,
    *,
    queues: Sequence[str],
    duration: float | None,
    until: str | None,
    reason: str | None,
    schedules: bool,
    running: bool,
) -> Result:
    """Let no job of some queues start, or no job at all, until resume.

    Jobs that run go on, unless --running suspends them. Recurring jobs go on adding jobs, which wait, unless --schedules is given.
    """
    _demand_queues(context, queues)
    if duration is not None and until is not None:
        raise InvalidInput("give either --for or --until, not both", field="until")
    end = until if duration is None else f"+{round(duration * 1000)}ms"
    paused = context.queue.queues.pause(*queues, until=end, reason=reason, schedules=schedules)
    suspended = context.queue.suspend_running(queues).count if running else 0
    now = context.clock.wall()
    lines = [f"{lane.subject[0].upper()}{lane.subject[1:]} is {lane.pause_text(now)}" for lane in paused]
    return Result(
        PAUSE,
        rows=[Pause.of_lane(lane) for lane in paused],
        message="\n".join(lines),
        notes=_notes(context, queues, suspended),
    )


@command(
    "resume",
    *SELECTION,
    *verb_options(VERBS["resume"]),
    group=GROUP,
    examples=("resume", "resume mail", "resume job-1", "resume suspended:yes"),
)
def resume(context: Context, *, ids: Sequence[str], **given: Any) -> Result:
    """End the pause of queues, or every pause, or let suspended jobs go on.

    A word that names a queue which is paused means that, else it is a job. Without words all pauses end, and what
    pause --running has suspended goes on; what suspend has suspended does not.
    """
    queues = _queues_among(context, ids)
    if queues or not (ids or any(given.values())):
        return resume_queues(context, queues)
    return resume_jobs(context, ids=ids, **given)


def _queues_among(context: Context, words: Sequence[str]) -> list[str]:
    """Return the words that name queues. Raises InvalidInput if only some do, or if one names a suspended job too."""
    known = {queue.queue: queue for queue in context.queue.queues.all()} if words else {}
    found = []
    for word in words:
        suspended = [job for job in context.queue.read(_named(context, word)) if job.is_suspended]
        is_open = word in known and known[word].paused_at is None and not known[word].draining
        if word not in known or is_open and context.queue.has_id(word):
            continue
        if suspended:
            hint = f"the queue: queuectl queue resume {word}; the job: queuectl resume {suspended[0].number}"
            raise InvalidInput(f"{quoted(word)} is a paused queue and a suspended job", field="ids", hint=hint)
        found.append(word)
    if found and len(found) < len(words):
        raise InvalidInput("give either queues or jobs, not both", field="ids")
    return found


def _named(context: Context, word: str) -> list[int]:
    """Return the number of the job with exactly this id."""
    return context.queue.named([word]).numbers if context.queue.has_id(word) else []


def resume_queues(context: Context, queues: Sequence[str]) -> Result:
    """End the pauses of some queues, or all, with what they have suspended."""
    resumed = context.queue.queues.resume(*queues)
    going_on = context.queue.resume_paused(queues).count
    names = [lane.subject for lane in resumed]
    notes = [] if names else ["nothing was paused"]
    if going_on:
        notes = [f"{counted(going_on, 'job')} that {'was' if going_on == 1 else 'were'} suspended {_go(going_on)} on"]
    pause = context.queue.queues.pause_of_home()
    if pause is not None:
        notes.append(f"everything is still {pause.pause_text(context.clock.wall())}; end that with: queuectl resume")
    message = f"Resumed: {', '.join(names)}" if names else None
    return Result(RESUMED, rows=[{"queue": lane.name or None} for lane in resumed], message=message, notes=notes)


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


def _go(count: int) -> str:
    return "goes" if count == 1 else "go"


def _notes(context: Context, queues: Sequence[str], suspended: int) -> list[str]:
    shown = [queue for queue in context.queue.queues.all() if not queues or queue.queue in queues]
    running = sum(queue.processing for queue in shown) - suspended
    notes = (
        [f"{counted(running, 'job')} that {'runs' if running == 1 else 'run'} {_go(running)} on"] if running > 0 else []
    )
    if suspended:
        notes.append(f"{counted(suspended, 'job')} that ran {'is' if suspended == 1 else 'are'} suspended")
    return notes + ([note for queue in shown for note in if_unknown(queue)] if queues else [])
