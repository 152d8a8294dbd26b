"""A line of the shell: split as a POSIX shell would, and the word under the cursor."""

from __future__ import annotations

import random
import shlex

import pytest

from queuectl.frontends.line import cursor, split_commands, typed_word
from queuectl.model.errors import InvalidInput

ALPHABET = "ab \t'\"\\-=:ü,"
LINES = 3_000


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("", []),
        ("  \t ", []),
        (";;", []),
        ("list", [["list"]]),
        ("list; status", [["list"], ["status"]]),
        ("list;status;", [["list"], ["status"]]),
        (r"a\;b", [["a;b"]]),
        ("'a;b'", [["a;b"]]),
        ('"a;b";c', [["a;b"], ["c"]]),
        ("a;b", [["a"], ["b"]]),
        ("add 'echo #1' # a note; status", [["add", "echo #1"]]),
        ("add a#b", [["add", "a#b"]]),
        (r"add \#b", [["add", "#b"]]),
        ("# nothing", []),
        ("list;# nothing", [["list"]]),
        ("add ''", [["add", ""]]),
        ("add ''#x", [["add", "#x"]]),
        (r'add "a\"b\\c\d"', [["add", r'a"b\c\d']]),
        (r'add "\$x \`y\`"', [["add", "$x `y`"]]),
        (r"add 'a\b'", [["add", r"a\b"]]),
        ("add a'b c'd\"e f\"", [["add", "ab cde f"]]),
        ("add $HOME *", [["add", "$HOME", "*"]]),
        ("list\n", [["list"]]),
        ('enqueue {"id": "t", "command": "echo a; b"}', [["enqueue", '{"id": "t", "command": "echo a; b"}']]),
        ('queuectl enqueue {"command":"a b"}', [["queuectl", "enqueue", '{"command":"a b"}']]),
        ('enqueue {"command":"a"} --queue m; list', [["enqueue", '{"command":"a"}', "--queue", "m"], ["list"]]),
        ('enqueue [{"command": "a"}];list', [["enqueue", '[{"command": "a"}]'], ["list"]]),
        ('enqueue --validate {"command": "it\'s"} # x', [["enqueue", "--validate", '{"command": "it\'s"}']]),
        ('enqueue \'{"command": "a"}\'', [["enqueue", '{"command": "a"}']]),
        (r"enqueue {\"command\":\"a\"}", [["enqueue", '{"command":"a"}']]),
        ('enqueue {"command": oops}', [["enqueue", "{command:", "oops}"]]),
        ('add {"a": 1}', [["add", "{a:", "1}"]]),
        ("größe 日本", [["größe", "日本"]]),
    ],
)
def test_a_line_is_split_as_a_shell_would(line: str, commands: list[list[str]]) -> None:
    assert split_commands(line) == commands


@pytest.mark.parametrize("line", ["add 'a", 'add "a', 'add "a\\"', "list; add '", "add \"it's"])
def test_a_quote_that_is_not_closed_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput, match="unclosed quote") as raised:
        split_commands(line)
    assert raised.value.hint


@pytest.mark.parametrize("line", ["add a\\", "add \\", 'add "a\\', "add a\\\n"])
def test_a_backslash_at_the_end_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput, match="unclosed"):
        split_commands(line)


@pytest.mark.parametrize("seed", [random.randrange(1 << 32) for _ in range(4)], ids="seed={}".format)
def test_without_semicolons_and_comments_shlex_splits_the_same(seed: int) -> None:
    rand = random.Random(seed)
    for _ in range(LINES):
        line = "".join(rand.choices(ALPHABET, k=rand.randrange(14)))
        try:
            wanted = shlex.split(line)
        except ValueError:
            with pytest.raises(InvalidInput):
                split_commands(line)
            continue
        assert [word for words in split_commands(line) for word in words] == wanted, line
        assert len(split_commands(line)) == bool(wanted), line


@pytest.mark.parametrize("seed", [random.randrange(1 << 32) for _ in range(4)], ids="seed={}".format)
def test_what_is_quoted_is_read_back_the_same(seed: int) -> None:
    rand = random.Random(seed)
    for _ in range(LINES):
        value = "".join(rand.choices(ALPHABET + ";#$`~*", k=rand.randrange(1, 10)))
        for quote in ("", "'", '"'):
            typed = typed_word(value, quote)
            assert split_commands(f"add {typed}; list") == [["add", value], ["list"]], (value, quote)
            assert typed.startswith(quote)
            assert shlex.split(typed) == [value] or "$" in value or "`" in value


def test_the_users_directory_stays_what_a_shell_expands() -> None:
    assert typed_word("~/a b") == "~/'a b'"
    assert typed_word("~/") == "~/"
    assert typed_word("~x") == "'~x'"


@pytest.mark.parametrize(
    ("line", "words", "text", "raw", "quote"),
    [
        ("", [], "", "", ""),
        ("li", [], "li", "li", ""),
        ("list ", ["list"], "", "", ""),
        ("list --st", ["list"], "--st", "--st", ""),
        ("list; show job", ["show"], "job", "job", ""),
        ("list;", [], "", "", ""),
        ("list;sh", [], "sh", "sh", ""),
        ("show 'my jo", ["show"], "my jo", "'my jo", "'"),
        ('show "my jo', ["show"], "my jo", '"my jo', '"'),
        ("show --q='my jo", ["show"], "--q=my jo", "--q='my jo", "'"),
        ("show my\\ jo", ["show"], "my jo", "my\\ jo", ""),
        ("show 'a b'c", ["show"], "a bc", "'a b'c", ""),
        ("show 'a;b", ["show"], "a;b", "'a;b", "'"),
        ("show a\\", ["show"], "a", "a\\", ""),
        ('show "a\\', ["show"], "a", '"a\\', '"'),
        ("show ''", ["show"], "", "''", ""),
        ("add größe ü", ["add", "größe"], "ü", "ü", ""),
        ("list # sh", ["list"], "# sh", "# sh", ""),
    ],
)
def test_the_cursor_knows_what_is_being_typed(line: str, words: list[str], text: str, raw: str, quote: str) -> None:
    under = cursor(line)
    assert (under.words, under.text, under.raw, under.quote) == (words, text, raw, quote)


@pytest.mark.parametrize("seed", [random.randrange(1 << 32) for _ in range(2)], ids="seed={}".format)
def test_the_cursor_reads_every_beginning_of_a_line(seed: int) -> None:
    rand = random.Random(seed)
    for _ in range(LINES):
        line = "".join(rand.choices(ALPHABET + ";#", k=rand.randrange(14)))
        under = cursor(line)
        assert line.endswith(under.raw)
        try:
            commands = split_commands(line + "|")
        except InvalidInput:
            continue
        if not under.raw.startswith("#") and not under.quote and not under.raw.endswith("\\"):
            assert commands[-1] == [*under.words, under.text + "|"], line
