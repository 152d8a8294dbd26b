"""Commands about batches: which there are, and how far each one is."""

from __future__ import annotations

from ...model.nouns.batches import BATCH
from ..batchanswer import answer
from ..grammar.limit import LIMIT, beyond_limit, limit_of
from ..grammar.registry import Arg, command
from ..result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..context import Context

GROUP = "Jobs"
COLUMNS = ("name", "state", "jobs", "ended", "dead", "created_at", "finished_at", "time_left")


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
    Arg("name", metavar="NAME", help="the batch's name", complete="batch"),
    group=GROUP,
    watch=True,
    examples=("batch show nightly", "batch show nightly --watch"),
)
def batch_show(context: Context, *, name: str) -> Result:
    """Show how far a batch is: its jobs by state, its rate and the time left."""
    return answer(context, name)
