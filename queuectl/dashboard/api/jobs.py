"""Jobs: lists by filter, one with everything about it, adding, and the verbs on one job."""

from __future__ import annotations

from ...engine.change import demand_done
from ...engine.reports.reading import history
from ...engine.reports.reasons import explain
from ...model.copies import copy_of, secrets_of, words_of
from ...model.errors import Conflict, InvalidInput, NotFound
from ...model.fields import EDITABLE, FILTERS, GIVEN
from ...model.filter import example
from ...model.when import iso
from ..http.message import Response, json_response
from . import listing
from .route import BASE, Field, route
from .shapes import (
    FLAG,
    INTEGER,
    SCHEMAS,
    SECONDS,
    STATE,
    TEXT,
    TIME,
    VERBS,
    allowed_actions,
    attempt_json,
    given_schemas,
    many,
    maybe,
    median,
    one_of,
    record,
    ref,
    seconds,
    summary_json,
    table,
    whole,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...engine.change import Change
    from ...model.job import Job
    from ..app import App

PAGE = 50
LONGEST_PAGE = 200
SAME_SAMPLE = 2_000
SAME_RUNS = 20
Q = Field(
    "q",
    TEXT,
    f"filter: {' '.join(map(example, FILTERS))}; !word finds the others",
    default="",
)
SORT = Field(
    "sort",
    one_of(*listing.SORTS),
    "newest and oldest list all jobs, finished those that have ended, "
    "run_at scheduled and failed ones, priority pending ones",
    default="newest",
)
LIMIT = Field("limit", whole(1, LONGEST_PAGE), "how many at most", default=PAGE)
CURSOR = Field("cursor", TEXT, "`next` of the page before")

NEW_JOB: dict[str, Any] = {
    "type": "object",
    "required": [field.name for field in GIVEN if field.is_required],
    "additionalProperties": False,
    "properties": given_schemas(GIVEN),
}
CHANGES: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": given_schemas(EDITABLE),
}

RUN = record(
    id=TEXT,
    number=INTEGER,
    state=STATE,
    attempt=INTEGER,
    outcome=maybe(TEXT),
    duration=maybe(SECONDS),
    exit_code=maybe(INTEGER),
    finished_at=maybe(TIME),
)
SCHEMAS["JobPage"] = record(
    items=many(ref("JobSummary")),
    next=maybe(TEXT),
    total=record(value=INTEGER, exact=FLAG),
    searched=record(rows=INTEGER, complete=FLAG),
    sort=one_of(*listing.SORTS),
)
SCHEMAS["JobDetail"] = record(
    job=ref("Job"),
    allowed_actions=many(one_of(*VERBS)),
    cancel_requested=FLAG,
    created_by=TEXT,
    why=record(reason=TEXT, hint=maybe(TEXT)),
    attempts=many(ref("Attempt")),
    history=many(record(at=TIME, what=TEXT, detail=TEXT, by=TEXT)),
    similar=record(median=maybe(SECONDS), runs=many(RUN), searched=INTEGER),
    commands=table(TEXT),
    secrets=many(TEXT),
)


@route(
    "GET",
    "/jobs",
    "Jobs by filter, a page at a time",
    query=(
        Q,
        SORT,
        LIMIT,
        CURSOR,
        Field("scan", one_of("window", "all"), "how far to look where no index helps", default="window"),
    ),
    answer=ref("JobPage"),
    errors=(400,),
)
def list_jobs(app: App, *, q: str, sort: str, limit: int, cursor: str | None, scan: str) -> Response:
    store, now = app.queue.store, app.clock.wall()
    found = listing.page(
        store, listing.read(q, now, sort=sort), q, sort=sort, cursor=cursor, limit=limit, scan=scan == "all"
    )
    jobs = store.search.jobs(found.pop("numbers"))
    return json_response({"items": [summary_json(job, now) for job in jobs], **found, "sort": sort})


@route("POST", "/jobs", "Add a job", whole_body=NEW_JOB, answer=ref("Job"), status=201, errors=(409, 422))
def add_job(app: App, *, body: dict[str, Any]) -> Response:
    job = app.queue.get(app.queue.enqueue([body])[0])
    return json_response(job.as_json(), 201, {"Location": f"{BASE}/jobs/{job.id}"})


@route("GET", "/jobs/{id}", "One job with everything known about it", answer=ref("JobDetail"), errors=(404, 422))
def show_job(app: App, *, id: str) -> Response:
    job = _job(app, id)
    store = app.queue.store
    details = store.search.details(job.number)
    reason, hint = explain(app.queue, job)
    return json_response(
        {
            "job": job.as_json(),
            "allowed_actions": allowed_actions(job),
            "cancel_requested": bool(details["cancel_requested"]),
            "created_by": details["created_by"],
            "why": {"reason": reason, "hint": hint},
            "attempts": [attempt_json(row) for row in reversed(store.attempts.of_job(job.number))],
            "history": [{**row, "at": iso(row["at"])} for row in reversed(history(store, job, app.clock.wall()))],
            "similar": _similar(app, job),
            "commands": _commands(app, job),
            "secrets": secrets_of(job),
        }
    )


