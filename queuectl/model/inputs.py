"""Inputs of commands: a command is read once, and written for each combination of its inputs.

The placeholders are those of GNU parallel: `{}` is the item, `{.}` without its extension, `{/}` its base name, `{//}`
its directory, `{/.}` its base name without extension, `{#}` the number of the job. `{2}` is the item of the second
source, `{name}` that of a column; each has the same forms, such as `{2/.}`. `{}` of several sources is all of them.
Other braces, and those after `$`, stay. A command without a placeholder gets the item as its last argument;
one that ends where no argument can stand may use `$QUEUECTL_ITEM` instead.
"""

from __future__ import annotations

import math
import re
from itertools import chain, product
from posixpath import basename

from .checks import MAX_INPUTS
from .errors import did_you_mean, quoted
from .placeholders import Scanner, bare_or_quoted
from .record import Record
from .shellwords import shell_word
from .when import is_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator, Sequence, Tuple

    from .placeholders import Quote

    Values = Tuple[str, ...]
    # Writes a part of a command for some values and a number.
    Part = Callable[[Values, int], str]

# Texts that look like placeholders: others of GNU parallel, and places. The command would run with it as it is.
WRONG = re.compile(r"%|##|-?[0-9]+[./]*|=.*=")
WRONG_NAME = re.compile(r"[A-Za-z_]\w*(?://|/\.|/|\.)?", re.ASCII)
VARIABLE = re.compile(r"QUEUECTL_ITEM\b")
NUMBER = "#"


class Source(Record):
    """A source of inputs: rows of values, with the names of the columns if they have some."""

    rows: Sequence[Values]
    names: Values = ()

    @classmethod
    def of_items(cls, items: Sequence[str]) -> Source:
        """Return a source of one column without a name."""
        return cls([(item,) for item in items])

    @property
    def width(self) -> int:
        """How many columns it has; 1 if there is no row."""
        return len(self.names) or len(self.rows[0]) if self.rows else 1


def combinations(sources: Sequence[Source]) -> int:
    """Return how many combinations there are, without making any."""
    return math.prod(len(source.rows) for source in sources)


def grid(sources: Sequence[Source]) -> Iterator[Values]:
    """Yield the values of each combination; those of the last source change first."""
    if len(sources) == 1:
        return iter(sources[0].rows)
    return (tuple(chain.from_iterable(rows)) for rows in product(*(source.rows for source in sources)))


def names_of(sources: Sequence[Source]) -> Values:
    """Return each column's name, or its place from 1. Raises ValueError for two of one name, or over MAX_INPUTS."""
    found: list[str] = []
    for source in sources:
        if len(found) + source.width > MAX_INPUTS:
            raise ValueError(f"a command has at most {MAX_INPUTS} inputs")
        found += source.names or map(str, range(len(found) + 1, len(found) + 1 + source.width))
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two inputs are called {quoted(twice)}")
    return tuple(found)


class Template:
    """A command with placeholders. `names` are those of the columns, as `names_of` has them.

    It is a text for the shell, or words that `quote` writes. Raises ValueError for a wrong or misplaced placeholder.
    """

    def __init__(self, command: str | Sequence[str], names: Values, *, quote: Quote = shell_word) -> None:
        self._quote = quote
        self._names = {name: at for at, name in enumerate(names)}
        self._has_names = not all(map(is_digits, names))
        self._has_placeholder = False
        self._parts: list[str | Part] = []
        if isinstance(command, str):
            self._read_text(command)
        else:
            self._read_words(command)

    def fill(self, values: Values, number: int) -> str:
        """Return the command for the values of one combination; `number` is its place among all, from 1."""
        return _written(self._parts, values, number)

    def _read_text(self, text: str) -> None:
        for piece in Scanner(text).pieces(self._is_known):
            self._parts.append(piece if isinstance(piece, str) else self._value(piece.content, piece.quote))
        if self._has_placeholder:
            return
        scanner = Scanner(text.rstrip())
        self._parts = [*scanner.pieces(self._is_known), " ", _all(str, bare_or_quoted)]  # type: ignore[list-item]
        try:
            scanner.demand_plain_end()
        except ValueError:
            # A here-document has no place for its item but the variable.
            if not VARIABLE.search(text):
                raise
            self._parts = [text]

    def _read_words(self, words: Sequence[str]) -> None:
        for word in words:
            self._parts += [" "] * bool(self._parts) + [self._word(word)]
        if not self._has_placeholder:
            self._parts += [" ", _all(str, self._quote)]

    def _word(self, word: str) -> str | Part:
        """Return what writes a word: the values stand in it as they are, and all of it is quoted."""
        parts: list[str | Part] = []
        begun = 0
        for braces in re.finditer(r"(?<!\$)\{([^{}\n]*)\}", word):
            if self._is_known(braces[1]):
                parts += [word[begun : braces.start()], self._value(braces[1], str)]
                begun = braces.end()
        if not parts:
            return self._quote(word)
        parts.append(word[begun:])
        return lambda values, number: self._quote(_written(parts, values, number))

    def _is_known(self, content: str) -> bool:
        """Return whether braces with this between them are a placeholder. Raises ValueError if they look like one."""
        base, _ = self._split(content)
        if base in ("", NUMBER) or self._place(base) is not None:
            self._has_placeholder = True
            return True
        if WRONG.fullmatch(content) or (self._has_names and WRONG_NAME.fullmatch(content)):
            known = list(self._names)
            raise ValueError(
                f"there is no input {{{content}}}{did_you_mean(base, known)}; "
                f"known are {', '.join(f'{{{name}}}' for name in known)}; "
                "outside quotes, a backslash before it keeps it as it is"
            )
        return False

    def _split(self, content: str) -> tuple[str, str]:
        """Return the name between braces, and the form in which its value is wanted."""
        for form in FORMS:
            base = content[: len(content) - len(form)]
            if content.endswith(form) and (not base or base in self._names or is_digits(base)):
                return base, form
        return content, ""

    def _place(self, base: str) -> int | None:
        """Return which of the values is called so, by name or by place; None if none is."""
        if base in self._names:
            return self._names[base]
        place = int(base) if is_digits(base) and len(base) < 10 else 0
        return place - 1 if 0 < place <= len(self._names) else None

    def _value(self, content: str, quote: Quote) -> Part:
        base, form = self._split(content)
        if base == NUMBER:
            return lambda values, number: str(number)
        change = FORMS[form]
        if not base:
            return _all(change, quote)
        at = self._place(base)
        assert at is not None
        return lambda values, number: quote(change(values[at]))


def _written(parts: Sequence[str | Part], values: Values, number: int) -> str:
    return "".join([part if isinstance(part, str) else part(values, number) for part in parts])


def _all(change: Callable[[str], str], quote: Quote) -> Part:
    return lambda values, number: " ".join([quote(change(value)) for value in values])


def without_extension(path: str) -> str:
    """Return a path without what follows its last dot, if that is in its last part."""
    slash, dot = path.rfind("/"), path.rfind(".")
    return path[:dot] if dot > slash else path


def directory(path: str) -> str:
    """Return the directory of a path, `.` if it names none."""
    head, slash, _ = path.rstrip("/").rpartition("/")
    return head.rstrip("/") or "/" if slash or (path.startswith("/") and not path.strip("/")) else "."


# The longer ones first: each is looked for at the end.
FORMS: dict[str, Callable[[str], str]] = {
    "//": directory,
    "/.": lambda path: without_extension(basename(path)),
    "/": basename,
    ".": without_extension,
    "": str,
}
