"""Commands that take over the terminal. What they look like is the front end's business."""

from __future__ import annotations

from collections.abc import Sequence

from ..context import Context
from ..grammar import arguments
from ..grammar.registry import Arg, command
from ..grammar.shared import FILTER
from ..result import Result

TOP_SECONDS = 1.0


@command(
    "top",
    FILTER,
    Arg(
        "--interval",
        "-i",
        parse=arguments.interval,
        default=TOP_SECONDS,
        metavar="SECONDS",
        help="how often to look (default: 1)",
    ),
    examples=("top", "top 'state:open queue:mail'"),
)
def top(context: Context, *, filter: Sequence[str], interval: float) -> Result:
    """Watch the queue on the whole screen: counts, throughput, workers, jobs.

    Keys move through the jobs, open their output, retry and cancel them; press ? for all keys.
    """
    from ...model.filterparse import parse

    wanted = parse(" ".join(filter), context.clock.wall())
    return Result(code=context.front_end.top(context, interval, wanted.text))


@command(
    "shell",
    Arg(
        "--command",
        "-c",
        parse=arguments.unicode_text,
        metavar="LINE",
        help='run this line, such as "list; status", and exit',
    ),
    Arg("--keep-going", "-k", flag=True, help="in a script, go on after a command that failed"),
    examples=("shell", "shell -c 'list; status'"),
)
def shell(context: Context, *, command: str | None, keep_going: bool) -> Result:
    """Open the interactive shell: commands without `queuectl` in front, with completion and history.

    Reads commands from a pipe or file too, one a line; the exit code is the last command's, and the
    first that fails ends it.
    """
    return Result(code=context.front_end.shell(context, command, keep_going=keep_going))


@command("menu", examples=("menu",))
def menu(context: Context) -> Result:
    """Open the numbered menu."""
    return Result(code=context.front_end.menu(context))
