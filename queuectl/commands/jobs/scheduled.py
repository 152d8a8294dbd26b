"""Commands about jobs that wait for their time."""

from __future__ import annotations

from ...model.errors import InvalidInput
from ...model.fields import BY_NAME, GIVEN
from ...model.nouns.jobs import COMING
from ...model.shellwords import shell_line
from ..context import Context, Result
from ..grammar.registry import Arg, command
from ..grammar.shared import LIMIT, beyond_limit, limit_of
from .adding import added_job, enqueued
from .linked import link_notes
from .options import job_fields, options, tell_of_line_end


@command(
    "schedule",
    Arg("command", help="the command, as one quoted text", complete="command", field="command"),
    Arg(
        "when",
        many=True,
        field="run_at",
        help="+30m, 2h30m, 18:00, tomorrow 09:00, 'fri 18:00', noon, 2026-11-10 02:00:00 (local), or ISO 8601 with "
        "zone",
    ),
    *options(GIVEN, but=("command", "run_at")),
    examples=("schedule './backup.sh' +1h", "schedule 'make report' tomorrow 09:00 --retries 2"),
)
def schedule(context: Context, *, command: str, when: list[str], **given: object) -> Result:
    """Add a job that runs once, at a set time; prints that time, local and UTC."""
    if not when:
        message = "the time is missing; give one such as +30m, 18:00 or tomorrow 09:00"
        raise InvalidInput(message, field="when", hint="queuectl scheduled lists what is to come")
    time, now = " ".join(when), context.clock.wall()
    if _is_time(command, now) and not _is_time(time, now):
        hint = shell_line(["queuectl", "schedule", time, command])
        raise InvalidInput("the command comes first, then the time", field="when", hint=hint)
    tell_of_line_end(context, command)
    specs = context.queue.check([{**job_fields(context, given), "command": command, "run_at": time}])
    ids, _ = enqueued(context, specs)
    hint_if_nobody_looks(context)
    return added_job(context, context.queue.get(ids[0]), link_notes(context, specs, ids))


def _is_time(text: str, now: int) -> bool:
    try:
        BY_NAME["run_at"].check(text, now)
    except ValueError:
        return False
    return True


def hint_if_nobody_looks(context: Context) -> None:
    """Say what to start where nothing runs that would notice the time."""
    if context.queue.workers.pid is None and context.queue.scheduler.pid is None:
        context.front_end.hint(
            lambda: "nothing runs that will start it: queuectl worker start, or queuectl scheduler start --auto"
        )


@command("scheduled", LIMIT, watch=True, examples=("scheduled", "scheduled --watch"))
def scheduled(context: Context, *, limit: int | None) -> Result:
    """List what is to come: scheduled jobs, further attempts, and the next time of each schedule."""
    most = limit_of(context, limit)
    rows, total = context.queue.reports.upcoming(None if most < 0 else most)
    notes = [] if rows else ["nothing is scheduled; add a job with: queuectl schedule 'COMMAND' tomorrow 09:00"]
    notes += beyond_limit(len(rows), most, lambda: total, "times")
    return Result(COMING, rows=rows, ids=[row.id for row in rows], notes=notes)
