"""Which columns of a table are shown, and how wide, where it does not fit."""

from __future__ import annotations

import pytest

from queuectl.frontends.render import fit
from tests.frontends.test_render import job, text, tty


def test_free_text_shrinks_first_and_the_widest_of_it_first() -> None:
    assert fit({"id": 10, "state": 9, "command": 100}, 60) == {"id": 10, "state": 9, "command": 37}
    assert fit({"error": 40, "state": 9, "command": 60}, 60) == {"error": 23, "state": 9, "command": 24}


def test_then_the_least_important_column_goes() -> None:
    natural = {"id": 10, "state": 9, "queue": 10, "created_at": 10, "command": 50}
    assert list(fit(natural, 55)) == ["id", "state", "queue", "command"]
    assert list(fit(natural, 45)) == ["id", "state", "command"]
    assert list(fit(natural, 25)) == ["id", "state"]
    assert fit({"name": 10, "state": 9}, 5) == {"name": 5}


def test_empty_columns_go_before_anything_else_shrinks() -> None:
    natural = {"id": 10, "duration": 8, "command": 30, "error": 5}
    assert list(fit(natural, 60, ["error", "duration"])) == list(natural)
    assert fit(natural, 54, ["error", "duration"]) == {"id": 10, "duration": 8, "command": 30}
    assert fit(natural, 44, ["error", "duration"]) == {"id": 10, "command": 30}
    assert fit({"error": 5}, 3, ["error"]) == {"error": 3}
    printed = text([job(duration=None, command="x" * 40)] * 2, "table", tty(80))
    assert "DURATION" not in printed and "x" * 40 in printed


@pytest.mark.parametrize("columns", [5, 30, 50, 80])
def test_ids_are_never_cut(columns: int) -> None:
    rows = [job(id="nightly-backup-of-the-mail-store-" + letter) for letter in "ab"]
    for line, row in zip(text(rows, "table", tty(columns)).splitlines()[1:], rows):
        assert line.split()[0] == row["id"]
