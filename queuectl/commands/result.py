"""What a command answers with. The front end decides how it looks."""
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Sequence, Union

    Text = Union[str, bytes]


class Result:
    """An answer: data for stdout, words for stderr, an exit code.

    At most one of `rows` (a table), `record` (one thing) and `text` (printed as it comes) is given.
    `message` replaces a table or record where people read it; `ids` is what `--quiet` prints.
    `notes` are words for people. `columns` is what a table shows; with `chosen` the user
    named them. `raw` text is not escaped for a terminal.
    """

    __slots__ = ("rows", "record", "text", "message", "ids", "notes", "columns", "chosen", "raw", "code")

    def __init__(self, *, rows: Sequence[dict[str, Any]] | None = None, record: dict[str, Any] | None = None,
                 text: Iterable[Text] | None = None, message: str | None = None, ids: Sequence[str] | None = None,
                 notes: Sequence[str] = (), columns: Sequence[str] = (), chosen: bool = False, raw: bool = False,
                 code: int = 0) -> None:
        self.rows = rows
        self.record = record
        self.text = text
        self.message = message
        self.ids = ids
        self.notes = list(notes)
        self.columns = tuple(columns)
        self.chosen = chosen
        self.raw = raw
        self.code = code
