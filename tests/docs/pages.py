"""The pages that people read, and what in them can be compared with the product.

A ```console block holds commands after `$ `, each with what it prints. Where `<!-- run -->` stands before
a block, its commands are run: those of one page, in order, are the session of a new user. All others are
only parsed. `# exit code N` is what a command must end with instead of 0. The lines shown must be printed
in that order: dates, durations, pids and numbers of workers may differ, more may be printed, `…` or ` ...` at
the end of a line stands for the rest of it and a line `...` for any lines.

`<!-- first ... -->` holds commands that the user has run before, one on each line.

A ```terminal block after `<!-- typed: COMMAND -->` is a session of that command at a terminal: what stands
behind a prompt is typed, and the other lines must be shown.
"""

from __future__ import annotations

import re
import shlex
from typing import Iterator, NamedTuple

from tests.support import ROOT

LINK = re.compile(r"\]\(([^)]+)\)")
BLOCK = re.compile(r"^( *)(<!-- run -->\n)?```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
FIRST = re.compile(r"^<!-- first\n(.*?)^-->$", re.MULTILINE | re.DOTALL)
TYPED = re.compile(r"^<!-- typed: ([^\n]+) -->\n```terminal\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
EXIT_CODE = re.compile(r"# exit code (\d+)$")
CHANGING = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+Z)?|\d{8}T\d{6}\.\d{3}Z|\b(\d+(\.\d+)?(ms|s|m|h|d))+\b"
    r"|(?<=worker )\d+\b|(?<=\w\[)\d+(?=\])"
)
BETWEEN_COMMANDS = set("();<>|&")


def _read_pages() -> dict[str, str]:
    names = ["README.md", "SECURITY.md", "CONTRIBUTING.md"]
    names += sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in names}


PAGES = _read_pages()
"""The text of each page by its path in the project."""


class Step(NamedTuple):
    """A command of a page and what it is said to print."""

    command: str
    shown: list[str]

    @property
    def exit_code(self) -> int:
        found = EXIT_CODE.search(self.command)
        return int(found.group(1)) if found else 0


def steps(text: str, *, run: bool | None = None) -> list[Step]:
    """Return the commands of the console blocks; with `run` only those that are run, or are not."""
    found = []
    for indent, mark, language, body in BLOCK.findall(text):
        if language == "console" and run in (None, bool(mark)):
            for part in re.split(rf"^{indent}\$ ", body, flags=re.MULTILINE)[1:]:
                command, *shown = part.rstrip("\n").split("\n")
                found.append(Step(command, shown))
    return found


def first(text: str) -> list[str]:
    """Return the commands that the reader has run before."""
    return [line for block in FIRST.findall(text) for line in block.splitlines()]


def blocks(text: str, language: str) -> list[str]:
    return [body for _, _, name, body in BLOCK.findall(text) if name == language]


def prose(text: str) -> str:
    """Return the text without its blocks."""
    return BLOCK.sub("", text)


def table(text: str, head: str) -> list[str]:
    """Return the lines of the table that begins with this line, without the two of its head."""
    return text[text.index(head) :].split("\n\n")[0].splitlines()[2:]


def simple_commands(line: str) -> Iterator[list[str]]:
    """Yield the words of each command in a line of shell, without assignments before it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for token in [*lexer, ";"]:
        if not set(token) <= BETWEEN_COMMANDS:
            words.append(token)
            continue
        while words and re.match(r"\w+=", words[0]):
            del words[0]
        if words:
            yield words
        words = []


def missing(shown: list[str], printed: str) -> list[str]:
    """Return the shown lines that were not printed, or not in this order."""
    rest = iter(printed.splitlines())
    return [line for line in shown if line != "..." and not any(matches(line, other) for other in rest)]


def matches(shown: str, printed: str) -> bool:
    start = re.sub(r"…$|(^| )\.\.\.$", "", shown)
    if start != shown:
        return _comparable(printed).startswith(_comparable(start))
    return _comparable(printed) == _comparable(shown)


def _comparable(line: str) -> str:
    return " ".join(CHANGING.sub("…", line).split())
