"""Data to text: a table for people; json, jsonl, csv and tsv for programs.

A row is what its noun takes; the kind of each of the noun's keys says how a column looks:

    kind       table                              json, csv, tsv
    time       `3m ago` on a terminal, else ISO   ISO 8601 UTC
    duration   `2m 30s`                           seconds
    bytes      `12.3 MiB`                         bytes
    missing    `-`                                null; empty in csv and tsv

On a terminal a table is at most as wide as the terminal, except for ids, which are never cut; sentences continue in
the next line. Elsewhere nothing is cut, left out or colored.
"""

from __future__ import annotations

import os
from functools import partial
from itertools import chain, zip_longest

from ..commands.cells import csv_line, plain
from ..model.fields import KEPT
from ..model.quantity import counted
from .terminal import STATE_STYLES, Terminal
from .text import clip, escape, escape_json, pad, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence

    from ..commands.context import Rows
    from ..model.kinds import Kind
    from ..model.noun import Noun

    Note = Callable[[str], None]

# Free text can be clipped, but not below this many columns.
FLEXIBLE = {
    **dict.fromkeys([field.name for field in KEPT if field.is_wide], 12),
    **dict.fromkeys(["detail", "message", "reason", "value", "cwd"], 12),
    **{"command": 20, "tags": 8, "fate": 22, "help": 24, "allowed": 24, "description": 24},
}
# Sentences, of which a part is useless: they continue in the next line instead.
PROSE = frozenset(("help", "allowed", "description", "detail", "message", "reason"))
# The last to be dropped when the terminal is narrow, the most important first; others go from the right.
IMPORTANT = ("id", "name", "state", "fate", "command", "value", "error", "help", "description")
# They are typed again, so a part is useless.
UNCUT = ("id",)
SEPARATOR = "  "
MISSING = "-"
# A table of more rows is not held in memory.
HELD_ROWS = 5_000
# A longer cell may stick out of an unclipped table: one job's 60 KB command must not widen 10,000 rows.
MAX_PADDING = 200


def rows_text(
    rows: Rows, noun: Noun, columns: Sequence[str], fmt: str, terminal: Terminal, note: Note, *, chosen: bool = False
) -> Iterator[str]:
    """Return the rows as lines; `note` what a table leaves out. If columns were `chosen`, JSON has no others."""
    if fmt == "table":
        return _table(rows, noun, columns, terminal, note)
    values = map(noun.json, rows)
    if fmt not in ("json", "jsonl"):
        return _separated(values, columns, fmt, terminal)
    documents = (_json({name: row[name] for name in columns} if chosen else row, terminal) for row in values)
    return _array(documents) if fmt == "json" else (document + "\n" for document in documents)


def record_text(record: object, noun: Noun, fmt: str, terminal: Terminal) -> Iterator[str]:
    """Return one thing as lines: `key: value` for people, an object in JSON, a header and a row in csv."""
    if fmt == "json":
        return iter([_json(noun.json(record), terminal, indent=2) + "\n"])
    if fmt != "table":
        return rows_text([record], noun, list(noun.keys), fmt, terminal, terminal.note)
    return _pairs(record, noun, terminal)


def _human(value: object, kind: Kind, now: int | None, *, as_detail: bool = False) -> str:
    """Return the value as people get it, not yet safe: in a table, or in detail. Without `now`, times are absolute."""
    shown = (as_detail and kind.detail) or kind.cell
    value = None if value is None else shown(value, now) if shown else kind.json(value)
    if value is None or value == [] or value == {}:
        return MISSING
    return f"{value:.6g}" if isinstance(value, float) else plain(value)


def _json(values: Mapping[str, Any], terminal: Terminal, indent: int | None = None) -> str:
    import json

    return escape_json(json.dumps(values, ensure_ascii=not terminal.out.utf8, allow_nan=False, indent=indent))


def _array(documents: Iterator[str]) -> Iterator[str]:
    """Return one JSON array, an element a line, without holding more than one of them."""
    before = "[\n"
    for document in documents:
        yield before + document
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _separated(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], fmt: str, terminal: Terminal
) -> Iterator[str]:
    # Where the stream itself turns \n into \r\n, \r\n would become \r\r\n.
    end = "\n" if os.linesep == "\r\n" else "\r\n"
    shown = partial(escape, multiline=True) if terminal.is_tty else str
    for values in chain([columns], ([row[name] for name in columns] for row in rows)):
        if fmt == "csv":
            yield csv_line(values, shown, end)
        else:
            yield "\t".join(escape(plain(value).replace("\\", "\\\\")) for value in values) + "\n"


