"""Commands about recurring jobs."""

from __future__ import annotations

from ...engine.home.timezone import follows_home, trouble
from ...engine.recurring import CATCH_UP, OVERLAP, Recurring
from ...engine.reports.schedules import schedule_detail, schedule_row, time_rows, unreadable, upcoming
from ...model.fields import RECURRING, other_texts
from ...model.nouns import schedules as nouns
from ...model.nouns.jobs import JOB
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..result import Result
from .options import job_fields, options
from .scheduled import hint_if_nobody_looks
from .selection import YES_ANYWAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...store.schedules import Schedule
    from ..context import Context

GROUP = "Schedule"
NAME = Arg("name", metavar="NAME", help="the schedule's name", complete="schedule")
# The fields of its jobs that `cron show` has words of its own for, or leaves to --json.
SHOWN = ("command", "queue", "priority", "max_retries", "timeout", "cwd", "env")
COLUMNS = ("name", "words", "timezone", "paused", "next_at", "last_state", "command")


def expression(text: str) -> str:
    """A cron expression."""
    from ...model.cron import Cron

    try:
        Cron.parse(text)
    except ValueError as error:
        raise ValueError(f"must be a cron expression: {error}") from None
    return text


def timezone(text: str) -> str:
    """The name of a time zone that this Python knows."""
    from ...model.zones import zone

    try:
        zone(text)
    except ValueError as error:
        raise ValueError(f"must be local, UTC or a zone such as Europe/London: {error}") from None
    return text


@command(
    "cron add",
    Arg("name", metavar="NAME", help="a name for it: 1 to 64 of A-Z a-z 0-9 . _ -"),
    Arg(
        "expression",
        parse=expression,
        metavar="'MIN HOUR DAY MONTH WEEKDAY'",
        help="when, as in crontab, in quotes; or @hourly, @daily, @weekly, @monthly, @yearly",
    ),
    Arg("command", help="the command, as one quoted text", complete="command", field="command"),
    Arg(
        "--timezone",
        "-z",
        parse=timezone,
        default="local",
        metavar="ZONE",
        group="when to run",
        help="UTC, or a zone such as Europe/London (default: that of the home, the setting timezone)",
    ),
    Arg(
        "--catch-up",
        choices=CATCH_UP,
        default="last",
        metavar="|".join(CATCH_UP),
        group="when to run",
        help="what to do about times that passed while nothing was running: nothing, run once, or run for each "
        "(default: last)",
    ),
    Arg(
        "--overlap",
        choices=OVERLAP,
        default="skip",
        metavar="|".join(OVERLAP),
        group="when to run",
        help="what to do while the last job has not ended: skip this time, or queue another (default: skip)",
    ),
    *options(RECURRING),
    group=GROUP,
    examples=(
        "cron add cleanup '*/5 * * * *' './cleanup.sh'",
        "cron add report '30 8 * * mon-fri' 'make report' --timezone Europe/London --retries 2",
        "cron add backup @daily './backup.sh' --catch-up last --timeout 2h",
    ),
)
def cron_add(
    context: Context,
    *,
    name: str,
    expression: str,
    command: str,
    timezone: str,
    catch_up: str,
    overlap: str,
    **given: Any,
) -> Result:
    """Add a recurring job: a command that is queued again and again."""
    added = Recurring(context.queue).add(
        name, expression, command, timezone=timezone, catch_up=catch_up, overlap=overlap, **job_fields(given)
    )
    hint_if_nobody_looks(context)
    told = trouble(context.queue.store, context.clock.wall())
    if told is not None and follows_home(added):
        context.front_end.note(told)
    return _answer(context, added, _shown(context, added, "Schedule added"))


@command("cron list", group=GROUP, watch=True, examples=("cron list", "cron list --json"))
def cron_list(context: Context) -> Result:
    """List the recurring jobs: when in words, next time, what became of the last job."""
    rows = [schedule_row(context.queue.store, found) for found in Recurring(context.queue).all()]
    notes = [] if rows else ["there are no schedules; add one with: queuectl cron add NAME '*/5 * * * *' 'COMMAND'"]
    return Result(nouns.SCHEDULE, rows=rows, columns=COLUMNS, ids=[row["name"] for row in rows], notes=notes)


