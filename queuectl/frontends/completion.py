"""What a shell asks while a line is typed: `queuectl __complete bash|zsh|fish LINE_BEFORE_CURSOR`.

The line comes as it was typed and is split here, with the same rules for all shells. What is printed is
the shell's own: bash gets words ready to be inserted, zsh and fish a value and a description with a TAB
between. A line that begins with a TAB asks zsh to complete files: their kind, a TAB, what stands before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import dropwhile

from ..commands.completion.candidates import Candidate, Lookup, candidates
from .line import cursor, typed_word
from .terminal import Screen
from .text import escape

# Of the characters that end a word for bash, those that stand unquoted in our words.
IN_WORDS = ":=@"
WORD_BREAKS = " \t\n\"'@><=;|&(:"


class ShellLookup(Lookup):
    """Completes the words of another command, as after `add --`, like a shell: a program, then files."""

    def words(self, text: str, *, is_first: bool) -> list[Candidate]:
        return self.programs(text) if is_first else self.files(text)


class ZshLookup(ShellLookup):
    """Leaves files to zsh, which knows about ~, links and the user's own rules."""

    def files(self, text: str, *, only_directories: bool = False) -> list[Candidate]:
        return [Candidate("", leave_to_shell="directory" if only_directories else "file")]


def complete(words: Sequence[str]) -> int:
    """Print what the shell asks for; return 0, whatever happens."""
    try:
        Screen(sys.stdout, os.environ).send("".join(f"{line}\n" for line in _replies(words[0], words[1:])))
    except (Exception, KeyboardInterrupt):
        pass  # The shell would print an error into the line that is being typed: better to offer nothing.
    return 0


def _replies(shell: str, given: Sequence[str]) -> list[str]:
    """Return the lines that answer a shell; bash gives its word breaks after the line."""
    # fish gives a line with newlines in it as several words.
    under = cursor(given[0] if shell == "bash" else "\n".join(given))
    # Variables may be set for one command: LANG=C queuectl list.
    words = list(dropwhile(lambda word: "=" in word and word.partition("=")[0].isidentifier(), under.words))
    if not words:
        return []  # The program's name is being typed.
    found = candidates(words[1:], under.text, ZshLookup() if shell == "zsh" else ShellLookup())
    if shell == "bash":
        # Without the part before the last word break, which bash keeps.
        word_breaks = given[1] if len(given) > 1 else os.environ.get("COMP_WORDBREAKS", WORD_BREAKS)
        return [typed_word(one.value[_kept(under.raw, word_breaks) :], under.quote) for one in found]
    return [
        f"\t{one.leave_to_shell}\t{one.value}" if one.leave_to_shell else f"{one.value}\t{escape(one.description)}"
        for one in found
    ]


def _kept(raw: str, word_breaks: str) -> int:
    """Return how many characters of the word's value stand before what bash takes for the word."""
    for at in range(len(raw) - 1, -1, -1):
        if raw[at] in IN_WORDS and raw[at] in word_breaks:
            before = cursor(raw[:at])
            if not before.quote and not before.raw.endswith("\\"):
                # An @ begins the next word.
                return len(before.text) + (raw[at] != "@")
    return 0
