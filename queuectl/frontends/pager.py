"""Other programs that show answers: a pager long ones, and the formatter of the system's manual pages ours.

The pager is $QUEUECTL_PAGER, else $PAGER, else `less -FRX`; an empty one or `cat` turns it off.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain

from .terminal import Terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..commands.context import Text

DEFAULT = "less -FRX"
# As on a typewriter: letters that are printed twice, and letters on an underscore.
BOLD, UNDERLINED = re.compile(r"(?:(.)\x08\1)+"), re.compile(r"(?:_\x08[^\x08])+")
WIDEST = 100
SECONDS = 20


def paged(pieces: Iterable[Text], terminal: Terminal) -> Iterator[Text]:
    """Yield the pieces back if they fit the screen; show them in the pager otherwise."""
    wishes = map(terminal.out.environ.get, ("QUEUECTL_PAGER", "PAGER"))
    try:
        words = shlex.split(next((wish for wish in wishes if wish is not None), DEFAULT))
    except ValueError:
        words = []
    if words in ([], ["cat"]):
        yield from pieces
        return
    waiting = iter(pieces)
    held: list[Text] = []
    rows = 0
    for piece in waiting:
        held.append(piece)
        rows += terminal.out.rows_of(_encoded(piece).decode("utf-8", "backslashreplace"))
        if rows >= terminal.out.rows:
            break
    else:
        yield from held
        return
    if not _run(words, map(_encoded, chain(held, waiting)), terminal):
        yield from held
        yield from waiting


def _encoded(piece: Text) -> bytes:
    return piece.encode("utf-8", "backslashreplace") if isinstance(piece, str) else bytes(piece)


def _run(words: list[str], texts: Iterable[bytes], terminal: Terminal) -> bool:
    """Show everything in the pager; return False if there is no such program. It may be left at any time."""
    terminal.out.flush()
    try:
        pager = subprocess.Popen(words, stdin=subprocess.PIPE, env={"LESSCHARSET": "utf-8", **os.environ})
    except OSError:
        return False
    # Ctrl-C is the pager's: it ends a search there, not us.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert pager.stdin is not None
    try:
        with suppress(BrokenPipeError):
            for text in texts:
                pager.stdin.write(text)
        # Once its reader is gone, what is still in the pipe's buffer is useless.
        with suppress(BrokenPipeError):
            pager.stdin.close()
    finally:
        pager.wait()
        signal.signal(signal.SIGINT, before)
    return True


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
