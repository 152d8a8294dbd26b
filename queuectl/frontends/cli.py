"""One-shot commands: the words of this process in, an exit code out; and the user, as one command sees them.

queuectl ARGS               one command
queuectl                    on a terminal the shell, elsewhere the list of commands
python3 main.py             the menu
queuectl __complete ...     what a shell asks while a line is typed; nobody else does
"""

from __future__ import annotations

import os
import sys

from ..model.errors import InvalidInput
from .dispatch import Session, silence
from .text import NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, NoReturn, Sequence

    from ..commands.context import Context, Result
    from ..model.dashboard import DashboardOptions
    from .live import Progress
    from .terminal import Terminal

    Serve = Callable[[Context, DashboardOptions, Callable[[str], None]], None]


def run(serve: Serve, *, bare: str) -> NoReturn:
    """Run the command line of this process and leave with its exit code; see `main`."""
    # Otherwise the next file that is opened would get the number of a stream that the caller closed (`>&-`).
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
    on_a_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    code = main(sys.argv[1:], serve, bare=bare if bare != "shell" or on_a_terminal else "", program=None)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            code = silence()
        except OSError:
            # `main` has reported it already; the interpreter would try again at its end and complain once more.
            silence()
    # Everything is flushed and closed; taking the interpreter apart would cost 3 ms more.
    os._exit(code)


def main(words: Sequence[str], serve: Serve, *, bare: str, program: str | None = NAME) -> int:
    """Run one command; return its exit code.

    `serve` serves the dashboard, `bare` is the command that is meant if none is given ("": the help), and
    `program` is what calls the program in the commands that its texts name.
    """
    if words and words[0] == "__complete":
        from .completion import complete

        return complete(words[1:])

    def front_end(session: Session, terminal: Terminal, options: Mapping[str, Any]) -> FrontEnd:
        return FrontEnd(session, terminal, options, serve)

    return Session("cli", front_end, {}, bare=bare, program=program).execute(words)


class FrontEnd:
    """What one command may ask of the user: see `commands.context.FrontEnd`. `serve` serves the dashboard."""

    def __init__(self, session: Session, terminal: Terminal, options: Mapping[str, Any], serve: Serve) -> None:
        self.hints: list[str] = []
        self.has_unicode = terminal.unicode
        self.is_read_by_people = terminal.is_tty and options["output"] in (None, "table") and not options["quiet"]
        self.note = terminal.note
        self._session = session
        self._terminal = terminal
        self._options = options
        self._serve = serve
        self._has_read_stdin = False

    def confirm(self, question: str) -> bool:
        return self._terminal.confirm(question)

    def read_stdin(self, limit: int) -> bytes:
        if self._session.owns_stdin:
            raise InvalidInput("stdin cannot be read here, it holds the commands", hint="give a file instead of -")
        if self._has_read_stdin:
            raise InvalidInput("stdin can be read once: only one thing can be -", hint="give a file instead of -")
        self._has_read_stdin = True
        return sys.stdin.buffer.read(limit) if sys.stdin is not None else b""

    def progress(self, total: int, label: str) -> Progress:
        from .live import Progress

        return Progress(total, label, self._terminal)

    def hint(self, text: Callable[[], str]) -> None:
        if self._terminal.live:
            self.hints.append(text())

    def ring(self) -> None:
        if self._terminal.err.is_tty:
            self._terminal.err.send("\a")

    def top(self, context: Context, interval: float, filter: str) -> int:
        from .top import run_top

        return run_top(context, self._terminal, interval=interval, filter=filter)

    def shell(self, context: Context, line: str | None, *, keep_going: bool) -> int:
        from .shell import run_shell

        if self._session.actor == "shell":
            raise InvalidInput("this is the shell already", hint="leave it with: exit")
        return run_shell(self._session.open("shell", self._options), line, keep_going=keep_going)

    def menu(self, context: Context) -> int:
        from .menu import run_menu
        from .menu_parts import main_entries

        if self._session.actor != "cli":
            raise InvalidInput(f"the menu cannot be opened from the {self._session.actor}")
        return run_menu(self._session.open("menu", self._options), main_entries)

    def dashboard(self, context: Context, options: DashboardOptions, ready: Callable[[str], Result | None]) -> None:
        from .answer import show

        def show_ready(url: str) -> None:
            said = ready(url)
            if said is not None:
                show(said, self._options, self._terminal)

        self._serve(context, options, show_ready)
