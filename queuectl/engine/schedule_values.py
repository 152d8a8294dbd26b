"""What a schedule is given: read and checked, with all that is wrong at once."""

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
from .home.timezone import demand

T = TypeVar("T")
# What a schedule has in addition to its name and the fields of its jobs.
OWN = ("expression", "timezone", "catch_up", "overlap", "expires")


def checked(own: Mapping[str, str], job: Iterable[str], read: Callable[[], T]) -> T:
    """Return what `read` makes of the fields of a job. Raises InvalidInput with all that is wrong with either."""
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
    """Return the checked fields of a job that a schedule is to be given. Raises InvalidInput."""
    fields = {key: value for key, value in given.items() if key not in BY_SPELLING or BY_SPELLING[key].is_recurring}
    return parse_changes(fields, now, RECURRING_EDITABLE) if fields else {}


def _problems(own: Mapping[str, str], job: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with what a schedule has of its own, and which fields of a job it cannot have."""
    if "name" in own and not is_name(own["name"]):
        yield "name", f"name {NAME_RULE}, got {quoted(own['name'])}"
    for key, allowed in (("catch_up", CATCH_UP), ("overlap", OVERLAP)):
        if key in own and own[key] not in allowed:
            yield key, f"{key} must be one of {', '.join(allowed)}, got {quoted(own[key])}"
    for key, check in (("expression", read_cron), ("timezone", demand)):
        try:
            if key in own:
                check(own[key])
        except InvalidInput as error:
            yield key, error.message
    try:
        read_expires(own)
    except InvalidInput as error:
        yield "expires", error.message
    for key in job:
        field = BY_SPELLING.get(key)
        if field is not None and not field.is_recurring:
            yield key, f"a schedule has no {key}: each of its times makes a job of its own"


def read_expires(own: Mapping[str, str]) -> int | None:
    """Return how long after each time a job may wait, in milliseconds; None for ever. Raises InvalidInput."""
    text = own.get("expires")
    try:
        return check_duration(text, 0)
    except ValueError as error:
        raise InvalidInput(f"expires {with_value(error, text)}", field="expires") from None


def read_inherit(given: object) -> tuple[str, ...] | None:
    """Return what the jobs of a schedule inherit of who adds it, as words. Raises InvalidInput."""
    try:
        return check_inherit(as_json(given), 0)
    except ValueError as error:
        raise InvalidInput(f"inherit_env {with_value(error, given)}", field="inherit_env") from None


def read_cron(expression: str) -> Cron:
    """Return an expression, read. Raises InvalidInput."""
    try:
        return Cron.parse(expression)
    except ValueError as error:
        message = f"the cron expression {quoted(expression)} is wrong: {error}"
        raise InvalidInput(message, field="expression") from None
