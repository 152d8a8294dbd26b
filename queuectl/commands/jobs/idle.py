"""What is said to a user who waits for jobs that do not run: their ids and the command that helps."""

from __future__ import annotations

from contextlib import contextmanager

from ...model import when
from ...model.errors import Conflict
from ...model.filter import reference
from ...model.job import BLOCKED, HELD, OPEN_STATES, PROCESSING, QUEUED_STATES, SCHEDULED, WAITING_STATES
from ...model.quantity import SHOWN, some_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Mapping, Sequence, Sized

    from ...model.job import Job
    from ..context import Context

# Of so many jobs it is looked up who takes them.
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
        _tell_that_they_go_on(context, numbers)
        raise


def _tell_what_waits(context: Context, numbers: Sequence[int]) -> None:
    """Say which of some jobs are held, wait for a time or for others, have nobody to run them, or stand still."""
    states = context.queue.states_of(numbers)
    held = [number for number, state in states.items() if state == HELD]
    if held:
        _tell(context, held, "is held" if len(held) == 1 else "are held", "let {} go with: queuectl release")
    for job in context.queue.read([number for number, state in states.items() if state == SCHEDULED][:SHOWN]):
        context.front_end.note(f"{job.id} waits until {when.local(job.run_at)}")
    for job in context.queue.read([number for number, state in states.items() if state == BLOCKED][:SHOWN]):
        context.front_end.note(f"{job.id}: {context.queue.reports.why(job).reason}")
    _tell_unattended(context, {number: state for number, state in states.items() if state in WAITING_STATES})
    _tell_what_stands(context, context.queue.read([number for number, state in states.items() if state == PROCESSING]))


def _tell_unattended(context: Context, states: Mapping[int, str]) -> None:
    """Say which of some jobs that wait have nobody to run them."""
    from ...model.alert import NO_WORKERS_RUN

    if not states or _tell_paused(context, states):
        return
    if not context.queue.is_attended():
        _tell(context, list(states), f"{_waits(states)}: {NO_WORKERS_RUN}")
        return
    by_queue: dict[str, list[int]] = {}
    queued = [number for number, state in states.items() if state in QUEUED_STATES]
    for job in context.queue.read(queued[:MOST]):
        by_queue.setdefault(job.queue, []).append(job.number)
    for queue, command in context.queue.reports.without_workers(by_queue).items():
        what = f"{_waits(by_queue[queue])}: no worker takes jobs of queue {queue}; start some with: {command}"
        _tell(context, by_queue[queue], what)


def _tell_paused(context: Context, states: Mapping[int, str]) -> bool:
    """Say which of some jobs that wait are paused; return whether there are any."""
    status, paused = context.queue.reports.status(), False
    for job in context.queue.read(list(states)[:SHOWN]) if status.lanes else ():
        lane = status.pause or status.paused_lane(job.queue)
        if lane is not None:
            paused = True
            resume = f"queuectl resume {lane.name}".rstrip()
            context.front_end.note(
                f"{job.id} waits: {lane.subject} is {lane.pause_text(status.now)}; resume with: {resume}"
            )
    return paused


def _tell_what_stands(context: Context, jobs: Sequence[Job]) -> None:
    """Say which of some jobs that are processing do not run: they are suspended, or their workers are gone."""
    for job in jobs:
        if job.is_gone or job.is_suspended:
            found = context.queue.reports.why(job)
            context.front_end.note(f"{job.id}: {found.reason}" + (f": {found.hint}" if found.hint else ""))


def _tell_that_they_go_on(context: Context, numbers: Sequence[int]) -> None:
    states = context.queue.states_of(numbers)
    left = [number for number, state in states.items() if state in OPEN_STATES]
    if not left:
        return
    _tell(context, left, "goes on" if len(left) == 1 else "go on", "cancel {} with: queuectl cancel")


def _waits(jobs: Sized) -> str:
    return "waits" if len(jobs) == 1 else "wait"


def _tell(context: Context, numbers: Sequence[int], what: str, help: str = "") -> None:
    """Say something of jobs, with a command that helps where all of them can be named."""
    jobs = context.queue.read(numbers[:SHOWN])
    if help and len(numbers) <= SHOWN:
        what += f"; {help.format('it' if len(numbers) == 1 else 'them')} {' '.join(map(reference, jobs))}"
    context.front_end.note(f"{some_of([job.id for job in jobs], len(numbers))} {what}")
