"""What the commands share that print the log of a daemon."""

from __future__ import annotations

import os

from ..grammar import arguments
from ..grammar.registry import Arg

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

    from ..context import Context

TAIL_LINES = 50
READ_BYTES = 65_536
LOOK_SECONDS = 0.1
TAIL = Arg(
    "--tail",
    "-n",
    parse=arguments.integer(1, 1_000_000),
    default=TAIL_LINES,
    metavar="N",
    help=f"only the last N lines (default: {TAIL_LINES})",
)
FOLLOW = Arg("--follow", "-f", flag=True, help="go on until Ctrl-C")


def log_text(context: Context, path: str, lines: int, follow: bool) -> Iterator[bytes]:
    """Yield the end of a log; with `follow` go on, also after the log was emptied for rotation."""
    try:
        file = open(path, "rb")
    except FileNotFoundError:
        context.front_end.note(f"there is no log yet: {path}")
        return
    with file:
        yield from _last_lines(file.read(), lines)
        while follow:
            data = file.read(READ_BYTES)
            if data:
                yield data
                continue
            if file.tell() > os.fstat(file.fileno()).st_size:
                file.seek(0)
            context.clock.pause(LOOK_SECONDS)


def _last_lines(text: bytes, lines: int) -> list[bytes]:
    return text.splitlines(keepends=True)[-lines:]
