"""Lists of names in one column: each name is between commas, so that SQL can search for it."""

from __future__ import annotations

from collections.abc import Sequence

# The fields that are stored like this.
NAME_LISTS = ("tags", "locks")


def names_text(names: Sequence[str]) -> str:
    """Return names as they are stored."""
    return f",{','.join(names)}," if names else ""


def names_of(text: str) -> tuple[str, ...]:
    """Return the names of a stored list."""
    return tuple(text[1:-1].split(",")) if text else ()
