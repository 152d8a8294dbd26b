"""Cells of CSV: what is written can be read back, and no spreadsheet takes it for a formula."""

from __future__ import annotations

import csv
import io

import pytest

from queuectl.commands.cells import FORMULA_STARTS, csv_line, plain


def test_a_line_reads_back() -> None:
    values = ["a", 'say "hi", twice', "two\r\nlines", "", "ä\u2028", ";"]
    assert list(csv.reader(io.StringIO(csv_line(values), newline=""))) == [values]
    assert csv_line(["a", 1, None]) == '"a","1",""\r\n'
    assert csv_line(["a"], end="\n") == '"a"\n'


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_a_text_is_no_formula_but_a_number_may_be_negative(start: str) -> None:
    assert csv_line([f"{start}1+1"]) == f'"\'{start}1+1"\r\n'
    assert csv_line([-1, "-1.5", "+2", "-1e-5\n"]) == '"-1","-1.5","+2","-1e-5\n"\r\n'


def test_a_cell_is_made_safe_as_a_whole() -> None:
    assert csv_line(["-a\x1b"], lambda text: text.replace("\x1b", "?")) == '"\'-a?"\r\n'


@pytest.mark.parametrize(
    "value, text",
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (1.5, "1.5"),
        (["a", None, 1], "a,,1"),
        ({"A": "ä"}, '{"A": "ä"}'),
        ([], ""),
    ],
)
def test_a_value_is_one_piece_of_text(value: object, text: str) -> None:
    assert plain(value) == text
