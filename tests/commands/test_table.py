"""The table of commands: everything is declared whole, and both parsers read it the same way."""

from __future__ import annotations

import random
import re
import shlex
from typing import Any

import pytest

from queuectl.commands.grammar import parser
from queuectl.commands.grammar.argparser import read_with_argparse
from queuectl.commands.grammar.commandline import GLOBAL_FLAGS, GLOBALS, CommandLine, read_plain
from queuectl.commands.grammar.manual import SCREEN_LINES, command_page, overview
from queuectl.commands.grammar.registry import ALIASES, Arg, Command, load
from queuectl.model.errors import InvalidInput
from tests.commands.calling import done

COMMANDS = load()
PATHS = sorted(COMMANDS)
USUAL_COMMANDS = """add enqueue list show logs history wait cancel retry remove release status metrics time init demo
worker:start worker:stop worker:status worker:scale worker:restart worker:logs dlq:list dlq:stats dlq:retry dlq:remove
config:show config:get config:set config:reset template:list template:show template:save""".replace(":", " ")
LINES = 4_000

# Texts that options take, the right and the wrong ones, and those that look like something else.
WORDS = """1 7 0 1000 -5 5m 1h30m 90 none last job-1 3-9 a,b - A=1 = pending dead,failed pendin id,state -duration
number all 2 json ids yellow always default nightly ä -q --json --id"""
TEXTS = [*WORDS.split(), "", "echo hi", "B=x y", "x" * 70]


@pytest.mark.parametrize("path", PATHS)
def test_a_command_says_what_it_does_in_one_line(path: str) -> None:
    first = (COMMANDS[path].handler.__doc__ or "").strip().split("\n")[0]
    assert 10 < len(first) <= 110
    assert first.endswith(".")
    assert first[0].isupper()


@pytest.mark.parametrize("path", PATHS)
def test_a_command_has_an_example_that_can_be_parsed(path: str) -> None:
    assert COMMANDS[path].examples
    for example in COMMANDS[path].examples:
        if "--timezone" in example:
            pytest.importorskip("zoneinfo", reason="Python 3.8 has no zoneinfo")
        # The help page and the manual write `queuectl` in front of it, so nothing else can be there.
        assert "|" not in example
        parsed = parser.parse(shlex.split(re.split(r"\s[<>]\s", example)[0]))
        assert parsed.command is COMMANDS[path] or parsed.topic


@pytest.mark.parametrize("path", PATHS)
def test_the_help_page_of_a_command_fits_a_screen_and_names_all_it_takes(path: str) -> None:
    page, whole = (command_page(COMMANDS[path], whole=whole) for whole in (False, True))
    assert page.count("\n") <= SCREEN_LINES
    assert page == whole or f"queuectl help {path} --all\n" in page
    for arg in COMMANDS[path].args:
        assert arg.help
        if arg.is_option:
            assert all(name in whole for name in arg.names) is not arg.hidden
            assert (max(arg.names, key=len) in page) is not arg.hidden
    assert len(COMMANDS[path].examples) == 2
    for shown in (page, whole):
        assert COMMANDS[path].help in " ".join(shown.split())
        assert max(map(len, shown.splitlines())) <= 79
        assert all(f"queuectl {example}" in shown for example in COMMANDS[path].examples)


@pytest.mark.parametrize("words", [["help"], ["--help"], ["-h"], []])
def test_the_overview_names_every_command(words: list[str]) -> None:
    assert all(path in overview() for path in PATHS)
    assert parser.parse(words) is not None


@pytest.mark.parametrize("path", PATHS)
def test_help_is_asked_for_before_and_after_a_command(path: str) -> None:
    for words in (["--help", *path.split()], [*path.split(), "--help"], [*path.split(), "-h", "--nonsense"]):
        assert parser.parse(words).topic == path


def test_every_usual_command_is_there() -> None:
    wanted = USUAL_COMMANDS.split("\n")
    names = set(PATHS) | set(ALIASES)
    assert [name for line in wanted for name in _names(line) if name not in names] == []


def _names(line: str) -> list[str]:
    words = line.split()
    found, groups = [], {"worker", "dlq", "config", "template"}
    while words:
        word = words.pop(0)
        found.append(f"{word} {words.pop(0)}" if word in groups else word)
    return found


def test_no_option_of_a_command_hides_a_global_one() -> None:
    for path, command in COMMANDS.items():
        names = {name for arg in command.args for name in arg.names}
        assert not names & set(GLOBAL_FLAGS), path


def test_no_name_of_an_option_stands_twice_in_a_command() -> None:
    for path, command in COMMANDS.items():
        names = [name for arg in command.args for name in arg.names]
        assert len(names) == len(set(names)), path


