"""What the commands of all daemons share: the options that start one, the answer of stop, the log."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ...model.errors import InvalidInput
from ...model.nouns.daemons import STOPPED
from ..context import Context
from ..grammar import arguments
from ..grammar.registry import Arg
from ..result import Result

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
NO_DETACH = Arg(
    "--no-detach",
    also=("--foreground", "--no-daemon"),
    flag=True,
    help="stay in the foreground until Ctrl-C; a second one does not wait for current jobs",
)
DETACH = Arg(
    "--detach",
    "-d",
    also=("--detached", "--daemon", "--background"),
    flag=True,
    help="run in the background, as it does anyway",
)
READY_FD = Arg("--ready-fd", parse=arguments.integer(0, 1_000_000), hidden=True, help="where to say that it is up")
FOLLOW = Arg("--follow", "-f", flag=True, help="go on until Ctrl-C")


def demand_one_place(no_detach: bool, detach: bool) -> None:
    """Raise InvalidInput if a daemon is to be both in the foreground and in the background."""
    if no_detach and detach:
        raise InvalidInput("give either --detach or --no-detach, not both", field="detach")


def log_text(context: Context, path: str, lines: int, follow: bool) -> Iterator[bytes]:
    """Yield the end of a log; with `follow` go on, also after the log was emptied for rotation."""
    try:
        file = open(path, "rb")
    except FileNotFoundError:
        context.front_end.note(f"there is no log yet: {path}")
        return
    with file:
        yield from file.read().splitlines(keepends=True)[-lines:]
        while follow:
            data = file.read(READ_BYTES)
            if data:
                yield data
                continue
            if file.tell() > os.fstat(file.fileno()).st_size:
                file.seek(0)
            context.clock.pause(LOOK_SECONDS)


def stopped(pid: int | None, done: str, nothing: str, notes: Sequence[str] = ()) -> Result:
    """Return the answer of a command that stopped the process `pid`, or nothing if that is None."""
    record = {"stopped": pid is not None, "pid": pid}
    return Result(STOPPED, record=record, message=nothing if pid is None else done, notes=notes)
