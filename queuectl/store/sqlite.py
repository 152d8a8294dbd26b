"""SQLite's module, without what importing `sqlite3` brings along.

`sqlite3` is a thin layer over the C module: it adds `datetime` and `collections` for converters that
the store does not use, and so 5 ms to each command, which is a seventh of a whole `add`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
else:
    try:
        import _sqlite3 as sqlite3
    except ImportError:
        import sqlite3

Row = sqlite3.Row
VERSION = sqlite3.sqlite_version

__all__ = ["Row", "VERSION", "sqlite3"]
