"""The program: `queuectl`, `python -m queuectl` and `main.py`. It alone knows the front ends and the dashboard."""

from __future__ import annotations

import gc
import sys

if sys.version_info < (3, 8):  # noqa: UP036 - 3.7 reads this far
    sys.exit("QueueCTL needs Python 3.8 or later, this is {}.{}".format(*sys.version_info))

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, NoReturn, Sequence

    from .commands.context import Context
    from .model.dashboard import DashboardOptions


def run(*, bare: str = "shell") -> NoReturn:
    """Run the command line of this process and leave with its exit code; `bare` is what no command means."""
    # A module that is loaded leaves no garbage: to look for it again and again took 6 % of a short command.
    gc.set_threshold(10_000)
    from .frontends import cli

    cli.run(_serve, bare=bare)


def main(words: Sequence[str], *, bare: str = "") -> int:
    """Run one command; return its exit code. `bare` is the command that is meant where none is given."""
    from .frontends import cli

    return cli.main(words, _serve, bare=bare)


def _serve(context: Context, options: DashboardOptions, on_ready: Callable[[str], None]) -> None:
    from .dashboard.daemon import run_dashboard

    run_dashboard(context.queue.home, options, on_ready=on_ready, clock=context.clock)


if __name__ == "__main__":
    run()
