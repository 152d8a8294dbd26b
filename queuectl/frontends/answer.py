"""A command's answer on the screen: data to stdout as the options want it, notes to stderr, long answers paged."""

from __future__ import annotations

import sys

from ..model.errors import InvalidInput, QueueCTLError
from .text import wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Iterator, Mapping

    from ..commands.context import Result, Text
    from .terminal import Terminal

LABEL_STYLES = ("cyan", "yellow", "green", "magenta", "red")


def show(result: Result, options: Mapping[str, Any], terminal: Terminal) -> int:
    """Print an answer as the options want it; return its exit code."""
    pieces = lines(result, options, terminal)
    if terminal.is_tty and result.roff:
        from .pager import formatted

        pieces = formatted(pieces, terminal)
    elif terminal.is_tty and result.text is not None and not result.raw:
        pieces = on_terminal(pieces, terminal, live=result.live)
    if terminal.can_page and not result.live and not options["no_pager"]:
        from .pager import paged

        pieces = paged(pieces, terminal)
    for piece in pieces:
        write(piece, terminal)
    terminal.end_line()
    write(None, terminal)
    for note in result.notes:
        terminal.note(note)
    return result.code


def lines(result: Result, options: Mapping[str, Any], terminal: Terminal) -> Iterable[Text]:
    """Return the answer in pieces, each a line of text or, of a job's output, bytes as they come."""
    form = options["output"] or "table"
    if result.text is not None:
        if form != "table":
            raise InvalidInput(f"this command prints a text, it cannot be shown as {form}", field="output")
        if not result.is_prose:
            return result.text
        return (terminal.as_called(piece) if isinstance(piece, str) else piece for piece in result.text)
    if form == "ids" or (options["quiet"] and form == "table" and result.ids is not None):
        return (f"{terminal.out.safe(name)}\n" for name in result.names(result.rows or ()))
    if form == "table" and result.message is not None:
        message = terminal.as_called(result.message) if result.is_prose else result.message
        if result.call:
            message += f"\n{terminal.as_called(result.call)}"
        text = terminal.out.safe(message, multiline=True)
        if result.is_prose and terminal.is_tty:
            text = "\n".join(wrapped(text, terminal.columns))
        return [text + "\n"]
    if result.noun is None or (form == "table" and not result.rows and result.record is None):
        return []
    from .render import record_text, rows_text

    def note(text: str) -> None:
        result.notes = [text, *result.notes]

    if result.record is not None:
        return record_text(result.record, result.noun, form, terminal)
    return rows_text(result.rows or (), result.noun, result.columns, form, terminal, note, chosen=result.chosen)


def on_terminal(pieces: Iterable[Text], terminal: Terminal, *, live: bool = False) -> Iterator[str]:
    """Yield pieces as a terminal may show them; the output of a job, if it is `live`, as far as it has come."""
    from .job_output import JobOutput

    output = JobOutput(terminal.out, live=live and terminal.live)
    for piece in pieces:
        if isinstance(piece, str):
            yield piece
        elif isinstance(piece, bytes):
            yield output.feed(piece)
        else:
            line = JobOutput(terminal.out).feed(piece.data)
            yield terminal.paint(terminal.safe(piece.label), LABEL_STYLES[piece.index % len(LABEL_STYLES)]) + line
    yield output.end()


def write(piece: Text | None, terminal: Terminal) -> None:
    """Write one piece to stdout, bytes as they are; None flushes what was written.

    Raises BrokenPipeError if nobody reads it, QueueCTLError if it cannot be written (a full disk).
    """
    try:
        if piece is None:
            terminal.out.flush()
        elif isinstance(piece, str):
            terminal.write(piece)
        else:
            terminal.out.flush()
            sys.stdout.buffer.write(bytes(piece))
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        hint = "the command itself was carried out"
        raise QueueCTLError(f"cannot write the output: {error.strerror}", hint=hint) from error


def say(text: str, terminal: Terminal) -> None:
    """Write a text to stdout at once. Raises as `write` does."""
    write(text, terminal)
    write(None, terminal)
