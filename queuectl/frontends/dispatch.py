"""From words to an exit code: parse, run the command, show its answer, word its error.

Every front end ends here: the one-shot command line, each line of the shell, each form of the menu.
This is the edge, the only place where errors become text. Data goes to stdout and everything else to
stderr, so that `queuectl ... | other` is always clean.
"""

from __future__ import annotations

import os
import sys

from ..model.clock import SYSTEM_CLOCK
from ..model.errors import FilterError, InvalidInput, QueueCTLError
from .terminal import Terminal, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Sequence

    from ..commands.context import Context
    from ..commands.grammar.parser import Parsed
    from ..commands.result import Result
    from ..engine.daemons.dashboard_control import DashboardOptions
    from .progress import Progress

BUG = 70
INTERRUPTED = 130
BROKEN_PIPE = 141


class FrontEnd:
    """The user, as one command sees them: see `commands.context.FrontEnd`."""

    def __init__(self, session: Session, terminal: Terminal, options: Mapping[str, Any]) -> None:
        self.hints: list[str] = []
        self._session = session
        self._terminal = terminal
        self._options = options

    def confirm(self, question: str) -> bool:
        """Ask a yes-or-no question. Raises InvalidInput where nobody can answer."""
        return self._terminal.confirm(question)

    def read_stdin(self, limit: int) -> bytes:
        """Return standard input, at most `limit` bytes of it. Raises InvalidInput where it is taken already."""
        if self._session.owns_stdin:
            raise InvalidInput("stdin cannot be read here, it holds the commands", hint="give a file instead of -")
        return sys.stdin.buffer.read(limit) if sys.stdin is not None else b""

    def progress(self, total: int, label: str) -> Progress:
        """Begin to show progress."""
        from .progress import Progress

        return Progress(total, label, self._terminal, SYSTEM_CLOCK)

    def hint(self, text: str) -> None:
        """Suggest what to do next, after the answer and to a person at a terminal only."""
        if self._terminal.live:
            self.hints.append(text)

    def note(self, text: str) -> None:
        """Say something at once, beside the data."""
        self._terminal.note(self._terminal.err.safe(text))

    def top(self, context: Context, interval: float, filter: str) -> int:
        """Show the live view until it is left, at first by a filter."""
        from .top import run_top

        return run_top(context, self._terminal, interval=interval, filter=filter)

    def shell(self, context: Context, line: str | None, *, keep_going: bool) -> int:
        """Run a line, or the interactive shell."""
        from .shell import run_shell

        if self._session.actor == "shell":
            raise InvalidInput("this is the shell already", hint="leave it with: exit")
        return run_shell(self._options, line, keep_going=keep_going)

    def menu(self, context: Context) -> int:
        """Run the menu until it is left."""
        from .menu import run_menu

        if self._session.actor != "cli":
            raise InvalidInput(f"the menu cannot be opened from the {self._session.actor}")
        return run_menu(self._options)

    def dashboard(self, context: Context, options: DashboardOptions, ready: Callable[[str], Result | None]) -> None:
        """Serve the dashboard until it is stopped; show what `ready` says when it is up, given its URL."""
        from ..dashboard.daemon import run_dashboard
        from .answer import show

        def show_ready(url: str) -> None:
            said = ready(url)
            if said is not None:
                show(said, self._options, self._terminal)

        run_dashboard(context.queue.home, options, on_ready=show_ready, clock=context.clock)


