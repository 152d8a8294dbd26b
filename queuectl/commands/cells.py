"""Values as cells of text: the one place that knows how CSV looks, on the command line and in the dashboard."""

from __future__ import annotations

from collections.abc import Callable, Iterable

# A text that a spreadsheet would run as a formula begins with one of these.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def plain(value: object) -> str:
    """Return a value in one piece of text; CSV and TSV have nothing else."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ",".join(map(plain, value))
    if isinstance(value, dict):
        import json

        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    return str(value)


def pairs(values: Iterable[tuple[str, str | None]], width: int) -> str:
    """Return a line for each name and its value, unless that is None. Names are padded to `width` characters."""
    return "\n".join(f"{name + ':':<{width}} {value}" for name, value in values if value is not None)


def csv_line(values: Iterable[object], safe: Callable[[str], str] = str, end: str = "\r\n") -> str:
    """Return a line by RFC 4180; `safe` makes the text of a cell fit for where it is shown."""
    import csv
    from io import StringIO

    line = StringIO()
    # All is quoted: in some locales a spreadsheet starts a cell at `;`.
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator=end).writerow([safe(_cell(value)) for value in values])
    return line.getvalue()


def _cell(value: object) -> str:
    """Return the text of a cell, marked as text if a spreadsheet would run it as a formula."""
    text = plain(value)
    if not text.startswith(FORMULA_STARTS):
        return text
    import re

    # A number and no more, such as an input or an output of -0.5, is none.
    return text if re.fullmatch(r"[+-]?[0-9]+([.][0-9]*)?([eE][+-]?[0-9]+)?\s*", text) else "'" + text
