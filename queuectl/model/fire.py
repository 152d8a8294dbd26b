"""A fire of a schedule with several jobs: they become one batch, with their links and the names of that fire.

The batch is `NAME-FIRE`, a job with the local name LOCAL becomes `NAME-FIRE-LOCAL`. FIRE is the time in UTC, such as
`20261128T0200Z`; for a run by hand it is the instant, such as `20261128T020013.123Z`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .checks import MAX_ID, MAX_NAME
from .fields import GIVEN
from .link import WHENS, stronger
from .spec import DEFAULTS, JobSpec
from .when import iso

MOST_JOBS = 10_000
LONGEST_FIRE = len("20261128T020013.123Z")
LONGEST_NAME = MAX_NAME - 1 - LONGEST_FIRE
# Fields that the fire sets, or that no job of a schedule has.
OF_FIRE = ("batch", "run_at", "expires_at", "key", "if_exists", "key_for", "inherit_env", "stdin")
# Fields that each job may have.
LOCAL = tuple(field for field in GIVEN if field.name not in OF_FIRE)
NAMES = tuple(field.name for field in GIVEN)


def longest_id(schedule: str) -> int:
    """Return the longest length of a local name in a schedule of this name."""
    return MAX_ID - len(schedule) - LONGEST_FIRE - 2


def batch_name(schedule: str, at: int, *, by_hand: bool = False) -> str:
    """Return the name of the batch of a fire for a time in milliseconds, or of a run by hand at an instant."""
    date, _, time = str(iso(at)).replace("-", "").replace(":", "").partition("T")
    return f"{schedule}-{date}T{time if by_hand else time[:4] + 'Z'}"


def jobs_of_fire(jobs: Iterable[JobSpec], batch: str | None, expires_at: int | None) -> list[JobSpec]:
    """Return the jobs of a schedule as jobs of a fire; several jobs have a batch."""
    made = [JobSpec(**{name: getattr(spec, name) for name in NAMES}) for spec in jobs]
    for spec in made:
        spec.id = None if spec.id is None or batch is None else job_id(batch, spec.id)
        spec.batch, spec.expires_at, spec.expires_from_now = batch, expires_at, expires_at is not None
    return made


def job_id(batch: str, local: str) -> str:
    """Return the id of a job in a fire."""
    return f"{batch}-{local}"


def parents_of(spec: JobSpec) -> dict[str, str]:
    """Return a job's parents by local name, with the kinds of links. Raises ValueError if one must end in two ways."""
    found: dict[str, str] = {}
    for kind, name in WHENS.items():
        for parent in getattr(spec, name):
            both = stronger(kind, found.get(parent, kind))
            if both is None:
                raise ValueError(f"{parent} cannot both be completed and have failed")
            found[parent] = both
    return found


def links_of_fire(jobs: Iterable[JobSpec], batch: str) -> list[list[tuple[str, str]]]:
    """Return for each job of a schedule the ids that it waits for in a batch, with the kinds of the links."""
    return [[(job_id(batch, local), kind) for local, kind in parents_of(spec).items()] for spec in jobs]


def written(jobs: Sequence[JobSpec]) -> str:
    """Return the stored text of the jobs of a schedule: the fields that differ from their defaults."""
    import json

    parts = [{name: getattr(spec, name) for name in NAMES} for spec in jobs]
    return json.dumps([{name: value for name, value in job.items() if value != DEFAULTS.get(name)} for job in parts])


def read(text: str) -> list[JobSpec]:
    """Return the jobs that `written` was given."""
    import json

    jobs: list[dict[str, Any]] = [
        {name: tuple(value) if isinstance(value, list) else value for name, value in job.items()}
        for job in json.loads(text)
    ]
    return [JobSpec(**{"timeout": None, **job}) for job in jobs]
