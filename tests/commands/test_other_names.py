"""The names that other queues have for options and settings: they are taken, and shown nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.commands.grammar.commandline import GLOBALS
from queuectl.commands.grammar.manual import command_page
from queuectl.commands.grammar.parser import parse
from queuectl.commands.grammar.registry import Command, load
from queuectl.model.fields import BY_NAME, GIVEN
from queuectl.model.settings import SETTINGS
from tests.commands.calling import done, jobs, refused

COMMANDS = load()
WITH_OTHER_NAMES = [command for command in COMMANDS.values() if any(arg.also for arg in command.args)]


@pytest.mark.parametrize(
    ("other", "ours"),
    [
        ("add x --max-retries 7", "add x --retries 7"),
        ("add x --max-retries=7", "add x --retries=7"),
        ("add x --run-at +5h", "add x --at +5h"),
        ("add x --delay 5h", "add x --in 5h"),
        ("add x --timeout-sec 8", "add x --timeout 8"),
        ("add x --timeout-seconds 8", "add x --timeout 8"),
        ("add x --label a --name b -t c", "add x -t a -t b -t c"),
        ("list -n 3", "list --limit 3"),
        ("dlq list -n 3", "dlq list --limit 3"),
        ("worker start -c 3", "worker start --count 3"),
        ("worker start --workers 3", "worker start --count 3"),
        ("worker start --foreground", "worker start --no-detach"),
        ("worker start --burst", "worker start --drain"),
        ("worker start --stop-when-empty", "worker start --drain"),
        ("worker start --daemon", "worker start --detach"),
        ("worker start --background", "worker start -d"),
        ("worker start --detached", "worker start -d"),
        ("worker stop -f", "worker stop --force"),
        ("worker stop -t 5", "worker stop --timeout 5"),
        ("worker restart -f", "worker restart --force"),
        ("scheduler start --foreground", "scheduler start --no-detach"),
        ("scheduler start --daemon", "scheduler start --detach"),
        ("dashboard start --daemon", "dashboard start --detach"),
    ],
)
def test_an_option_of_another_tool_means_ours(other: str, ours: str) -> None:
    assert meant(other) == meant(ours)


def meant(line: str) -> dict[str, Any]:
    return parse(line.split()).arguments


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.path)
def test_no_name_of_an_option_means_two_things(command: Command) -> None:
    names = [name for arg in (*GLOBALS, *command.args) if arg.is_option for name in arg.spellings]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("command", WITH_OTHER_NAMES, ids=lambda command: command.path)
def test_the_help_shows_our_names_only(command: Command) -> None:
    words = command_page(command).replace("[", " ").replace(",", " ").split()
    assert not {name for arg in command.args for name in arg.also} & set(words)


def test_every_name_that_json_has_for_a_field_is_an_option_too() -> None:
    flags = {name for arg in COMMANDS["add"].args for name in arg.spellings}
    fields = [field for field in GIVEN if field.name != "command" and not field.kind.is_many]
    names = [name for field in fields for name in (field.name, *field.spellings)]
    assert {"--" + name.replace("_", "-") for name in names} <= flags
    assert "--max-retries" in BY_NAME["max_retries"].other_options


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_is_found_by_the_names_that_other_tools_have(home: str, setting: Any) -> None:
    for name in setting.aliases:
        assert done(home, "config", "get", name.replace("_", "-")).out == done(home, "config", "get", setting.name).out


def test_a_setting_that_nothing_needs_says_why(home: str) -> None:
    answer = refused(home, 2, "config", "set", "poll-interval", "1")
    assert answer.problems == ["poll_interval is not needed: workers do not poll, they are woken at once"]


@pytest.mark.parametrize("daemon", ["worker", "scheduler"])
def test_a_daemon_runs_in_one_place_only(home: str, daemon: str) -> None:
    answer = refused(home, 2, daemon, "start", "-d", "--foreground")
    assert answer.problems == ["give either --detach or --no-detach, not both"]


@pytest.mark.parametrize("words", [["--db", "x.db", "list"], ["list", "--db=x.db"], ["add", "x", "--db", "x.db"]])
def test_a_file_in_place_of_a_home_leads_to_the_option_for_homes(home: str, words: list[str]) -> None:
    answer = refused(home, 2, *words)
    assert answer.problems == ["there is no option --db"]
    assert answer.hint == "a home is a directory, not a file: --home DIR"
    assert not jobs(home)
