"""Lists of names as one column holds them: each between commas, so that one can be searched for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

# The fields that are stored so.
NAME_LISTS = ("tags", "locks")


def names_text(names: Sequence[str]) -> str:
    """Return names as they are stored."""
    return f",{','.join(names)}," if names else ""


def names_of(text: str) -> tuple[str, ...]:
    """Return names that are stored so."""
    return tuple(text[1:-1].split(",")) if text else ()
