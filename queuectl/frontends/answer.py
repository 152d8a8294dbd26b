"""A command's answer on the screen: data to stdout as the options want it, notes to stderr, long answers paged."""

from __future__ import annotations

import sys

from ..model.errors import InvalidInput, QueueCTLError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Mapping

    from ..commands.result import Result, Text
    from .terminal import Terminal

LABEL_STYLES = ("cyan", "yellow", "green", "magenta", "red")


def show(result: Result, options: Mapping[str, Any], terminal: Terminal) -> int:
    """Print an answer as the options want it; return its exit code."""
    pieces = lines(result, options, terminal)
    if terminal.can_page and not result.live and not options["no_pager"]:
        from .pager import paged

        pieces = paged(pieces, lambda piece: displayed(piece, terminal, raw=result.raw), terminal)
    for piece in pieces:
        write(piece, terminal, raw=result.raw)
    write(None, terminal)
    for note in result.notes:
        terminal.note(terminal.err.safe(note))
    return result.code


def form_of(options: Mapping[str, Any]) -> str:
    """Return the output format that the options ask for."""
    return options["output"] or "table"


def lines(result: Result, options: Mapping[str, Any], terminal: Terminal) -> Iterable[Text]:
    """Return the answer in pieces, each a line of text or, of a job's output, bytes as they come."""
    form = form_of(options)
    if result.text is not None:
        if form != "table":
            raise InvalidInput(f"this command prints a text, it cannot be shown as {form}", field="output")
        return result.text
    if form == "ids" or (options["quiet"] and form == "table" and result.ids is not None):
        return (f"{terminal.out.safe(name)}\n" for name in result.ids or ())
    if form == "table" and result.message is not None:
        return [terminal.out.safe(result.message, multiline=True) + "\n"]
    if result.noun is None or (form == "table" and not result.rows and result.record is None):
        return []
    from .render import record_text, rows_text

    if result.record is not None:
        return record_text(result.record, result.noun, form, terminal)
    return rows_text(result.rows or (), result.noun, result.columns, form, terminal, chosen=result.chosen)


def displayed(piece: Text, terminal: Terminal, *, raw: bool) -> str:
    """Return a piece as it may be written to a terminal."""
    if isinstance(piece, str):
        return piece
    if isinstance(piece, bytes):
        text = piece.decode("utf-8", "backslashreplace")
        return text if raw else terminal.out.safe(text, multiline=True)
    style = LABEL_STYLES[piece.index % len(LABEL_STYLES)]
    return terminal.out.paint(terminal.out.safe(piece.label), style) + displayed(piece.data, terminal, raw=raw)


def write(piece: Text | None, terminal: Terminal, *, raw: bool = False) -> None:
    """Write one piece to stdout, or with None send off what was written.

    Raises BrokenPipeError if nobody reads it, QueueCTLError if it cannot be written (a full disk).
    """
    try:
        if piece is None:
            terminal.out.flush()
        elif isinstance(piece, str):
            terminal.out.write(piece)
        else:
            _write_output(piece, terminal, raw=raw)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise QueueCTLError(
            f"cannot write the output: {error.strerror}", hint="the command itself was carried out"
        ) from error


def say(text: str, terminal: Terminal) -> None:
    """Write a text to stdout at once. Raises as `write` does."""
    write(text, terminal)
    write(None, terminal)


def _write_output(piece: Text, terminal: Terminal, *, raw: bool) -> None:
    """Write what a job printed: as it is into a file or pipe, made harmless on a terminal."""
    if terminal.out.is_tty and not (raw and isinstance(piece, bytes)):
        terminal.out.send(displayed(piece, terminal, raw=raw))
        return
    terminal.out.flush()
    sys.stdout.buffer.write(piece if isinstance(piece, bytes) else bytes(piece))  # type: ignore[arg-type]
    sys.stdout.buffer.flush()
