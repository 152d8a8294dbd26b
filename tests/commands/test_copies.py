"""The command line that adds a job like another one: run as it is, it makes the same job."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from queuectl import Job, Queue
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.copies import copy_of, secrets_of, words_to_add
from queuectl.model.fields import GIVEN
from queuectl.model.shellwords import shell_line
from tests.commands.calling import done, refused
from tests.support import ROOT, cli_environment

# What makes each field of a job differ from its default.
CASES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "queue": {"queue": "mail"},
    "priority": {"priority": -5},
    "max_retries": {"retries": 0},
    "timeout": {"timeout": None},
    "timeout in parts": {"timeout": "1h30m0.25s"},
    "run_at": {"run_at": "2095-01-02T03:04:05.678Z"},
    "cwd": {"cwd": "/tmp"},
    "env": {"env": {"A": "b c", "EMPTY": "", "DASH": "-x", "LINES": "a\tb\n"}},
    "shell": {"shell": "bash"},
    "inherit_env": {"inherit_env": "none"},
    "stdin": {},
    "tags": {"tags": ["a", "b"]},
    "allow_background": {"allow_background": True},
    "nice": {"nice": 7},
    "kill_grace": {"kill_grace": 0},
    "kill_signal": {"kill_signal": "INT"},
    "ok_codes": {"ok_codes": "0,24"},
    "snooze_on": {"snooze_on": "75:10m"},
    "fail_on": {"fail_on": "none"},
    "retry_on": {"retry_on": "1,SEGV"},
    "backoff": {"backoff": "1s,1m"},
    "expires_at": {"expires": "2095-01-02T03:04:05.678Z"},
    "batch": {"batch": "nightly"},
    "locks": {"locks": ["gpu", "net"]},
    "batch_limit": {"batch": "nightly", "batch_limit": 3},
    "max_fails": {"batch": "nightly", "max_fails": 3},
    "on_success": {"on_success": "echo 'well done'"},
    "on_failure": {"on_failure": "none"},
    "on_finish": {"on_finish": "-x | y"},
    "item": {"item": "-a 'b'\nc"},
    "item_index": {"index": 0},
    "inputs": {"inputs": {"2": "=b", "1": " ", "First name": ""}},
    "after": {"hold": True, "after": ["parent"]},
    "after_any": {"after_any": ["parent"]},
    "after_failed": {"after_failed": ["parent"]},
    "hold": {"hold": True},
    "hold until a time": {"hold": True, "run_at": "2095-01-02T03:04:05Z"},
}
# A copy that had the key of the first would not be added.
OF_KEY = ("key", "if_exists", "key_for")
COMMANDS = [
    "echo 'it''s' \"$HOME\"\nmake",
    "echo it's a\ttab, 100% \\t",
    "printf '\x1b[31mred\x07' \u202e",
    "a line\n\n",
    "\ta line\n\n",
    " blanks ",
    "-starts-with-a-dash",
    "-x 'a b'",
    "-x | y",
    "-x\t| y",
    "-x 'unclosed",
    "--help",
    "{}",
    " { echo a; }",
    "--",
    "-",
    "é",
]


def compared(job: Job) -> dict[str, Any]:
    kept = {field.name: getattr(job, field.name) for field in GIVEN if field.is_kept}
    del kept["id"]
    if job.run_at == job.created_at:
        del kept["run_at"]
    return {**kept, "state": job.state}


def pasted(home: str, queue: Queue, job: Job, tmp_path: Path) -> Job:
    """Give a shell in another directory the line that `show` ends in, with other defaults; return what it makes."""
    line = done(home, "show", job.id).out.partition("\nadd again:   ")[2]
    assert line == shell_line(words_to_add(job, SYSTEM_CLOCK.wall())) + "\n"
    done(home, "config", "set", "timeout", "7")
    done(home, "config", "set", "max_retries", "9")
    program = tmp_path / "queuectl"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "main.py"}" "$@"\n')
    program.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    environment = cli_environment(home, {"QUEUECTL_HOME": home, "API_TOKEN": "mine", "PATH": path})
    shell = subprocess.run(
        ["/bin/sh"], input=line.encode(), cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=60
    )
    assert shell.returncode == 0, shell.stderr
    return queue.get("last")


@pytest.mark.parametrize("name", CASES)
def test_the_line_that_shows_how_to_add_a_job_again_makes_the_same_job(home: str, tmp_path: Path, name: str) -> None:
    with Queue(home) as queue:
        queue.add("true", id="parent")
        job = queue.add("true", id="first", **CASES[name])
        made = pasted(home, queue, job, tmp_path)
        assert made.number == 3 and compared(made) == compared(job)


@pytest.mark.parametrize("command", COMMANDS)
def test_any_command_can_be_pasted_again_with_the_secrets_of_the_shell(home: str, tmp_path: Path, command: str) -> None:
    with Queue(home) as queue:
        job = queue.add(command, timeout=None, env={"API_TOKEN": "hush", "A": "b"})
        made = pasted(home, queue, job, tmp_path)
        assert made.command == command
        assert made.timeout is None and made.env == {"API_TOKEN": "mine", "A": "b"}


def test_show_names_the_secrets_that_the_line_takes_from_the_shell(home: str) -> None:
    with Queue(home) as queue:
        queue.add("true", id="open")
        queue.add("true", id="closed", env={"API_TOKEN": "hush", "A": "b", "PASSWORD": "x"})
    assert "secret:" not in done(home, "show", "open").out
    *_, named, line = done(home, "show", "closed").lines
    assert named == "secret:      API_TOKEN, PASSWORD, taken from the shell in which you add it again"
    assert "--env A=b --env API_TOKEN --env PASSWORD true" in line and "hush" not in line


@pytest.mark.parametrize("words", [["--command", "x", "y"], ["--command=-x", "--", "y"], ["y", "--", "y"]])
def test_a_command_is_given_once(home: str, words: list[str]) -> None:
    assert refused(home, 2, "add", *words).problems == [
        "give the command once: as one quoted text, as words after --, or with --command"
    ]


def test_every_field_that_is_given_is_tried() -> None:
    assert {field.name for field in GIVEN} - {"id", "command", *OF_KEY} <= set(CASES)


def test_a_copy_has_no_key(home: str) -> None:
    with Queue(home) as queue:
        job = queue.add("true", key="a", key_for="1h")
        assert "--key" not in words_to_add(job, 0) and not set(copy_of(job, 0)) & set(OF_KEY)
        done(home, "add", "--like", job.id)
        assert queue.get("last").key is None


def test_secrets_are_named_but_not_shown(home: str) -> None:
    with Queue(home) as queue:
        job = queue.add("true", env={"API_TOKEN": "hush", "A": "b"})
        assert secrets_of(job) == ["API_TOKEN"]
        words = words_to_add(job, 0)
        assert not any("hush" in word or "***" in word for word in words)
        assert words[words.index("API_TOKEN") - 1] == "--env"
        assert copy_of(job, 0)["env"] == {"API_TOKEN": "hush", "A": "b"}


def test_what_has_the_default_of_every_home_is_left_out(home: str) -> None:
    with Queue(home) as queue:
        job = queue.add("true", cwd="/", retries=2, timeout="5m")
        assert words_to_add(job, 0) == ["queuectl", "add", "--retries", "2", "--timeout", "5m", "--cwd", "/", "true"]


def test_a_time_that_is_over_is_left_out(home: str) -> None:
    with Queue(home) as queue:
        job = queue.add("true", run_at="2095-01-02T03:04:05Z")
        assert "--at" in words_to_add(job, job.run_at - 1)
        assert "--at" not in words_to_add(job, job.run_at)


@pytest.mark.parametrize("name", CASES)
def test_a_job_like_another_one_is_equal_but_for_the_id(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with Queue(home) as queue:
        queue.add("true", id="parent")
        job = queue.add("-x | y\n'", id="first", **{"env": {"API_TOKEN": "hush"}, **CASES[name]})
        monkeypatch.chdir(tmp_path)
        done(home, "add", "--like", "first")
        made = queue.get("last")
        assert made.number == 3 and compared(made) == compared(job)


@pytest.mark.parametrize("command", ["-", "{}", "--"])
def test_a_command_that_add_would_take_for_something_else_is_copied(home: str, command: str) -> None:
    with Queue(home) as queue:
        queue.add(command)
        done(home, "add", "--like", "last", input=b"not this")
        assert [job.command for job in queue.read([1, 2, 3])] == [command] * 2


def test_what_is_given_beside_like_comes_first(home: str) -> None:
    with Queue(home) as queue:
        queue.add("true", id="first", retries=1, tags=["a"], timeout=5, run_at="2095-01-02T03:04:05Z")
        done(home, "add", "false", "--like", "first", "--id", "mine", "--retries", "2", "--tag", "b", "--in", "1h")
        made = queue.get("mine")
        assert (made.command, made.max_retries, list(made.tags), made.timeout) == ("false", 2, ["b"], 5000)
        assert made.run_at < queue.get("first").run_at
