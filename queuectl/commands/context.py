"""What a command is given in addition to its arguments, and what it answers with.

It is given the queue and the ways to reach the user. How its answer looks, the front end decides.
"""

from __future__ import annotations

from operator import attrgetter

from ..engine.queue import Queue
from ..model.errors import InvalidInput
from ..model.fields import columns
from ..model.nouns.jobs import JOB
from ..model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, ContextManager, Iterable, Iterator, Protocol, Sequence, Union

    from ..model.clock import Clock
    from ..model.dashboard import DashboardOptions
    from ..model.noun import Noun

    Text = Union[str, bytes, "Labeled"]

    class Rows(Protocol):
        """Rows whose number is known; each time that one goes over them they may be read again."""

        def __len__(self) -> int: ...

        def __iter__(self) -> Iterator[Any]: ...

    class FrontEnd(Protocol):
        """What every front end can do for a command. It shows the `hints` after the answer."""

        hints: list[str]
        is_read_by_people: bool  # whether the answer is a table on a terminal
        has_unicode: bool  # whether the answer may be drawn with lines and signs that are not ASCII

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
            """Show live what a filter finds, every `interval` seconds until it is left; return the exit code."""

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


class Labeled(Record):
    """Whole lines of output of one of several sources; the front end paints the label by its `index`."""

    label: str
    index: int
    data: bytes

    def __bytes__(self) -> bytes:
        return self.label.encode() + self.data


class Result(Record):
    """An answer: data for stdout (at most one of `rows`, `record` and `text`), words for stderr, an exit code."""

    noun: Noun | None = None  # that of `rows` or `record`
    rows: Rows | None = None  # a table; only what is shown is held: they may be read as they are gone over
    record: object = None  # one thing
    text: Iterable[Text] | None = None  # printed as it comes
    message: str | None = None  # replaces a table or record where people read it
    call: str = ""  # a command to type, below the message
    ids: Sequence[str] | Callable[[Any], str] | None = None  # what `--quiet` prints, or what says it of a row
    notes: Sequence[str] = ()  # words for people
    columns: Sequence[str] = ()  # what a table shows, by default all
    chosen: bool = False  # the user named the columns
    raw: bool = False  # the text is not escaped for a terminal
    roff: bool = False  # it is a manual page, which is a page there
    # The message or text is in our own words: its commands are written as the program was called, and a terminal breaks
    # the lines of a message between words.
    is_prose: bool = False
    live: bool = False  # the text goes on coming, so no pager shows it
    code: int = 0

    def __post_init__(self) -> None:
        if self.noun is not None:
            self.columns = self.columns or tuple(self.noun.keys)
        elif self.rows is not None or self.record is not None:
            raise ValueError("a table or record needs its noun")

    def names(self, rows: Iterable[Any]) -> Iterable[str]:
        """Return what `--quiet` prints, of a table for these of its rows."""
        if callable(self.ids):
            return map(self.ids, rows)
        return self.ids or ()


def left_alone() -> Result:
    """Return the answer to a question that was not answered with yes."""
    return Result(notes=["nothing was changed"], code=1)


def job_table(jobs: Rows, notes: Sequence[str] = (), **parts: Any) -> Result:
    """Return an answer with a table of jobs, by default of the usual columns; `parts` are further ones of it."""
    return Result(JOB, rows=jobs, ids=attrgetter("id"), notes=notes, **{"columns": columns(), **parts})
