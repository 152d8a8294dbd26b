"""The inputs of `add`: what stands after `:::`, in files, and the numbers of an array."""

from __future__ import annotations

from ...model.checks import MAX_INPUTS, MAX_SLOTS, check_integer
from ...model.errors import InvalidInput, quoted
from ...model.fields import MANY
from ...model.kinds import read_integer
from ...model.record import Record
from ..grammar.commandline import GLOBAL_FLAGS, INPUTS
from ..grammar.elsewhere import SOURCES_ELSEWHERE
from ..grammar.registry import COMMANDS, Arg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence, Tuple

    from ...engine.inputs import Inputs
    from ...model.inputs import Source
    from ..context import Context

    # The indices of an array, and how many of its jobs run at a time.
    Array = Tuple[range, "int | None"]

MAX_COMMAS = 1_000_000
MAX_INDEX = 999_999_999_999
# Fields that differ between jobs that are added together. `--like` does not copy them.
OWN = ("key", "key_for", "item", "item_index", "inputs", "batch")
ARRAY_RULE = "must be FIRST-LAST, with :STEP and %LIMIT behind it if wanted: 0-99, 1-9:2, 0-99%4"


def read_array(text: str) -> Array:
    """Return the indices of `0-99:3%4`, and the limit. Raises ValueError."""
    indices, percent, limit = text.partition("%")
    span, colon, step = indices.partition(":")
    first, _, last = span.partition("-")
    numbers = [read_integer(word) for word in (first, last, step if colon else "1")]
    if not all(isinstance(number, int) and 0 <= number <= MAX_INDEX for number in numbers):
        raise ValueError(ARRAY_RULE)
    begin, end, by = map(int, numbers)
    if begin > end or by < 1:
        raise ValueError(ARRAY_RULE)
    try:
        slots = check_integer(read_integer(limit), 1, MAX_SLOTS) if percent else None
    except ValueError as error:
        raise ValueError(f"has a limit that {error}") from None
    return range(begin, end + 1, by), slots


OPTIONS = (
    Arg(
        "--each-line",
        metavar="FILE",
        help="a job for each line of a file, also a blank one; - for stdin",
        complete="file",
        group=MANY,
    ),
    Arg("-0", "--null", flag=True, help="NUL ends an item of --each-line, by default of stdin", group=MANY),
    Arg(
        "--csv",
        metavar="FILE",
        help="a job for each row of a CSV file with a header; {NAME} is a column; - for stdin",
        complete="file",
        group=MANY,
    ),
    Arg(
        "--array",
        parse=read_array,
        metavar="FIRST-LAST[:STEP][%LIMIT]",
        help="a job for each number, which is its QUEUECTL_INDEX; LIMIT is how many run at a time",
        group=MANY,
    ),
)


class Given(Record):
    """What the arguments of `add` say of inputs: `inputs` are the words after the first `:::`."""

    inputs: Sequence[str] | None
    each_line: str | None
    null: bool
    csv: str | None
    array: Array | None

    def __post_init__(self) -> None:
        if self.null and self.each_line is None:
            self.each_line = "-"

    def __bool__(self) -> bool:
        return any(one is not None for one in (self.inputs, self.each_line, self.csv, self.array))

    @property
    def from_stdin(self) -> list[str]:
        """The options that read stdin."""
        lines = "--null" if self.null else "--each-line"
        return [name for name, file in ((lines, self.each_line), ("--csv", self.csv)) if file == "-"]

    def inputs_for(self, context: Context, command: str | Sequence[str], fields: dict[str, Any]) -> Inputs:
        """Return a command with its inputs; the limit of an array goes among the fields. Raises InvalidInput."""
        from ...engine.inputs import Inputs

        if self.array is None:
            return Inputs(command, self._sources(context))
        if self.inputs is not None or self.each_line is not None or self.csv is not None:
            message = "--array is given beside other inputs"
            raise InvalidInput(message, field="array", hint="leave it out: {#} is the number of the job")
        indices, limit = self.array
        if limit is not None and fields.get("batch_limit") not in (None, limit):
            raise InvalidInput(f"give the limit of the batch once, got %{limit} and {fields['batch_limit']}")
        if limit is not None:
            fields["batch_limit"] = limit
        return Inputs(command, [], indices)

    def _sources(self, context: Context) -> list[Source]:
        found = [] if self.each_line is None else [_items(context, self.each_line, "\0" if self.null else "\n")]
        if self.csv is not None:
            found.append(_table(context, self.csv))
        if self.inputs is None:
            return found
        _tell_of_options(context, self.inputs)
        return [*found, *_words(self.inputs)]


