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
from .terminal import Terminal
from .text import NAME, width

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Sequence

    from ..commands.context import Context, FrontEnd, Result
    from ..commands.grammar.commandline import Parsed

    Opener = Callable[["Session", Terminal, Mapping[str, Any]], FrontEnd]

BUG = 70
INTERRUPTED = 130
BROKEN_PIPE = 141


class Session:
    """One way in: who asks (`cli`, `shell`, `menu`), and global options that hold unless a command has its own.

    `front_end` makes the `FrontEnd` of a command. `owns_stdin` says that the commands themselves come from stdin, so
    that none may read it; errors begin with `place`, the command's place in a script. `bare` is the command that is
    meant if none is given, by default help. `program` is what calls the program, "" if commands need no name.
    """

    def __init__(
        self, actor: str, front_end: Opener, defaults: Mapping[str, Any], *, bare: str = "", program: str | None = NAME
    ) -> None:
        self.actor = actor
        self.owns_stdin = False
        self.place = ""
        self.defaults = defaults
        self._front_end = front_end
        self._bare = bare
        self._program = program
        self._notices: set[str] = set()
        self._terminals: list[Terminal] = []

    def open(self, actor: str, defaults: Mapping[str, Any]) -> Session:
        """Return a session for what a command of this one opens: the shell, the menu."""
        return Session(actor, self._front_end, defaults, program="" if actor == "shell" else self._program)

    def terminal(self, options: Mapping[str, Any] | None = None) -> Terminal:
        """Return the terminal of a command with these options, by default that of the session itself."""
        options = self.defaults if options is None else options
        color, quiet = options.get("color", "auto"), options.get("quiet", False)
        terminal = Terminal(sys.stdout, sys.stderr, color=color, quiet=quiet, program=self._program)
        self._terminals.append(terminal)
        return terminal

    @property
    def rows_shown(self) -> int:
        """How many rows of a terminal the last command has written itself, without a pager or a full screen."""
        return sum(screen.rows_written for terminal in self._terminals for screen in (terminal.out, terminal.err))

    def execute(self, words: Sequence[str]) -> int:
        """Run one command; return its exit code. Nothing but a bug in the interpreter escapes it."""
        options = self.defaults
        self._terminals.clear()
        try:
            from ..commands.grammar.commandline import CommandLine
            from ..commands.grammar.parser import parse, understand

            line = CommandLine(words)
            options = line.global_values(self.defaults)
            parsed = understand(line, self.defaults)
            if self._bare and parsed.command is None and not parsed.options["help"] and not parsed.options["version"]:
                parsed = parse([*words, self._bare], self.defaults)
            return self._dispatch(parsed)
        except QueueCTLError as error:
            return self.fail(error, options)
        except BrokenPipeError:
            return silence()
        except KeyboardInterrupt:
            self.terminal(options).say("")
            return INTERRUPTED
        except Exception as error:  # The edge: a bug must become one line and code 70, not a traceback.
            hint = "please report it; --debug shows where"
            bug = QueueCTLError(f"internal error: {type(error).__name__}: {error}", hint=hint)
            bug.code, bug.exit_code = "internal", BUG
            return self.fail(bug, options)

    def _run(self, parsed: Parsed, context: Context) -> Result:
        assert parsed.command is not None
        try:
            result = parsed.command.handler(context, **parsed.arguments)
        except InvalidInput as error:
            error.rename(parsed.command.names_given(parsed.arguments))
            raise
        for notice in context.queue.notices:
            if notice not in self._notices:
                self._notices.add(notice)
                context.front_end.note(notice)
        return result

    def _dispatch(self, parsed: Parsed) -> int:
        from .answer import say, show

        options, terminal = parsed.options, self.terminal(parsed.options)
        if options["version"]:
            from ..engine.reporting import version

            say(f"{version()}\n", terminal)
            return 0
        if parsed.command is None or options["help"]:
            from ..commands.home.admin import help_for

            return show(help_for(parsed.topic), options, terminal)
        from ..commands.context import Context

        interval = parsed.arguments.pop("watch", None)
        front_end = self._front_end(self, terminal, options)
        context = Context(front_end, home=options["home"], actor=self.actor, clock=SYSTEM_CLOCK)
        try:
            if interval is not None:
                from .watch import watch

                return watch(lambda: self._run(parsed, context), interval, options, terminal)
            code = show(self._run(parsed, context), options, terminal)
            for hint in front_end.hints:
                terminal.note(hint)
            return code
        finally:
            context.close()

    def fail(self, error: QueueCTLError, options: Mapping[str, Any] | None = None) -> int:
        """Say what went wrong and what to do next, in lines or as one JSON document; return the exit code."""
        options = self.defaults if options is None else options
        if options.get("debug"):
            import traceback

            traceback.print_exc()
        terminal = self.terminal(options)
        if options.get("output") in ("json", "jsonl"):
            import json

            from ..model.nouns.home import ERROR

            terminal.say(json.dumps(ERROR.json({"error": error})))
            return error.exit_code
        for problem in error.problems:
            terminal.tell(f"queuectl: error: {terminal.err.safe(self.place + problem)}")
        if isinstance(error, FilterError) and error.text.strip() and terminal.err.is_tty:
            before = terminal.err.safe(error.text[: error.position])
            terminal.say(f"  {before}{terminal.err.safe(error.text[error.position :])}\n  {' ' * width(before)}^")
        if error.hint:
            terminal.say(terminal.as_called(f"  hint: {terminal.err.safe(error.hint)}"))
        return error.exit_code


def silence() -> int:
    """Stop writing to a pipe that nobody reads; the interpreter would complain about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return BROKEN_PIPE
