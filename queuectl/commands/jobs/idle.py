"""Notes to a user who waits for jobs that do not run: their ids and the command that helps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Sized
from contextlib import contextmanager

from ...model import when
from ...model.errors import Conflict
from ...model.filter import reference
from ...model.job import BLOCKED, HELD, OPEN_STATES, PROCESSING, QUEUED_STATES, SCHEDULED, WAITING_STATES
from ...model.quantity import SHOWN, some_of
from ..context import Context

# The most jobs to look up workers for.
MOST = 500


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
        _tell(context, held, "is held" if len(held) == 1 else "are held", "let {} go with: queuectl release")
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
