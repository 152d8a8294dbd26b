"""The page about filters says what is so: all keys with their examples, and no example that cannot be read."""

from __future__ import annotations

import re

import pytest

from queuectl.commands.grammar.registry import load
from queuectl.model.fields import FILTERS
from queuectl.model.filter import example, meaning
from queuectl.model.filterparse import parse
from tests.docs.pages import CODE, PAGES, prose

PAGE = prose(PAGES["docs/filters.md"])
TABLE = "\n".join(f"| `{key}` | `{example(key)}` | {meaning(key)} |" for key in FILTERS)
EXAMPLES = [text for text in CODE.findall(PAGE) if re.search(r"[a-z]:[\w<>=\"]|^!?[a-z]+ two$|^!\w+$", text)]


def test_every_key_is_in_the_table() -> None:
    assert f"|---|---|---|\n{TABLE}\n" in PAGE, f"put this into docs/filters.md:\n{TABLE}"


def test_the_commands_with_the_options_of_a_filter_are_named() -> None:
    options = {path: {name for arg in command.args for name in arg.names} for path, command in load().items()}
    takes = [f"`{path}`" for path, names in options.items() if {"--state", "--queue", "--tag"} <= names]
    assert f"{', '.join(takes[:-1])} and {takes[-1]} have them." in " ".join(PAGE.split())
    assert [path for path, names in options.items() if "--search" in names] == ["list"]
    assert [f"`{path}`" for path, names in options.items() if {"--state", "--all"} <= names] == takes[1:]


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_is_a_filter(text: str) -> None:
    assert parse(text, 1_800_000_000_000).text


def test_examples_are_found() -> None:
    assert len(EXAMPLES) > 2 * len(FILTERS)
