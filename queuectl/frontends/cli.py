"""One-shot commands: words in, an answer on stdout, words on stderr, an exit code.

This is the edge: the only place where errors become text. Data goes to stdout and everything else to
stderr, so that `queuectl ... | other` is always clean.
"""
from __future__ import annotations

import os
import sys

from ..model.clock import SYSTEM_CLOCK
from ..model.errors import InvalidInput, QueueCTLError
from .terminal import Terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, Sequence

    from ..commands.parser import Parsed
    from ..commands.result import Result
    from .progress import Progress

BUG = 70
INTERRUPTED = 130
BROKEN_PIPE = 141


class OneShot:
    """The front end of a one-shot command, as commands see it."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def confirm(self, question: str) -> bool:
        """Ask a yes-or-no question. Raises InvalidInput where nobody can answer."""
        return self._terminal.confirm(question)

    def read_stdin(self, limit: int) -> bytes:
        """Return standard input, at most `limit` bytes of it."""
        return sys.stdin.buffer.read(limit) if sys.stdin is not None else b""

    def progress(self, total: int, label: str) -> Progress:
        """Begin to show progress."""
        from .progress import Progress

        return Progress(total, label, self._terminal, SYSTEM_CLOCK)

    def hint(self, text: str) -> None:
        """Suggest what to do next, to a person at a terminal only."""
        if self._terminal.live:
            self._terminal.note(text)

    def note(self, text: str) -> None:
        """Say something at once, beside the data."""
        self._terminal.note(text)


def run() -> NoReturn:
    """Run the command line of this process and leave with its exit code."""
    _fill_closed_streams()
    code = main(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            code = _silence()
        except OSError:
            # `main` has said so already; the interpreter would try again at its end and complain once more.
            _silence()
    # Everything is flushed and closed; taking the interpreter apart would cost 3 ms more.
    os._exit(code)


def _fill_closed_streams() -> None:
    """Put /dev/null in the place of streams that the caller closed (`>&-`).

    Otherwise the next file that is opened would get their number, and with it what is printed.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")


def main(words: Sequence[str]) -> int:
    """Run one command; return its exit code. Nothing but a bug in the interpreter escapes it."""
    terminal = Terminal(sys.stdout, sys.stderr)
    options: dict[str, Any] = {}
    try:
        from ..commands.parser import parse

        parsed = parse(words)
        options = parsed.options
        terminal = Terminal(sys.stdout, sys.stderr, color=options["color"], quiet=options["quiet"])
        return _dispatch(parsed, terminal)
    except QueueCTLError as error:
        if options.get("debug"):
            _traceback()
        _explain(error, terminal, as_json=_wants_json(options, words))
        return error.exit_code
    except BrokenPipeError:
        return _silence()
    except KeyboardInterrupt:
        terminal.say("")
        return INTERRUPTED
    except Exception as error:  # The edge: a bug must become one line and code 70, not a traceback.
        if options.get("debug"):
            _traceback()
        bug = QueueCTLError(f"internal error: {type(error).__name__}: {error}",
                            hint="please report it; --debug shows where")
        bug.code = "internal"
        _explain(bug, terminal, as_json=_wants_json(options, words))
        return BUG


def _dispatch(parsed: Parsed, terminal: Terminal) -> int:
    options = parsed.options
    if options["version"]:
        terminal.out.write(_version())
        return 0
    if parsed.command is None or options["help"]:
        from ..commands.admin import help_for

        return show(help_for(parsed.topic), options, terminal)
    from ..commands.context import Context

    context = Context(OneShot(terminal), home=options["home"], actor="cli", clock=SYSTEM_CLOCK)
    try:
        return show(parsed.command.handler(context, **parsed.arguments), options, terminal)
    finally:
        context.close()


def _version() -> str:
    from .. import __version__
    from ..store.sqlite import VERSION

    return f"queuectl {__version__} (Python {sys.version.split()[0]}, SQLite {VERSION})\n"


def show(result: Result, options: dict[str, Any], terminal: Terminal) -> int:
    """Print an answer as the options want it; return its exit code."""
    for line in _lines(result, options, terminal):
        _write(line, terminal, raw=result.raw)
    _write(None, terminal)
    for note in result.notes:
        terminal.note(terminal.err.safe(note))
    return result.code


def _lines(result: Result, options: dict[str, Any], terminal: Terminal) -> Any:
    form = "json" if options["json"] else options["output"] or "table"
    if result.text is not None:
        if form != "table":
            raise InvalidInput(f"this command prints a text, it cannot be shown as {form}", field="output")
        return result.text
    if form == "ids" or (options["quiet"] and form == "table" and result.ids is not None):
        return (f"{terminal.out.safe(name)}\n" for name in result.ids or ())
    if form == "table" and result.message is not None:
        return [terminal.out.safe(result.message, multiline=True) + "\n"]
    from .render import record_text, rows_text

    if result.record is not None:
        return record_text(result.record, form, terminal)
    if result.rows is None or (form == "table" and not result.rows):
        return []
    return rows_text(result.rows, result.columns, form, terminal, chosen=result.chosen)


def _write(line: str | bytes | None, terminal: Terminal, *, raw: bool = False) -> None:
    """Write one line to stdout, or with None send off what was written."""
    try:
        if line is None:
            terminal.out.flush()
        elif isinstance(line, bytes):
            _write_bytes(line, terminal, raw=raw)
        else:
            terminal.out.write(line)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise QueueCTLError(f"cannot write the output: {error.strerror}",
                            hint="the command itself was carried out") from error


def _write_bytes(data: bytes, terminal: Terminal, *, raw: bool) -> None:
    """Write what a job printed: as it is into a file or pipe, made harmless on a terminal."""
    if terminal.out.is_tty and not raw:
        terminal.out.write(terminal.out.safe(data.decode("utf-8", "backslashreplace"), multiline=True))
        terminal.out.flush()
        return
    terminal.out.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _wants_json(options: dict[str, Any], words: Sequence[str]) -> bool:
    """Return whether the error is for a program, also if the words could not be understood."""
    if options:
        return bool(options["json"]) or options["output"] == "json"
    text = " ".join(words).replace("=", " ")
    return "--json" in words or "-o json" in text or "--output json" in text


def _explain(error: QueueCTLError, terminal: Terminal, *, as_json: bool) -> None:
    if as_json:
        import json

        found = {"code": error.code, "message": error.message, "field": error.field, "hint": error.hint}
        if isinstance(error, InvalidInput):
            found["problems"] = error.problems  # type: ignore[assignment]
        terminal.say(json.dumps({"error": found}))
        return
    for problem in error.problems if isinstance(error, InvalidInput) else [error.message]:
        terminal.say(f"queuectl: error: {terminal.err.safe(problem)}")
    if error.hint:
        terminal.say(f"  hint: {terminal.err.safe(error.hint)}")


def _traceback() -> None:
    import traceback

    traceback.print_exc()


def _silence() -> int:
    """Stop writing to a pipe that nobody reads; the interpreter would complain about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return BROKEN_PIPE
