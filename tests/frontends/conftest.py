"""Fixtures of the front ends' tests."""

from __future__ import annotations

from typing import Iterator

import pytest

from tests import support
from tests.frontends.typed import Open
from tests.support import cli_command, cli_environment
from tests.terminals import PtySession


@pytest.fixture
def terminal(home: str, processes: support.Processes) -> Iterator[Open]:
    """Opens the command line in a new terminal."""
    opened: list[PtySession] = []

    def start(
        *words: str, env: dict[str, str | None] | None = None, argv: list[str] | None = None, **options: int
    ) -> PtySession:
        variables = {"TERM": "xterm", "PAGER": None, "QUEUECTL_PAGER": "", **(env or {})}
        session = PtySession(
            processes, argv or cli_command(home, *words), env=cli_environment(home, variables), **options
        )
        opened.append(session)
        return session

    yield start
    for session in opened:
        session.close()
