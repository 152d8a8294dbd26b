"""Placeholders in a shell command: where they stand, and how a value has to be written there.

A Scanner reads the quotes of a command as the shell does: within quotes a value is escaped, outside it gets quotes.
Where that cannot be known, as in a here-document, a placeholder is refused: `"$QUEUECTL_ITEM"` works everywhere.
"""

from __future__ import annotations

import re

from .errors import quoted
from .record import Record
from .shellwords import PLAIN, in_quotes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator, Union

    Quote = Callable[[str], str]
    Piece = Union[str, "Placeholder"]

BRACES = re.compile(r"\{([^{}\n]*)\}")
CASE = re.compile(r"case\s")
# The characters of a value that needs no quotes. A word with `=` could be an assignment.
BARE = PLAIN - {"="}
# In double quotes these mean something.
SPECIAL = re.compile(r'[\\$`"]')
SUBSTITUTION, SUBSHELL, PARAMETER, BACKQUOTES, COMMENT, SINGLE, DOUBLE = "$(", "(", "${", "`", "#", "'", '"'
# Where no value can be quoted.
REFUSED = {PARAMETER: "within ${...}", BACKQUOTES: "within `...`, write $(...)", COMMENT: "in a comment"}
INSTEAD = 'use "$QUEUECTL_ITEM" there'


class Placeholder(Record):
    """Braces in a command: what stands between them, and what writes a value in their place."""

    content: str
    quote: Quote


def bare_or_quoted(value: str) -> str:
    """Return a value as a word of the shell, in quotes if it needs them."""
    return value if value and BARE.issuperset(value) else in_quotes(value)


def in_single(value: str) -> str:
    """Return a value as it is written within single quotes."""
    return value.replace("'", "'\\''")


def in_double(value: str) -> str:
    """Return a value as it is written within double quotes."""
    return SPECIAL.sub(r"\\\g<0>", value)


class Scanner:
    """The state of the shell between two characters of a command."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._at = 0
        self._within: list[str] = [""]  # what is open, innermost last
        self._unclear = ""  # why it is not known how a value is to be quoted from here on
        self._has_document = False  # a here-document begins with the next line

    def pieces(self, is_known: Callable[[str], bool]) -> Iterator[Piece]:
        """Yield texts and the known placeholders between them. Raises ValueError where no value can be quoted."""
        begun = 0
        while self._at < len(self.text):
            braces = BRACES.match(self.text, self._at)
            if braces is None or self.text[self._at - 1 : self._at] == "$" or not is_known(braces[1]):
                self._step()
                continue
            yield self.text[begun : self._at]
            yield Placeholder(braces[1], self._quote(braces))
            begun = self._at = braces.end()
        yield self.text[begun:]

    def demand_plain_end(self) -> None:
        """Raise ValueError unless a word after the command would be one more argument of it."""
        end = self.text[-1:]
        if self._unclear or self._has_document or self._within != [""] or end in (";", "&", "|"):
            raise ValueError(f"no item can follow {quoted(self.text[-20:])}, write {{}} where it belongs")

    def _quote(self, braces: re.Match[str]) -> Quote:
        """Return what writes a value in the place of braces. Raises ValueError."""
        where = self._unclear or next((REFUSED[mark] for mark in self._within if mark in REFUSED), "")
        if where:
            raise ValueError(f"the placeholder {braces[0]} stands {where}; {INSTEAD}")
        if self._within[-1] == SINGLE:
            return in_single
        if self._within[-1] == DOUBLE:
            return in_double
        # A number before these would say which descriptor they are for.
        return in_quotes if self.text[braces.end() : braces.end() + 1] in ("<", ">") else bare_or_quoted

    def _step(self) -> None:
        """Read one character, or several that belong together."""
        char, where = self.text[self._at], self._within[-1]
        self._at += 1
        if where == SINGLE:
            self._close(char, SINGLE)
        elif where == COMMENT:
            self._close(char, COMMENT, "\n")
            self._end_line(char)
        elif char == "\\":
            self._at += 1
        elif char == "$" or char == BACKQUOTES:
            self._substitute(char)
        elif char == DOUBLE:
            self._toggle(DOUBLE)
        elif where != DOUBLE:
            self._unquoted(char)

    def _unquoted(self, char: str) -> None:
        if char == SINGLE:
            if PARAMETER in self._within and DOUBLE in self._within:
                self._unclear = "behind a quote within ${...}"
            self._within.append(SINGLE)
        elif char == "(":
            self._within.append(SUBSHELL)
        elif char == ")" and self._within[-1] in (SUBSHELL, SUBSTITUTION):
            self._within.pop()
        elif char == "}":
            self._close(char, PARAMETER, "}")
        elif char == "#" and self._begins_word() and self._within[-1] != PARAMETER:
            self._within.append(COMMENT)
        elif char == "<" and self.text.startswith("<", self._at):
            self._has_document = self._has_document or not self.text.startswith("<<", self._at)
            self._at += 1 + self.text.startswith("<<", self._at)
        elif char == "c" and DOUBLE in self._within and self._begins_word() and CASE.match(self.text, self._at - 1):
            # Its patterns end with parentheses that belong to none.
            self._unclear = "behind case within double quotes"
        self._end_line(char)

    def _substitute(self, char: str) -> None:
        following = self.text[self._at : self._at + 1]
        if char == BACKQUOTES:
            self._toggle(BACKQUOTES)
        elif following == "(" or following == "{":
            self._within.append(SUBSTITUTION if following == "(" else PARAMETER)
            self._at += 1
        elif following == SINGLE and self._within[-1] != DOUBLE:
            # A backslash in it escapes a quote for bash, and does not for others.
            self._unclear = "behind $'...'"

    def _toggle(self, mark: str) -> None:
        if self._within[-1] == mark:
            self._within.pop()
        else:
            self._within.append(mark)

    def _close(self, char: str, mark: str, end: str = "") -> None:
        if self._within[-1] == mark and char == (end or mark):
            self._within.pop()

    def _end_line(self, char: str) -> None:
        if char == "\n" and self._has_document:
            self._unclear = "in or behind a here-document"

    def _begins_word(self) -> bool:
        """Return whether a word begins with the character that was read last."""
        return self._at == 1 or self.text[self._at - 2] in " \t\n;&|()"
