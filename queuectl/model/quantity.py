"""How many of something there are, in words."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """Return `1 worker` or `3 workers`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
