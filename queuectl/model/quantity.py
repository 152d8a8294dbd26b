"""How many of something there are, in words: counts, names, sizes."""

from __future__ import annotations

from collections.abc import Sequence

# At most this many names are shown.
SHOWN = 5
UNITS = ("KiB", "MiB", "GiB", "TiB")


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return `1 worker` or `3 workers`; `plural` is that of a noun which does not only take an s."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def some_of(names: Sequence[str], count: int | None = None) -> str:
    """Return the first names, and how many more of the `count` there are; by default all names were given."""
    more = (len(names) if count is None else count) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def bar(percent: int, width: int) -> str:
    """Return a bar such as `[###.......]`, filled to a percentage, with so many places between its ends."""
    filled = width * percent // 100
    return f"[{'#' * filled}{'.' * (width - filled)}]"


def size_text(count: int) -> str:
    """Return 12900000 bytes as `12.3 MiB`. The pages of the dashboard do the same."""
    if abs(count) < 1024:
        return f"{count} B"
    amount = float(count)
    for unit in UNITS:
        amount /= 1024
        # 1023.95 would be shown as 1024.0.
        if abs(amount) < 1023.95:
            return f"{amount:.1f} {unit}"
    return f"{amount:.1f} {UNITS[-1]}"