@pytest.mark.parametrize("seed", [random.randrange(1 << 32) for _ in range(4)], ids="seed={}".format)
def test_what_the_quick_parser_accepts_argparse_reads_the_same(seed: int) -> None:
    print(f"seed {seed}")
    rand = random.Random(seed)
    accepted = 0
    for _ in range(LINES // 4):
        words = _line(rand, COMMANDS[rand.choice(PATHS)])
        line = CommandLine(words)
        try:
            quick = read_plain(line, {})
        except ValueError:
            continue
        except InvalidInput:
            with pytest.raises(InvalidInput):
                read_with_argparse(line, {})
            continue
        accepted += 1
        slow = read_with_argparse(line, {})
        assert slow.command is quick.command, words
        assert _plain(slow.arguments) == _plain(quick.arguments), words
        assert slow.options == quick.options, words
    # Mistakes and help are left to argparse; correct lines must not be.
    assert accepted > LINES // 40


def _plain(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in arguments.items()}


def _line(rand: random.Random, command: Command) -> list[str]:
    name = rand.choice([command.path, *command.aliases])
    before: list[str] = []
    parts: list[list[str]] = []
    for arg in GLOBALS:
        if rand.random() < 0.08 and arg.key not in ("help", "version"):
            words = _option(rand, arg)
            if rand.random() < 0.3:
                before += words
            else:
                parts.append(words)
    for arg in command.args:
        parts += _occurrences(rand, arg)
    rand.shuffle(parts)
    line = [*before, *name.split(), *[word for part in parts for word in part]]
    for word in ("--", "--", ":::"):
        if rand.random() < 0.1:
            line.insert(rand.randrange(len(line) + 1), word)
    return line


def _occurrences(rand: random.Random, arg: Arg) -> list[list[str]]:
    if arg.rest or arg.inputs:
        return []
    if not arg.is_option:
        if arg.optional and rand.random() < 0.5:
            return []
        return [[_text(rand, arg)] for _ in range(rand.randrange(3) if arg.many else 1)]
    times = rand.randrange(3) if arg.many or rand.random() < 0.1 else 1 if rand.random() < 0.25 else 0
    return [_option(rand, arg) for _ in range(times)]


def _option(rand: random.Random, arg: Arg) -> list[str]:
    name = rand.choice(arg.names)
    if arg.flag:
        return [name]
    text = _text(rand, arg)
    return [f"{name}={text}"] if rand.random() < 0.3 else [name, text]


def _text(rand: random.Random, arg: Arg) -> str:
    """Return a text for an argument, mostly one that it takes."""
    if rand.random() < 0.8:
        for text in rand.sample([*TEXTS, *arg.choices], len(TEXTS) + len(arg.choices)):
            try:
                arg.value(text)
            except ValueError:
                continue
            if not text.startswith("-") or rand.random() < 0.2:
                return text
    return rand.choice(TEXTS)


def test_the_same_name_cannot_be_declared_twice() -> None:
    from queuectl.commands.grammar.registry import command

    with pytest.raises(ValueError, match="declared twice"):
        command("add")(lambda context: None)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ad"], 'there is no command "ad" (did you mean "add"?)'),
        (["ls"], 'there is no command "ls" (did you mean "list"?)'),
        (["rm"], 'there is no command "rm" (did you mean "remove"?)'),
        (["worker", "strat"], 'worker has no command "strat" (did you mean "start"?)'),
        (["dlq", "x", "y"], 'dlq has no command "x"'),
        (["--hom", "x", "list"], 'unknown option "--hom" (did you mean "--home"?)'),
        (["add", "true", "--prioritee", "4"], 'unknown option "--prioritee" (did you mean "--priority"?)'),
        (["add", "true", "--priorit=4"], 'unknown option "--priorit" (did you mean "--priority"?)'),
        (["list", "--state", "pendin"], 'did you mean "pending"?'),
        (["list", "--columns", "idd"], 'did you mean "id"?'),
        (["list", "--sort", "-id"], "option --sort needs a value; write --sort=VALUE if it begins with -"),
        (["add", "--id"], "option --id needs a value"),
        (["list", "--sort=-numbr"], 'did you mean "number"?'),
        (["queue", "list", "pending"], 'unexpected "pending"'),
        (["status", "pending"], "batch must be batch:NAME"),
        (["add", "echo", "a"], "write a command with blanks as one quoted text"),
        (["list", "-o", "xml"], '--output must be one of table, json, jsonl, csv, tsv, ids, got "xml"'),
        (["list", "-o"], "option --output needs one of table, json, jsonl, csv, tsv, ids"),
        (["list", "--json=1"], 'option --json takes no value, got "1"'),
        (["list", "--limit", "1_000"], '--limit must be a whole number between 0 and 10000000, got "1_000"'),
        (["list", "--limit", "٣"], "--limit must be a whole number"),
        (["show"], "show needs ID"),
        (["-5", "list"], 'unexpected "-5"'),
        (["--json", "-x y", "list"], 'unexpected "-x y"'),
        (["worker", "-5"], 'unexpected "-5"'),
        (["queue", "list", "-5"], 'unexpected "-5"'),
        (["queue", "list", "--", "--"], 'unexpected "--"'),
        (["cron", "add", "--timezone", "UTC"], "cron add needs NAME, 'MIN HOUR DAY MONTH WEEKDAY'"),
        (["list", "-v=1"], 'option --verbose takes no value, got "1"'),
        (["queue", "list", "are required: x"], 'unexpected "are required: x"'),
        (["template", "show"], "template show needs NAME"),
        (["wait", "1", "--timeout", "soon"], "--timeout must be a duration (write 90, 90s, 5m or 1h30m)"),
    ],
)
def test_a_mistake_is_named_with_what_was_probably_meant(words: list[str], said: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        parser.parse(words)
    assert said in raised.value.message
    assert "argument -" not in raised.value.message


@pytest.mark.parametrize("topic, said", [("global", "--no-pager"), ("exit-codes", "  124  wait --timeout passed")])
def test_what_is_true_of_every_command_has_a_page_of_its_own(home: str, topic: str, said: str) -> None:
    assert said in done(home, "help", topic).out
    assert f"queuectl help {topic}" in command_page(COMMANDS["list"]) and f"queuectl help {topic}" in overview()
    assert said not in command_page(COMMANDS["list"])


def test_the_help_of_an_option_has_the_value_of_its_setting() -> None:
    page, whole = (" ".join(command_page(COMMANDS["add"], whole=whole).split()) for whole in (False, True))
    assert "attempts after the first (default: 3) " in page
    assert "attempts after the first (default: 3, the setting max_retries)" in whole
