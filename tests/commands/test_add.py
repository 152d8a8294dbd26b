"""`add`: one command from the command line, and every limit that its fields have."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.commands.calling import call, done, jobs, refused
from tests.support import cli_command, cli_environment, run_cli

LONG = "x" * 129


def test_a_job_is_added_and_described(home: str) -> None:
    answer = run_cli(
        home, "add", "echo Hello", "--id", "hello", "--priority", "10", "--retries", "5", "--timeout", "30"
    )
    assert answer.returncode == 0
    assert answer.stdout.splitlines()[0] == "Job added: hello"
    assert [line.split() for line in answer.stdout.splitlines()[1:]] == [
        ["command:", "echo", "Hello"],
        ["priority:", "10"],
        ["retries:", "5"],
        ["timeout:", "30s"],
    ]
    assert answer.stderr == ""
    job = jobs(home)[0]
    wanted = {
        "id": "hello",
        "number": 1,
        "command": "echo Hello",
        "state": "pending",
        "queue": "default",
        "priority": 10,
        "max_retries": 5,
        "timeout": 30,
        "attempts": 0,
        "cwd": os.getcwd(),
        "env": {},
        "tags": [],
    }
    assert {name: job[name] for name in wanted} == wanted


def test_quietly_only_the_id_is_printed(home: str) -> None:
    answer = call(home, "add", "-q", "true")
    assert (answer.code, answer.out, answer.err) == (0, "job-1\n", "")


def test_words_after_two_dashes_are_quoted_for_the_shell(home: str) -> None:
    done(home, "add", "--id", "words", "--", "rsync", "-a", "My Documents", "--json", "$HOME")
    assert jobs(home)[0]["command"] == "rsync -a 'My Documents' --json '$HOME'"


def test_a_command_may_begin_with_a_dash_after_two_dashes(home: str) -> None:
    done(home, "add", "--", "-x")
    assert jobs(home)[0]["command"] == "-x"


def test_every_option_reaches_the_job(home: str, tmp_path: Path) -> None:
    own = "-Q reports -p -7 -r 0 -T 1h30m --hold -e A=1 -e B=x=y -t one -t two --allow-background"
    done(home, "add", "true", *own.split(), "--cwd", str(tmp_path))
    job = jobs(home)[0]
    wanted = {
        "queue": "reports",
        "priority": -7,
        "max_retries": 0,
        "timeout": 5400,
        "state": "held",
        "cwd": str(tmp_path),
        "env": {"A": "1", "B": "x=y"},
        "tags": ["one", "two"],
        "allow_background": True,
    }
    assert {name: job[name] for name in wanted} == wanted


def test_a_job_without_timeout_says_none(home: str) -> None:
    assert "timeout" not in done(home, "add", "true", "--timeout", "none").out
    assert jobs(home)[0]["timeout"] is None


def test_a_relative_directory_counts_from_here(home: str, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    assert run_cli(home, "add", "true", "--cwd", "below", cwd=tmp_path).returncode == 0
    assert jobs(home)[0]["cwd"] == str(tmp_path / "below")


@pytest.mark.parametrize(
    ("words", "delay"), [(["--in", "2h"], 7_200), (["--in", "+90s"], 90), (["--at", "+1h30m"], 5_400)]
)
def test_a_delayed_job_says_when_it_runs(home: str, words: list[str], delay: int) -> None:
    answer = done(home, "add", "true", *words)
    job = json.loads(done(home, "show", "last", "--json").out)
    assert job["state"] == "scheduled"
    assert f"runs at:  {job['run_at'][:4]}" in answer.out
    assert job["run_at"] in answer.out


@pytest.mark.parametrize(
    "words",
    [("add", "true", "--at", "2025-01-01"), ("schedule", "true", "2025-11-10 02:00:00"), ("add", "true", "--at=@0")],
)
def test_a_time_that_has_passed_is_named_and_the_job_runs_now(home: str, words: tuple[str, ...]) -> None:
    answer = done(home, *words)
    (job,) = jobs(home)
    assert f"({job['run_at']}); that has passed (" in answer.out
    assert answer.out.rstrip().endswith("d ago): it runs now")


@pytest.mark.parametrize(
    "words, input",
    [
        (["add", "-", "--at", "2020-01-01"], b"true\nfalse\n"),
        (["enqueue", '{"command":"true","run_at":"2020-01-01"}'], b""),
        (["enqueue", "-", "--at", "2020-01-01"], b'{"command":"true"}\n{"command":"false"}\n'),
    ],
)
def test_a_time_for_all_jobs_is_reported_once(home: str, words: list[str], input: bytes) -> None:
    answer = done(home, *words, input=input)
    assert answer.err.count("runs at 2020-01-01 00:00:00 (") == answer.err.count("); that has passed (") == 1


def test_no_time_is_reported_where_none_was_given(home: str) -> None:
    assert "runs at" not in done(home, "enqueue", '{"command":"true"}').err


def test_a_held_job_whose_time_has_passed_runs_once_it_is_released(home: str) -> None:
    assert "d ago): it runs once it is released" in done(home, "add", "true", "--hold", "--at", "2025-01-01").out


def test_an_instant_with_zone_is_taken_as_written(home: str) -> None:
    done(home, "add", "true", "--at", "2099-12-31T23:59:59+01:00")
    assert jobs(home)[0]["run_at"] == "2099-12-31T22:59:59.000Z"


def test_an_instant_without_zone_is_local_time(home: str) -> None:
    assert run_cli(home, "add", "true", "--at", "2098-07-01 12:00:00", env={"TZ": "Europe/Berlin"}).returncode == 0
    assert jobs(home)[0]["run_at"] == "2098-07-01T10:00:00.000Z"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["true", "--id", LONG], "id must be 1 to 128"),
        (["true", "--id", ".."], "id must be"),
        (["true", "--id=-x"], "id must be"),
        (["true", "--id", "a/b"], "id must be"),
        (["true", "--id", "é"], "id must be"),
        ([""], "command must not be empty"),
        (["  \n"], "command must not be empty"),
        (["x" * 65_537], "command must be at most 65536 bytes long"),
        (["é" * 32_769], "command must be at most 65536 bytes long"),
        (["a\udcffb"], "command must be valid Unicode"),
        (["a\0b"], "command must not contain a NUL"),
        (["true", "--queue", "a b"], "queue must be 1 to 64"),
        (["true", "--queue", "x" * 65], "queue must be"),
        (["true", "--queue", ""], "queue must be"),
        (["true", "--priority", "1001"], "priority must be a whole number between -1000 and 1000, got 1001"),
        (["true", "--priority=-1001"], "priority must be"),
        (["true", "--priority", "1.5"], "priority must be"),
        (["true", "--priority", "1_0"], "priority must be"),
        (["true", "--priority", "٣"], "priority must be"),
        (["true", "--priority", " 1"], "priority must be"),
        (["true", "--priority", "9" * 30], "priority must be"),
        (["true", "--retries", "101"], "retries must be a whole number between 0 and 100, got 101"),
        (["true", "--retries=-1"], "retries must be"),
        (["true", "--retries", "x"], "retries must be"),
        (["true", "--timeout", "0.09"], 'timeout must be between 0.1 and 2592000 seconds, or none, got "0.09"'),
        (["true", "--timeout", "31d"], "timeout must be"),
        (["true", "--timeout", "-5"], "timeout"),
        (["true", "--timeout", "nan"], "timeout is not a duration"),
        (["true", "--timeout", "soon"], "timeout is not a duration"),
        (["true", "--tag", "a b"], 'tag "a b" must be'),
        (["true", *["--tag=t"] * 0, *[f"--tag=t{n}" for n in range(17)]], "at most 16"),
        (["true", "--env", "1A=x"], 'variable "1A" must be'),
        (["true", "--env", "QUEUECTL_X=1"], "are reserved"),
        (["true", "--env", "A"], "must be NAME=VALUE"),
        (["true", "--env", "A=" + "x" * 32_769], "variable A must be at most 32768"),
        (["true", *[f"--env=A{n}=x" for n in range(101)]], "at most 100 variables"),
        (["true", *[f"--env=A{n}=" + "x" * 32_000 for n in range(5)]], "at most 131072 bytes"),
        (["true", "--cwd", "/nonexistent/x"], "cwd must be a directory that exists"),
        (["true", "--at", "2101-01-01T00:00:00Z"], "between 1970 and 2100"),
        (["true", "--at", "nonsense"], "not a time"),
        (["true", "--at", "2026-02-30 10:00"], "is not a date or time that exists"),
        (["true", "--in", "foo"], "must be a duration"),
        (["true", "--in", "1h", "--at", "+1h"], "not both"),
        ([], "command is missing"),
        (["true", "--", "x"], "give the command once"),
    ],
)
def test_a_value_outside_its_limits_is_refused_and_nothing_is_stored(home: str, words: list[str], problem: str) -> None:
    answer = refused(home, 2, "add", *words)
    assert problem in answer.err
    assert jobs(home) == []
    # A value of 64 KiB must not fill the screen.
    assert all(len(line) < 400 for line in answer.err.splitlines())


def test_all_problems_are_named_at_once(home: str) -> None:
    wrong = ["--id=-x", "--queue=a b", "--priority=x", "--retries=101", "--timeout=0", "--tag=?", "--env=A B=1"]
    answer = refused(home, 2, "add", "", *wrong)
    fields = sorted(problem.split()[0].rstrip(":") for problem in answer.problems)
    assert fields == ["command", "env", "id", "priority", "queue", "retries", "tags", "timeout"]


@pytest.mark.parametrize(
    "words",
    [
        ["--id", "a" * 128],
        ["--priority", "1000"],
        ["--priority", "-1000"],
        ["--retries", "100"],
        ["--retries", "0"],
        ["--timeout", "0.1"],
        ["--timeout", "30d"],
        ["--queue", "q" * 64],
        [f"--tag=t{n}" for n in range(16)],
        [f"--env=A{n}=x" for n in range(100)],
    ],
)
def test_the_limits_themselves_are_allowed(home: str, words: list[str]) -> None:
    done(home, "add", "true", *words)


def test_the_longest_command_is_kept_as_it_is(home: str) -> None:
    command = "echo " + "é\n" * 20_000 + "x" * (65_536 - 5 - 60_000)
    done(home, "add", command)
    assert jobs(home)[0]["command"] == command


def test_an_id_that_exists_is_a_conflict(home: str) -> None:
    done(home, "add", "true", "--id", "one")
    answer = refused(home, 4, "add", "true", "--id", "one")
    assert answer.problems == ['a job with id "one" exists already']
    assert "queuectl show one" in answer.hint
    assert len(jobs(home)) == 1


def test_a_generated_id_makes_room_for_one_that_was_given(home: str) -> None:
    done(home, "add", "true", "--id", "job-2")
    assert done(home, "add", "-q", "true").out.strip() not in ("", "job-2")


def test_secrets_are_not_shown(home: str) -> None:
    done(home, "add", "true", "--env", "API_TOKEN=hush", "--env", "PLAIN=seen")
    for words in (
        ["show", "last"],
        ["show", "last", "--json"],
        ["list", "-v"],
        ["list", "--json"],
        ["list", "-c", "env"],
        ["history", "last", "--json"],
    ):
        answer = done(home, *words)
        assert "hush" not in answer.out
    assert "API_TOKEN=***" in done(home, "show", "last").out


def test_a_directory_or_path_that_is_no_text_does_not_break_adding(home: str, tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(odd)
    answer = run_cli(home, "add", "true", cwd=os.fsdecode(odd))
    assert answer.returncode == 2
    assert "must be valid Unicode, give another as cwd" in answer.stderr
    assert run_cli(home, "add", "true", "--cwd", "/", cwd=os.fsdecode(odd)).returncode == 0
    assert run_cli(home, "add", "true", env={"PATH": os.environ["PATH"] + ":/\udcff"}).returncode == 0


def test_a_directory_that_was_deleted_is_explained(home: str, tmp_path: Path) -> None:
    done(home, "list")
    gone = tmp_path / "gone"
    gone.mkdir()
    found = subprocess.run(
        ["/bin/sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh", *cli_command(home, "add", "true")],
        cwd=gone,
        env=cli_environment(home),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert found.returncode == 2
    assert "the current directory does not exist any more" in found.stderr


def test_a_variable_without_a_value_has_that_of_the_caller(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREETING", "a b=c")
    monkeypatch.delenv("NOT_SET", raising=False)
    done(home, "add", "true", "--env", "GREETING", "--env", "OTHER=x")
    assert jobs(home)[0]["env"] == {"GREETING": "a b=c", "OTHER": "x"}
    refused(home, 2, "add", "true", "--env", "NOT_SET")
