"""The values that a schedule is given: read and checked, with all problems at once.

So are the jobs of one that has several. They are checked when they are given, so no fire fails for a wrong field.

They are written as for `enqueue`. Their ids are local names, and they wait only for each other: a job of a future fire
cannot wait for a job of today.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from ..model.checks import NAME_RULE, check_duration, is_name
from ..model.cron import Cron
from ..model.errors import InvalidInput, did_you_mean, quoted, value_of
from ..model.fields import BY_SPELLING, RECURRING_EDITABLE
from ..model.fire import LONGEST_NAME, MOST_JOBS, OF_FIRE, longest_id, parents_of
from ..model.kinds import MASK, is_secret
from ..model.link import WHENS
from ..model.schedule import CATCH_UP, OVERLAP
from ..model.spec import JobSpec, parse_changes, spread
from ..model.zones import canonical
from .home.opened import OpenHome
from .home.timezone import demand
from .linking import demand_none_in_a_circle

FIELD = "jobs"
# Stands for the batch of a fire: the limits of a batch are refused without one.
ANY_BATCH = "fire"
# The fields that all jobs of a batch share.
OF_WHOLE_BATCH = ("batch_limit", "max_fails")
SUGGESTIONS = 20
INSTEAD = {
    "batch": "each time of the schedule makes a batch of its own",
    "run_at": "its time is that of the schedule; it can wait for others with after",
    "inherit_env": "give the schedule the option --inherit-env",
    "stdin": "let its command read a file",
    "expires_at": "give the schedule the option --expires",
    **dict.fromkeys(("key", "if_exists", "key_for"), "--overlap says what happens while earlier jobs are unfinished"),
}
T = TypeVar("T")
# The values of a schedule in addition to its name and the fields of its jobs.
OWN = ("expression", "timezone", "catch_up", "overlap", "expires")


assert set(INSTEAD) == set(OF_FIRE)


def read_jobs(
    opened: OpenHome, schedule: str, given: object, *, names: Sequence[str] = (), before: Iterable[JobSpec] = ()
) -> list[JobSpec]:
    """Return the jobs that a schedule of this name is given. Raises InvalidInput with every problem.

    `names` says where each stands, for messages. A masked secret is the one of the job of that name `before`.
    """
    jobs = _mappings(given)
    places = names or [f"job {number}" for number in range(1, len(jobs) + 1)]
    problems = [*_of_the_fire(jobs, places)]
    envs = {spec.id: spec.env for spec in before if spec.id is not None}
    jobs = [_local(job, envs) for job in jobs]
    specs: list[JobSpec] = []
    try:
        specs = opened.check(jobs, names=places)
    except InvalidInput as error:
        problems += error.problems
    problems += [*_masked(jobs, places), *_wrong_names(schedule, jobs, places), *_unknown_parents(jobs, places)]
    for field in OF_WHOLE_BATCH:
        if len({getattr(spec, field) for spec in specs} - {None}) > 1:
            problems.append(f"{field} is that of the whole batch, so all jobs that have one must have the same")
    if problems:
        raise InvalidInput.of(problems, field=FIELD)
    _demand_sound_links(specs, places)
    for spec in specs:
        spec.batch = spec.inherit_env = None
    return specs


def _mappings(given: object) -> Sequence[Mapping[str, Any]]:
    jobs = None if isinstance(given, (str, Mapping)) or not isinstance(given, Iterable) else list(given)
    if jobs is None or not all(isinstance(job, Mapping) for job in jobs):
        raise InvalidInput(f"jobs must be a list of objects, got {quoted(given)}", field=FIELD)
    if not 0 < len(jobs) <= MOST_JOBS:
        raise InvalidInput(f"jobs must be 1 to {MOST_JOBS} jobs, got {len(jobs)}", field=FIELD)
    return jobs


def _name(key: object) -> str | None:
    return BY_SPELLING[key].name if isinstance(key, str) and key in BY_SPELLING else None


def _of_the_fire(jobs: Iterable[Mapping[str, Any]], places: Iterable[str]) -> Iterator[str]:
    """Yield a problem for each field that only the fire can set, or the caller that adds the schedule."""
    for job, place in zip(jobs, places):
        for key in job:
            if _name(key) in OF_FIRE:
                yield f"{place}: a job of a schedule has no {key}: {INSTEAD[str(_name(key))]}"


def _local(job: Mapping[str, Any], envs: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return a job without the fields of the fire, with its masked secrets filled in from `envs`."""
    own = {key: value for key, value in job.items() if _name(key) not in OF_FIRE}
    env, name = own.get("env"), own.get("id")
    old = envs.get(name, {}) if isinstance(name, str) else {}
    if isinstance(env, dict):
        known = {name: old[name] for name, value in env.items() if value == MASK and name in old and is_secret(name)}
        own["env"] = {**env, **known}
    return {**own, "batch": ANY_BATCH}


def _masked(jobs: Iterable[Mapping[str, Any]], places: Iterable[str]) -> Iterator[str]:
    """Yield a problem for each masked secret that is not known."""
    for job, place in zip(jobs, places):
        env = job.get("env")
        for name, value in env.items() if isinstance(env, dict) else ():
            if value == MASK and is_secret(str(name)):
                yield f"{place}: env: give the value of {name}, which {MASK} stands for"


