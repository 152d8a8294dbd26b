"""Commands about schedules, and a schedule as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...model import when
from ...model.checks import check_duration
from ...model.errors import InvalidInput
from ...model.fields import BY_NAME, RECURRING, RECURRING_EDITABLE, other_texts, overridden
from ...model.filter import written
from ...model.job import jobs_text
from ...model.kinds import NONE, exact_duration
from ...model.link import WHENS
from ...model.nouns import schedules as nouns
from ...model.nouns.jobs import JOB
from ...model.schedule import CATCH_UP, OVERLAP, Schedule, ScheduleDetail
from ...model.spec import JobSpec
from ...model.zones import zone
from ..cells import pairs
from ..context import Context, Result
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..grammar.shared import YES_ANYWAY
from .options import edit_options, job_fields, options, overrides, tell_of_line_end
from .scheduled import hint_if_nobody_looks

TIMES = "when to run"
# The defaults of a new schedule.
DEFAULTS = {"timezone": "local", "catch_up": "last", "overlap": "skip", "expires": NONE}
HOME_ZONE = "that of the home, the setting timezone"
NAME = Arg("name", metavar="NAME", help="the schedule's name", complete="schedule")
COLUMNS = ("name", "words", "timezone", "paused", "next_at", "last_state", "runs")
# The fields of its jobs that this text writes in its own words, or leaves to --json.
SHOWN = ("command", "queue", "priority", "max_retries", "timeout", "cwd", "env")
LABEL_WIDTH = 15
MOST_JOBS = 20


def expression(text: str) -> str:
    """A cron expression."""
    from ...model.cron import Cron

    try:
        Cron.parse(text)
    except ValueError as error:
        raise ValueError(f"is no cron expression: {error}") from None
    return text


def timezone(text: str) -> str:
    """The name of a time zone that this Python knows."""
    try:
        zone(text)
    except ValueError as error:
        raise ValueError(f"must be local, UTC or a zone such as Europe/London: {error}") from None
    return text


def expires_after(text: str) -> str:
    """How long a job may wait for its start, or none."""
    check_duration(text, 0)
    return text


EXPRESSION = {
    "parse": expression,
    "metavar": "'MIN HOUR DAY MONTH WEEKDAY'",
    "help": "when, as in crontab, or @hourly, @daily, @weekly, @monthly, @yearly, as one quoted text",
}
# The options about the times of a schedule: their names, what they take, their help.
TIME_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any], str], ...] = (
    (("--timezone", "-z"), {"parse": timezone, "metavar": "ZONE"}, "UTC, or a zone such as Europe/London"),
    (
        ("--catch-up",),
        {"choices": tuple(CATCH_UP), "metavar": "|".join(CATCH_UP)},
        "what to do about times that passed while nothing was running: nothing, run once, or run for each",
    ),
    (
        ("--overlap",),
        {"choices": tuple(OVERLAP), "metavar": "|".join(OVERLAP)},
        "what to do while the last job has not ended: skip this time, or queue another",
    ),
    (
        ("--expires",),
        {"parse": expires_after, "metavar": "DURATION"},
        "cancel each job that has not started this long after it was added: 2h, or none",
    ),
)


def _file(help: str) -> Arg:
    return Arg("--file", "-f", metavar="FILE", help=f"{help}: JSON as enqueue takes it, - for stdin", complete="file")


def _times(defaults: Mapping[str, str]) -> tuple[Arg, ...]:
    """Return the options about the times of a schedule, with these defaults; without them what is not given stays."""
    words = {name: f" (default: {value})" for name, value in defaults.items()}
    words["timezone"] = f" (default: {HOME_ZONE})" if defaults else f"; local is {HOME_ZONE}"
    found = []
    for names, how, help in TIME_OPTIONS:
        key = names[0].lstrip("-").replace("-", "_")
        found.append(Arg(*names, **how, default=defaults.get(key), group=TIMES, help=help + words.get(key, "")))
    return tuple(found)


@command(
    "cron add",
    Arg("name", metavar="NAME", help="a name for it: 1 to 64 of A-Z a-z 0-9 . _ -"),
    Arg("expression", **EXPRESSION),
    Arg("command", optional=True, help="the command, as one quoted text", complete="command", field="command"),
    _file("add several jobs at each time, instead of a command"),
    *_times(DEFAULTS),
    *options((BY_NAME["inherit_env"], *RECURRING), defaults={"inherit_env": "only PATH"}),
    examples=(
        "cron add cleanup '*/5 * * * *' './cleanup.sh'",
        "cron add report '30 8 * * mon-fri' 'make report' --timezone UTC",
    ),
)
def cron_add(
    context: Context, *, name: str, expression: str, command: str | None, file: str | None, **given: Any
) -> Result:
    """Add a schedule: a command, or several jobs, that are queued again and again.

    The jobs of --file may wait for each other. Each time adds them all, or none, as the batch NAME-TIME, such as
    site-20261128T0200Z, with the ids NAME-TIME-ID. The options of a job apply to each of them, in place of what it
    says.
    """
    if (command is None) == (file is None):
        raise InvalidInput("give either a command, or several jobs with --file", field="command")
    times = {key: given.pop(key) for key in DEFAULTS}
    if file is None:
        tell_of_line_end(context, command)
        work = {"command": command, **job_fields(context, given)}
    else:
        work = _work_of_file(context, file, given)
    added = context.queue.schedules.add(name, expression, **times, **work)
    hint_if_nobody_looks(context)
    trouble = context.queue.schedules.trouble(added)
    if trouble is not None:
        context.front_end.note(trouble)
    return _answer(context, added, "Schedule added")


def _work_of_file(context: Context, file: str, given: dict[str, Any], *, has_secrets: bool = False) -> dict[str, Any]:
    """Return what a schedule of several jobs is given; it may have their secrets already."""
    from ...engine.intake import leave_out
    from .enqueue import read_source, spellings_of

    found = read_source(context, file if file == "-" else "@" + file.lstrip("@"))
    for note in leave_out(found.jobs, but_secrets=has_secrets):
        context.front_end.note(note)
    fields = overrides(job_fields(context, given))
    inherited = {name: fields.pop(name) for name in ("inherit_env",) if name in fields}
    jobs = [overridden(job, fields) for job in found.jobs] if fields else found.jobs
    tell_of_line_end(context, *(job.get(key) for job in jobs for key in spellings_of("command")))
    return {"jobs": jobs, "names": found.places, **inherited}


@command(
    "cron edit",
    NAME,
    _file("other jobs, of a schedule that has several"),
    Arg("--expression", group=TIMES, **EXPRESSION),
    *_times({}),
    *edit_options(RECURRING_EDITABLE),
    examples=(
        "cron edit cleanup --expression '0 * * * *'",
        "cron edit report --timezone Europe/London --command 'make report'",
    ),
)
def cron_edit(context: Context, *, name: str, file: str | None, **given: Any) -> Result:
    """Change a schedule.

    Only what is given changes; the jobs of --file replace all of its jobs. Jobs that it has added already stay as they
    are.
    """
    own = {key: given.pop(key) for key in ("expression", *DEFAULTS)}
    work = {} if file is None else _work_of_file(context, file, {}, has_secrets=True)
    changes = {**{key: value for key, value in own.items() if value is not None}, **job_fields(context, given), **work}
    if not changes:
        raise InvalidInput("nothing to change", hint="what can be changed: queuectl cron edit --help")
    tell_of_line_end(context, changes.get("command"))
    return _answer(context, context.queue.schedules.edit(name, **changes), "Schedule changed")


@command("cron list", watch=True, examples=("cron list", "cron list --json"))
def cron_list(context: Context) -> Result:
    """List the schedules: when in words, next time, what became of the last job."""
    rows = context.queue.schedules.rows()
    notes = [] if rows else ["there are no schedules; add one with: queuectl cron add NAME '*/5 * * * *' 'COMMAND'"]
    return Result(nouns.SCHEDULE, rows=rows, columns=COLUMNS, ids=[row.name for row in rows], notes=notes)


@command("cron show", NAME, examples=("cron show backup", "cron show report --json"))
def cron_show(context: Context, *, name: str) -> Result:
    """Show everything about a schedule."""
    return _answer(context, context.queue.schedules.get(name), "schedule")


@command(
    "cron next",
    NAME,
    Arg("--count", "-n", parse=arguments.integer(1, 1000), default=5, metavar="N", help="how many times (default: 5)"),
    examples=("cron next backup", "cron next backup -n 10"),
)
def cron_next(context: Context, *, name: str, count: int) -> Result:
    """Show the next times of a schedule, local and UTC."""
    from ...engine.schedules import time_rows

    schedules = context.queue.schedules
    found = schedules.get(name)
    rows, problem = time_rows(schedules.times(found, count), context.clock.wall()), schedules.problem(found)
    notes = [problem] if problem else [] if rows else ["it never comes before 2101"]
    ids = [str(row["utc"]) for row in rows]
    return Result(nouns.NEXT_TIME, rows=rows, columns=("local", "utc", "in"), ids=ids, notes=notes)


@command("cron run", NAME, examples=("cron run backup", "cron run report -q"))
def cron_run(context: Context, *, name: str) -> Result:
    """Run the job of a schedule now, or all of its jobs, in addition to its times."""
    job = context.queue.schedules.run(name)
    if job.batch is not None:
        added = f"{jobs_text(context.queue.batches.get(job.batch).jobs)} added: batch {job.batch}"
        return Result(JOB, record=job, message=added, ids=[written("batch", job.batch)])
    return Result(JOB, record=job, message=f"Job added: {job.id}", ids=[job.id])


@command("cron pause", NAME, examples=("cron pause backup", "cron pause report"))
def cron_pause(context: Context, *, name: str) -> Result:
    """Pause a schedule until it is resumed."""
    return _answer(context, context.queue.schedules.pause(name), message=f"Schedule paused: {name}")


@command("cron resume", NAME, examples=("cron resume backup", "cron resume report"))
def cron_resume(context: Context, *, name: str) -> Result:
    """Resume a paused schedule; times that passed meanwhile are skipped."""
    return _answer(context, context.queue.schedules.resume(name), message=f"Schedule resumed: {name}")


@command("cron remove", NAME, YES_ANYWAY, examples=("cron remove backup", "cron remove backup --yes"))
def cron_remove(context: Context, *, name: str, yes: bool) -> Result:
    """Delete a schedule; the jobs that it made stay."""
    context.queue.schedules.remove(name)
    return Result(nouns.REMOVED, record={"removed": name}, message=f"Schedule removed: {name}", ids=[name])


def _answer(context: Context, schedule: Schedule, title: str = "", *, message: str = "") -> Result:
    """Answer with a schedule in detail: people read the message, without one the text under this title."""
    found = context.queue.schedules.detail(schedule)
    message = message or shown(found, title, context.clock.wall())
    return Result(nouns.SCHEDULE_DETAIL, record=found, message=message, ids=[schedule.name])


def shown(found: ScheduleDetail, title: str, now: int) -> str:
    """Return everything about a schedule that people look for; `title` stands before its name."""
    overlap = OVERLAP[found.overlap]
    values = [
        (title, found.name),
        ("when", f"{'paused: ' * found.paused}{found.words} ({found.timezone}), {found.expression}"),
        ("timezone", found.timezone + (", that of the home" if found.timezone_source == "home" else "")),
        *(_jobs(found.jobs) if found.jobs else [("command", found.command or "")]),
        ("next", _next(found, now)),
        _last(found),
        ("missed times", CATCH_UP[found.catch_up]),
        ("overlap", overlap.replace("job", "batch") if found.is_graph else overlap),
        ("expires", "never" if found.expires is None else f"{exact_duration(found.expires)} after it is added"),
        *([] if found.is_graph else _of_the_command(found)),
        *([("inherited", ", ".join(found.inherited))] if found.inherited else []),
        ("added", f"{when.local(found.created_at)} by {found.created_by}"),
    ]
    return pairs(values, LABEL_WIDTH)


def _next(found: ScheduleDetail, now: int) -> str:
    due = found.next_at
    if found.paused:
        return "not while it is paused"
    return "never" if due is None else f"{when.local(due)} ({when.iso(due)}), {when.ago(due, now)}"


def _last(found: ScheduleDetail) -> tuple[str, str]:
    label, name = ("last batch", found.last_batch) if found.is_graph else ("last job", found.last_job)
    return label, "none yet" if name is None else f"{name}, {found.last_state}"


def _of_the_command(found: ScheduleDetail) -> list[tuple[str, str]]:
    return [
        ("queue", f"{found.queue}, priority {found.priority}"),
        ("retries", str(found.max_retries)),
        ("timeout", "none" if found.timeout is None else when.duration_text(found.timeout)),
        ("directory", str(found.cwd)),
        *other_texts(found, RECURRING, SHOWN),
    ]


def _jobs(jobs: list[JobSpec]) -> list[tuple[str, str]]:
    """Return the first of its jobs: what each is called, runs and waits for."""
    lines = [("jobs", str(len(jobs)))]
    lines += [(f"  {spec.id or '-'}", f"{spec.command}{_parents(spec)}") for spec in jobs[:MOST_JOBS]]
    return lines + [("  ...", f"{len(jobs) - MOST_JOBS} more")] * (len(jobs) > MOST_JOBS)


def _parents(spec: JobSpec) -> str:
    named = [(BY_NAME[name].label.lower(), ", ".join(getattr(spec, name))) for name in WHENS.values()]
    texts = [f"{label} {jobs}" if label == "after" else f"{label} of {jobs}" for label, jobs in named if jobs]
    return f"  ({'; '.join(texts)})" if texts else ""
