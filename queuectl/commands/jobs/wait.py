"""Waiting for jobs, and the exit code that tells how they ended."""

from __future__ import annotations

from collections import Counter

from ...engine.waiting import Waiting
from ...model.errors import NotFound, QueueCTLError
from ...model.filter import Filter
from ...model.job import COMPLETED, OPEN_STATES, STATES, jobs_text
from ...model.quantity import SHOWN, some_of
from ..context import Context, Result, job_table
from ..grammar import arguments
from ..grammar.registry import Arg, command
from .follow import exit_code_of, waited_for
from .linked import stuck_notes
from .selection import FINDING, none_meant, select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine.finding import Selection


@command(
    "wait",
    *FINDING,
    Arg("--timeout", "-T", parse=arguments.seconds, metavar="TIME", help="give up after this time (exit code 124)"),
    Arg("--notify", flag=True, help="ring the bell of the terminal and show a message on the desktop at the end"),
    examples=("wait job-1", "wait tag:nightly"),
)
def wait(context: Context, *, timeout: float | None, notify: bool, **selection: Any) -> Result:
    """Wait until jobs are done.

    With one job named the exit code is the job's own, 1 if it never ran. With several, or a filter, it is 1
    if one of them did not complete, also if it ended before; it is 3 if a filter finds no jobs, except
    with --all and state:open. The jobs are those that a filter finds at the start.
    """
    meant = select(context, **selection, means=STATES)
    if not meant.numbers:
        _demand_known(context, meant)
        return job_table([], ["there is nothing to wait for"])
    try:
        result = wait_for(context, meant, timeout=timeout)
    except QueueCTLError as error:
        if notify:
            _notify(context, str(error))
        raise
    if notify:
        counts = Counter(context.queue.states_of(meant.numbers).values())
        ended = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
        _notify(context, f"{jobs_text(sum(counts.values()))} done: {ended}")
    return result


def _notify(context: Context, text: str) -> None:
    from ...engine.waiting import notify

    context.front_end.ring()
    trouble = notify("QueueCTL", text)
    if trouble is not None:
        context.front_end.note(f"no message on the desktop: {trouble}")


def _demand_known(context: Context, meant: Selection) -> None:
    """Raise NotFound if there is no such job: a mistake in a name must not look like jobs that are done."""
    wanted = meant.wanted
    if wanted is None or not set(OPEN_STATES).issubset(wanted.states):
        raise none_meant(meant)
    if wanted.terms and not context.queue.count(Filter(terms=wanted.terms)):
        raise none_meant(meant)


def wait_for(context: Context, meant: Selection, *, timeout: float | None = None) -> Result:
    """Wait for jobs, showing progress; the exit code is that of one job that was named, else 1 if one did not complete.

    Raises NotFound if the one job is removed, WaitTimeout.
    """
    waiting = Waiting(context.queue, meant.numbers, timeout=timeout)
    is_one = meant.is_named and len(meant.numbers) == 1
    # A filter may find every job that ever completed here. A user who named jobs wants to see them.
    shown = [number for number, state in waiting.states.items() if meant.is_named or state != COMPLETED]
    if not is_one:
        _tell_ended(context, waiting)
    total = len(waiting.open)
    with waited_for(context, waiting.open), context.front_end.progress(total, "waiting") as update:
        jobs = waiting.jobs(shown, lambda: update(max(0, total - len(waiting.open))))
    if is_one and not jobs:
        raise NotFound("the job was removed")
    if waiting.removed and not is_one:
        gone = some_of([str(number) for number in waiting.removed])
        context.front_end.note(f"{jobs_text(len(waiting.removed))} removed before the end: number {gone}")
    code = exit_code_of(jobs[0]) if is_one else int(not waiting.all_completed)
    return job_table(jobs, stuck_notes(context, jobs), code=code)


def _tell_ended(context: Context, waiting: Waiting) -> None:
    """Say which jobs had ended before, and had not completed."""
    ended: dict[str, list[int]] = {}
    for number, state in waiting.states.items():
        if state not in (*OPEN_STATES, COMPLETED):
            ended.setdefault(state, []).append(number)
    if ended:
        parts = []
        for state, numbers in ended.items():
            jobs = context.queue.read(numbers[:SHOWN])
            parts.append(f"{some_of([job.id for job in jobs], len(numbers))} {state}")
        context.front_end.note(f"{sum(map(len, ended.values()))} ended before: {'; '.join(parts)}")
