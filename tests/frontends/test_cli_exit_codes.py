"""The table of exit codes, a test for each row, and what is printed where."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from queuectl.commands.grammar.registry import COMMANDS, load
from queuectl.model.errors import (
    Conflict,
    DaemonUnavailable,
    InvalidInput,
    NotFound,
    QueueCTLError,
    StoreBusy,
    StoreUnavailable,
    WaitTimeout,
)
from tests import support
from tests.commands.calling import bring, call, done
from tests.support import ROOT, cli_command, cli_environment, pipe, run_cli


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (["list"], 0, ""),
        (["template", "show", "nope"], 3, "not_found"),
        (["show", "nope"], 3, "not_found"),
        (["nope"], 2, "invalid"),
        (["add", ""], 2, "invalid"),
        (["add", "true", "--id", "held"], 4, "conflict"),
        (["retry", "held"], 4, "conflict"),
        (["wait", "held", "--timeout", "0"], 124, "wait_timeout"),
        (["worker", "scale", "2"], 6, "daemon_unavailable"),
        (["list", "--home", "/dev/null"], 5, "store_unavailable"),
    ],
)
def test_an_exit_code_comes_with_a_stable_name(home: str, words: list[str], code: int, name: str) -> None:
    done(home, "add", "true", "--hold", "--id", "held")
    plain = run_cli(home, *words)
    assert plain.returncode == code
    if not code:
        return
    assert "queuectl: error: " in plain.stderr
    assert "Traceback" not in plain.stderr
    error = json.loads(run_cli(home, *words, "--json").stderr.splitlines()[-1])["error"]
    assert error["code"] == name
    assert error["message"] in plain.stderr
    assert {"code", "message", "field", "hint"} <= set(error)


def test_a_job_that_failed_is_1_when_several_were_waited_for(home: str) -> None:
    bring(home, "completed", "dead")
    assert run_cli(home, "wait", "1,2").returncode == 1


@pytest.mark.parametrize(
    "error",
    [InvalidInput, NotFound, Conflict, StoreUnavailable, StoreBusy, DaemonUnavailable, WaitTimeout, QueueCTLError],
)
def test_an_error_from_anywhere_becomes_its_code(home: str, monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    load()
    monkeypatch.setattr(COMMANDS["time"], "handler", _raiser(error("it went wrong", hint="do this")))
    answer = call(home, "time")
    assert (answer.code, answer.out, answer.err) == (
        error.exit_code,
        "",
        "queuectl: error: it went wrong\n  hint: do this\n",
    )
    assert call(home, "time", "--json").error()["code"] == error.code


def _raiser(error: BaseException) -> Any:
    def handler(context: Any) -> Any:
        raise error

    return handler


def test_a_bug_is_70_and_one_line_and_a_traceback_only_with_debug(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(COMMANDS["time"], "handler", _raiser(ZeroDivisionError("oops")))
    answer = call(home, "time")
    assert (answer.code, answer.out) == (70, "")
    assert answer.problems == ["internal error: ZeroDivisionError: oops"]
    assert "report" in answer.hint
    assert "Traceback" in call(home, "time", "--debug").err
    assert call(home, "time", "--json").error()["code"] == "internal"


def test_ctrl_c_is_130(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(COMMANDS["time"], "handler", _raiser(KeyboardInterrupt()))
    assert call(home, "time").code == 130


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_signal_ends_a_waiting_command(home: str, processes: support.Processes, number: int, code: int) -> None:
    done(home, "add", "true", "--hold")
    waiting = processes.start_cli(
        home, "wait", "1", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert pipe(waiting.stderr).readline().startswith(b"job-1 is held")
    waiting.send_signal(number)
    assert waiting.wait(60) == code
    assert b"Traceback" not in pipe(waiting.stderr).read()


def test_a_reader_that_goes_away_is_141_and_no_complaint(home: str) -> None:
    done(home, "enqueue", "-", input=b"\n".join([b'{"command": "true"}'] * 3_000))
    script = '"$@" | head -n 1; printf %s "${PIPESTATUS[0]}" >&2'
    found = subprocess.run(
        ["bash", "-c", script, "bash", *cli_command(home, "list", "--limit", "0")],
        capture_output=True,
        text=True,
        env=cli_environment(home),
        check=False,
        timeout=60,
    )
    assert found.stdout.startswith("ID ")
    assert found.stderr == "141"


def shell(home: str, line: str, *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command with its streams as a shell's line has them."""
    return subprocess.run(
        ["/bin/sh", "-c", f'"$@" {line}', "sh", *cli_command(home, *words)],
        capture_output=True,
        text=True,
        env=cli_environment(home, env),
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("line", "words", "code"),
    [
        (">&-", ["add", "true"], 0),
        (">&-", ["list"], 0),
        ("2>&-", ["add", "true"], 0),
        ("2>&-", ["nope"], 2),
        ("<&-", ["add", "true"], 0),
        (">&- 2>&- <&-", ["add", "true"], 0),
        ("<&-", ["enqueue", "-"], 2),
        (">&-", ["logs", "1"], 3),
        ("<&-", ["remove", "--all"], 0),
    ],
)
def test_closed_streams_are_no_reason_to_fail(home: str, line: str, words: list[str], code: int) -> None:
    found = shell(home, line, *words)
    assert found.returncode == code, found
    assert "Traceback" not in found.stderr
    assert len(done(home, "list", "-q").lines) == (words == ["add", "true"])


