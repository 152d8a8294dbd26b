"""A manual page as people read it, formatted by the program that formats the system's own."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator

from .terminal import Terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..commands.result import Text

# As on a typewriter: letters that are printed twice, and letters on an underscore.
BOLD, UNDERLINED = re.compile(r"(?:(.)\x08\1)+"), re.compile(r"(?:_\x08[^\x08])+")
WIDEST = 100
SECONDS = 20


def formatted(pieces: Iterable[Text], terminal: Terminal) -> Iterator[str]:
    """Yield a page of roff as text; where nothing can format it, the page as it is and a note."""
    page = "".join(map(str, pieces))
    columns = min(WIDEST, terminal.columns)
    device = "utf8" if terminal.out.utf8 else "ascii"
    for words in (
        ["groff", "-man", f"-T{device}", "-P-c", f"-rLL={columns}n"],
        ["mandoc", "-man", f"-T{device}", f"-Owidth={columns}"],
    ):
        try:
            done = subprocess.run(
                words, input=page.encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS
            )
        except (OSError, subprocess.TimeoutExpired):
            continue  # It is not installed, or useless.
        if done.returncode == 0 and done.stdout:
            text = done.stdout.decode("utf-8", "backslashreplace")
            yield from (_painted(line, terminal) + "\n" for line in text.splitlines())
            return
    yield page
    terminal.note("this is roff; groff or mandoc would make a page of it")


def _painted(line: str, terminal: Terminal) -> str:
    line = BOLD.sub(lambda match: terminal.paint(match.group()[::3], "bold"), line)
    return UNDERLINED.sub(lambda match: terminal.paint(match.group()[2::3], "underline"), line)
