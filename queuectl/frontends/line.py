"""A line of the shell: words, commands separated by `;`, and the word under the cursor.

Quoting is that of a POSIX shell without expansions: 'single', "double" with backslash before `"\\$` and the back quote,
a backslash outside. `;` outside quotes ends a command, `#` at the beginning of a word begins a comment. One scanner
serves running and completing, so both see the same words; `shlex` does not say which quote is open and how a word was
typed, which completing needs. JSON is one word where `enqueue` takes it, without quotes around it.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..model.errors import InvalidInput
from ..model.record import Record
from ..model.shellwords import PLAIN, in_quotes
from .text import NAME

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
    """A word that stands for files, typed without quotes. It means something only among inputs."""


WILDCARDS = frozenset("*?[")
OPERATORS = frozenset(("|", "||", "&", "&&", "<", ">", ">>", "2>", "2>&1"))


class Scanner:
    """A line, read character by character. `open` is what was not closed: a quote, a backslash or both.

    `commands` are their words so far, `word` the characters of one that has not ended, `comment` the end of the line.
    """

    def __init__(self, line: str) -> None:
        self.commands: list[list[str]] = [[]]
        self.open = ""
        self.word: list[str] | None = None
        self.word_start = 0
        self.comment = ""
        self._line = line
        self._plain_from = 0
        for at, char in enumerate(line):
            if at < self._plain_from:
                continue
            if self.word is None and char == "#":
                self.comment = line[at:]
                return
            self._take(at, char)

    def _take(self, at: int, char: str) -> None:
        if not self.open and (char in BLANKS or char == ";"):
            self.end_word()
            if char == ";":
                self.commands.append([])
            return
        if self.word is None:
            self.word, self.word_start = [], at
        if self.open.endswith("\\"):
            self.open = self.open[:-1]
            if self.open and char not in ESCAPED_IN_DOUBLE:
                self.word.append("\\")
            self.word.append(char)
        elif char == "\\" and self.open != "'":
            self.open += "\\"
        elif char == self.open:
            self.open = ""
        elif self.open:
            self.word.append(char)
        elif char in "'\"":
            self.open = char
        else:
            self.word.append(char if self.word or char not in "{[" else self._json(at))

    def _json(self, at: int) -> str:
        """Return what begins here: a whole job in JSON where `enqueue` takes one, else one character."""
        words = self.commands[-1]
        if words[words[:1] == [NAME] :][:1] == ["enqueue"]:
            import json

            try:
                self._plain_from = json.JSONDecoder().raw_decode(self._line, at)[1]
                return self._line[at : self._plain_from]
            except (ValueError, RecursionError):
                pass  # The reader of the word says what is wrong with it.
        return self._line[at]

    def end_word(self) -> None:
        """Add the word that has begun to its command."""
        if self.word is not None:
            word = "".join(self.word)
            is_bare = self._line.startswith(word, self.word_start)
            if is_bare and word in OPERATORS:
                word = Operator(word)
            elif is_bare and not WILDCARDS.isdisjoint(word):
                word = Pattern(word)
            self.commands[-1].append(word)
            self.word = None


def split_commands(line: str) -> list[list[str]]:
    """Return the words of each command of a line. Raises InvalidInput for a quote that is not closed."""
    # Lines of a file end in a newline, which no backslash can quote.
    scanner = Scanner(line.rstrip("\r\n"))
    if scanner.open.endswith("\\"):
        raise InvalidInput("unclosed escape: the line ends with a backslash", hint="write \\\\ for a backslash")
    if scanner.open:
        raise InvalidInput(f"unclosed quote: {scanner.open} has no partner", hint="close it, or put \\ before it")
    scanner.end_word()
    return [words for words in scanner.commands if words]


def with_files(words: Iterable[str]) -> list[str]:
    """Return words with each pattern replaced by the files it finds, sorted; one that finds none stays, as for sh."""
    from glob import glob

    return [found for word in words for found in (sorted(glob(word)) if isinstance(word, Pattern) else ()) or [word]]


def cursor(line_up_to_cursor: str) -> Cursor:
    """Return what is being typed at the end of a line that may be unfinished; all of a comment is one word."""
    scanner = Scanner(line_up_to_cursor)
    words, comment = scanner.commands[-1], scanner.comment
    if comment:
        return Cursor(words, comment, comment, "")
    raw = "" if scanner.word is None else line_up_to_cursor[scanner.word_start :]
    return Cursor(words, "".join(scanner.word or ()), raw, scanner.open[:1] if scanner.open != "\\" else "")


def typed_word(value: str, quote: str = "") -> str:
    """Return a word as it must be typed: within the quote that is open, or quoted if necessary."""
    if quote == '"':
        return '"' + "".join("\\" + char if char in ESCAPED_IN_DOUBLE else char for char in value) + '"'
    if not quote and value and PLAIN.issuperset(value):
        return value
    # Within quotes the shell would not take ~/ for the user's directory.
    if not quote and value.startswith("~/"):
        return "~/" + (typed_word(value[2:]) if value[2:] else "")
    return in_quotes(value)
