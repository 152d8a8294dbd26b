"""The verbs on one job: `POST /jobs/{id}/VERB` for each that needs only the job, and DELETE to remove it."""

from __future__ import annotations

from typing import Any

from ...engine.change import Change, demand_done
from ...model.errors import Conflict, InvalidInput, NotFound
from ...model.job import Job
from ...model.kinds import FLAG
from ...model.verbs import PLAIN_VERBS, VERBS, Verb
from ..app import App
from .answers import JOB_CHANGED
from .route import Handler, Parameter, route
from .shapes import changed_job


def one_job(app: App, reference: str) -> Job:
    """Return the job that a path names. Raises InvalidInput for a list, and the errors of `get`."""
    if "," in reference:
        raise InvalidInput("one job is wanted, not a list", field="id")
    return app.queue.get(reference)


def changed(app: App, change: Change, number: int) -> dict[str, Any]:
    """Return the job after a change. Raises Conflict if nothing was done."""
    _demand(change)
    for job in app.queue.read([number]):
        return changed_job(job)
    raise NotFound("the job was removed meanwhile")


def _demand(change: Change) -> None:
    """Raise Conflict for a job that was refused, or that was removed in between."""
    demand_done(change)
    if not change.done:
        raise Conflict("the job was removed meanwhile")


def _flags(verb: Verb) -> tuple[Parameter, ...]:
    return tuple(Parameter(flag.name, FLAG, flag.help, default=False) for flag in verb.flags)


@route(
    "DELETE",
    "/jobs/{id}",
    "Delete a job that is not running, with its output",
    query=_flags(VERBS["remove"]),
    status=204,
    errors=(409,),
)
def remove_job(app: App, *, id: str, **flags: bool) -> None:
    _demand(app.queue.apply("remove", one_job(app, id).number, **flags))


def _handler(verb: Verb) -> Handler:
    def handle(app: App, *, id: str, **flags: bool) -> dict[str, Any]:
        number = one_job(app, id).number
        return changed(app, app.queue.apply(verb.name, number, **flags), number)

    handle.__name__ = f"{verb.name}_job"
    return handle


for _verb in PLAIN_VERBS:
    if not _verb.deletes:
        route(
            "POST",
            f"/jobs/{{id}}/{_verb.name}",
            f"{_verb.label} a job",
            body=_flags(_verb),
            answer=JOB_CHANGED,
            errors=(409,),
        )(_handler(_verb))
