"""Commands about queues and locks: what is in them, their limits, and the defaults of the jobs of a queue."""

from __future__ import annotations

from ...model.job import WAITING_STATES, jobs_text
from ...model.kinds import NONE
from ...model.nouns.queues import LOCK, QUEUE
from ...model.queue import DEFAULTS
from ..context import Context
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..grammar.shared import SLOTS, YES
from ..result import Result
from .pausing import HOW, end_pauses, if_unknown, pause

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...model.queue import ShownQueue

NAME = Arg("name", metavar="NAME", parse=arguments.name, complete="queue", help="the queue's name")
COLUMNS = ("queue", "state", "pending", "processing", "total", "slots", "rate", "paused_until", "pause_reason")


@command("queue list", watch=True, examples=("queue list", "queue list -o json"))
def queue_list(context: Context) -> Result:
    """Show every queue: what waits and runs, its limits, and whether it is paused."""
    rows = context.queue.queues.all()
    return Result(QUEUE, rows=rows, columns=COLUMNS, ids=[row.queue for row in rows], notes=_of_home(context))


def _of_home(context: Context) -> list[str]:
    pause = context.queue.queues.pause_of_home()
    return [] if pause is None else [f"everything is {pause.pause_text(context.clock.wall())}: queuectl resume"]


@command("queue show", NAME, examples=("queue show mail",))
def queue_show(context: Context, *, name: str) -> Result:
    """Show one queue, with the defaults of its jobs."""
    found = context.queue.queues.get(name)
    return Result(QUEUE, record=found, ids=[found.queue], notes=_of_home(context))


@command("queue limit", NAME, SLOTS, examples=("queue limit encode 2", "queue limit encode none"))
def queue_limit(context: Context, *, name: str, slots: int | None) -> Result:
    """Limit how many jobs of a queue run at a time.

    A lower limit ends no job: those that run go on, and none starts until there is room.
    """
    found = context.queue.queues.limit(name, slots)
    most = "any number of jobs" if slots is None else f"at most {jobs_text(slots)}"
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
    """Limit how many jobs of a queue start in a time, at an even distance.

    After a time without jobs, BURST of them may start at once; without it, one.
    """
    found = context.queue.queues.rate(name, None if rate.lower() == NONE else rate)
    how = "any number of jobs may start" if found.rate is None else f"{found.rate} may start"
    return _given(context, found, f"Queue {name}: {how}")


@command("queue drain", NAME, examples=("queue drain old",))
def queue_drain(context: Context, *, name: str) -> Result:
    """Let a queue take no new jobs until it is resumed; those that it has go on.

    To add a job is refused with exit code 4. Recurring jobs of the queue are left out with a note in the history.
    """
    return _given(context, context.queue.queues.drain(name), f"Queue {name} takes no new jobs")


@command(
    "queue set",
    NAME,
    Arg("key", metavar="KEY", choices=DEFAULTS, help=f"one of {', '.join(DEFAULTS)}"),
    Arg("value", metavar="VALUE|default", help="what a job of the queue has that is given none; default: as elsewhere"),
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


@command("queue resume", NAME, examples=("queue resume mail",))
def queue_resume(context: Context, *, name: str) -> Result:
    """End the pause of a queue, and its drain."""
    return end_pauses(context, [name])


@command("queue clear", NAME, YES, examples=("queue clear mail", "queue clear mail --yes"))
def queue_clear(context: Context, *, name: str, yes: bool) -> Result:
    """Cancel the jobs that wait in a queue; those that run go on."""
    from ...model.filterparse import parse
    from ...model.verbs import VERBS
    from ..jobs.selection import act, report

    verb = VERBS["cancel"]
    context.queue.queues.get(name)
    meant = context.queue.found_by(
        parse(f"queue:{name}", context.clock.wall()), means=WAITING_STATES, takes=WAITING_STATES
    )
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
    Arg("slots", metavar="N", parse=arguments.slots, help="how many jobs may hold it at a time; without a limit, one"),
    examples=("lock limit gpu 2",),
)
def lock_limit(context: Context, *, name: str, slots: int) -> Result:
    """Limit how many jobs hold a lock at a time.

    A lower limit ends no job: those that run go on, and none starts until there is room.
    """
    found = context.queue.locks.limit(name, slots)
    notes = [] if found.is_needed else [f"no job needs lock {name} yet"]
    message = f"Lock {name}: at most {jobs_text(slots)} at a time"
    return Result(LOCK, record=found, message=message, ids=[name], notes=notes)