def test_closed_streams_do_not_get_into_the_store(home: str) -> None:
    """The files that are opened next get the numbers of the closed streams."""
    for _ in range(5):
        assert shell(home, ">&- 2>&-", "add", "echo " + "x" * 100).returncode == 0
        assert shell(home, ">&- 2>&-", "list").returncode == 0
    assert len(done(home, "list", "-q").lines) == 5


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["add", "true"], ["--version"]])
def test_output_that_cannot_be_written_is_1_and_says_so(home: str, words: list[str], unbuffered: str) -> None:
    found = shell(home, "> /dev/full", *words, env={"PYTHONUNBUFFERED": unbuffered})
    assert found.returncode == 1
    assert found.stderr.splitlines() == [
        "queuectl: error: cannot write the output: No space left on device",
        "  hint: the command itself was carried out",
    ]
    assert len(done(home, "list", "-q").lines) == (words == ["add", "true"])


def test_a_locale_that_is_not_unicode_shows_codes_instead(home: str) -> None:
    done(home, "add", "echo 'ä漢'", "--id", "odd")
    found = run_cli(home, "show", "odd", env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"})
    assert found.returncode == 0
    assert "\\u6f22" in found.stdout
    found = run_cli(home, "show", "odd", "--json", env={"PYTHONIOENCODING": "ascii"})
    assert json.loads(found.stdout)["command"] == "echo 'ä漢'"


@pytest.mark.parametrize(
    "words",
    [
        ["nope", "--json"],
        ["--json", "nope"],
        ["-o", "json", "nope"],
        ["--output=json", "nope"],
        ["add", "true", "--nope", "--json"],
        ["list", "--limit", "x", "-o", "json"],
        ["status", "-o", "json", "--", "x"],
    ],
)
def test_a_command_line_that_is_wrong_is_an_object_too_if_that_was_asked_for(home: str, words: list[str]) -> None:
    answer = call(home, *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.error()["code"] == "invalid"
    assert answer.error()["problems"]


@pytest.mark.parametrize(
    "words", [["add", "true", "--nope", "--", "--json"], ["add", "echo -o json", "x"], ["list", "--search", "--json="]]
)
def test_a_word_that_only_looks_like_the_option_does_not_ask_for_an_object(home: str, words: list[str]) -> None:
    answer = call(home, *words)
    assert answer.code == 2
    assert answer.err.startswith("queuectl: error: ")


def test_quiet_leaves_out_notes_and_keeps_errors(home: str) -> None:
    assert call(home, "list", "--quiet") == (0, "", "")
    assert call(home, "dlq", "list", "-q") == (0, "", "")
    assert "no job with id" in call(home, "show", "x", "-q").err


def test_version_names_what_bugs_depend_on(home: str) -> None:
    for words in (["--version"], ["list", "--version"]):
        assert done(home, *words).out.split()[:2] == ["queuectl", "0.1.0"]
    assert "SQLite" in done(home, "--version").out


def test_options_of_all_commands_stand_before_or_after(home: str) -> None:
    done(home, "add", "true")
    forms = ["-o ids list", "list -o ids", "list --output=ids", "-q list", "list -q"]
    assert {done(home, *form.split()).out for form in forms} == {"job-1\n"}


def test_no_arguments_show_the_commands_and_nothing_is_made(home: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "queuectl", "--home", home],
        cwd=str(ROOT),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert found.returncode == 0
    assert "worker start" in found.stdout
    assert not os.path.exists(home)
