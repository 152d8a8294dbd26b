"""Following what jobs print while they run: one as it is, several line by line with their ids in front."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...engine.follower import LOOK_SECONDS, Follower, read_job
from ...model.attempt import Attempt
from ...model.job import COMPLETED, Job
from ...model.link import STUCK
from ...model.piece import nothing_printed
from ...model.quantity import counted, some_of
from ..context import Context
from ..result import Labeled, Result
from .idle import waited_for


class ToldFollower(Follower):
    """Follows a job from its last attempt on. A note reports the end of each attempt but the last.

    `tail` begins with the last lines of what is there.
    """

    def __init__(
        self, context: Context, job: Job, *, stream: int | None = None, tail: int | None = None, only: int | None = None
    ) -> None:
        queue = context.queue
        attempts = queue.logs.attempts(job)
        super().__init__(queue, queue.logs, job, first=max(0, len(attempts) - 1), stream=stream, only=only)
        self._context = context
        self._only_one = only is not None
        begun = attempts[-1:] if only is None else attempts[only - 1 : only]
        if tail is not None and begun:
            self.position = queue.logs.tail_position(begun[0], tail, stream)

    def end_of(self, attempt: Attempt, job: Job, *, is_last: bool) -> Iterator[bytes]:
        """Yield a line if the attempt has printed nothing, and tell how it ended unless it is the last."""
        if not self.position:
            yield nothing_to_see(self._context, job, attempt)
        if not (self._only_one or is_last):
            self._context.front_end.note(
                f"{job.id}: attempt {attempt.attempt} ended: {attempt.error}, the job is {job.state}"
            )


def nothing_to_see(context: Context, job: Job, attempt: Attempt) -> bytes:
    """Say why the output of an attempt was removed. Return the line that a person reads if there is no output."""
    if context.queue.logs.is_removed(attempt):
        size = counted(attempt.output_size, "byte")
        context.front_end.note(
            f"{job.id}: what attempt {attempt.attempt} printed was removed ({size}): all output together had passed "
            "output_total, and the oldest goes first"
        )
        return b""
    return nothing_printed(is_running=attempt.outcome is None) if context.front_end.is_read_by_people else b""


def follow(context: Context, followers: Sequence[Follower], numbers: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Yield what jobs print, each piece after the index of its job, until all are done; an empty piece ends a job's.

    Say first which of the jobs of these numbers do not run, and at Ctrl-C that they go on.
    """
    open = dict(enumerate(followers))
    with waited_for(context, numbers):
        while open:
            for index, follower in list(open.items()):
                for piece in filter(None, follower.look()):
                    yield index, piece
                if follower.is_done:
                    del open[index]
                    yield index, b""
            if open:
                context.clock.pause(LOOK_SECONDS)


def labeled(names: Sequence[str], pieces: Iterable[tuple[int, bytes]]) -> Iterator[Labeled]:
    """Yield what several jobs print as whole lines with the names in front. The pieces are those of `follow`."""
    width = max(map(len, names))
    begun = [b""] * len(names)
    for index, piece in pieces:
        *lines, begun[index] = (begun[index] + piece).split(b"\n")
        if not piece and begun[index]:
            lines.append(begun[index])
            begun[index] = b""
        yield from (Labeled(f"{names[index]:<{width}} | ", index, line + b"\n") for line in lines)


def follow_jobs(context: Context, numbers: Sequence[int]) -> Result:
    """Return what new jobs print as it comes; the exit code is known at the end: that of one job, 1 if one failed."""
    result = Result(live=True)
    result.text = _to_code(context, numbers, result)
    return result


def _to_code(context: Context, numbers: Sequence[int], result: Result) -> Iterator[bytes | Labeled]:
    from .wait import exit_code_of

    jobs = [read_job(context.queue, number) for number in numbers]
    context.front_end.note(f"{'Job' if len(jobs) == 1 else 'Jobs'} added: {some_of([job.id for job in jobs])}")
    pieces = follow(context, [ToldFollower(context, job) for job in jobs], numbers)
    if len(jobs) == 1:
        yield from (piece for _, piece in pieces)
    else:
        yield from labeled([job.id for job in jobs], pieces)
    jobs = [read_job(context.queue, number) for number in numbers]
    failed = [job for job in jobs if job.state != COMPLETED]
    for job in jobs if len(jobs) == 1 else failed:
        how = STUCK if job.stuck else job.state
        context.front_end.note(f"{job.id} is {how}" + (f": {job.error}" if job.error else ""))
    result.code = exit_code_of(jobs[0]) if len(jobs) == 1 else int(bool(failed))
