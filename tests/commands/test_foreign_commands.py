"""Commands from elsewhere: with the line ends of Windows, and with names that are not UTF-8."""

from __future__ import annotations

import json
import os

import pytest

from queuectl.engine.queue import Queue
from tests.commands.calling import call, done, refused

NOTE = "the carriage return at the end of the command was left out"
MONTHLY = "0 0 1 * *"


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["add", "echo a\r"], "echo a"),
        (["add", "echo a\r\r"], "echo a"),
        (["add", "echo a\r\n"], "echo a"),
        (["add", "--", "echo", "a\r"], "echo a"),
        (["schedule", "echo a\r", "+1h"], "echo a"),
        (["enqueue", json.dumps({"command": "echo a\r"})], "echo a"),
        (["cron", "add", "x", MONTHLY, "echo a\r"], "echo a"),
    ],
)
def test_a_carriage_return_at_the_end_of_a_command_is_left_out_with_a_note(
    home: str, words: list[str], kept: str
) -> None:
    assert NOTE in done(home, *words).err
    listed = done(home, *(["cron", "list"] if words[0] == "cron" else ["list"]), "--json").json()
    assert [row["command"] for row in listed] == [kept]


def test_an_edit_leaves_it_out_too(home: str) -> None:
    done(home, "add", "true", "--id", "x", "--hold")
    assert NOTE in done(home, "edit", "x", "--command", "false\r").err
    assert done(home, "show", "x", "--json").json()["command"] == "false"
    done(home, "cron", "add", "tick", MONTHLY, "true")
    assert NOTE in done(home, "cron", "edit", "tick", "--command", "false\r").err
    assert [row["command"] for row in done(home, "cron", "list", "--json").json()] == ["false"]


@pytest.mark.parametrize("command", ["echo a", "echo a\n", "printf 'a\r' b", "echo '\r\n'"])
def test_all_other_commands_stay_as_they_are(home: str, command: str) -> None:
    assert "carriage" not in done(home, "add", command).err
    assert done(home, "show", "last", "--json").json()["command"] == command


def test_python_leaves_it_out_as_well(home: str) -> None:
    with Queue(home) as queue:
        assert queue.add("echo a\r").command == "echo a"


LATIN = os.fsdecode(b"caf\351.txt")
MADE = "\"$(printf 'caf\\351.txt')\""


def test_a_word_that_is_not_utf8_is_made_again_by_the_shell(workers: str) -> None:
    directory = os.path.dirname(workers)
    with open(os.path.join(os.fsencode(directory), b"caf\351.txt"), "w") as file:
        file.write("found\n")
    done(workers, "add", "--cwd", directory, "--id", "x", "--", "cat", LATIN)
    assert done(workers, "show", "x", "--json").json()["command"] == f"cat {MADE}"
    assert call(workers, "wait", "x").code == 0
    assert done(workers, "logs", "x").out == "found\n"


@pytest.mark.parametrize("command", [f"cat {LATIN}", f"cat '{LATIN}' b"])
def test_a_command_that_is_not_utf8_is_refused_with_how_to_write_it(home: str, command: str) -> None:
    (problem,) = refused(home, 2, "add", command).problems
    assert problem.startswith(
        f"command must be valid Unicode, it holds a lone surrogate; write a word that is not UTF-8 as {MADE}, got "
    )
