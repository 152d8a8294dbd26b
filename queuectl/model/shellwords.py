"""A command line as one types it in a POSIX shell: each word quoted where it has to be.

`sh` reads the words back as they are. printf makes characters that neither print nor end a line, so that a terminal
shows the line as it is, and a Tab in it completes nothing where the line is pasted.
"""

from __future__ import annotations

from collections.abc import Iterable

PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")
# Characters that the format of printf would read as something else.
ESCAPED = {"'": "'\\''", "\\": "\\\\", "%": "%%"}


def shell_line(words: Iterable[str]) -> str:
    """Return words as one line."""
    return " ".join(map(shell_word, words))


def shell_word(word: str) -> str:
    """Return a word as it has to be typed; bytes of it that are no text are its surrogates."""
    if word and PLAIN.issuperset(word):
        return word
    return in_quotes(word) if word.replace("\n", "").isprintable() else _printed(word)


def in_quotes(word: str) -> str:
    """Return a word in single quotes."""
    return "'" + word.replace("'", "'\\''") + "'"


def _printed(word: str) -> str:
    # The shell drops these from what a command prints.
    ends = len(word) - len(word.rstrip("\n"))
    text = word[: len(word) - ends]
    # It would begin an option.
    dash = text.startswith("-")
    format = _octal("-") * dash + "".join(map(_in_format, text[dash:]))
    return f"\"$(printf '{format}')\"" + in_quotes("\n" * ends) * bool(ends)


def _in_format(char: str) -> str:
    return ESCAPED.get(char, char) if char == "\n" or char.isprintable() else _octal(char)


def _octal(char: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))
