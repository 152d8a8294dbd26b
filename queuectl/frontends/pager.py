"""Long answers in a pager: $QUEUECTL_PAGER, else $PAGER, else `less -FRX`; an empty one or `cat` turns it off."""

from __future__ import annotations

import os
import shlex
import signal
from contextlib import suppress
from itertools import chain

from .terminal import Terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Iterator

    from ..commands.result import Text

DEFAULT = "less -FRX"


def paged(pieces: Iterable[Text], terminal: Terminal) -> Iterator[Text]:
    """Yield the pieces back if they fit the screen; show them in the pager otherwise."""
    words = pager_words(terminal.out.environ.get("QUEUECTL_PAGER"), terminal.out.environ.get("PAGER"))
    if not words:
        yield from pieces
        return
    waiting = iter(pieces)
    held: list[Text] = []
    rows = 0
    for piece in waiting:
        held.append(piece)
        rows += terminal.out.rows_of(_encoded(piece).decode("utf-8", "backslashreplace"))
        if rows >= terminal.rows:
            break
    else:
        yield from held
        return
    if not _run(words, map(_encoded, chain(held, waiting)), terminal):
        yield from held
        yield from waiting


def _encoded(piece: Text) -> bytes:
    return piece.encode("utf-8", "backslashreplace") if isinstance(piece, str) else bytes(piece)


def pager_words(*wishes: str | None) -> list[str]:
    """Return the words of the first pager that is set, none if that says to use none."""
    text = next((wish for wish in wishes if wish is not None), DEFAULT)
    try:
        words = shlex.split(text)
    except ValueError:
        return []
    return [] if words == ["cat"] else words


def _run(words: list[str], texts: Iterable[bytes], terminal: Terminal) -> bool:
    """Show everything in the pager; return False if there is no such program. It may be left at any time."""
    import subprocess

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
        # Once its reader is gone, what is still in the pipe's buffer is of no use.
        with suppress(BrokenPipeError):
            pager.stdin.close()
    finally:
        pager.wait()
        signal.signal(signal.SIGINT, before)
    return True
