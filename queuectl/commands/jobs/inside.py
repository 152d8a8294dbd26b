"""Commands that a job uses about itself, while it runs."""

from __future__ import annotations

from ...engine import wishes
from ...model.nouns.jobs import ADDED
from ...model.when import duration_text
from ..context import Context, Result
from ..grammar import arguments
from ..grammar.registry import Arg, command


@command(
    "snooze",
    Arg("delay", parse=arguments.delay, metavar="DELAY", help="how long to wait, such as 10m"),
    Arg("reason", optional=True, metavar="WHY", help="the reason, which show and why print"),
    examples=("snooze 10m 'the disk is not there'", "snooze 1h"),
)
def snooze(context: Context, *, delay: float, reason: str | None) -> Result:
    """In a job: have it run again later, without using up an attempt.

    It takes effect when the command ends, whatever its exit code is then. "$QUEUECTL" calls this program in a job.
    """
    ms = round(delay * 1000)
    job = wishes.snooze(context.queue, ms, reason or "")
    return Result(ADDED, record={"id": job}, message=f"{job} runs again after {duration_text(ms)}", ids=[job])


@command(
    "fail",
    Arg("reason", metavar="WHY", help="the reason, which show and why print"),
    examples=("fail 'the input is broken'", 'fail "no such page: $QUEUECTL_ITEM"'),
)
def fail(context: Context, *, reason: str) -> Result:
    """In a job: leave it dead at once, without further attempts.

    It takes effect when the command ends, whatever its exit code is then. "$QUEUECTL" calls this program in a job.
    """
    job = wishes.fail(context.queue, reason)
    return Result(ADDED, record={"id": job}, message=f"{job} is dead once its command has ended", ids=[job])
