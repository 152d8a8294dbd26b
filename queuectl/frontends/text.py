"""Text for a terminal: made harmless, measured, cut, padded and broken into lines, with commands as they can be typed.

All texts call this program `queuectl`; a front end writes them with `as_called` just before they are shown.
"""

from __future__ import annotations

import os
import sys

from ..model.printable import code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Match, Pattern

# Control characters but \t and \n, soft hyphen, bidi controls, zero-width and format characters, lone
# surrogates, tags. None of them is printable in the sense of str.isprintable(), which is the fast path.
UNSAFE = (
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
NAME = "queuectl"
# The name of an alias, since nothing else tells a program about that.
VARIABLE = "QUEUECTL_PROGRAM"
# Text in quotes, also with apostrophes as a shell writes them, is the user's; a quote within a word opens none.
QUOTED_OR_NAME = rf"""(?<!\w)'[^']*'(?:\\'(?:'[^']*')?)*|"(?:[^"\\]|\\.)*"|(?<![\w./-]){NAME} (?=[a-z<[-])"""


def escape(text: str, multiline: bool = False) -> str:
    """Return the text with everything unsafe shown as its code; `multiline` keeps newlines and tabs."""
    if text.isprintable() or (multiline and text.replace("\n", "").replace("\t", "").isprintable()):
        return text
    text = _unsafe().sub(lambda match: code(match.group()), text)
    return text if multiline else text.replace("\n", "\\n").replace("\t", "\\t")


def escape_json(document: str) -> str:
    """Return the same JSON with unsafe characters, which can only stand in strings, as `\\uNNNN`."""
    return document if document.isprintable() else _unsafe().sub(_json_code, document)


def _unsafe() -> Pattern[str]:
    import re

    return re.compile(UNSAFE)


def _json_code(match: Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def width(text: str) -> int:
    """Return how many columns escaped text takes: 2 for a wide character, 0 for a combining one."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def _char_width(char: str) -> int:
    import unicodedata

    # It makes a picture of the character before, which takes two columns then: hearts, arrows, keycaps.
    if char == "\ufe0f":
        return 1
    category = unicodedata.category(char)
    if category in ("Mn", "Me"):
        return 0
    if unicodedata.east_asian_width(char) in "WF":
        return 2
    # An emoji that is newer than this Python's Unicode tables: better to count too much.
    return 2 if category == "Cn" and char >= "\U0001f000" else 1


def clip(text: str, columns: int, ellipsis: str = "…") -> str:
    """Return the text if it fits, otherwise its head and the ellipsis."""
    if width(text) <= columns:
        return text
    room = columns - width(ellipsis)
    if room < 0:
        return ""
    if text.isascii():
        return text[:room] + ellipsis
    for index, char in enumerate(text):
        room -= _char_width(char)
        if room < 0:
            return text[:index] + ellipsis
    return text


def pad(text: str, columns: int, right: bool = False) -> str:
    """Return the text padded with blanks; `right` puts them before it."""
    blanks = " " * (columns - width(text))
    return blanks + text if right else text + blanks


def wrapped(text: str, columns: int) -> list[str]:
    """Return words as lines that fit, those after a break indented. A word that is too long sticks out."""
    rows = []
    for line in text.split("\n"):
        if width(line) <= columns:
            rows.append(line)
            continue
        words = line.lstrip(" ")
        lead = " " * (len(line) - len(words))
        # What stands behind the last colon is often a command to copy: it is kept together where it fits.
        head, colon, tail = words.rpartition(": ")
        fits = colon and len(lead) + 2 + width(tail) <= columns
        first, *others = [*f"{head}:".split(" "), tail] if fits else words.split(" ")
        rows.append(lead + first)
        for word in others:
            if width(rows[-1]) + 1 + width(word) <= columns:
                rows[-1] += " " + word
            else:
                rows.append(f"{lead}  {word}")
    return rows


def called() -> str:
    """Return the words that this process was started with, without its arguments, as a shell reads them."""
    from shlex import quote

    if os.environ.get(VARIABLE):
        return os.environ[VARIABLE]
    directory, name = os.path.split(sys.argv[0])
    if name == NAME:
        return NAME if directory in _search_path() else quote(sys.argv[0])
    # The interpreter as it was typed; before Python 3.10 nothing tells us.
    python = getattr(sys, "orig_argv", [sys.executable])[0]
    short = os.path.basename(python)
    # A wrapper such as pyenv's calls it by its whole path.
    if any(os.access(os.path.join(place, short), os.X_OK) for place in _search_path()):
        python = short
    return f"{quote(python)} " + (f"-m {NAME}" if name == "__main__.py" else quote(sys.argv[0]))


def _search_path() -> list[str]:
    return os.environ.get("PATH", "").split(os.pathsep)


def as_called(text: str, program: str | None) -> str:
    """Return one of our own texts with `program` where it calls the program.

    None is what this process was called by. Within the shell it is "": no name stands before a command there.
    """
    if program == NAME or f"{NAME} " not in text:
        return text
    import re

    program = called() if program is None else program
    before = f"{program} " if program else ""
    return re.sub(QUOTED_OR_NAME, lambda found: before if found[0] == f"{NAME} " else found[0], text)
