"""Long answers in a pager: $QUEUECTL_PAGER, else $PAGER, else `less -FRX`; an empty one or `cat` turns it off."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain

from .terminal import Terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..commands.result import Text

DEFAULT = "less -FRX"


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
