"""What each word of a command line is, also of one that is not finished or not right."""

from __future__ import annotations

import random

import pytest

from queuectl.commands.grammar.commandline import GLOBAL_FLAGS, CommandLine
from queuectl.commands.grammar.parser import parse
from queuectl.commands.grammar.registry import PACKAGE, PLACE_OF, PLACES, load
from queuectl.model.errors import InvalidInput

COMMANDS = load()


def given(line: CommandLine) -> list[str]:
    return [f"{arg.long_name}={text}" if text else arg.long_name for _, arg, text in line.given]


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (["list", "--json"], "list"),
        (["run", "true"], "add"),
        (["config"], "config"),
        (["config", "show"], "config show"),
        (["config", "set", "timeout", "5"], "config set"),
        (["config", "--json", "get", "timeout"], "config get"),
        (["--home", "worker", "worker", "-q", "stop"], "worker stop"),
        (["dashboard", "--port", "80", "stop"], "dashboard start"),
        (["worker"], None),
        (["worker", "--", "stop"], None),
        (["nonsense", "list"], None),
        (["--", "list"], None),
        ([], None),
    ],
)
def test_the_command_is_found_wherever_global_options_stand(words: list[str], path: str | None) -> None:
    command = CommandLine(words).command
    assert (command.path if command is not None else None) == path


def test_a_line_that_is_not_finished_says_what_was_given_and_what_comes_next() -> None:
    line = CommandLine(["--json", "list", "-s", "dead", "--watch", "--limit"])
    assert given(line) == ["--json", "--state=dead", "--watch=2"]
    assert line.waiting is line.flags["--limit"]
    assert CommandLine(["list", "--limit", "--verbose"]).waiting is None


@pytest.mark.parametrize(
    ("words", "is_naming"),
    [
        ([], True),
        (["config"], True),
        (["config", "--json"], True),
        (["dashboard", "--read-only"], False),
        (["config", "nonsense"], False),
        (["config", "--"], False),
    ],
)
def test_a_name_goes_on_until_something_else_is_given(words: list[str], is_naming: bool) -> None:
    assert CommandLine(words).is_naming is is_naming


def test_after_two_dashes_no_word_is_an_option() -> None:
    line = CommandLine(["add", "--id", "x", "--", "--json", "--", "-o"])
    assert given(line) == ["--id=x"]
    assert line.rest == ["--json", "--", "-o"]
    assert line.global_values({})["output"] is None


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (["list", "--nonsense", "--json"], "json"),
        (["nonsense", "-o", "json"], "json"),
        (["list", "--output=json", "-o", "xml"], "json"),
        (["--json", "status", "-o", "csv", "too", "much"], "csv"),
        (["add", "echo -o json", "too much"], None),
        (["add", "--id", "--", "--json"], None),
    ],
)
def test_a_wrong_line_still_says_how_its_error_is_to_be_shown(words: list[str], output: str | None) -> None:
    assert CommandLine(words).global_values({})["output"] == output
    with pytest.raises(InvalidInput):
        parse(words)


def test_an_option_given_as_its_default_overrides_what_the_session_began_with() -> None:
    for words in (["--color", "auto", "list"], ["list", "--color=auto"], ["list", "--nonsense", "--color", "auto"]):
        assert CommandLine(words).global_values({"color": "always"})["color"] == "auto"
    assert CommandLine(["list"]).global_values({"color": "always"})["color"] == "always"


@pytest.mark.parametrize(
    ("words", "command", "quiet"),
    [(["list", "-vq"], "list", True), (["list", "-qv"], "list", True), (["list", "-v"], "list", False)],
)
def test_short_flags_may_be_written_together(words: list[str], command: str, quiet: bool) -> None:
    parsed = parse(words)
    assert parsed.command is COMMANDS[command]
    assert (parsed.arguments["verbose"], parsed.options["quiet"]) == (True, quiet)


@pytest.mark.parametrize("seed", [random.randrange(1 << 32)], ids="seed={}".format)
def test_no_words_make_the_reader_fail(seed: int) -> None:
    print(f"seed {seed}")
    rand = random.Random(seed)
    own = {name for command in COMMANDS.values() for arg in command.args if arg.is_option for name in arg.names}
    others = ["--", "--", "-", "-x", "-5", "-x y", "-vq", "--limit=3", "-s=", "--json=1", "=", "", "x", "a=b"]
    known = [*sorted(own), *GLOBAL_FLAGS, *others]
    for _ in range(3000):
        words = [*rand.choice([*COMMANDS, ""]).split(), *(rand.choice(known) for _ in range(rand.randrange(6)))]
        if rand.random() < 0.2:
            words.insert(0, rand.choice(known))
        line = CommandLine(words)
        options = [at for at, word in enumerate(words) if word.startswith("-") and word != "-"]
        free = [*line.path, *line.positionals, *(line.rest or ())]
        assert all(words[at] not in GLOBAL_FLAGS or at not in line.name for at in options)
        assert [word for word in free if word not in words] == []
        try:
            parse(words)
        except InvalidInput as error:
            assert error.message


@pytest.mark.parametrize("module", sorted({module for _, module, _, _ in PLACES}))
def test_the_table_of_modules_names_the_first_words_of_what_each_declares(module: str) -> None:
    declared = [found for found in COMMANDS.values() if found.handler.__module__ == f"{PACKAGE}.{module}"]
    words = [name.split()[0] for found in declared for name in (found.path, *found.aliases)]
    assert list(dict.fromkeys(words)) == [word for word, place in PLACE_OF.items() if place[1] == module]


def test_no_word_begins_commands_of_two_modules() -> None:
    assert len(" ".join(words for _, _, _, words in PLACES).split()) == len(PLACE_OF)
