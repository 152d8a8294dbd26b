"""One-shot commands: the words of this process in, an exit code out.

queuectl ARGS               one command
queuectl                    on a terminal the shell, elsewhere the list of commands
python3 main.py             the menu
queuectl __complete ...     what a shell asks while a line is typed; nobody else does
"""

from __future__ import annotations

import os
import sys

from .dispatch import Session, silence
from .program import NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, NoReturn, Sequence

    from .front_end import FrontEnd, Serve
    from .terminal import Terminal


def run(serve: Serve, *, bare: str) -> NoReturn:
    """Run the command line of this process and leave with its exit code; see `main`."""
    # Otherwise the next file that is opened would get the number of a stream that the caller closed (`>&-`).
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
    on_a_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    code = main(sys.argv[1:], serve, bare=bare if bare != "shell" or on_a_terminal else "", program=None)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            code = silence()
        except OSError:
            # `main` has reported it already; the interpreter would try again at its end and complain once more.
            silence()
    # Everything is flushed and closed; taking the interpreter apart would cost 3 ms more.
    os._exit(code)


def main(words: Sequence[str], serve: Serve, *, bare: str, program: str | None = NAME) -> int:
    """Run one command; return its exit code.

    `serve` serves the dashboard, `bare` is the command that is meant if none is given ("": the help), and
    `program` is what calls the program in the commands that its texts name.
    """
    if words and words[0] == "__complete":
        from .completion import complete

        return complete(words[1:])

    def front_end(session: Session, terminal: Terminal, options: Mapping[str, Any]) -> FrontEnd:
        from .front_end import FrontEnd

        return FrontEnd(session, terminal, options, serve)

    return Session("cli", front_end, {}, bare=bare, program=program).execute(words)
