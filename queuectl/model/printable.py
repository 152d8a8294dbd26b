"""Text of others made safe to show."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text as one line that can neither move a cursor nor hide anything: what is not printable as its code."""
    return text if text.isprintable() else "".join(char if char.isprintable() else code(char) for char in text)


def code(char: str) -> str:
    """Return a character as people write it: `\\n`, `\\x1b`, `\\u202e`."""
    return char.encode("unicode_escape").decode()
