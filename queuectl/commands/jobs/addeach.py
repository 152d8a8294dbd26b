"""`add` with inputs: a job for each, all of them in one batch."""

from __future__ import annotations

from ...model.job import jobs_text
from ...model.nouns import jobs as nouns
from ..result import Result
from .addedtext import due_note
from .afterwards import awaited, start_worker
from .linked import link_notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

    from ...model.spec import JobSpec
    from ..context import Context
    from .inputs import Given

MANY_JOBS = 10_000
# So many commands of each end are shown of jobs that would be added.
SHOWN = 3


def add_each(
    context: Context,
    given: Given,
    command: str | Sequence[str],
    fields: dict[str, Any],
    *,
    wait: bool,
    follow: bool,
    start: bool,
    dry_run: bool,
) -> Result:
    """Add a job for each input, as one batch."""
    specs = given.of(context, command, fields).specs(context.queue, fields)
    if dry_run:
        return planned(specs)
    if start:
        start_worker(context, specs[0].queue)
    ids = _enqueued(context, specs)
    batch = specs[0].batch
    notes = link_notes(context, [fields] * len(ids), ids)
    if follow or wait:
        for note in notes:
            context.front_end.note(note)
        return awaited(context, ids, follow=follow)
    notes += [due_note(context, ids[0])] if "run_at" in fields else []
    span = ids[0] if len(ids) == 1 else f"{ids[0]} to {ids[-1]}"
    context.front_end.hint(lambda: f"see how far they are with: queuectl batch show {batch}")
    message = f"Jobs added: {batch}, {jobs_text(len(ids))}, {span}"
    return Result(nouns.ADDED, rows=[{"id": job} for job in ids], message=message, ids=ids, notes=notes)


def _enqueued(context: Context, specs: Sequence[JobSpec]) -> list[str]:
    """Enqueue jobs as a batch, showing progress where it takes long enough to wonder; return their ids."""
    is_batch = specs[0].batch is None
    if len(specs) < MANY_JOBS:
        return context.queue.enqueue_checked(specs, is_batch=is_batch)
    with context.front_end.progress(len(specs), "adding") as on_progress:
        return context.queue.enqueue_checked(specs, is_batch=is_batch, on_progress=on_progress)


def planned(specs: Sequence[JobSpec]) -> Result:
    """Return the answer that shows jobs without adding them: the commands of the first and the last of them."""
    count, commands = len(specs), [spec.command for spec in specs]
    ends = commands if count <= 2 * SHOWN else [*commands[:SHOWN], *commands[-SHOWN:]]
    lines = ends if len(ends) == count else [*ends[:SHOWN], "...", *ends[SHOWN:]]
    return Result(
        nouns.PLANNED,
        record={"jobs": count, "commands": ends},
        message="\n".join(lines),
        notes=[f"{jobs_text(count)} would be added, nothing was"],
    )
