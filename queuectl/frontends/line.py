"""A line of the shell: words, commands separated by `;`, and the word under the cursor.

Quoting is that of a POSIX shell without expansions: 'single', "double" with backslash before `"\\$` and
the back quote, a backslash outside. `;` outside quotes ends a command, `#` at the beginning of a word
begins a comment. One scanner serves running and completing, so both see the same words; `shlex` does not say
which quote is open and how a word was typed, which completing needs. What is JSON where `enqueue` takes it is one word
as it stands, without quotes around it.
"""

from __future__ import annotations

from ..model.errors import InvalidInput
from ..model.record import Record
from ..model.shellwords import PLAIN, in_quotes
from .program import NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable

BLANKS = " \t\r\n"
ESCAPED_IN_DOUBLE = '"\\$`'


class Cursor(Record):
    """What stands before the cursor: the words of this command, and the word that is being typed.

    `text` is what the word means so far, `raw` how it was typed, `quote` the quote that is open in it.
    """

    words: list[str]
    text: str
    raw: str
    quote: str


class Operator(str):
    """A word that means something to the system's shell and nothing here, typed without quotes."""


class Pattern(str):
    """A word that stands for files, typed without quotes. Only among inputs it means something."""


WILDCARDS = frozenset("*?[")
OPERATORS = frozenset(("|", "||", "&", "&&", "<", ">", ">>", "2>", "2>&1"))


class Scanner:
    """A line, read character by character. `open` names what was not closed: a quote or a backslash."""

    def __init__(self, line: str) -> None:
        self.commands: list[list[str]] = [[]]
        self.open = ""
        self._word: list[str] | None = None
        self._word_start = 0
        self._comment = ""
        self._line = line
        self._plain_from = 0
        for at, char in enumerate(line):
            if at < self._plain_from:
                continue
            if self._word is None and char == "#":
                self._comment = line[at:]
                return
            self._take(at, char)

    def _take(self, at: int, char: str) -> None:
        if self.open.endswith("\\"):
            self._escaped(char)
        elif char == "\\" and self.open != "'":
            self._begin(at)
            self.open += "\\"
        elif self.open:
            self._quoted(char)
        elif char in "'\"":
            self._begin(at)
            self.open = char
        elif char in BLANKS or char == ";":
            self._end()
            if char == ";":
                self.commands.append([])
        else:
            self._begin(at).append(char if self._word or char not in "{[" else self._json(at))

    def _json(self, at: int) -> str:
        """Return what begins here: all of a job in JSON that `enqueue` takes, else one character."""
        words = self.commands[-1]
        if words[words[:1] == [NAME] :][:1] != ["enqueue"]:
            return self._line[at]
        import json

        try:
            self._plain_from = json.JSONDecoder().raw_decode(self._line, at)[1]
        except (ValueError, RecursionError):
            return self._line[at]  # The reader of the word says what is wrong with it.
        return self._line[at : self._plain_from]

    def _escaped(self, char: str) -> None:
        self.open = self.open[:-1]
        assert self._word is not None
        if self.open and char not in ESCAPED_IN_DOUBLE:
            self._word.append("\\")
        self._word.append(char)

    def _quoted(self, char: str) -> None:
        assert self._word is not None
        if char == self.open:
            self.open = ""
        else:
            self._word.append(char)

    def _begin(self, at: int) -> list[str]:
        if self._word is None:
            self._word, self._word_start = [], at
        return self._word

    def _end(self) -> None:
        if self._word is not None:
            word = "".join(self._word)
            is_bare = self._line.startswith(word, self._word_start)
            if is_bare and word in OPERATORS:
                word = Operator(word)
            elif is_bare and not WILDCARDS.isdisjoint(word):
                word = Pattern(word)
            self.commands[-1].append(word)
            self._word = None

    def finish(self) -> list[list[str]]:
        """Return the commands, without empty ones."""
        self._end()
        return [words for words in self.commands if words]

    def under_cursor(self) -> Cursor:
        """Return what stands at the end of the line; within a comment, all of it is the word."""
        if self._comment:
            return Cursor(self.commands[-1], self._comment, self._comment, "")
        raw = "" if self._word is None else self._line[self._word_start :]
        return Cursor(self.commands[-1], "".join(self._word or ()), raw, self.open[:1] if self.open != "\\" else "")


def split_commands(line: str) -> list[list[str]]:
    """Return the words of each command of a line. Raises InvalidInput for a quote that is not closed."""
    # Lines of a file end in a newline, which no backslash can quote.
    scanner = Scanner(line.rstrip("\r\n"))
    if scanner.open.endswith("\\"):
        raise InvalidInput("unclosed escape: the line ends with a backslash", hint="write \\\\ for a backslash")
    if scanner.open:
        raise InvalidInput(f"unclosed quote: {scanner.open} has no partner", hint="close it, or put \\ before it")
    return scanner.finish()


def with_files(words: Iterable[str]) -> list[str]:
    """Return words with the files that a pattern finds in its place, sorted; one that finds none stays, as for sh."""
    from glob import glob

    return [found for word in words for found in (sorted(glob(word)) if isinstance(word, Pattern) else ()) or [word]]


def cursor(line_up_to_cursor: str) -> Cursor:
    """Return what is being typed at the end of a line that may be unfinished."""
    return Scanner(line_up_to_cursor).under_cursor()


def shell_word(value: str, quote: str = "") -> str:
    """Return a word as it has to be typed: within the quote that is open, or quoted where it needs to be."""
    if quote == '"':
        return '"' + "".join("\\" + char if char in ESCAPED_IN_DOUBLE else char for char in value) + '"'
    if not quote and value and PLAIN.issuperset(value):
        return value
    # Within quotes the shell would not take ~/ for the user's directory.
    if not quote and value.startswith("~/"):
        return "~/" + (shell_word(value[2:]) if value[2:] else "")
    return in_quotes(value)
