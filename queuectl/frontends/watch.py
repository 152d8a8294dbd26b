"""`--watch`: the same answer again and again, in place on a terminal.

Elsewhere only what changed is printed, one line each: rows as tsv (or jsonl with --json), other answers
whole. So `queuectl list --watch | ...` is a feed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from ..commands.context import Result
from ..model.errors import StoreUnavailable
from ..model.when import duration_text, local
from .answer import lines, on_terminal, show
from .live import Region
from .terminal import Terminal
from .text import wrapped

T = TypeVar("T")


def watch(produce: Callable[[], Result], interval: float, options: Mapping[str, Any], terminal: Terminal) -> int:
    """Show what `produce` returns every `interval` seconds until Ctrl-C; return 0. Raises the first answer's errors."""
    try:
        if terminal.out.is_tty and terminal.live:
            look = partial(_picture, produce, options, terminal, interval)
            _draw(_answers(look, interval, terminal), terminal)
        else:
            _feed(_answers(produce, interval, terminal), options, terminal)
    except KeyboardInterrupt:
        pass
    return 0


def _answers(look: Callable[[], T], interval: float, terminal: Terminal) -> Iterator[T | StoreUnavailable]:
    """Yield what each look returns, or why there is nothing to see now."""
    yield look()
    while True:
        terminal.clock.pause(interval)
        try:
            yield look()
        except StoreUnavailable as error:
            yield error


def _draw(pictures: Iterable[list[str] | StoreUnavailable], terminal: Terminal) -> None:
    region = Region(terminal)
    drawn: list[str] = []
    try:
        for found in pictures:
            if isinstance(found, StoreUnavailable):
                drawn = [*drawn[:-1], terminal.out.paint(terminal.out.safe(found.message), "red")]
            else:
                drawn = found
            region.draw(drawn)
    finally:
        region.close()


def _picture(
    produce: Callable[[], Result], options: Mapping[str, Any], terminal: Terminal, interval: float
) -> list[str]:
    """Return an answer as lines without their ends; the notes, on at most a quarter of the screen, and a footer."""
    screen, result = terminal.out, produce()
    text = "".join(on_terminal(lines(result, options, terminal), terminal))
    if result.rows is None:
        text = "\n".join(wrapped(text, screen.columns - 1))
    body = text.split("\n")[:-1]
    footer = f"{local(terminal.clock.wall())}, every {duration_text(round(interval * 1000))}, Ctrl-C ends it"
    notes = [part for note in result.notes for part in wrapped(screen.safe(note), screen.columns - 1)]
    foot = [screen.paint(line, "dim") for line in [*notes[: screen.rows // 4], footer]]
    room = max(1, screen.rows - 1 - len(foot))
    if len(body) > room:
        body = [*body[: room - 1], screen.paint(f"{len(body) - room + 1} more lines", "dim")]
    return [*body, *foot]


def _feed(results: Iterable[Result | StoreUnavailable], options: Mapping[str, Any], terminal: Terminal) -> None:
    form = options["output"] or "table"
    feed = {**options, "output": {"table": "tsv", "json": "jsonl"}.get(form, form)}
    seen: dict[object, object] = {}
    is_first = True
    for result in results:
        if isinstance(result, StoreUnavailable):
            terminal.note(result.message)
            continue
        result.notes = ()
        if result.rows is not None:
            _show_changes(result, seen, feed, terminal, is_first)
        else:
            answer = (result.noun and result.noun.json(result.record), result.message)
            if seen.get("") != answer:
                seen[""] = answer
                show(result, options, terminal)
        is_first = False


def _show_changes(
    result: Result, seen: dict[object, object], options: Mapping[str, Any], terminal: Terminal, is_first: bool
) -> None:
    """Print the rows that differ from those that were seen, and remember them."""
    rows = list(result.rows or ())
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
