"""What a command answers with. The front end decides how it looks."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Sequence, Union

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

    At most one of `rows` (a table), `record` (one thing) and `text` (printed as it comes) is given.
    `message` replaces a table or record where people read it; `ids` is what `--quiet` prints.
    `notes` are words for people. `columns` is what a table shows; with `chosen` the user
    named them. `raw` text is not escaped for a terminal. `live` text goes on coming, so no pager shows it.
    """

    __slots__ = ("rows", "record", "text", "message", "ids", "notes", "columns", "chosen", "raw", "live", "code")

    def __init__(
        self,
        *,
        rows: Sequence[dict[str, Any]] | None = None,
        record: dict[str, Any] | None = None,
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
        self.rows = rows
        self.record = record
        self.text = text
        self.message = message
        self.ids = ids
        self.notes = list(notes)
        self.columns = tuple(columns)
        self.chosen = chosen
        self.raw = raw
        self.live = live
        self.code = code
