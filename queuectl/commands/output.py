"""The `logs` command: what jobs printed, and following them."""
from __future__ import annotations

from ..engine.reading import attempt_of, left_out, read_output, tail_position
from ..model.errors import InvalidInput, NotFound
from ..store.output import STDERR, STDOUT
from . import arguments
from .jobs import JOB
from .registry import Arg, command
from .result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator, Iterator

    from ..engine.queue import Queue
    from ..model.job import Job
    from ..store.sqlite import Row
    from .context import Context

GROUP = "Jobs"
LOOK_SECONDS = 0.05


def attempt_number(text: str) -> int | str:
    """A number, or all."""
    return text if text == "all" else arguments.integer(1, 1_000_000_000)(text)


@command(
    "logs", JOB,
    Arg("--follow", "-f", flag=True, help="go on until the job is done"),
    Arg("--attempt", "-A", parse=attempt_number, metavar="N|all", help="this attempt, or all (default: the last)"),
    Arg("--stdout", flag=True, help="only standard output"),
    Arg("--stderr", flag=True, help="only standard error"),
    Arg("--tail", "-n", parse=arguments.integer(1, 1_000_000_000), metavar="N", help="only the last N lines"),
    Arg("--raw", flag=True, help="print the bytes as they are, also to a terminal"),
    group=GROUP, examples=("logs job-1", "logs -f last", "logs job-1 --attempt 2 --stderr", "logs job-1 --tail 20"),
)
def logs(context: Context, *, id: str, follow: bool, attempt: int | str | None, stdout: bool, stderr: bool,
         tail: int | None, raw: bool) -> Result:
    """Print what a job has printed."""
    if stdout and stderr:
        raise InvalidInput("give either --stdout or --stderr; without both is shown")
    stream = STDOUT if stdout else STDERR if stderr else None
    queue = context.queue
    job = queue.get(id)
    if attempt == "all":
        if follow or tail is not None:
            raise InvalidInput("--attempt all goes with neither --follow nor --tail")
        return Result(text=_all_attempts(queue, job, stream), raw=raw)
    number = attempt if isinstance(attempt, int) else None
    if follow:
        return Result(text=_follow(context, job.number, stream, tail, number), raw=raw)
    found = attempt_of(queue.store, job, number)
    return Result(text=_pieces(queue, found, stream, tail), raw=raw)


def _pieces(queue: Queue, attempt: Row, stream: int | None, tail: int | None) -> Iterator[bytes]:
    position = 0 if tail is None else tail_position(queue.store, attempt, tail, stream)
    yield from _since(queue, attempt, stream, position)


def _all_attempts(queue: Queue, job: Job, stream: int | None) -> Iterator[bytes]:
    attempts = queue.store.attempts.of_job(job.number)
    if not attempts:
        attempt_of(queue.store, job, None)
    for attempt in attempts:
        ended = attempt["error"] or attempt["outcome"] or "running"
        yield f"--- attempt {attempt['attempt']}: {ended} ---\n".encode()
        yield from _pieces(queue, attempt, stream, None)


def _follow(context: Context, number: int, stream: int | None, tail: int | None, only: int | None) -> Iterator[bytes]:
    """Yield what a job prints, attempt by attempt, until it is final; with `only` that attempt alone."""
    queue = context.queue
    attempts = queue.store.attempts.of_job(number)
    shown = only - 1 if only is not None else max(0, len(attempts) - 1)
    position = tail_position(queue.store, attempts[shown], tail, stream) if tail is not None and attempts[shown:] else 0
    while True:
        job = _job(queue, number)
        attempts = queue.store.attempts.of_job(number)
        for attempt in attempts[shown:] if only is None else attempts[shown:only]:
            position = yield from _since(queue, attempt, stream, position)
            if attempt["outcome"] is None:
                break
            shown, position = shown + 1, 0
            if only is None and (attempt is not attempts[-1] or not job.is_final):
                context.front_end.note(f"attempt {attempt['attempt']} ended: {attempt['error']}, "
                                       f"the job is {job.state}")
        if shown == only:
            return
        if job.is_final and shown >= len(attempts):
            if only is not None:
                attempt_of(queue.store, job, only)
            return
        context.clock.pause(LOOK_SECONDS)


def _since(queue: Queue, attempt: Row, stream: int | None, position: int) -> Generator[bytes, None, int]:
    """Yield what an attempt has printed from a position on; return the position after it."""
    for piece, missing in left_out(read_output(queue.store, attempt, position), position):
        if missing:
            yield f"\n[... {missing} bytes left out ...]\n".encode()
        if stream in (None, piece.stream):
            # The position may lie within the first piece.
            yield piece.data[max(0, position - piece.position):]
        position = piece.end
    return position


def _job(queue: Queue, number: int) -> Job:
    found = queue.store.search.jobs([number])
    if not found:
        raise NotFound("the job was removed")
    return found[0]


def follow_job(context: Context, number: int) -> Result:
    """Return a new job's output as it comes; the exit code is the job's own, known at the end."""
    result = Result()
    result.text = _follow_to_code(context, number, result)
    return result


def _follow_to_code(context: Context, number: int, result: Result) -> Iterator[bytes]:
    from .actions import exit_code_of

    yield from _follow(context, number, None, None, None)
    job = _job(context.queue, number)
    context.front_end.note(f"{job.id} is {job.state}" + (f": {job.error}" if job.error else ""))
    result.code = exit_code_of(job)
