"""Following jobs until they end: what they print, line by line with their ids if they are several; why some wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager

from ...engine.logs import LOOK_SECONDS, Follower, read_job
from ...model import when
from ...model.attempt import Attempt
from ...model.errors import Conflict
from ...model.exits import SIGNAL_BASE
from ...model.filter import reference
from ...model.job import (
    BLOCKED,
    COMPLETED,
    HELD,
    OPEN_STATES,
    PROCESSING,
    QUEUED_STATES,
    SCHEDULED,
    WAITING_STATES,
    Job,
)
from ...model.link import STUCK
from ...model.piece import nothing_printed
from ...model.quantity import SHOWN, counted, some_of
from ..context import Context, Labeled, Result

# The most jobs to look up workers for.
MOST = 500


class ToldFollower(Follower):
    """Follows a job from its last attempt on, or from its last `tail` lines. Notes tell how earlier attempts ended."""

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


def exit_code_of(job: Job) -> int:
    """Return the exit code that stands for how a job ended, as a shell would give it; 1 if it never ran."""
    if job.state == COMPLETED:
        return 0
    if job.signal is not None:
        return SIGNAL_BASE + job.signal
    return job.exit_code or 1


@contextmanager
def waited_for(context: Context, numbers: Sequence[int]) -> Iterator[None]:
    """Say which of some jobs do not run; at Ctrl-C within the block, that they go on and how to end them."""
    if context.queue.workers.asking_job in numbers:
        raise Conflict("this job would wait for its own end")
    try:
        _tell_what_waits(context, numbers)
        yield
    except KeyboardInterrupt:
        states = context.queue.states_of(numbers)
        left = [number for number, state in states.items() if state in OPEN_STATES]
        if left:
            _tell(context, left, "goes on" if len(left) == 1 else "go on", "cancel {} with: queuectl cancel")
        raise


def _tell_what_waits(context: Context, numbers: Sequence[int]) -> None:
    """Say which of some jobs are held, wait for a time or for others, have nobody to run them, or stand still."""
    states, why = context.queue.states_of(numbers), context.queue.reports.why

    def of(*wanted: str) -> list[int]:
        return [number for number, state in states.items() if state in wanted]

    held, waiting = of(HELD), of(*WAITING_STATES)
    if held:
        _tell(context, held, "is held" if len(held) == 1 else "are held", "let {} run with: queuectl release")
    for job in context.queue.read(of(SCHEDULED)[:SHOWN]):
        context.front_end.note(f"{job.id} waits until {when.local(job.run_at)}")
    for job in context.queue.read(of(BLOCKED)[:SHOWN]):
        context.front_end.note(f"{job.id}: {why(job).reason}")
    if waiting and not _tell_paused(context, waiting):
        _tell_unattended(context, waiting, of(*QUEUED_STATES))
    # Those that are processing may be suspended, or their workers gone.
    for job in context.queue.read(of(PROCESSING)):
        if job.is_gone or job.is_suspended:
            found = why(job)
            context.front_end.note(f"{job.id}: {found.reason}" + (f": {found.hint}" if found.hint else ""))


def _tell_unattended(context: Context, waiting: Sequence[int], queued: Sequence[int]) -> None:
    """Say which of some jobs that wait have nobody to run them; those that are `queued` wait for nothing else."""
    from ...model.alert import NO_WORKERS_RUN

    if not context.queue.is_attended():
        _tell(context, waiting, f"{_waits(waiting)}: {NO_WORKERS_RUN}")
        return
    by_queue: dict[str, list[int]] = {}
    for job in context.queue.read(queued[:MOST]):
        by_queue.setdefault(job.queue, []).append(job.number)
    for queue, command in context.queue.reports.without_workers(by_queue).items():
        what = f"{_waits(by_queue[queue])}: no worker takes jobs of queue {queue}; start some with: {command}"
        _tell(context, by_queue[queue], what)


def _tell_paused(context: Context, waiting: Sequence[int]) -> bool:
    """Say which of some jobs that wait are paused; return whether there are any."""
    status, paused = context.queue.reports.status(), False
    for job in context.queue.read(waiting[:SHOWN]) if status.lanes else ():
        lane = status.pause or status.paused_lane(job.queue)
        if lane is not None:
            paused = True
            resume = f"queuectl resume {lane.name}".rstrip()
            context.front_end.note(
                f"{job.id} waits: {lane.subject} is {lane.pause_text(status.now)}; resume with: {resume}"
            )
    return paused


def _waits(jobs: Sized) -> str:
    return "waits" if len(jobs) == 1 else "wait"


def _tell(context: Context, numbers: Sequence[int], what: str, help: str = "") -> None:
    """Say something of jobs, with a command that helps where all of them can be named."""
    jobs = context.queue.read(numbers[:SHOWN])
    if help and len(numbers) <= SHOWN:
        what += f"; {help.format('it' if len(numbers) == 1 else 'them')} {' '.join(map(reference, jobs))}"
    context.front_end.note(f"{some_of([job.id for job in jobs], len(numbers))} {what}")