def _pairs(record: object, noun: Noun, terminal: Terminal) -> Iterator[str]:
    now = terminal.clock.wall() if terminal.is_tty else None
    margin = max(map(width, noun.keys)) + 2
    for name in noun.keys:
        text = terminal.safe(_human(noun.part(record, name), noun.keys[name], now, as_detail=True), multiline=True)
        # Further lines are indented, so that no output can pass for a field of ours.
        text = text.rstrip("\n").replace("\n", "\n" + " " * margin)
        style = STATE_STYLES.get(text, "") if name == "state" else ""
        yield terminal.paint(pad(f"{name}:", margin), "dim") + terminal.paint(text, style) + "\n"


def _table(rows: Rows, noun: Noun, columns: Sequence[str], terminal: Terminal, note: Note) -> Iterator[str]:
    now = terminal.clock.wall() if terminal.is_tty else None
    kinds = {name: noun.keys[name] for name in columns}

    def cells(row: object) -> dict[str, str]:
        parts = ((name, noun.part(row, noun.looks.get(name, name)), kind) for name, kind in kinds.items())
        return {name: terminal.safe(_human(part, kind, now)) for name, part, kind in parts}

    # The width of a column is known once all rows were seen; a million of them are better read twice than held.
    held = None if len(rows) > HELD_ROWS else [cells(row) for row in rows]
    natural = {name: width(name) for name in columns}
    empty = dict.fromkeys(reversed(columns))
    for line in map(cells, rows) if held is None else held:
        for name, text in line.items():
            natural[name] = max(natural[name], width(text))
            if text != MISSING:
                empty.pop(name, None)
    widths = fit(natural, terminal.columns if terminal.is_tty else None, list(empty))
    heads = {name: name.upper() for name in columns}
    for line in chain([heads], map(cells, rows) if held is None else held):
        for parts in zip_longest(*(_lines(name, line[name], widths[name], terminal) for name in widths), fillvalue=""):
            shown = []
            for name, text in zip(widths, parts):
                state = text.partition(" ")[0] if name == "state" else ""
                style = "bold" if line is heads else STATE_STYLES.get(state, "")
                padded = pad(text, widths[name], kinds[name].is_number)
                # Only the text itself is colored.
                shown.append(padded.replace(text, terminal.paint(text, style), 1) if style and text else padded)
            yield SEPARATOR.join(shown).rstrip() + "\n"
    hidden = len(columns) - len(widths)
    if hidden:
        note(f"{counted(hidden, 'column')} hidden, use -o json or a wider terminal")


def _lines(name: str, text: str, wide: int, terminal: Terminal) -> Sequence[str]:
    """Return a cell as the lines that fit its column: sentences are broken between words, other texts are cut."""
    if not terminal.is_tty or width(text) <= wide:
        return [text]
    lines = [text]
    if name in PROSE:
        import textwrap

        lines = textwrap.wrap(text, wide, break_on_hyphens=False)
    return [clip(line, wide, terminal.out.ellipsis) for line in lines]


def fit(natural: Mapping[str, int], limit: int | None, empty: Sequence[str] = ()) -> dict[str, int]:
    """Return the width of each column that is shown, so that a line takes `limit` columns at most.

    The `empty` columns go first, in their order. Then free text shrinks, the widest first; then the least important
    column goes, and the rest tries again. An id that stands alone keeps its width.
    """
    if limit is None:
        return {name: min(wide, MAX_PADDING) for name, wide in natural.items()}
    shown = dict(natural)
    for name in empty:
        if _line_width(shown) > limit and len(shown) > 1:
            del shown[name]
    while True:
        widths = _shrink(shown, limit)
        if _line_width(widths) <= limit:
            return widths
        if len(shown) == 1:
            return {name: wide if name in UNCUT else limit for name, wide in shown.items()}
        others = [name for name in shown if name not in IMPORTANT]
        del shown[others[-1] if others else max(shown, key=IMPORTANT.index)]


def _line_width(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + len(SEPARATOR) * (len(widths) - 1)


def _shrink(natural: Mapping[str, int], limit: int) -> dict[str, int]:
    widths = {name: min(wide, limit) if name in FLEXIBLE else wide for name, wide in natural.items()}
    for _ in range(_line_width(widths) - limit):
        spare = [name for name in widths if widths[name] > FLEXIBLE.get(name, widths[name])]
        if not spare:
            break
        widths[max(spare, key=widths.__getitem__)] -= 1
    return widths
