"""The words of other tools lead to ours, and no mistake is answered with a command that deletes."""

from __future__ import annotations

import pytest

from queuectl.commands.grammar.elsewhere import (
    COMMANDS_ELSEWHERE,
    HARMFUL,
    OPTIONS_ELSEWHERE,
    STATES_ELSEWHERE,
    command_for,
)
from queuectl.commands.grammar.registry import ALIASES, COMMANDS, command_named, commands_of, load
from tests.commands.calling import call, done, refused

WORDS = {
    "stash": "hold",
    "unpause": "resume",
    "queues": "queue list",
    "throttle": "queue limit",
    "continue": "resume",
    "freeze": "suspend",
    "start": "worker start",
    "rerun": "retry",
    "restart": "retry",
    "kill": "cancel",
    "rm": "remove",
    "clean": "prune",
    "ls": "list",
    "ps": "status",
    "tail": "logs",
    "follow": "logs",
    "view": "show",
    "daemon": "worker start",
    "stop": "worker stop",
    "parallel": "worker scale",
    "crontab": "cron list",
    "web": "dashboard",
    "switch": "edit",
    "reset": "config reset",
    "version": "--version",
    "dlq replay": "retry",
    "dlq clear": "remove",
    "worker kill-all": "stop",
    "worker add": "scale",
    "worker ls": "status",
    "worker list": "status",
    "cron delete": "remove",
    "job show": "list",
}


@pytest.mark.parametrize("line, ours", WORDS.items())
def test_a_word_of_another_tool_leads_to_ours(home: str, line: str, ours: str) -> None:
    (problem,) = refused(home, 2, *line.split()).problems
    assert problem.endswith(f' has no command "{line.split()[-1]}" (did you mean "{ours}"?)') or problem == (
        f'there is no command "{line.split()[0]}" (did you mean "{ours}"?)'
    )


@pytest.mark.parametrize("word, state", STATES_ELSEWHERE.items())
def test_a_state_of_another_tool_leads_to_ours(home: str, word: str, state: str) -> None:
    assert refused(home, 2, "list", "--state", word).problems[0].endswith(f'got "{word}" (did you mean "{state}"?)')
    assert done(home, "list", word).err.startswith(f"{word} is read as a text; jobs in this state: 'state:{state}'")


def test_a_suggestion_exists() -> None:
    load()
    subcommands = {path.split()[-1] for path in COMMANDS}
    for ours in COMMANDS_ELSEWHERE:
        word = ours.partition(" --")[0]
        assert word.startswith("--") or command_named(word) or commands_of(word) or word in subcommands, ours


@pytest.mark.parametrize("word", ["remov", "prun", "cancle", "pruned", "removed", "kil", "stopp", "resett"])
def test_no_command_that_deletes_or_ends_something_is_suggested_by_spelling(word: str) -> None:
    load()
    for known in ({path.split()[0] for path in (*COMMANDS, *ALIASES)}, {path.split()[-1] for path in COMMANDS}):
        assert command_for(word, known) not in HARMFUL


@pytest.mark.parametrize("name, instead", OPTIONS_ELSEWHERE.items())
def test_an_option_of_another_tool_leads_to_ours(home: str, name: str, instead: str) -> None:
    path, _, option = name.rpartition(" ")
    answer = refused(home, 2, *(path or "events").split(), option)
    assert (answer.problems, answer.hint) == ([f"there is no option {option}"], instead)


@pytest.mark.parametrize("name", ["-n", "-y", "-k"])
def test_no_option_is_suggested_for_a_letter(home: str, name: str) -> None:
    assert refused(home, 2, "add", name, "x").problems == [f'unknown option "{name}"']


