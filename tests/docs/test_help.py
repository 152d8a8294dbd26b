"""What `help` names is there: each command has a page, and the page is about it."""

from __future__ import annotations

import re

import pytest

from queuectl.commands.grammar.manual import (
    EXIT_CODES,
    INDEX,
    SCRIPTS,
    command_page,
    exit_codes_page,
    global_page,
    group_page,
    overview,
)
from queuectl.commands.grammar.registry import load
from tests.docs.pages import PAGES, table


@pytest.mark.parametrize("path", load())
def test_the_help_of_a_command_names_a_page_that_speaks_of_it(path: str) -> None:
    page = load()[path].page
    assert f"see also: {page}\n" in command_page(load()[path])
    assert re.search(rf"(`|queuectl ){path}\b", PAGES[page])


@pytest.mark.parametrize("path", load())
def test_the_help_of_a_command_breaks_no_option(path: str) -> None:
    assert re.findall(r"\w-$", command_page(load()[path]), re.MULTILINE) == []


def test_the_exit_codes_of_help_are_those_of_the_documentation() -> None:
    rows = table(PAGES[SCRIPTS], "| exit code | meaning |")
    assert [row.replace("`", "") for row in rows] == [f"| {code} | {text} |" for code, text in EXIT_CODES.items()]


def test_the_other_pages_of_help_name_a_page_of_the_documentation() -> None:
    assert "docs/failures.md" in group_page("dlq")
    assert INDEX in overview() and INDEX in PAGES
    assert SCRIPTS in global_page() and SCRIPTS in exit_codes_page()