@command("cron show", NAME, group=GROUP, examples=("cron show backup",))
def cron_show(context: Context, *, name: str) -> Result:
    """Show everything about a recurring job."""
    found = Recurring(context.queue).get(name)
    return _answer(context, found, _shown(context, found, "schedule"))


@command(
    "cron next",
    NAME,
    Arg("--count", "-n", parse=arguments.integer(1, 1000), default=5, metavar="N", help="how many times (default: 5)"),
    group=GROUP,
    examples=("cron next backup", "cron next backup -n 10"),
)
def cron_next(context: Context, *, name: str, count: int) -> Result:
    """Show the next times of a recurring job, local and UTC."""
    now = context.clock.wall()
    store, found = context.queue.store, Recurring(context.queue).get(name)
    times = upcoming(store, found, now, count)
    problem = unreadable(store, found)
    rows = time_rows(times, now)
    return Result(
        nouns.NEXT_TIME,
        rows=rows,
        columns=("local", "utc", "in"),
        ids=[str(row["utc"]) for row in rows],
        notes=[problem] if problem else [] if rows else ["it never comes before 2101"],
    )


@command("cron run", NAME, group=GROUP, examples=("cron run backup",))
def cron_run(context: Context, *, name: str) -> Result:
    """Run a recurring job now, in addition to its times."""
    job = Recurring(context.queue).run(name)
    return Result(JOB, record=job, message=f"Job added: {job.id}", ids=[job.id])


@command("cron pause", NAME, group=GROUP, examples=("cron pause backup",))
def cron_pause(context: Context, *, name: str) -> Result:
    """Pause a recurring job until it is resumed."""
    found = Recurring(context.queue).pause(name)
    return _answer(context, found, f"Schedule paused: {name}")


@command("cron resume", NAME, group=GROUP, examples=("cron resume backup",))
def cron_resume(context: Context, *, name: str) -> Result:
    """Resume a paused recurring job; times that passed meanwhile are skipped."""
    found = Recurring(context.queue).resume(name)
    return _answer(context, found, f"Schedule resumed: {name}")


@command("cron remove", NAME, YES_ANYWAY, group=GROUP, examples=("cron remove backup",))
def cron_remove(context: Context, *, name: str, yes: bool) -> Result:
    """Delete a recurring job; the jobs that it made stay."""
    Recurring(context.queue).remove(name)
    return Result(nouns.REMOVED, record={"removed": name}, message=f"Schedule removed: {name}", ids=[name])


def _answer(context: Context, schedule: Schedule, message: str) -> Result:
    found = schedule_detail(context.queue.store, schedule, context.clock.wall())
    return Result(nouns.SCHEDULE_DETAIL, record=found, message=message, ids=[schedule.name])


def _shown(context: Context, schedule: Schedule, title: str) -> str:
    from ...model import when

    row, now = schedule_row(context.queue.store, schedule), context.clock.wall()
    due = row["next_at"]
    values = [
        (title, row["name"]),
        ("when", f"{'paused: ' * schedule.paused}{row['words']} ({row['timezone']}), {row['expression']}"),
        ("timezone", row["timezone"] + (", that of the home" if follows_home(schedule) else "")),
        ("command", row["command"]),
        (
            "next",
            "never"
            if due is None and not schedule.paused
            else "not while it is paused"
            if due is None
            else f"{when.local(due)} ({when.iso(due)}), {when.ago(due, now)}",
        ),
        ("last job", "none yet" if row["last_job"] is None else f"{row['last_job']}, {row['last_state']}"),
        ("missed", {"none": "times are left out", "last": "times run once", "all": "times run each"}[row["catch_up"]]),
        (
            "overlap",
            {
                "skip": "left out while the last job has not ended",
                "queue": "queued although the last job has not ended",
            }[row["overlap"]],
        ),
        ("queue", f"{row['queue']}, priority {row['priority']}"),
        ("retries", str(row["max_retries"])),
        ("timeout", "none" if row["timeout"] is None else when.duration_text(row["timeout"])),
        ("directory", row["cwd"]),
        *other_texts(schedule, RECURRING, SHOWN),
        ("added", f"{when.local(row['created_at'])} by {row['created_by']}"),
    ]
    return "\n".join(f"{name + ':':<15} {value}" for name, value in values)
