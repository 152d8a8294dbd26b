"""`main.py add true`, against the same interpreter doing nothing.

Measured with the interpreter that runs this program and with a clean virtual environment of it, since
.pth files in site-packages can triple what `python3 -c pass` costs. `-I -S -c pass` is the floor.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from typing import Iterator

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from benchmarks import support


def measure(options: argparse.Namespace) -> Iterator[support.Goal]:
    """Both interpreters, one after the other."""
    yield from with_python(support.PYTHON, "this Python", options.rounds)
    with tempfile.TemporaryDirectory(prefix="queuectl-bench-") as directory:
        subprocess.run(
            [support.PYTHON, "-m", "venv", "--without-pip", directory],
            check=True,
            env=support.environment(),
            timeout=support.LIMIT_SECONDS,
        )
        yield from with_python(os.path.join(directory, "bin", "python"), "clean venv", options.rounds)


def with_python(python: str, name: str, rounds: int) -> Iterator[support.Goal]:
    """Measure with one interpreter."""
    commands = {
        "pass": [python, "-c", "pass"],
        "floor": [python, "-I", "-S", "-c", "pass"],
        "add": [python, support.MAIN, "add", "true"],
    }
    taken: dict[str, list[float]] = {key: [] for key in commands}
    with support.temporary_home() as home:
        for command in commands.values():
            support.seconds_of(command, home=home)
        for _ in range(rounds):
            for key, command in commands.items():
                taken[key].append(support.seconds_of(command, home=home) * 1000)
    middles = {key: support.middle(values) for key, values in taken.items()}
    detail = ", ".join(f"{key} {value:.1f} ms" for key, value in middles.items())
    for baseline, must in (("pass", 2.5), ("floor", None)):
        ratios = [add / base for add, base in zip(taken["add"], taken[baseline])]
        words = "-c pass" if baseline == "pass" else "-I -S -c pass"
        yield support.Goal(
            f"`add true` against `{words}`, {name}",
            support.middle(ratios),
            must,
            at_least=False,
            unit="x",
            detail=detail if baseline == "pass" else support.spread(ratios),
        )


if __name__ == "__main__":
    support.main(__doc__, measure, rounds=31)
