"""How many of something there are, in words."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return `1 worker` or `3 workers`; `plural` is that of a noun which does not only take an s."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
