"""Processes that say when they are ready, and go on at the same instant when they are told to."""

from __future__ import annotations

import subprocess

from tests.store.building import python
from tests.support import Processes, pipe


def start_ready(processes: Processes, code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start code that prints "ready", and wait until it has; it may read from stdin then."""
    started: subprocess.Popen[str] = processes.start(
        python(code, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii"
    )
    assert pipe(started.stdout).readline() == "ready\n"
    return started


def run_together(processes: Processes, code: str, arguments: list[list[str]]) -> list[str]:
    """Run code that prints "ready" and reads a line, in as many processes as there are lists of arguments.

    All go on at once. Returns what each has printed then; all must succeed.
    """
    started = [start_ready(processes, code, *words) for words in arguments]
    for process in started:
        pipe(process.stdin).write("go\n")
        pipe(process.stdin).flush()
    told = [pipe(process.stdout).read() for process in started]
    assert [process.wait(60) for process in started] == [0] * len(started)
    return told
