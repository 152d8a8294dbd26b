"""Sizes in bytes for people: `512 B`, `12.3 MiB`. The pages of the dashboard show them in the same way."""

from __future__ import annotations

UNITS = ("KiB", "MiB", "GiB", "TiB")


def size_text(count: int) -> str:
    """Return 12900000 as `12.3 MiB`."""
    if abs(count) < 1024:
        return f"{count} B"
    amount = float(count)
    for unit in UNITS:
        amount /= 1024
        # 1023.95 would be shown as 1024.0.
        if abs(amount) < 1023.95:
            return f"{amount:.1f} {unit}"
    return f"{amount:.1f} {UNITS[-1]}"
