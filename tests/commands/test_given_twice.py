"""An option that is given twice: it adds up, says the same, overrides by the rule, or is refused."""

from __future__ import annotations

import os
from typing import Any

import pytest

from queuectl.commands.grammar import parser
from queuectl.commands.grammar.argparser import read_with_argparse
from queuectl.commands.grammar.commandline import GLOBALS, CommandLine
from queuectl.commands.grammar.registry import Arg, Command, load
from queuectl.model.errors import InvalidInput
from tests.commands.calling import call, done, ids, jobs, refused
from tests.commands.test_table import TEXTS

COMMANDS = load()
# Texts that an argument takes and that none of TEXTS is.
MORE_TEXTS = (
    *[".", "/", "3-4", "UTC", "local", "completed", "dead", "cancelled", "bash", "fish", "id", "127.0.0.1", "timeout"],
    "* * * * *",
    "0 * * * *",
)
OPTIONS = [(command, arg) for command in COMMANDS.values() for arg in command.args if arg.is_option and not arg.rest]
VALUED = [(command, arg) for command, arg in OPTIONS if not arg.flag]


def _name(pair: Any) -> str:
    return f"{pair[0].path} {pair[1].long_name}"


def _texts(arg: Arg) -> list[str]:
    """Return texts that an argument takes, each with a value of its own."""
    found: list[tuple[str, Any]] = []
    for text in (*arg.choices, *TEXTS, *MORE_TEXTS):
        try:
            value = arg.value(text)
        except ValueError:
            continue
        if text and not text.startswith("-") and value not in [other for _, other in found]:
            found.append((text, value))
    return [text for text, _ in found]


def _least(command: Command) -> list[str]:
    """Return the shortest line that is right for a command."""
    needed = [arg for arg in command.args if not (arg.is_option or arg.rest or arg.optional or arg.many)]
    return [*command.path.split(), *(_texts(arg)[0] for arg in needed)]


@pytest.mark.parametrize("pair", OPTIONS, ids=_name)
def test_the_same_twice_means_the_same_as_once(pair: tuple[Command, Arg]) -> None:
    command, arg = pair
    option = [arg.long_name] if arg.flag else [f"{arg.long_name}={_texts(arg)[0]}"]
    once = parser.parse([*_least(command), *option])
    twice = parser.parse([*_least(command), *option, *option])
    assert once.arguments[arg.key] not in (None, [], False)
    assert (twice.command, twice.arguments) == (once.command, once.arguments)


@pytest.mark.parametrize("pair", VALUED, ids=_name)
def test_two_values_add_up_or_are_refused_and_none_is_dropped(pair: tuple[Command, Arg]) -> None:
    command, arg = pair
    first, second = _texts(arg)[:2]
    words = [*_least(command), f"{arg.long_name}={first}", f"{arg.long_name}={second}"]
    if arg.many:
        together = parser.parse(words).arguments[arg.key]
        for text in (first, second):
            (alone,) = [parser.parse([*_least(command), f"{arg.long_name}={text}"]).arguments[arg.key]]
            assert set(alone) <= set(together)
        assert read_with_argparse(CommandLine(words), {}).arguments[arg.key] == together
        return
    for read in (parser.parse, lambda line: read_with_argparse(CommandLine(line), {})):
        with pytest.raises(InvalidInput) as raised:
            read(words)
        assert raised.value.message == f'{arg.long_name} is given twice: "{first}" and "{second}"'
        assert raised.value.field == arg.key


@pytest.mark.parametrize("arg", [arg for arg in GLOBALS if not arg.flag], ids=lambda arg: arg.long_name)
def test_a_global_option_after_the_command_overrides_one_before_it(arg: Arg) -> None:
    first, second = _texts(arg)[:2]
    before, after = [arg.long_name, first], [arg.names[0], second]
    assert parser.parse([*before, "list", *after]).options[arg.key] == arg.value(second)
    assert read_with_argparse(CommandLine([*before, "list", *after]), {}).options[arg.key] == arg.value(second)
    for words in ([*before, *after, "list"], ["list", *before, *after], ["list", *before, "-v", *after]):
        with pytest.raises(InvalidInput, match="given twice") as raised:
            parser.parse(words)
        assert "overrides" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (["--json", "list"], "json"),
        (["-o", "csv", "list", "--json"], "json"),
        (["--json", "list", "-o", "csv"], "csv"),
        (["list", "--json", "-o", "json"], "json"),
        (["list"], None),
    ],
)
def test_json_is_another_spelling_of_an_output(words: list[str], output: str) -> None:
    assert parser.parse(words).options["output"] == output
    with pytest.raises(InvalidInput, match='--output is given twice: "csv" and "json"'):
        parser.parse(["list", "-o", "csv", "--json"])


def test_what_a_session_began_with_is_overridden_by_any_option() -> None:
    began = {"color": "never", "output": "json", "quiet": True}
    for words in (["--color", "auto", "list", "-o", "table"], ["list", "--color", "auto", "-o", "table"]):
        options = parser.parse(words, began).options
        assert (options["color"], options["output"], options["quiet"]) == ("auto", "table", True)
        assert read_with_argparse(CommandLine(words), began).options == options


def test_help_is_shown_of_a_line_with_a_repeated_option() -> None:
    assert parser.parse(["list", "--limit", "1", "--limit", "2", "--help"]).topic == "list"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["add", "true", "-Q", "x", "-Q", "y"], '--queue is given twice: "x" and "y"'),
        (["add", "true", "--retries", "1", "-r", "2"], '--retries is given twice: "1" and "2"'),
        (["add", "true", "-e", "A=1", "-e", "A=2"], '--env A is given twice: "A=1" and "A=2"'),
        (["schedule", "true", "+1h", "--env", "A=1", "--env", "A="], '--env A is given twice: "A=1" and "A="'),
        (
            ["enqueue", "--template", "simple_job", "--set", "priority=1", "--set", "priority=2"],
            '--set priority is given twice: "priority=1" and "priority=2"',
        ),
    ],
)
def test_a_job_with_two_answers_to_one_question_is_not_added(home: str, words: list[str], problem: str) -> None:
    assert refused(home, 2, *words).problems == [problem]
    assert jobs(home) == []


def test_what_adds_up_reaches_the_job(home: str) -> None:
    options = "-t a -t b -t a -e A=1 -e B=2 -e A=1 -r 1 -r 01"
    done(home, "add", "true", *options.split())
    (job,) = jobs(home)
    assert (job["tags"], job["env"], job["max_retries"]) == (["a", "b"], {"A": "1", "B": "2"}, 1)


def test_an_alias_with_a_home_can_be_sent_to_another_one(home: str) -> None:
    other = os.path.join(os.path.dirname(home), "other")
    done(home, "add", "true", "--id", "there", "--home", other)
    assert (ids(home), ids(other)) == ([], ["there"])
    assert call(home, "--home", other, "list").code == 2