class Session:
    """One way in: who asks (`cli`, `shell`, `menu`), and global options that hold unless a command has its own.

    `owns_stdin` says that the commands themselves come from stdin, so that none may read it; `bare` is the
    command that is meant where none is given, by default help.
    """

    def __init__(
        self, actor: str, defaults: Mapping[str, Any] | None = None, *, owns_stdin: bool = False, bare: str = ""
    ) -> None:
        self.actor = actor
        self.owns_stdin = owns_stdin
        self._bare = bare
        self._told: set[str] = set()
        self._defaults = dict(defaults or {})

    def terminal(self) -> Terminal:
        """Return the terminal of the session itself."""
        return Terminal(
            sys.stdout, sys.stderr, color=self._defaults.get("color", "auto"), quiet=self._defaults.get("quiet", False)
        )

    def execute(self, words: Sequence[str]) -> int:
        """Run one command; return its exit code. Nothing but a bug in the interpreter escapes it."""
        terminal = self.terminal()
        options: dict[str, Any] = {}
        try:
            from ..commands.grammar.parser import parse

            parsed = parse(words, self._defaults)
            if self._bare and parsed.command is None and not parsed.options["help"] and not parsed.options["version"]:
                parsed = parse([*words, self._bare], self._defaults)
            options = parsed.options
            terminal = Terminal(sys.stdout, sys.stderr, color=options["color"], quiet=options["quiet"])
            return self._dispatch(parsed, terminal)
        except QueueCTLError as error:
            if options.get("debug"):
                _traceback()
            explain(error, terminal, as_json=_wants_json(options, words))
            return error.exit_code
        except BrokenPipeError:
            return silence()
        except KeyboardInterrupt:
            terminal.say("")
            return INTERRUPTED
        except Exception as error:  # The edge: a bug must become one line and code 70, not a traceback.
            if options.get("debug"):
                _traceback()
            bug = QueueCTLError(
                f"internal error: {type(error).__name__}: {error}", hint="please report it; --debug shows where"
            )
            bug.code = "internal"
            explain(bug, terminal, as_json=_wants_json(options, words))
            return BUG

    def _run(self, parsed: Parsed, context: Context) -> Result:
        assert parsed.command is not None
        result = parsed.command.handler(context, **parsed.arguments)
        notice = context.queue.notice
        if notice and notice not in self._told:
            self._told.add(notice)
            context.front_end.note(notice)
        return result

    def _dispatch(self, parsed: Parsed, terminal: Terminal) -> int:
        from .answer import show

        options = parsed.options
        if options["version"]:
            terminal.out.write(_version())
            return 0
        if parsed.command is None or options["help"]:
            from ..commands.home.admin import help_for

            return show(help_for(parsed.topic), options, terminal)
        from ..commands.context import Context

        interval = parsed.arguments.pop("watch", None)
        front_end = FrontEnd(self, terminal, options)
        context = Context(front_end, home=options["home"], actor=self.actor, clock=SYSTEM_CLOCK)
        try:
            if interval is not None:
                from .watch import watch

                return watch(lambda: self._run(parsed, context), interval, options, terminal)
            code = show(self._run(parsed, context), options, terminal)
            for hint in front_end.hints:
                terminal.note(terminal.err.safe(hint))
            return code
        finally:
            context.close()


def _version() -> str:
    from .. import __version__
    from ..store.sqlite import VERSION

    return f"queuectl {__version__} (Python {sys.version.split()[0]}, SQLite {VERSION})\n"


def _wants_json(options: Mapping[str, Any], words: Sequence[str]) -> bool:
    """Return whether the error is for a program, also if the words could not be understood."""
    if options:
        return bool(options["output"] == "json")
    text = " ".join(words).replace("=", " ")
    return "--json" in words or "-o json" in text or "--output json" in text


def explain(error: QueueCTLError, terminal: Terminal, *, as_json: bool = False) -> None:
    """Say what went wrong and what to do next, for people or (one JSON document) for programs."""
    if as_json:
        import json

        found: dict[str, Any] = {"code": error.code, "message": error.message, "field": error.field, "hint": error.hint}
        if isinstance(error, InvalidInput):
            found["problems"] = error.problems
        if isinstance(error, FilterError):
            found.update(position=error.position, suggestion=error.suggestion)
        terminal.say(json.dumps({"error": found}))
        return
    for problem in error.problems if isinstance(error, InvalidInput) else [error.message]:
        terminal.say(f"queuectl: error: {terminal.err.safe(problem)}")
    if isinstance(error, FilterError) and terminal.err.is_tty:
        before, after = error.text[: error.position], error.text[error.position :]
        place = terminal.err.safe(before)
        terminal.say(f"  {place}{terminal.err.safe(after)}\n  {' ' * width(place)}^")
    if error.hint:
        terminal.say(f"  hint: {terminal.err.safe(error.hint)}")


def _traceback() -> None:
    import traceback

    traceback.print_exc()


def silence() -> int:
    """Stop writing to a pipe that nobody reads; the interpreter would complain about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return BROKEN_PIPE