@pytest.mark.parametrize(
    "words, line",
    [
        (["ls", "-la"], "queuectl add 'ls -la'"),
        (["echo", "hello"], "queuectl add 'echo hello'"),
        (["tar", "-xzf", "a.tgz", "-q"], "queuectl add 'tar -xzf a.tgz -q'"),
        (["tar", "-cf", "x.tar", ".", "--timeout", "5m"], "queuectl add 'tar -cf x.tar .' --timeout 5m"),
        (["rsync", "-a", "--delete", "My Docs", "b:"], "queuectl add 'rsync -a --delete '\\''My Docs'\\'' b:'"),
        (["grep", "-r", "a", ".", "-p", "5"], "queuectl add 'grep -r a . -p 5'"),
        (["-t", "x", "ls", "-i", "/"], "queuectl add -t x 'ls -i /'"),
        (["sort", "-t", ",", "-k", "2"], "queuectl add 'sort -t , -k 2'"),
    ],
)
def test_a_command_without_quotes_is_answered_with_the_line_to_type(home: str, words: list[str], line: str) -> None:
    assert refused(home, 2, "add", *words).hint == line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["echo a", "--dependenz", "1"], 'unknown option "--dependenz"'),
        (["echo a", "echo b"], 'unexpected "echo b"'),
    ],
)
def test_a_command_in_quotes_is_not_quoted_once_more(home: str, words: list[str], said: str) -> None:
    answer = refused(home, 2, "add", *words)
    assert (answer.problems, answer.hint) == ([said], "see: queuectl add --help")


def test_a_mistyped_option_is_no_part_of_a_command(home: str) -> None:
    (problem,) = refused(home, 2, "add", "true", "--prio", "1").problems
    assert problem == 'unknown option "--prio" (did you mean "--priority"?)'
    assert refused(home, 2, "add", "make test", "-k", "1").problems == ['unknown option "-k"']


@pytest.mark.parametrize("spelling", [["-o", "json"], ["-ojsonl"], ["-o=json"], ["--output=jsonl"], ["--json"]])
@pytest.mark.parametrize("words", [["show", "nope"], ["add", "true", "--prio", "1"], ["add", "true", "-r+1"], ["ad"]])
def test_errors_are_json_for_every_spelling_of_the_option(home: str, words: list[str], spelling: list[str]) -> None:
    assert call(home, *words, *spelling).error()["message"]


@pytest.mark.parametrize("words", [["ad", "curl -o json x"], ["show", "nope", "--", "-o", "json"]])
def test_no_other_word_makes_an_error_json(home: str, words: list[str]) -> None:
    assert refused(home, 2, *words).problems


@pytest.mark.parametrize(
    "words, problem",
    [
        (["add", "true", "--at", "x"], "--at is not a time"),
        (["add", "true", "--at", ""], "--at is not a time"),
        (["enqueue", '[{"command":"a"},{"command":"b"}]', "--at", "x"], "the argument: job 1: --at is not a time"),
        (["schedule", "true", "x"], "WHEN is not a time"),
        (["enqueue", '{"command":"a","run_at":"x"}'], "run_at is not a time"),
        (["enqueue", '{"command":"a"}', "--at", "x"], "--at is not a time"),
    ],
)
def test_errors_call_a_field_as_the_user_has(home: str, words: list[str], problem: str) -> None:
    assert refused(home, 2, *words).problems[0].startswith(problem)


@pytest.mark.parametrize(
    "value, shown",
    [("null", "null"), ("true", "true"), ('"x"', '"x"'), ("1.5", "1.5"), ("1e2", "100.0")],
)
def test_values_of_json_are_shown_as_json(home: str, value: str, shown: str) -> None:
    (problem,) = refused(home, 2, "enqueue", f'{{"command":"a","priority":{value}}}').problems
    assert problem.endswith(f", got {shown}")


@pytest.mark.parametrize("words", [["list", "--state", "x"], ["list", "--columns", "x"], ["list", "state:x"]])
def test_a_wrong_value_is_said_once(home: str, words: list[str]) -> None:
    assert refused(home, 2, *words).err.count('"x"') == 1
