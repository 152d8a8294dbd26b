"""The user, as one command sees them. What each method does stands in `commands.context.FrontEnd`.

It stands above the live view, the shell and the menu, which it opens, and is given what serves the dashboard.
"""

from __future__ import annotations

import sys

from ..model.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping

    from ..commands.context import Context
    from ..commands.result import Result
    from ..model.dashboard import DashboardOptions
    from .dispatch import Session
    from .progress import Progress
    from .terminal import Terminal

    Serve = Callable[[Context, DashboardOptions, Callable[[str], None]], None]


class FrontEnd:
    """What one command may ask of the user; `serve` serves the dashboard until it is stopped."""

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
        from .progress import Progress

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
