"""Schedules, and the jobs that come next."""

from __future__ import annotations

from typing import Any

from ...model import when
from ...model.errors import InvalidInput
from ...model.fields import BY_NAME, RECURRING, RECURRING_EDITABLE
from ...model.fire import LOCAL, MOST_JOBS
from ...model.kinds import ANY, NAME, TEXT, integer, one_of
from ...model.noun import many
from ...model.nouns.schedules import SCHEDULE_DETAIL
from ...model.schedule import CATCH_UP, OVERLAP, CronPreview, Schedule, ScheduleDetail
from ..app import App
from .answers import COMING_JOBS, COMING_TIMES, CRON_PREVIEW, JOB_CHANGED, SCHEDULES
from .jobs import LIMIT
from .route import Parameter, parameters_of, route
from .shapes import changed_job, shortened

# The most times of one schedule, and of all together: one that fires every minute must stay cheap.
MOST_TIMES, MOST_IN_ALL, MOST_SCHEDULES = 300, 2_000, 100
EXPRESSION = Parameter("expression", TEXT, "when it fires: a cron expression")
ZONE = "local, UTC or a zone such as Europe/London"
TIMES = (
    Parameter("timezone", TEXT, ZONE),
    Parameter("catch_up", one_of(*CATCH_UP), "which missed times run later"),
    Parameter("overlap", one_of(*OVERLAP), "what happens while its last job is not done"),
    Parameter("expires", TEXT, "for how long each job may wait for its start, such as `2h`; `none` forever"),
)
NEW_JOB = {
    "type": "object",
    "additionalProperties": False,
    "properties": {each.name: each.kind.taken for each in parameters_of(LOCAL)},
    "required": ["command"],
}
JOBS = Parameter(
    "jobs",
    many(ANY.but(given=NEW_JOB), MOST_JOBS),
    "several jobs instead of a command; `after` and its like name them by their ids",
)
NEW_SCHEDULE = (
    Parameter("name", NAME, "its name", is_required=True),
    Parameter(EXPRESSION.name, TEXT, EXPRESSION.help, is_required=True),
    *TIMES,
    JOBS,
    *parameters_of((BY_NAME["inherit_env"], *RECURRING), are_changes=True),
)


@route(
    "GET",
    "/scheduled",
    "What comes next: scheduled jobs, further attempts, schedules",
    query=(LIMIT,),
    answer=COMING_JOBS,
)
def scheduled(app: App, *, limit: int) -> dict[str, Any]:
    rows, total = app.queue.reports.upcoming(limit)
    return {"items": map(shortened, rows), "total": total}


@route(
    "GET",
    "/scheduled/times",
    "The times within the next hours at which jobs are due",
    query=(Parameter("hours", integer(1, 168), "how many hours", default=24),),
    answer=COMING_TIMES,
)
def coming(app: App, *, hours: int) -> dict[str, Any]:
    now = app.clock.wall()
    until = now + hours * when.HOUR
    waiting = [job for job in app.queue.reports.upcoming_jobs(MOST_TIMES + 1) if job.at <= until]
    schedules = [
        found
        for found in app.queue.schedules.all()
        if not found.paused and found.next_at is not None and found.next_at <= until
    ]
    schedules.sort(key=lambda found: found.next_at or 0)
    shown = schedules[:MOST_SCHEDULES]
    most = min(MOST_TIMES, MOST_IN_ALL // max(1, len(shown)))
    return {
        "now": now,
        "until": until,
        "recurring": [_coming(app, found, until, most) for found in shown],
        "more_schedules": len(schedules) - len(shown),
        "more_jobs": len(waiting) > MOST_TIMES,
        "jobs": map(shortened, waiting[:MOST_TIMES]),
    }


def _coming(app: App, schedule: Schedule, until: int, most: int) -> dict[str, Any]:
    """Return the times of a schedule up to an instant, and whether there are more."""
    times = app.queue.schedules.times(schedule, most + 1, until)
    return {"name": schedule.name, "words": schedule.words, "times": times[:most], "more": len(times) > most}


@route("GET", "/schedules", "The schedules, by name", answer=SCHEDULES)
def schedules(app: App) -> dict[str, Any]:
    return {"items": app.queue.schedules.rows()}


@route(
    "POST",
    "/schedules",
    "Add a schedule",
    rest=NEW_SCHEDULE,
    answer=SCHEDULE_DETAIL,
    status=201,
    location="/schedules/{name}",
    errors=(409,),
)
def add_schedule(app: App, *, rest: dict[str, Any]) -> ScheduleDetail:
    return app.queue.schedules.detail(app.queue.schedules.add(**{"name": None, "expression": None, **rest}))


@route(
    "GET",
    "/cron/preview",
    "What a cron expression means and when it fires next",
    query=(
        Parameter("cron", TEXT, "the expression", is_required=True),
        Parameter("tz", TEXT, ZONE, default="local"),
        Parameter("n", integer(1, 100), "how many times", default=5),
    ),
    answer=CRON_PREVIEW,
    errors=(422,),
)
def preview_schedule(app: App, *, cron: str, tz: str, n: int) -> CronPreview:
    try:
        return app.queue.schedules.preview(cron, tz, n)
    except InvalidInput as error:
        error.field = "cron" if error.field == "expression" else "tz"
        raise


@route("GET", "/schedules/{name}", "A schedule, its next times and its last runs", answer=SCHEDULE_DETAIL)
def show_schedule(app: App, *, name: str) -> ScheduleDetail:
    return app.queue.schedules.detail(app.queue.schedules.get(name))


@route(
    "PATCH",
    "/schedules/{name}",
    "Change a schedule; other fields stay, and so do the jobs that it made",
    rest=(EXPRESSION, *TIMES, JOBS, *parameters_of(RECURRING_EDITABLE, are_changes=True)),
    answer=SCHEDULE_DETAIL,
)
def edit_schedule(app: App, *, name: str, rest: dict[str, Any]) -> ScheduleDetail:
    return app.queue.schedules.detail(app.queue.schedules.edit(name, **rest))


@route("DELETE", "/schedules/{name}", "Delete a schedule; the jobs that it made stay", status=204)
def remove_schedule(app: App, *, name: str) -> None:
    app.queue.schedules.remove(name)


@route(
    "POST",
    "/schedules/{name}/run",
    "Run the job of a schedule now, in addition to its times; of several jobs as a batch, with the first in the answer",
    answer=JOB_CHANGED,
    status=201,
    location="/jobs/{job[id]}",
)
def run_schedule(app: App, *, name: str) -> dict[str, Any]:
    return changed_job(app.queue.schedules.run(name))


@route("POST", "/schedules/{name}/pause", "Pause a schedule", answer=SCHEDULE_DETAIL, errors=(409,))
def pause_schedule(app: App, *, name: str) -> ScheduleDetail:
    return app.queue.schedules.detail(app.queue.schedules.pause(name))


@route(
    "POST", "/schedules/{name}/resume", "Resume a schedule with its next time", answer=SCHEDULE_DETAIL, errors=(409,)
)
def resume_schedule(app: App, *, name: str) -> ScheduleDetail:
    return app.queue.schedules.detail(app.queue.schedules.resume(name))
