"""The values that a schedule is given: read and checked, with all problems at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from ..model.checks import NAME_RULE, check_duration, is_name
from ..model.cron import Cron
from ..model.errors import InvalidInput, quoted, with_value
from ..model.fields import BY_SPELLING, RECURRING_EDITABLE
from ..model.native import as_json
from ..model.schedule import CATCH_UP, OVERLAP
from ..model.spec import parse_changes
from ..model.surroundings import check_inherit
from ..model.zones import canonical
from .home.timezone import demand

T = TypeVar("T")
# What a schedule has in addition to its name and the fields of its jobs.
OWN = ("expression", "timezone", "catch_up", "overlap", "expires")


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
    """Return how long after each time a job may wait, in milliseconds; None for ever. Raises InvalidInput."""
    try:
        return check_duration(text, 0)
    except ValueError as error:
        raise InvalidInput(f"expires {with_value(error, text)}", field="expires") from None


def read_inherit(given: object) -> tuple[str, ...] | None:
    """Return what the jobs of a schedule inherit from the caller that adds it, as words. Raises InvalidInput."""
    try:
        return check_inherit(as_json(given), 0)
    except ValueError as error:
        raise InvalidInput(f"inherit_env {with_value(error, given)}", field="inherit_env") from None


def read_cron(expression: str) -> Cron:
    try:
        return Cron.parse(expression)
    except ValueError as error:
        message = f"the cron expression {quoted(expression)} is wrong: {error}"
        raise InvalidInput(message, field="expression") from None
