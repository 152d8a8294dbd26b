"""The `logs` command: what jobs printed, and following them."""

from __future__ import annotations

from ...model.errors import InvalidInput
from ...model.piece import STDERR, STDOUT
from ..context import Context, Result
from ..grammar import arguments
from ..grammar.registry import Arg, command
from .follow import ToldFollower, labeled, nothing_to_see
from .follow import follow as follow_all
from .selection import FINDING, none_meant, select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Sequence

    from ...model.attempt import Attempt
    from ...model.job import Job
    from ..context import Text


def attempt_number(text: str) -> int | str:
    """A number, or all."""
    return text if text == "all" else arguments.integer(1, 1_000_000_000)(text)


@command(
    "logs",
    *FINDING,
    Arg("--follow", "-f", flag=True, help="go on until the jobs are done"),
    Arg("--attempt", "-A", parse=attempt_number, metavar="N|all", help="this attempt, or all (default: the last)"),
    Arg("--stdout", flag=True, help="only standard output"),
    Arg("--stderr", flag=True, help="only standard error"),
    Arg("--tail", "-n", parse=arguments.integer(1, 1_000_000_000), metavar="N", help="only the last N lines"),
    Arg("--no-prefix", flag=True, help="of several jobs, print the lines without ids"),
    Arg("--raw", flag=True, help="print the bytes as they are, also to a terminal"),
    examples=("logs job-1", "logs -f last"),
)
def logs(
    context: Context,
    *,
    follow: bool,
    attempt: int | str | None,
    stdout: bool,
    stderr: bool,
    tail: int | None,
    no_prefix: bool,
    raw: bool,
    **selection: Any,
) -> Result:
    """Print what jobs have printed.

    The lines of several jobs begin with the ids of the jobs.
    With --follow, Ctrl-C ends the output and leaves the jobs alone.
    """
    if stdout and stderr:
        raise InvalidInput("give either --stdout or --stderr; without them both are shown")
    if attempt == "all" and (follow or tail is not None):
        raise InvalidInput("--attempt all goes with neither --follow nor --tail")
    stream = STDOUT if stdout else STDERR if stderr else None
    meant = select(context, **selection)
    jobs = context.queue.read(meant.numbers)
    if not jobs:
        raise none_meant(meant)
    if follow:
        only = attempt if isinstance(attempt, int) else None
        followers = [ToldFollower(context, job, stream=stream, tail=tail, only=only) for job in jobs]
        pieces = follow_all(context, followers, meant.numbers)
    elif len(jobs) == 1:
        return Result(text=_printed(context, jobs[0], attempt, stream, tail), raw=raw)
    else:
        pieces = _of_several(context, jobs, attempt, stream, tail)
    return Result(text=_shown(jobs, pieces, follow, no_prefix), raw=raw, live=follow)


def _shown(jobs: Sequence[Job], pieces: Iterator[tuple[int, bytes]], follow: bool, no_prefix: bool) -> Iterator[Text]:
    """Return the pieces as they are shown: as lines if several jobs are mixed, with or without ids."""
    if len(jobs) == 1 or (no_prefix and not follow):
        return (piece for _, piece in pieces)
    lines = labeled([job.id for job in jobs], pieces)
    return (line.data for line in lines) if no_prefix else lines


def _of_several(
    context: Context, jobs: Sequence[Job], attempt: int | str | None, stream: int | None, tail: int | None
) -> Iterator[tuple[int, bytes]]:
    """Yield the output of one job after another, as `follow` does. A note names each job that has not run."""
    for index, job in enumerate(jobs):
        if not context.queue.logs.attempts(job):
            context.front_end.note(f"{job.id} has not run yet, it is {job.state}")
            continue
        yield from ((index, piece) for piece in _printed(context, job, attempt, stream, tail) if piece)
        yield index, b""


def _printed(
    context: Context, job: Job, attempt: int | str | None, stream: int | None, tail: int | None
) -> Iterator[bytes]:
    logs = context.queue.logs
    # Asked at once, so that an attempt that does not exist is an error before anything is printed.
    chosen = logs.attempt(job, attempt if isinstance(attempt, int) else None)
    if attempt == "all":
        return _attempts(context, job, logs.attempts(job), stream)
    return _attempt(context, job, chosen, stream, tail)


def _attempt(context: Context, job: Job, attempt: Attempt, stream: int | None, tail: int | None) -> Iterator[bytes]:
    position = 0 if tail is None else context.queue.logs.tail_position(attempt, tail, stream)
    is_silent = True
    for piece in context.queue.logs.printed(attempt, position, stream):
        is_silent = is_silent and not piece
        yield piece
    if is_silent:
        yield nothing_to_see(context, job, attempt)


def _attempts(context: Context, job: Job, attempts: Sequence[Attempt], stream: int | None) -> Iterator[bytes]:
    for attempt in attempts:
        ended = attempt.error or attempt.outcome or "running"
        yield f"--- attempt {attempt.attempt}: {ended} ---\n".encode()
        yield from _attempt(context, job, attempt, stream, None)
