"""Commands about batches: which there are, how far each one is, and the results of its jobs."""

from __future__ import annotations

from ...engine.batches import results_of
from ...model import when
from ...model.batch import Batch, go_on, state_text
from ...model.errors import InvalidInput
from ...model.filter import written
from ...model.job import DEAD, STATES, jobs_text
from ...model.link import of_batch
from ...model.nouns.batches import BATCH
from ...model.quantity import bar, counted
from ...model.shellwords import in_quotes
from ..cells import pairs
from ..context import Context, Result
from ..grammar.registry import Arg, command
from ..grammar.shared import LIMIT, SLOTS, beyond_limit, limit_of

COLUMNS = ("name", "state", "jobs", "ended", "dead", "slots", "created_at", "finished_at", "time_left")
LABEL_WIDTH = 11
BAR_WIDTH = 30
NAME = Arg("name", metavar="NAME", help="the batch's name", complete="batch")


@command("batch list", LIMIT, watch=True, examples=("batch list", "batch list --watch"))
def batch_list(context: Context, *, limit: int | None) -> Result:
    """List the batches, newest first: how many jobs each has, and how many have ended."""
    most, batches = limit_of(context, limit), context.queue.batches
    rows = batches.all(most)
    notes = beyond_limit(len(rows), most, batches.count, "batches")
    if not rows:
        notes.append("there are no batches; begin one with: queuectl add --batch NAME 'COMMAND'")
    return Result(BATCH, rows=rows, columns=COLUMNS, ids=[row.name for row in rows], notes=notes)


@command("batch show", NAME, watch=True, examples=("batch show nightly", "batch show nightly --watch"))
def batch_show(context: Context, *, name: str) -> Result:
    """Show how far a batch is: its jobs by state, its rate and the time left."""
    batch = context.queue.batches.get(name)
    return Result(BATCH, record=batch, message=_shown(batch), call=pairs(_calls(batch), LABEL_WIDTH), ids=[batch.name])


def _shown(batch: Batch) -> str:
    percent = batch.ended * 100 // batch.jobs
    values = [
        ("batch", batch.name),
        ("state", state_text(batch)),
        ("progress", f"{bar(percent, BAR_WIDTH)} {percent}% {batch.ended}/{batch.jobs}"),
        ("jobs", ", ".join(f"{batch.states[state]} {state}" for state in STATES if state in batch.states)),
        ("stuck", str(batch.stuck) if batch.stuck else None),
        ("limit", None if batch.slots is None else f"{batch.slots} at a time"),
        ("then", f"{counted(batch.waiting, 'job waits', 'jobs wait')} for it" if batch.waiting else None),
        ("max fails", None if batch.max_fails is None else str(batch.max_fails)),
        ("added", f"{when.local(batch.created_at)} by {batch.created_by}"),
        ("started", None if batch.started_at is None else when.local(batch.started_at)),
        ("finished", None if batch.finished_at is None else when.local(batch.finished_at)),
        ("rate", None if batch.rate is None else rate_text(batch.rate)),
        ("time left", None if batch.time_left is None else f"about {when.duration_text(batch.time_left)}"),
    ]
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
    """Return a rate in the unit that is easiest to read, such as `2.5 jobs a second`."""
    for unit, hours in (("second", 1 / 3600), ("minute", 1 / 60)):
        if per_hour * hours >= 1:
            return f"{per_hour * hours:.1f} jobs a {unit}"
    return f"{per_hour:.1f} jobs an hour"


@command("batch limit", NAME, SLOTS, examples=("batch limit nightly 4", "batch limit nightly none"))
def batch_limit(context: Context, *, name: str, limit: int | None) -> Result:
    """Limit how many jobs of a batch run at a time: the same as add --batch NAME%N.

    A lower limit ends no job: those that run go on, and none starts until there is room.
    """
    batch = context.queue.batches.limit(name, limit)
    most = "any number of jobs" if limit is None else f"at most {jobs_text(limit)}"
    return Result(BATCH, record=batch, message=f"Batch {name}: {most} at a time", ids=[batch.name])


@command(
    "results",
    Arg("jobs", metavar="BATCH|FILTER", complete="batch", help="the name of a batch, a filter, or a job"),
    Arg("--with-output", flag=True, help="also what the last attempt of each printed"),
    Arg("--dir", metavar="DIR", complete="directory", help="write what each printed into files of this directory"),
    examples=("results nightly -o csv > nightly.csv", "results nightly -o jsonl --with-output"),
)
def results(context: Context, *, jobs: str, with_output: bool, dir: str | None) -> Result:
    """Show the inputs of jobs, how each ended and what it printed, in the order of the inputs.

    Each input that has a name or a place of its own is a key: input_size, input_1. Bytes that are no text are shown as
    \\xNN; the files of --dir have them as they are: DIR/NUMBER/stdout and DIR/NUMBER/stderr. DIR must be empty or new.
    """
    if with_output and dir is not None:
        raise InvalidInput("give either --with-output or --dir, not both", field="dir")
    found = results_of(context.queue, jobs, with_output=with_output, directory=dir)
    if dir is not None:
        found.write()
    left = found.count_open()
    notes = [f"{jobs_text(left)} of {len(found)} {'has' if left == 1 else 'have'} not ended yet"] if left else []
    return Result(found.noun, rows=found, ids=lambda row: str(row["id"]), notes=notes)
