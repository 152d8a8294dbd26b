"""What a command answers with. The front end decides how it looks."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Sequence, Union

    from ..model.noun import Noun

    Text = Union[str, bytes, "Labelled"]


class Labelled:
    """Whole lines of output of one of several sources; the front end paints the label by its `index`."""

    __slots__ = ("label", "index", "data")

    def __init__(self, label: str, index: int, data: bytes) -> None:
        self.label = label
        self.index = index
        self.data = data

    def __bytes__(self) -> bytes:
        return self.label.encode() + self.data


class Result:
    """An answer: data for stdout, words for stderr, an exit code.

    At most one of `rows` (a table), `record` (one thing) and `text` (printed as it comes) is given, the first two
    with their `noun`. `message` replaces a table or record where people read it; `ids` is what `--quiet` prints.
    `notes` are words for people. `columns` is what a table shows, by default all; with `chosen` the user named
    them. `raw` text is not escaped for a terminal. `live` text goes on coming, so no pager shows it.
    """

    __slots__ = (
        "noun",
        "rows",
        "record",
        "text",
        "message",
        "ids",
        "notes",
        "columns",
        "chosen",
        "raw",
        "live",
        "code",
    )

    def __init__(
        self,
        noun: Noun | None = None,
        *,
        rows: Sequence[Any] | None = None,
        record: object = None,
        text: Iterable[Text] | None = None,
        message: str | None = None,
        ids: Sequence[str] | None = None,
        notes: Sequence[str] = (),
        columns: Sequence[str] = (),
        chosen: bool = False,
        raw: bool = False,
        live: bool = False,
        code: int = 0,
    ) -> None:
        if noun is None and (rows is not None or record is not None):
            raise ValueError("a table or record needs its noun")
        self.noun = noun
        self.rows = rows
        self.record = record
        self.text = text
        self.message = message
        self.ids = ids
        self.notes = list(notes)
        self.columns = tuple(columns or (noun.keys if noun is not None else ()))
        self.chosen = chosen
        self.raw = raw
        self.live = live
        self.code = code
