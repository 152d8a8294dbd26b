"""`--watch`: the same answer again and again, in place on a terminal.

Elsewhere only what changed is printed, one line each: rows as tsv (or jsonl with --json), other answers
whole. So `queuectl list --watch | ...` is a feed.
"""

from __future__ import annotations

from ..model.errors import StoreUnavailable
from ..model.when import duration_text, local
from .answer import form_of, lines, on_terminal, show
from .text import wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping

    from ..commands.result import Result
    from .terminal import Terminal


def watch(produce: Callable[[], Result], interval: float, options: Mapping[str, Any], terminal: Terminal) -> int:
    """Show what `produce` returns every `interval` seconds until Ctrl-C; return the exit code 0.

    The first answer's errors are raised. Later a store that is busy is waited for.
    """
    if terminal.out.is_tty and terminal.live:
        return _watch_in_place(produce, interval, options, terminal)
    return _watch_changes(produce, interval, options, terminal)


def _watch_in_place(
    produce: Callable[[], Result], interval: float, options: Mapping[str, Any], terminal: Terminal
) -> int:
    from .live import Region

    region = Region(terminal)
    drawn = picture(produce(), options, terminal, interval)
    try:
        while True:
            region.draw(drawn)
            terminal.clock.pause(interval)
            try:
                drawn = picture(produce(), options, terminal, interval)
            except StoreUnavailable as error:
                drawn = [*drawn[:-1], terminal.out.paint(terminal.out.safe(error.message), "red")]
    except KeyboardInterrupt:
        return 0
    finally:
        region.close()


def picture(result: Result, options: Mapping[str, Any], terminal: Terminal, interval: float) -> list[str]:
    """Return an answer as lines without their ends, with the notes and what to press below.

    Words are wrapped; of a table that is longer than the screen the end is left out, and how much that is stands there.
    """
    screen = terminal.out
    text = "".join(on_terminal(lines(result, options, terminal), terminal))
    body = text.split("\n")[:-1]
    if result.rows is None:
        body = [part for line in body for part in wrapped(line, screen.columns - 1)]
    notes = [part for note in result.notes for part in wrapped(screen.safe(note), screen.columns - 1)]
    footer = f"{local(terminal.clock.wall())}, every {duration_text(round(interval * 1000))}, Ctrl-C ends it"
    foot = [screen.paint(line, "dim") for line in [*notes, footer]]
    room = max(1, screen.rows - 1 - len(foot))
    if len(body) > room:
        body = [*body[: room - 1], screen.paint(f"{len(body) - room + 1} more lines", "dim")]
    return [*body, *foot]


def _watch_changes(
    produce: Callable[[], Result], interval: float, options: Mapping[str, Any], terminal: Terminal
) -> int:
    feed = {**options, "output": {"table": "tsv", "json": "jsonl"}.get(form_of(options), form_of(options))}
    seen: dict[object, object] = {}
    is_first = True
    result = produce()
    try:
        while True:
            _show_changes(result, seen, feed if result.rows is not None else options, terminal, is_first)
            is_first = False
            terminal.clock.pause(interval)
            try:
                result = produce()
            except StoreUnavailable as error:
                terminal.note(terminal.err.safe(error.message))
    except KeyboardInterrupt:
        return 0


def _show_changes(
    result: Result, seen: dict[object, object], options: Mapping[str, Any], terminal: Terminal, is_first: bool
) -> None:
    """Print what differs from what was seen, and remember it."""
    result.notes = ()
    if result.rows is None:
        answer = (result.noun and result.noun.json(result.record), result.message)
        if seen.get("") != answer:
            seen[""] = answer
            show(result, options, terminal)
        return
    rows = list(result.rows)
    values = list(map(result.noun.json, rows)) if result.noun is not None else []
    keys = result.names(rows) if result.ids is not None else map(str, values)
    changed = [(key, row, value) for key, row, value in zip(keys, rows, values) if seen.get(key) != value]
    seen.update((key, value) for key, _, value in changed)
    result.rows, result.ids = [row for _, row, _ in changed], [key for key, _, _ in changed]
    if changed or is_first:
        for number, line in enumerate(lines(result, options, terminal)):
            if number or is_first or options["output"] not in ("tsv", "csv"):
                terminal.out.write(str(line))
        terminal.out.flush()
