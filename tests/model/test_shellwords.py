"""Words as they are typed in a shell: sh reads them back, and a terminal shows them as they are."""

from __future__ import annotations

import subprocess

import pytest

from queuectl.frontends.text import escape
from queuectl.model.shellwords import shell_line, shell_word

WORDS = [
    "",
    "plain-1.txt",
    "two words",
    "it's",
    '"$HOME" `id` \\ ! # ~ * ? [a] {b} <c> & | ; (d)',
    "é",
    "a\nb\n\n",
    "\n",
    "a\tb",
    "\tit's 100% \\n\n\n",
    "-\t",
    "--env=A\tb",
    "\x01\x1b[31m\x7f",
    "\u202e\u200b\xa0\ufeff",
    "caf\udce9.txt",
]


@pytest.mark.parametrize("word", WORDS)
def test_a_shell_reads_a_word_back(word: str) -> None:
    line = f"printf '%s|' {shell_line(['begin', word, 'end'])}"
    printed = subprocess.run(["/bin/sh"], input=line.encode(), capture_output=True, check=True, timeout=60).stdout
    assert printed == f"begin|{word}|end|".encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("word", WORDS)
def test_a_terminal_shows_a_word_as_it_is_and_a_tab_is_not_typed(word: str) -> None:
    typed = shell_word(word)
    assert escape(typed, multiline=True) == typed
    assert "\t" not in typed


def test_what_needs_no_quotes_has_none() -> None:
    assert shell_line(["queuectl", "add", "--at=+30m", "a@b,c%d:/e_f-1.2"]) == "queuectl add --at=+30m a@b,c%d:/e_f-1.2"
