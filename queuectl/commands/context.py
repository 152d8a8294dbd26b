"""What a command is given in addition to its arguments: the queue, and the ways to reach the user."""

from __future__ import annotations

from ..engine.queue import Queue
from ..model.errors import InvalidInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, ContextManager, Protocol

    from ..model.clock import Clock
    from ..model.dashboard import DashboardOptions
    from .result import Result

    class FrontEnd(Protocol):
        """What every front end can do for a command. It shows the `hints` after the answer."""

        hints: list[str]

        @property
        def is_read_by_people(self) -> bool:
            """Whether the answer is a table on a terminal."""

        @property
        def has_unicode(self) -> bool:
            """Whether the answer may be drawn with lines and signs that are not ASCII."""

        def confirm(self, question: str) -> bool:
            """Ask a yes-or-no question. Raises InvalidInput where nobody can answer."""

        def read_stdin(self, limit: int) -> bytes:
            """Return standard input, at most `limit` bytes of it, once. Raises InvalidInput where it is taken."""

        def progress(self, total: int, label: str) -> ContextManager[Callable[[int], None]]:
            """Show how far a long command is, until the end of the block, which calls it with how many are done."""

        def hint(self, text: Callable[[], str]) -> None:
            """Suggest what to do next, to a person at a terminal only: nowhere else is the text asked for."""

        def note(self, text: str) -> None:
            """Say something at once, beside the data."""

        def ring(self) -> None:
            """Ring the bell of the terminal, if there is one."""

        def top(self, context: Context, interval: float, filter: str) -> int:
            """Show the live view of the jobs that a filter finds, looking every `interval` seconds, until it is left.

            Return the exit code.
            """

        def shell(self, context: Context, line: str | None, *, keep_going: bool) -> int:
            """Run a line, or the interactive shell; return the exit code. Raises InvalidInput within the shell."""

        def menu(self, context: Context) -> int:
            """Run the menu until it is left; return the exit code. Raises InvalidInput within the shell or menu."""

        def dashboard(self, context: Context, options: DashboardOptions, ready: Callable[[str], Result | None]) -> None:
            """Serve the dashboard until it is stopped; show what `ready` says when it is up, given its URL."""


class Context:
    """The home that a command works on, and the front end it was asked for through."""

    def __init__(self, front_end: FrontEnd, *, home: str | None, actor: str, clock: Clock) -> None:
        self.front_end = front_end
        self.clock = clock
        self.queue = Queue(home, actor=actor, clock=clock)

    def bytes_of(self, path: str, most: int, *, field: str) -> bytes:
        """Return at most `most` bytes of a file, or of stdin for `-`. Raises InvalidInput, about `field`."""
        if path == "-":
            return self.front_end.read_stdin(most)
        try:
            with open(path, "rb") as file:
                return file.read(most)
        except OSError as error:
            raise InvalidInput(f"cannot read {path}: {error.strerror}", field=field) from None

    def stdin_text(self) -> str:
        """Return the text of stdin. Raises InvalidInput."""
        from ..engine.intake import READ_BYTES, decode

        return decode(self.front_end.read_stdin(READ_BYTES), "stdin")

    def close(self) -> None:
        """Close what was opened."""
        self.queue.leave()
