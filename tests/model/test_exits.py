"""What exit codes and signals say beyond that a command failed."""

from __future__ import annotations

import pytest

from queuectl.model.exits import NOT_FOUND, NOT_RUNNABLE, OUT_OF_MEMORY, exit_error, meaning
from queuectl.model.outcome import Outcome


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (1, "exit code 1"),
        (127, "exit code 127"),
        (128, "exit code 128"),
        (130, "exit code 130 (as SIGINT)"),
        (137, "exit code 137 (as SIGKILL)"),
        (139, "exit code 139 (as SIGSEGV)"),
        (143, "exit code 143 (as SIGTERM)"),
        (200, "exit code 200"),
        (255, "exit code 255"),
    ],
)
def test_a_code_that_stands_for_a_signal_names_it(code: int, error: str) -> None:
    assert exit_error(code) == Outcome.exited(code).error == error


@pytest.mark.parametrize(
    ("code", "signal", "behind"),
    [
        (126, None, NOT_RUNNABLE),
        (127, None, NOT_FOUND),
        (137, None, OUT_OF_MEMORY),
        (None, 9, OUT_OF_MEMORY),
        (1, None, None),
        (None, 15, None),
        (None, None, None),
    ],
)
def test_a_known_cause_of_an_end_is_named(code: int | None, signal: int | None, behind: str | None) -> None:
    assert meaning(code, signal) == behind
