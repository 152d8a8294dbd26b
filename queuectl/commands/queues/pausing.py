"""Commands that pause queues, or the whole home, and let them go on."""

from __future__ import annotations

from ...model.errors import InvalidInput
from ...model.lane import Pause
from ...model.nouns.queues import PAUSE, RESUMED
from ...model.quantity import counted
from ..context import Context
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from ...model.queue import ShownQueue

GROUP = "Queues"
HOW = (
    Arg(
        "--for", parameter="duration", parse=arguments.delay, metavar="TIME", help="end it after this time, such as 1h"
    ),
    Arg("--until", metavar="TIME", help="end it at this time, such as 18:00 or 'tomorrow 09:00'"),
    Arg("--reason", metavar="TEXT", help="why; shown wherever the pause is"),
    Arg("--schedules", flag=True, help="let recurring jobs add no jobs meanwhile"),
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
) -> Result:
    """Let no job of some queues start, or no job at all, until resume.

    Jobs that run go on. Recurring jobs go on adding jobs, which wait, unless --schedules is given.
    """
    _demand_queues(context, queues)
    if duration is not None and until is not None:
        raise InvalidInput("give either --for or --until, not both", field="until")
    end = until if duration is None else f"+{round(duration * 1000)}ms"
    paused = context.queue.queues.pause(*queues, until=end, reason=reason, schedules=schedules)
    now = context.clock.wall()
    lines = [f"{lane.subject[0].upper()}{lane.subject[1:]} is {lane.pause_text(now)}" for lane in paused]
    return Result(
        PAUSE, rows=[Pause.of_lane(lane) for lane in paused], message="\n".join(lines), notes=_notes(context, queues)
    )


@command(
    "resume",
    _queues("the queues to resume (default: all, and the home)"),
    group=GROUP,
    examples=("resume", "resume mail"),
)
def resume(context: Context, *, queues: Sequence[str]) -> Result:
    """End the pause of queues, or every pause."""
    resumed = context.queue.queues.resume(*queues)
    names = [lane.subject for lane in resumed]
    notes = [] if names else ["nothing was paused"]
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


def _notes(context: Context, queues: Sequence[str]) -> list[str]:
    shown = [queue for queue in context.queue.queues.all() if not queues or queue.queue in queues]
    running = sum(queue.processing for queue in shown)
    notes = [f"{counted(running, 'job')} that {'runs goes' if running == 1 else 'run go'} on"] if running else []
    return notes + ([note for queue in shown for note in if_unknown(queue)] if queues else [])
