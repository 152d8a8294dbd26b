"""Commands about batches: which there are, and how far each one is."""

from __future__ import annotations

from ...model.job import jobs_text
from ...model.nouns.batches import BATCH
from ..batchanswer import answer
from ..grammar.limit import LIMIT, beyond_limit, limit_of
from ..grammar.registry import Arg, command
from ..grammar.shared import SLOTS
from ..result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..context import Context

GROUP = "Jobs"
COLUMNS = ("name", "state", "jobs", "ended", "dead", "slots", "created_at", "finished_at", "time_left")
NAME = Arg("name", metavar="NAME", help="the batch's name", complete="batch")


@command("batch list", LIMIT, group=GROUP, watch=True, examples=("batch list", "batch list --watch"))
def batch_list(context: Context, *, limit: int | None) -> Result:
    """List the batches, newest first: how many jobs each has, and how many have ended."""
    most, batches = limit_of(context, limit), context.queue.batches
    rows = batches.all(most)
    notes = beyond_limit(len(rows), most, batches.count, "batches")
    if not rows:
        notes.append("there are no batches; begin one with: queuectl add --batch NAME 'COMMAND'")
    return Result(BATCH, rows=rows, columns=COLUMNS, ids=[row.name for row in rows], notes=notes)


@command(
    "batch show",
    NAME,
    group=GROUP,
    watch=True,
    examples=("batch show nightly", "batch show nightly --watch"),
)
def batch_show(context: Context, *, name: str) -> Result:
    """Show how far a batch is: its jobs by state, its rate and the time left."""
    return answer(context, name)


@command(
    "batch limit",
    NAME,
    SLOTS,
    group=GROUP,
    examples=("batch limit nightly 4", "batch limit nightly none"),
)
def batch_limit(context: Context, *, name: str, slots: int | None) -> Result:
    """Limit how many jobs of a batch run at a time: the same as add --batch NAME%N.

    A lower limit ends no job: those that run go on, and none starts until there is room.
    """
    batch = context.queue.batches.limit(name, slots)
    most = "any number of jobs" if slots is None else f"at most {jobs_text(slots)}"
    return Result(BATCH, record=batch, message=f"Batch {name}: {most} at a time", ids=[batch.name])
