"""`results`: what the jobs of a batch have brought, for spreadsheets and programs."""

from __future__ import annotations

from ...engine.results import results_of
from ...model.errors import InvalidInput
from ...model.job import jobs_text
from ..context import Context
from ..grammar.registry import Arg, command
from ..result import Result


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
