"""Recurring jobs, and what comes next."""

from __future__ import annotations

from ...engine.home.timezone import follows_home, home_zone, zone_of
from ...engine.machine.localzone import rules
from ...engine.recurring import CATCH_UP, OVERLAP, Recurring, unreadable, upcoming
from ...model import when
from ...model.cron import Cron
from ...model.cronwords import describe
from ...model.errors import InvalidInput
from ...model.fields import RECURRING, as_json
from ...model.job import SCHEDULED
from ...model.verbs import allowed_verbs
from ...model.when import iso
from ...model.zones import LOCAL, zone
from ..http.message import Response, json_response
from .overview import upcoming_json
from .route import BASE, Field, route
from .shapes import (
    COMMAND_SHOWN,
    FLAG,
    INTEGER,
    SCHEMAS,
    SECONDS,
    STATE,
    TEXT,
    TIME,
    given_schemas,
    kept_schemas,
    many,
    maybe,
    one_of,
    record,
    ref,
    seconds,
    whole,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...store.schedules import Schedule
    from ..app import App

NEXT, RUNS = 5, 20
# So many times of one schedule, and of all of them together: one that fires every minute must stay cheap.
MOST_TIMES, MOST_IN_ALL, MOST_SCHEDULES = 300, 2_000, 100
KINDS = {"catch_up": one_of(*CATCH_UP), "overlap": one_of(*OVERLAP)}
SCHEDULE = {
    "name": TEXT,
    "expression": TEXT,
    "timezone": TEXT,
    "timezone_source": one_of("home", "schedule"),
    "words": TEXT,
    "paused": FLAG,
    "next_at": maybe(TIME),
    "last_fired_at": maybe(TIME),
    "last": maybe(record(job=TEXT, number=INTEGER, state=STATE)),
    **kept_schemas(RECURRING),
    **KINDS,
    "created_at": TIME,
    "created_by": TEXT,
    "problem": maybe(TEXT),
}
RUN = record(id=TEXT, number=INTEGER, state=STATE, duration=maybe(SECONDS), finished_at=maybe(TIME))
SCHEMAS["Schedule"] = record(**SCHEDULE)
SCHEMAS["Coming"] = record(
    until=TIME,
    now=TIME,
    jobs=many(ref("Upcoming")),
    more_jobs=FLAG,
    more_schedules=INTEGER,
    recurring=many(record(name=TEXT, words=TEXT, times=many(TIME), more=FLAG)),
)
SCHEMAS["ScheduleDetail"] = record(**SCHEDULE, next=many(TIME), runs=many(RUN))
NEW_SCHEDULE = {
    "type": "object",
    "required": ["name", "expression", "command"],
    "additionalProperties": False,
    "properties": {
        "name": TEXT,
        "expression": TEXT,
        "timezone": TEXT,
        **KINDS,
        **given_schemas(RECURRING),
    },
}


@route(
    "GET",
    "/scheduled",
    "What comes next: scheduled jobs, further attempts, recurring jobs",
    query=(Field("limit", whole(1, 200), "how many at most", default=50),),
    answer=record(items=many(ref("Upcoming")), total=INTEGER),
)
def scheduled(app: App, *, limit: int) -> Response:
    items, total = upcoming_json(app.queue, limit)
    return json_response({"items": items, "total": total})


@route(
    "GET",
    "/scheduled/times",
    "The times within the next hours at which jobs are due",
    query=(Field("hours", whole(1, 168), "how many hours", default=24),),
    answer=ref("Coming"),
)
def coming(app: App, *, hours: int) -> Response:
    search, now = app.queue.store.search, app.clock.wall()
    until = now + hours * when.HOUR
    waiting = [job for job in search.jobs(search.upcoming(MOST_TIMES + 1)) if job.run_at <= until]
    schedules = [
        found
        for found in Recurring(app.queue).all()
        if not found.paused and found.next_at is not None and found.next_at <= until
    ]
    schedules.sort(key=lambda found: found.next_at or 0)
    shown = schedules[:MOST_SCHEDULES]
    most = min(MOST_TIMES, MOST_IN_ALL // max(1, len(shown)))
    return json_response(
        {
            "now": iso(now),
            "until": iso(until),
            "recurring": [_coming(app, found, now, until, most) for found in shown],
            "more_schedules": len(schedules) - len(shown),
            "more_jobs": len(waiting) > MOST_TIMES,
            "jobs": [
                {
                    "at": iso(job.run_at),
                    "id": job.id,
                    "command": job.command[:COMMAND_SHOWN],
                    "what": "scheduled" if job.state == SCHEDULED else f"attempt {job.attempts + 1}",
                }
                for job in waiting[:MOST_TIMES]
            ],
        }
    )


def _coming(app: App, schedule: Schedule, now: int, until: int, most: int) -> dict[str, Any]:
    """Return the times of a schedule up to an instant, and whether there are more than are told."""
    times = upcoming(app.queue.store, schedule, now, most + 1, until)
    more = len(times) > most
    return {"name": schedule.name, "words": _words(schedule), "times": [iso(at) for at in times[:most]], "more": more}


def _words(schedule: Schedule) -> str:
    try:
        return describe(Cron.parse(schedule.expression))
    except ValueError:
        return schedule.expression


@route("GET", "/schedules", "The recurring jobs, by name", answer=record(items=many(ref("Schedule"))))
def schedules(app: App) -> Response:
    return json_response({"items": [_schedule(app, found) for found in Recurring(app.queue).all()]})


@route(
    "POST",
    "/schedules",
    "Add a recurring job",
    whole_body=NEW_SCHEDULE,
    answer=ref("ScheduleDetail"),
    status=201,
    errors=(409, 422),
)
def add_schedule(app: App, *, body: dict[str, Any]) -> Response:
    fields = dict(body)
    words = {
        name: _text(fields.pop(name, default), name)
        for name, default in (
            ("name", None),
            ("expression", None),
            ("command", None),
            ("timezone", "local"),
            ("catch_up", "last"),
            ("overlap", "skip"),
        )
    }
    added = Recurring(app.queue).add(
        words["name"],
        words["expression"],
        words["command"],
        timezone=words["timezone"],
        catch_up=words["catch_up"],
        overlap=words["overlap"],
        **fields,
    )
    return json_response(_detail(app, added), 201, {"Location": f"{BASE}/schedules/{added.name}"})


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"{name} is missing" if value is None else f"{name} must be a text", field=name)
    return value


@route(
    "GET",
    "/cron/preview",
    "What a cron expression means and when it fires next",
    query=(
        Field("cron", TEXT, "the expression", required=True),
        Field("tz", TEXT, "local, UTC or such as Europe/London", default="local"),
        Field("n", whole(1, 100), "how many times", default=NEXT),
    ),
    answer=record(
        expression=TEXT, words=TEXT, timezone=TEXT, next=many(record(**{"utc": TIME, "local": TEXT, "in": TEXT}))
    ),
    errors=(400, 422),
)
def preview_schedule(app: App, *, cron: str, tz: str, n: int) -> Response:
    try:
        read_cron = Cron.parse(cron)
    except ValueError as error:
        raise InvalidInput(f"the cron expression is wrong: {error}", field="cron") from None
    name = home_zone(app.queue.store) if tz.lower() == LOCAL else tz
    try:
        place = zone(name) if name == tz else rules(name)
    except ValueError as error:
        raise InvalidInput(f"timezone: {error}", field="tz") from None
    now = app.clock.wall()
    times: list[int] = []
    at = read_cron.next_after(now, place)
    while at is not None and len(times) < n:
        times.append(at)
        at = read_cron.next_after(at, place)
    return json_response(
        {
            "expression": read_cron.expression,
            "words": describe(read_cron),
            "timezone": name,
            "next": [{"utc": iso(at), "local": when.local(at), "in": when.ago(at, now)} for at in times],
        }
    )


@route(
    "GET",
    "/schedules/{name}",
    "A recurring job, its next times and its last runs",
    answer=ref("ScheduleDetail"),
    errors=(404,),
)
def show_schedule(app: App, *, name: str) -> Response:
    return json_response(_detail(app, Recurring(app.queue).get(name)))


@route("DELETE", "/schedules/{name}", "Delete a recurring job; the jobs that it made stay", status=204, errors=(404,))
def remove_schedule(app: App, *, name: str) -> Response:
    Recurring(app.queue).remove(name)
    return Response(204)


@route(
    "POST",
    "/schedules/{name}/run",
    "Queue a job of it now, besides its times",
    answer=ref("JobChanged"),
    status=201,
    errors=(404,),
)
def run_schedule(app: App, *, name: str) -> Response:
    job = Recurring(app.queue).run(name)
    return json_response(
        {"job": job.as_json(), "allowed_actions": allowed_verbs(job.state)}, 201, {"Location": f"{BASE}/jobs/{job.id}"}
    )


@route(
    "POST",
    "/schedules/{name}/pause",
    "Let it wait until it is resumed",
    answer=ref("ScheduleDetail"),
    errors=(404, 409),
)
def pause_schedule(app: App, *, name: str) -> Response:
    return json_response(_detail(app, Recurring(app.queue).pause(name)))


@route(
    "POST",
    "/schedules/{name}/resume",
    "Let it go on with its next time",
    answer=ref("ScheduleDetail"),
    errors=(404, 409),
)
def resume_schedule(app: App, *, name: str) -> Response:
    return json_response(_detail(app, Recurring(app.queue).resume(name)))


def _schedule(app: App, schedule: Schedule) -> dict[str, Any]:
    store = app.queue.store
    last = store.search.jobs([number for number, _ in store.schedules.last_jobs(schedule.name)])
    return {
        "name": schedule.name,
        "expression": schedule.expression,
        "timezone": zone_of(schedule, home_zone(store)),
        "timezone_source": "home" if follows_home(schedule) else "schedule",
        "words": _words(schedule),
        "paused": schedule.paused,
        "next_at": None if schedule.paused else iso(schedule.next_at),
        "last_fired_at": iso(store.schedules.last_fired(schedule)),
        "last": {"job": last[0].id, "number": last[0].number, "state": last[0].state} if last else None,
        **as_json(schedule, RECURRING),
        "catch_up": schedule.catch_up,
        "overlap": schedule.overlap,
        "created_at": iso(schedule.created_at),
        "created_by": schedule.created_by,
        "problem": unreadable(store, schedule),
    }


def _detail(app: App, schedule: Schedule) -> dict[str, Any]:
    store, found = app.queue.store, _schedule(app, schedule)
    times = upcoming(store, schedule, app.clock.wall(), NEXT)
    jobs = store.search.jobs([number for number, _ in store.schedules.last_jobs(schedule.name, RUNS)])
    runs = [
        {
            "id": job.id,
            "number": job.number,
            "state": job.state,
            "duration": seconds(job.duration),
            "finished_at": iso(job.finished_at),
        }
        for job in jobs
    ]
    return {**found, "next": [iso(at) for at in times], "runs": runs}