def _wrong_names(schedule: str, jobs: Iterable[Mapping[str, Any]], places: Iterable[str]) -> Iterator[str]:
    """Yield a problem for each name that stands twice, or that a fire would make too long."""
    if len(schedule) > LONGEST_NAME:
        yield (
            f"the name of a schedule of several jobs has at most {LONGEST_NAME} characters, since each time adds some "
            f"for the name of its batch; got {quoted(schedule)}"
        )
        return
    seen: set[str] = set()
    for job, place in zip(jobs, places):
        name = job.get("id")
        if not isinstance(name, str):
            continue
        if name in seen:
            yield f"{place}: id {quoted(name)} appears twice"
        if len(name) > longest_id(schedule):
            yield (
                f"{place}: id must have at most {longest_id(schedule)} characters here, since each time puts the name "
                f"of its batch in front; got {quoted(name)}"
            )
        seen.add(name)


def _unknown_parents(jobs: Iterable[Mapping[str, Any]], places: Iterable[str]) -> Iterator[str]:
    """Yield a problem for each parent that is not one of the jobs. Other checks refuse values of a wrong kind."""
    known = {job["id"]: None for job in jobs if isinstance(job.get("id"), str)}
    found = 0
    for job, place in zip(jobs, places):
        given = spread(job)
        for field in WHENS.values():
            value = given.get(field, ())
            for one in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(one, bool) or not isinstance(one, (str, int)) or one == "" or str(one) in known:
                    continue
                # The search for the nearest name is slow.
                meant = did_you_mean(str(one), known) if found < SUGGESTIONS else ""
                found += 1
                yield f"{place}: {field} {quoted(str(one))} is not the id of another of these jobs{meant}"


def _demand_sound_links(specs: Iterable[JobSpec], places: Iterable[str]) -> None:
    """Raise InvalidInput for a parent that must end in two ways, and for jobs that wait for each other."""
    parents: dict[str, list[str]] = {}
    for spec, place in zip(specs, places):
        try:
            found = parents_of(spec)
        except ValueError as error:
            raise InvalidInput(f"{place}: {error}", field=FIELD) from None
        if spec.id is not None:
            parents[spec.id] = [*found]
    try:
        demand_none_in_a_circle(parents)
    except InvalidInput as error:
        raise InvalidInput(error.message, field=FIELD) from None


def checked(own: Mapping[str, str], job: Iterable[str], read: Callable[[], T]) -> T:
    """Return what `read` returns for the fields of a job. Raises InvalidInput with every problem of both."""
    problems = [
        (key, f"{key} is missing" if value is None else f"{key} must be a text")
        for key, value in own.items()
        if not isinstance(value, str)
    ]
    if problems:
        raise InvalidInput.of_fields(problems)
    problems = list(_problems(own, job))
    try:
        found = read()
    except InvalidInput as error:
        problems += [(error.field or "command", problem) for problem in error.problems]
    if problems:
        raise InvalidInput.of_fields(problems)
    return found


def changes_of(given: Mapping[str, object], now: int) -> dict[str, Any]:
    """Return the checked changes of a schedule's job. Raises InvalidInput."""
    fields = {key: value for key, value in given.items() if key not in BY_SPELLING or BY_SPELLING[key].is_recurring}
    return parse_changes(fields, now, RECURRING_EDITABLE) if fields else {}


def _problems(own: Mapping[str, str], job: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a schedule's own values, and which fields of a job it cannot have."""
    if "name" in own and not is_name(own["name"]):
        yield "name", f"name {NAME_RULE}, got {quoted(own['name'])}"
    for key, allowed in (("catch_up", CATCH_UP), ("overlap", OVERLAP)):
        if key in own and own[key] not in allowed:
            yield key, f"{key} must be one of {', '.join(allowed)}, got {quoted(own[key])}"
    for key, check in (("expression", read_cron), ("timezone", demand), ("expires", read_expires)):
        try:
            if key in own:
                check(own[key])
        except InvalidInput as error:
            yield key, error.message
    for key in job:
        field = BY_SPELLING.get(key)
        if field is not None and not field.is_recurring:
            yield key, f"a schedule has no {key}: each of its times makes a job of its own"


def normalized(own: Mapping[str, str]) -> dict[str, Any]:
    """Return a schedule's own values, which were checked, as they are stored."""
    readers = {"expression": lambda text: Cron.parse(text).expression, "timezone": canonical, "expires": read_expires}
    return {key: readers[key](value) if key in readers else value for key, value in own.items()}


def read_expires(text: str) -> int | None:
    """Return how long after each time a job may wait, in milliseconds; None forever. Raises InvalidInput."""
    return value_of(lambda: check_duration(text, 0), "expires", text)


def read_cron(expression: str) -> Cron:
    try:
        return Cron.parse(expression)
    except ValueError as error:
        message = f"the cron expression {quoted(expression)} is wrong: {error}"
        raise InvalidInput(message, field="expression") from None
