"""The manual page: whole, and without anything that roff would take for its own."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from queuectl.commands.grammar.commandline import GLOBALS
from queuectl.commands.grammar.manual import escaped, help_of, manual_page, text_line
from queuectl.commands.grammar.registry import load
from queuectl.model.settings import SETTINGS
from tests.commands.calling import done

COMMANDS = load()
SECTIONS = (
    "NAME, SYNOPSIS, DESCRIPTION, FIRST STEPS, COMMANDS, GLOBAL OPTIONS, SETTINGS, EXIT STATUS, ENVIRONMENT, FILES, "
    "EXAMPLES, SEE ALSO"
)


def rendered() -> str:
    """Return the page as man shows it, each run of blanks as one."""
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    shown = subprocess.run(
        ["mandoc", "-Tutf8"], input=manual_page(), capture_output=True, text=True, check=True, timeout=60
    )
    return re.sub(r"\s+", " ", re.sub(r".\x08", "", shown.stdout))


def test_mandoc_finds_nothing_to_mend(tmp_path: Path) -> None:
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    path = tmp_path / "queuectl.1"
    path.write_text(manual_page(), encoding="utf-8")
    found = subprocess.run(
        ["mandoc", "-Tlint", "-W", "warning", str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    # The page has no date on purpose: it must not depend on when it was made.
    assert [line for line in found.stdout.splitlines() if "missing date" not in line] == []
    assert found.stderr == ""


def test_groff_finds_nothing_to_mend() -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    found = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-z"],
        input=manual_page(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert found.stderr == ""


def test_the_sections_are_there_in_order() -> None:
    assert ", ".join(re.findall("^[.]SH (.*)$", manual_page(), re.MULTILINE)) == SECTIONS


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_is_there_with_all_it_takes_but_what_is_hidden(path: str) -> None:
    command = COMMANDS[path]
    entry = manual_page().partition(f"\\fBqueuectl {escaped(path)}\\fR")[2].partition("\\fBqueuectl ")[0]
    assert text_line(command.help) in entry
    for arg in command.args:
        assert (text_line(help_of(arg)) in entry) is not arg.hidden
        if arg.is_option:
            assert all(f"\\fB{escaped(name)}\\fR" in entry for name in arg.names) is not arg.hidden


def test_a_reader_finds_every_command_option_and_setting() -> None:
    text = rendered()
    for path, command in COMMANDS.items():
        assert f"queuectl {path}" in text
        assert command.help in text
    for arg in GLOBALS:
        assert all(name in text for name in arg.names)
    assert all(f"{setting.name} {setting.help}" in text for setting in SETTINGS)
    assert "124 wait --timeout passed" in text
    assert r"""'{"id": "hello", "command": "echo Hello"}'""" in text


def test_the_page_is_the_same_each_time(home: str) -> None:
    assert done(home, "man").out == manual_page() == done(home, "man").out
    assert not Path(home).exists()


def test_what_roff_would_take_for_its_own_is_shown_as_it_is() -> None:
    assert text_line(".TH x") == "\\&.TH x"
    assert text_line("a\\b --c 'd'") == "a\\eb \\-\\-c \\(aqd\\(aq"
    assert not text_line("'x").startswith("'")
    for line in manual_page().split("\n"):
        assert not line.startswith("'")
        assert line.isprintable()


def test_no_dash_is_left_that_a_reader_could_not_copy() -> None:
    assert re.findall(r"(?<!\\)-", manual_page()) == []
