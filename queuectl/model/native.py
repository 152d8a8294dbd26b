"""Values of Python's own types as JSON has them: a Path is a text, a datetime an instant, a timedelta a duration."""

from __future__ import annotations

import os

from . import when
from .job import Job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PLAIN = (str, int, float, bool, type(None), dict, list, tuple)


def as_json(value: Any) -> object:
    """Return a value as JSON would have it, other types unchanged. A datetime without a zone is local."""
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, Job):
        return value.number
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    # datetime is slow to load; a caller that has one of its values has loaded it.
    if hasattr(value, "total_seconds"):
        # As a text it is a duration and, as an instant, counts from now.
        ms = round(value.total_seconds() * 1000)
        return f"{ms}ms" if ms >= 0 else value
    if hasattr(value, "astimezone"):
        try:
            ms = round(value.timestamp() * 1000)
        except (ValueError, OverflowError, OSError):
            return value  # In local time, the first and the last days that a datetime can hold are no instants.
        return when.iso(ms) if when.EARLIEST_MS <= ms <= when.LATEST_MS else value
    return value