def _job(app: App, reference: str) -> Job:
    """Return the job that a path names. Lists and ranges name several, which a path cannot mean."""
    if "," in reference:
        raise InvalidInput("one job is wanted, not a list", field="id")
    return app.queue.get(reference)


def _similar(app: App, job: Job) -> dict[str, Any]:
    """Return the last runs of the same command, among the newest attempts, and how long they usually took."""
    ended = app.queue.store.recent.same_command(job.command, SAME_SAMPLE, SAME_RUNS)
    took = median(run.duration for run in ended if run.duration is not None)
    runs = [
        {
            **{name: getattr(run, name) for name in ("id", "number", "state", "attempt", "outcome", "exit_code")},
            "duration": seconds(run.duration),
            "finished_at": iso(run.finished_at),
        }
        for run in ended
    ]
    return {"median": seconds(took), "runs": runs, "searched": SAME_SAMPLE}


def _commands(app: App, job: Job) -> dict[str, str]:
    """Return what to type in a shell for each action that the job allows, and to look at it."""
    from shlex import join

    verbs = [verb for verb in allowed_actions(job) if verb not in ("duplicate", "edit")]
    found = {verb: join(["queuectl", verb, job.id]) for verb in ("show", "logs", "why", *verbs)}
    return {**found, "duplicate": join(words_of(job, app.clock.wall()))}


@route("DELETE", "/jobs/{id}", "Delete a job that is not running, with its output", status=204, errors=(404, 409, 422))
def remove_job(app: App, *, id: str) -> Response:
    demand_done(_demand(app.queue.remove(_job(app, id).number)))
    return Response(204)


def _demand(change: Change) -> Change:
    """Raise Conflict for a job that went away in between: nothing was done, and nothing refused."""
    if not change.done and not change.refused:
        raise Conflict("the job was removed meanwhile")
    return change


def _changed(app: App, change: Change, number: int) -> Response:
    demand_done(_demand(change))
    for job in app.queue.store.search.jobs([number]):
        return json_response({"job": job.as_json(), "allowed_actions": allowed_actions(job)})
    raise NotFound("the job was removed meanwhile")


@route(
    "POST",
    "/jobs/{id}/retry",
    "Run a job again",
    body=(Field("keep_attempts", FLAG, "one attempt more instead of all of them", default=False),),
    answer=ref("JobChanged"),
    errors=(404, 409, 422),
)
def retry_job(app: App, *, id: str, keep_attempts: bool) -> Response:
    number = _job(app, id).number
    return _changed(app, app.queue.retry(number, keep_attempts=keep_attempts), number)


@route(
    "POST",
    "/jobs/{id}/cancel",
    "Cancel a job; of a running one the worker ends the process tree",
    answer=ref("JobChanged"),
    errors=(404, 409, 422),
)
def cancel_job(app: App, *, id: str) -> Response:
    number = _job(app, id).number
    return _changed(app, app.queue.cancel(number), number)


@route(
    "PATCH",
    "/jobs/{id}",
    "Change a job while it waits; what is not given stays",
    whole_body=CHANGES,
    answer=ref("JobChanged"),
    errors=(404, 409, 422),
)
def edit_job(app: App, *, id: str, body: dict[str, Any]) -> Response:
    number = _job(app, id).number
    return _changed(app, app.queue.edit(number, **body), number)


@route(
    "POST",
    "/jobs/{id}/hold",
    "Keep a waiting job from running until it is released",
    answer=ref("JobChanged"),
    errors=(404, 409, 422),
)
def hold_job(app: App, *, id: str) -> Response:
    number = _job(app, id).number
    return _changed(app, app.queue.hold(number), number)


@route("POST", "/jobs/{id}/release", "Let a held job go", answer=ref("JobChanged"), errors=(404, 409, 422))
def release_job(app: App, *, id: str) -> Response:
    number = _job(app, id).number
    return _changed(app, app.queue.release(number), number)


@route(
    "POST",
    "/jobs/{id}/duplicate",
    "Add a job like this one, also held or scheduled if it is",
    answer=ref("JobChanged"),
    status=201,
    errors=(404, 422),
)
def duplicate_job(app: App, *, id: str) -> Response:
    (made,) = app.queue.enqueue([copy_of(_job(app, id), app.clock.wall())])
    copy = app.queue.get(made)
    return json_response(
        {"job": copy.as_json(), "allowed_actions": allowed_actions(copy)}, 201, {"Location": f"{BASE}/jobs/{copy.id}"}
    )
