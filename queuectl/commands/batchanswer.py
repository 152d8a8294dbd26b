"""How far a batch is, as `batch show` and `status` tell it."""

from __future__ import annotations

from ..model import when
from ..model.batch import Batch, go_on, state_text
from ..model.filter import written
from ..model.job import DEAD, STATES, jobs_text
from ..model.link import of_batch
from ..model.nouns.batches import BATCH
from ..model.quantity import bar
from ..model.shellwords import in_quotes
from .cells import pairs
from .result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .context import Context

LABEL_WIDTH = 11
BAR_WIDTH = 30


def answer(context: Context, name: str) -> Result:
    """Answer with how far a batch is. Raises NotFound."""
    batch = context.queue.batches.get(name)
    return Result(BATCH, record=batch, message=_shown(batch), call=pairs(_calls(batch), LABEL_WIDTH), ids=[batch.name])


def _shown(batch: Batch) -> str:
    """Return a batch as people read it: what is not known is left out."""
    percent = batch.ended * 100 // batch.jobs
    values = [
        ("batch", batch.name),
        ("state", state_text(batch)),
        ("progress", f"{bar(percent, BAR_WIDTH)} {percent}% {batch.ended}/{batch.jobs}"),
        ("jobs", ", ".join(f"{batch.states[state]} {state}" for state in STATES if state in batch.states)),
    ]
    if batch.stuck:
        values.append(("stuck", str(batch.stuck)))
    if batch.slots is not None:
        values.append(("limit", f"{batch.slots} at a time"))
    if batch.waiting:
        values.append(("then", f"{jobs_text(batch.waiting)} {'waits' if batch.waiting == 1 else 'wait'} for it"))
    if batch.max_fails is not None:
        values.append(("max fails", str(batch.max_fails)))
    values.append(("added", f"{when.local(batch.created_at)} by {batch.created_by}"))
    if batch.started_at is not None:
        values.append(("started", when.local(batch.started_at)))
    if batch.finished_at is not None:
        values.append(("finished", when.local(batch.finished_at)))
    if batch.rate is not None:
        values.append(("rate", rate_text(batch.rate)))
    if batch.time_left is not None:
        values.append(("time left", f"about {when.duration_text(batch.time_left)}"))
    return pairs(values, LABEL_WIDTH)


def _calls(batch: Batch) -> list[tuple[str, str]]:
    """Return the commands that say more about a batch, or help it."""
    jobs = written("batch", batch.name)
    calls = [("its jobs", f"queuectl list {jobs}")]
    if batch.stuck:
        calls.append(("stuck jobs", f"queuectl list {in_quotes(f'{jobs} ' + written('stuck', 'yes'))}"))
    if batch.waiting:
        calls.append(("what waits", f"queuectl list {written('after', of_batch(batch.name))}"))
    if batch.stopped_at is not None:
        calls.append(("go on with", go_on(batch.name)))
    elif batch.dead:
        calls.append(("retry dead", f"queuectl retry {in_quotes(f'{jobs} ' + written('state', DEAD))}"))
    return calls


def rate_text(per_hour: float) -> str:
    """Return so many jobs an hour as a number that is easy to read, such as `2.5 jobs a second`."""
    for unit, hours in (("second", 1 / 3600), ("minute", 1 / 60)):
        if per_hour * hours >= 1:
            return f"{per_hour * hours:.1f} jobs a {unit}"
    return f"{per_hour:.1f} jobs an hour"