def _words(words: Sequence[str]) -> list[Source]:
    """Return the sources of a line. Raises InvalidInput for one that is empty."""
    from ...model.inputs import Source

    groups: list[list[str]] = [[]]
    for word in words:
        if word in SOURCES_ELSEWHERE:
            raise InvalidInput(f"there is no {word}", hint=SOURCES_ELSEWHERE[word], field="inputs")
        if word == INPUTS:
            groups.append([])
        else:
            groups[-1].append(word)
    if not all(groups):
        message = f"there is no input after {INPUTS}"
        raise InvalidInput(message, hint="is there a file that the pattern finds?", field="inputs")
    return [Source.of_items(items) for items in groups]


def _tell_of_options(context: Context, words: Sequence[str]) -> None:
    """Tell the user if inputs look like options of `add`."""
    add = COMMANDS["add"]
    known = {*GLOBAL_FLAGS, *(name for arg in add.args if arg.is_option for name in arg.spellings)}
    given = [word for word in words if word.partition("=")[0] in known]
    if given:
        context.front_end.note(f"{', '.join(given[:3])}: what follows {INPUTS} is input, options stand before it")


def _text(context: Context, file: str) -> tuple[str, str]:
    """Return the text of a file, or of stdin for `-`, and its name for messages. Raises InvalidInput."""
    from ...engine.intake import read_file

    if file == "-":
        return context.stdin_text(), "stdin"
    return read_file(file, hint="give a file that exists, or - for stdin"), file


def _items(context: Context, file: str, end: str) -> Source:
    """Return the items of a file. The end after the last item may be missing. Raises InvalidInput."""
    from ...model.inputs import Source

    text, name = _text(context, file)
    text = text[:-1] if text.endswith(end) else text
    _demand_few(text.count(end), name)
    items = text.split(end) if text else []
    if end == "\n" and any(item.endswith("\r") for item in items):
        context.front_end.note(f"the carriage return at the end of the lines of {name} was left out")
        items = [item[:-1] if item.endswith("\r") else item for item in items]
    return Source.of_items(items)


def _table(context: Context, file: str) -> Source:
    """Return the rows of a CSV file under its header. Raises InvalidInput."""
    import csv
    import io

    from ...model.inputs import Source

    text, name = _text(context, file)
    _demand_few(text.count("\n"), name)
    # Each column of a row takes memory, however short it is.
    if any(line.count(",") > MAX_COMMAS for line in io.StringIO(text)):
        raise InvalidInput(f"{name} has a line with more than {MAX_COMMAS} commas", field="inputs")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    try:
        for row in reader:
            if not row:
                continue
            if not header:
                header = _header(row, name)
            elif len(row) != len(header):
                message = f"{name}:{reader.line_num}: {len(row)} values, the header has {len(header)}"
                raise InvalidInput(message, field="inputs")
            else:
                rows.append(tuple(row))
    except csv.Error as error:
        raise InvalidInput(f"{name}:{reader.line_num}: no CSV: {error}", field="inputs") from None
    if not header:
        raise InvalidInput(f"{name} is empty, a header row was expected", field="inputs")
    return Source(rows, header)


def _header(row: Sequence[str], name: str) -> tuple[str, ...]:
    names = tuple(column.strip() for column in row)
    if len(names) > MAX_INPUTS:
        raise InvalidInput(f"{name} has {len(names)} columns, at most {MAX_INPUTS} are allowed", field="inputs")
    for column in names:
        if not column or not column.isprintable() or not set("{}=").isdisjoint(column):
            raise InvalidInput(f"{name}: {quoted(column)} cannot name a column: a text without {{, }} and = can")
        if names.count(column) > 1:
            raise InvalidInput(f"{name}: two columns are called {quoted(column)}")
    return names


def _demand_few(ends: int, name: str) -> None:
    """Raise InvalidInput for a text with more items than the limit of jobs, before they take memory."""
    from ...engine.intake import MAX_JOBS

    # A header makes no job, and neither do some lines of CSV.
    if ends > 2 * MAX_JOBS:
        raise InvalidInput(f"{name} has {ends} items, at most {MAX_JOBS} jobs can be added at once", field="inputs")
