"""What a command answers with. The front end decides how it looks."""

from __future__ import annotations

from operator import attrgetter

from ..model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Iterator, Protocol, Sequence, Union

    from ..model.noun import Noun

    Text = Union[str, bytes, "Labeled"]

    class Rows(Protocol):
        """Rows whose number is known; each time that one goes over them they may be read again."""

        def __len__(self) -> int: ...

        def __iter__(self) -> Iterator[Any]: ...


class Labeled(Record):
    """Whole lines of output of one of several sources; the front end paints the label by its `index`."""

    label: str
    index: int
    data: bytes

    def __bytes__(self) -> bytes:
        return self.label.encode() + self.data


class Result(Record):
    """An answer: data for stdout, words for stderr, an exit code.

    At most one of `rows` (a table), `record` (one thing) and `text` (printed as it comes) is given, the first two
    with their `noun`. Of a table, only what is shown is held: `rows` may be read as they are gone over.
    `message` replaces a table or record where people read it, and `call`, a command to type, stands below it; `ids` is
    what `--quiet` prints, or says it of a row.
    `notes` are words for people. `columns` is what a table shows, by default all; with `chosen` the user named
    them. `raw` text is not escaped for a terminal, `roff` is a manual page, which is a page there. `live` text goes
    on coming, so no pager shows it. A message or text that `is_prose` is in our own words: its commands are written as
    the program was called, and a terminal breaks the lines of a message between words.
    """

    noun: Noun | None = None
    rows: Rows | None = None
    record: object = None
    text: Iterable[Text] | None = None
    message: str | None = None
    call: str = ""
    ids: Sequence[str] | Callable[[Any], str] | None = None
    notes: Sequence[str] = ()
    columns: Sequence[str] = ()
    chosen: bool = False
    raw: bool = False
    roff: bool = False
    is_prose: bool = False
    live: bool = False
    code: int = 0

    def __post_init__(self) -> None:
        """Refuse a table or record without its noun; show all columns if none are chosen."""
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
    from ..model.fields import columns
    from ..model.nouns.jobs import JOB

    return Result(JOB, rows=jobs, ids=attrgetter("id"), notes=notes, **{"columns": columns(), **parts})
