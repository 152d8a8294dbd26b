"""Commands about locks: which jobs hold them, and how many may."""

from __future__ import annotations

from ...model.job import jobs_text
from ...model.nouns.queues import LOCK
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..result import Result
from .pausing import GROUP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..context import Context


@command("lock list", group=GROUP, watch=True, examples=("lock list", "lock list -o json"))
def lock_list(context: Context) -> Result:
    """Show the locks that jobs need: how many may hold each, which ones do, and how many wait."""
    rows = context.queue.locks.all()
    notes = [] if rows else ["no job needs a lock; give it one with: queuectl add --lock NAME 'COMMAND'"]
    return Result(LOCK, rows=rows, ids=[row.name for row in rows], notes=notes)


@command(
    "lock limit",
    Arg("name", metavar="NAME", parse=arguments.name, complete="lock", help="the lock's name"),
    Arg("slots", metavar="N", parse=arguments.slots, help="how many jobs may hold it at a time; without a limit, one"),
    group=GROUP,
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
