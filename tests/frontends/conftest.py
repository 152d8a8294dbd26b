"""Fixtures of the front ends' tests."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from tests import support
from tests.frontends.typed import Open
from tests.support import cli_command, cli_environment
from tests.terminals import PtySession, Wanted


@pytest.fixture
def terminal(home: str, processes: support.Processes) -> Iterator[Open]:
    """Opens the command line, or other words, in a new terminal, and waits until it `shows` something."""
    opened: list[PtySession] = []

    def start(
        *words: str,
        shows: Wanted = "",
        env: dict[str, str | None] | None = None,
        argv: list[str] | None = None,
        **options: Any,
    ) -> PtySession:
        variables = {"TERM": "xterm", "PAGER": None, "QUEUECTL_PAGER": "", **(env or {})}
        argv = argv or cli_command(home, *words)
        opened.append(PtySession(processes, argv, env=cli_environment(home, variables), **options))
        if shows:
            opened[-1].expect(shows)
        return opened[-1]

    yield start
    for session in opened:
        session.close()
