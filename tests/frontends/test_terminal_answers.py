"""Answers at a real (pseudo-)terminal: `--watch`, the pager, following, and odd terminals."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from queuectl.frontends.pager import paged
from queuectl.frontends.terminal import Terminal
from queuectl.model.outcome import Outcome
from tests import support
from tests.commands.calling import bring, call, done, state_of, store
from tests.frontends.test_terminal import Tty
from tests.frontends.typed import Open, interrupt
from tests.store import building
from tests.support import pipe

# --- how much is listed


@pytest.mark.parametrize(
    "words, noun",
    [(["list"], "jobs"), (["dlq", "list"], "dead jobs"), (["events"], "events"), (["scheduled"], "times")],
)
def test_a_table_on_a_terminal_says_how_many_rows_it_leaves_out(
    terminal: Open, home: str, words: list[str], noun: str
) -> None:
    with store(home) as opened:
        for number in range(60):
            building.add(opened, "false", id=f"many-{number}", max_retries=0)
            assert building.finish(opened, building.claim(opened), "dead", Outcome.exited(1), now=building.NOW + number)
            building.write(opened, opened.events.add, "said", actor="test", now=building.NOW)
    if noun == "times":
        done(home, "enqueue", "-", input=b'{"command": "true", "run_at": "2095-01-01T00:00:00Z"}\n' * 60)
    every = len(done(home, *words, "-o", "jsonl").lines)
    assert every >= 60
    session = terminal(*words, shows=f"showing 50 of {every} {noun}, all with --limit 0")
    assert session.wait() == 0


# --- watching


def test_a_watched_list_changes_in_place_until_ctrl_c(terminal: Open, home: str) -> None:
    done(home, "add", "true", "--id", "one", "--hold")
    session = terminal("list", "--watch=0.1", columns=50, shows="one")
    session.expect("columns hidden, use -o json or a wider terminal")
    session.expect("Ctrl-C ends it")
    done(home, "add", "true", "--id", "two", "--hold")
    session.expect("two")
    done(home, "remove", "one", "--yes")
    session.expect_gone("one")
    assert sum("ID " in line for line in session.screen()) == 1
    session.leave()


@pytest.mark.parametrize("words", [["status"], ["worker", "status"], ["dlq", "list"], ["metrics"], ["show", "dead-1"]])
def test_other_answers_are_watched_too(terminal: Open, home: str, words: list[str]) -> None:
    bring(home, "dead")
    session = terminal(*words, "--watch", shows="every 2s, Ctrl-C ends it")
    session.leave()


def test_a_watched_table_that_is_longer_than_the_screen_keeps_its_last_lines(terminal: Open, home: str) -> None:
    many(home, 30)
    session = terminal("list", "--watch", rows=12, shows="Ctrl-C ends it")
    lines = session.screen()
    assert lines[0].startswith("ID ") and "22 more lines" in lines
    session.leave()


def test_a_watched_answer_is_wrapped_between_words(terminal: Open, home: str) -> None:
    done(home, "add", "true")
    session = terminal("status", "--watch", columns=50, shows="Ctrl-C ends it")
    assert any(line.endswith("queuectl worker start") for line in session.screen())
    session.leave()


def test_a_first_error_ends_watching(home: str) -> None:
    assert call(home, "show", "nothing", "--watch").code == 3


def test_watching_into_a_pipe_prints_what_changes(home: str, processes: support.Processes) -> None:
    done(home, "add", "true", "--id", "one", "--hold")
    words = ["list", "--watch=0.1", "--columns", "id,state", "-o", "jsonl"]
    feed = processes.start_cli(home, *words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert pipe(feed.stdout).readline() == '{"id": "one", "state": "held"}\n'
    done(home, "add", "true", "--id", "two", "--hold")
    assert pipe(feed.stdout).readline() == '{"id": "two", "state": "held"}\n'
    done(home, "release", "one")
    assert pipe(feed.stdout).readline() == '{"id": "one", "state": "pending"}\n'
    support.interrupt(feed)
    assert feed.wait(60) == 0


# --- the pager


def many(home: str, count: int) -> None:
    done(home, "enqueue", "[" + ",".join(['{"command": "true"}'] * count) + "]")


def test_a_long_answer_is_paged_and_the_pager_may_be_left(terminal: Open, home: str) -> None:
    many(home, 200)
    session = terminal("list", "--limit", "0", env={"QUEUECTL_PAGER": "less"}, shows=re.compile(r"^:$", re.MULTILINE))
    assert any("job-200" in line for line in session.screen())
    session.leave("q")


@pytest.mark.parametrize(
    "options, environment",
    [
        (("--no-pager",), {}),
        ((), {"PAGER": "cat"}),
        ((), {"PAGER": ""}),
        ((), {"PAGER": "no-such-pager"}),
        ((), {"PAGER": "'"}),
        ((), {"TERM": "dumb", "PAGER": "less"}),
    ],
)
def test_no_pager_where_none_is_wanted(
    terminal: Open, home: str, options: tuple[str, ...], environment: dict[str, str | None]
) -> None:
    many(home, 60)
    session = terminal("list", "--limit", "0", *options, env={"QUEUECTL_PAGER": None, **environment}, shows="job-1 ")
    assert session.wait() == 0


def test_the_pager_of_our_own_variable_comes_first(terminal: Open, home: str) -> None:
    many(home, 60)
    session = terminal("list", env={"QUEUECTL_PAGER": "sed s/^job-/mine-/", "PAGER": "false"}, shows="mine-11 ")
    assert session.wait() == 0


def test_no_pager_eats_lines_that_were_pasted(terminal: Open, home: str) -> None:
    many(home, 60)
    session = terminal("shell", env={"QUEUECTL_PAGER": "less"}, shows="60 pending")
    session.leave("list\nhelp\nadd -q --id pasted true\nexit\n")
    assert done(home, "list", "-o", "ids").lines[0] == "pasted"


def test_a_short_answer_is_not_paged(terminal: Open, home: str) -> None:
    many(home, 3)
    session = terminal("list", env={"QUEUECTL_PAGER": "false"}, shows="job-3")
    assert session.wait() == 0


def test_what_a_job_printed_stays_harmless_in_the_pager(terminal: Open, home: str) -> None:
    done(home, "add", "i=0; while [ $i -lt 100 ]; do printf '\\033]0;title\\007%s\\n' $i; i=$((i+1)); done")
    done(home, "worker", "start", "--count", "1")
    done(home, "wait", "1")
    done(home, "worker", "stop")
    session = terminal("logs", "1", env={"QUEUECTL_PAGER": "less -R"}, shows=re.compile(r"\\x1b\]0;title\\x070"))
    session.leave("q")


# --- the manual


@pytest.mark.skipif(not (shutil.which("groff") or shutil.which("mandoc")), reason="neither groff nor mandoc")
def test_the_manual_is_a_page_on_a_terminal_and_roff_in_a_pipe(terminal: Open, home: str) -> None:
    session = terminal("man", env={"QUEUECTL_PAGER": "less -R"}, shows="QUEUECTL(1)")
    session.expect("queuectl - run shell commands in the background")
    row = next(row for row, line in enumerate(session.screen()) if line == "NAME")
    assert session.emulator.style_at(row, 0) == "1"
    session.leave("q")
    assert "\b" not in session.transcript and ".SH" not in session.transcript
    assert done(home, "man").out.startswith(".TH QUEUECTL 1")


def test_without_a_formatter_the_manual_is_roff_and_says_so(terminal: Open, home: str) -> None:
    session = terminal("man", env={"PATH": "/nowhere"}, shows="this is roff; groff or mandoc would make a page of it")
    assert session.wait() == 0
    assert ".SH NAME" in session.transcript


# --- what jobs printed

PROGRESS = "printf '10%%\\r\\033[31m99%%\\033[0m\\r\\n\\033[2Jend'"


@pytest.fixture
def printed(home: str) -> str:
    """A home with two jobs that have run: `bar` prints a progress bar, `silent` nothing."""
    done(home, "add", PROGRESS, "--id", "bar")
    done(home, "add", "true", "--id", "silent")
    done(home, "worker", "start", "--count", "1")
    done(home, "wait", "bar", "silent")
    done(home, "worker", "stop")
    return home


@pytest.mark.parametrize(
    "words, lines",
    [
        (["bar"], ["99%", "\\x1b[2Jend"]),
        (["-f", "bar"], ["99%", "\\x1b[2Jend"]),
        (["silent"], ["(no output)"]),
        (["-f", "silent"], ["(no output)"]),
        (["bar", "silent"], ["bar    | 99%", "bar    | \\x1b[2Jend", "silent | (no output)"]),
        (["bar", "--stderr"], ["(no output)"]),
    ],
)
def test_a_terminal_shows_the_last_form_of_each_line(
    terminal: Open, printed: str, words: list[str], lines: list[str]
) -> None:
    session = terminal("logs", *words)
    assert session.wait() == 0
    assert [line for line in session.screen() if line] == lines
    assert not session.emulator.unknown
    if lines[0].endswith("99%"):
        assert session.emulator.style_at(0, len(lines[0]) - 1) == "31"


@pytest.mark.parametrize("words", [["bar"], ["-f", "bar"], ["silent"]])
def test_what_a_job_printed_goes_into_a_pipe_as_it_is(printed: str, words: list[str]) -> None:
    shown = subprocess.run(support.cli_command(printed, "logs", *words), stdout=subprocess.PIPE, check=True, timeout=60)
    assert shown.stdout == (b"10%\r\x1b[31m99%\x1b[0m\r\n\x1b[2Jend" if "bar" in words else b"")


def test_a_progress_bar_moves_while_it_is_followed_and_words_stand_on_lines_of_their_own(
    terminal: Open, home: str
) -> None:
    gate = os.path.join(os.path.dirname(home), "gate")
    os.mkfifo(gate)
    done(home, "worker", "start", "--count", "1")
    session = terminal("add", f"printf 'step one'; read go < {gate}; printf '\\rtwo'", "--id", "j", "--follow")
    session.expect("step one")
    Path(gate).write_text("go\n")
    session.expect("j is completed")
    assert session.wait() == 0
    assert [line for line in session.screen() if line] == ["Job added: j", "two", "j is completed"]
    done(home, "worker", "stop")


# --- following


def test_several_jobs_are_followed_with_their_ids_in_color(terminal: Open, home: str) -> None:
    for name in ("a", "b"):
        command = f"echo {name}1; while [ ! -e go ]; do sleep 0.05; done; echo {name}2"
        done(home, "add", command, "--id", name, "--cwd", os.path.dirname(home))
    done(home, "worker", "start", "--count", "2")
    session = terminal("logs", "-f", "a", "b", shows="a | a1")
    session.expect("b | b1")
    Path(os.path.dirname(home), "go").touch()
    session.expect("a | a2")
    session.expect("b | b2")
    assert session.wait() == 0
    done(home, "worker", "stop")


def test_ctrl_c_ends_following_and_leaves_the_job_alone(terminal: Open, home: str) -> None:
    done(home, "add", "echo here; sleep 600", "--id", "long")
    done(home, "worker", "start", "--count", "1")
    session = terminal("logs", "-f", "long", shows="here")
    session.interrupt()
    assert session.wait() == 130
    assert state_of(home, "long") == "processing"
    done(home, "worker", "stop", "--force")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ([], "mine waits: no workers are running"),
        (["--hold"], "mine is held; let it run with: queuectl release mine"),
        (["--at", "2095-01-02 03:04"], "mine waits until 2095-01-02 03:04"),
    ],
)
def test_a_new_job_that_is_followed_says_its_id_and_why_it_waits(
    terminal: Open, home: str, options: list[str], reason: str
) -> None:
    session = terminal("add", "true", "--id", "mine", "--follow", *options, shows="Job added: mine")
    session.expect(reason)
    session.expect("no workers are running")
    session.interrupt()
    session.expect("mine goes on; cancel it with: queuectl cancel mine")
    assert session.wait() == 130
    session = terminal("logs", "-f", "mine", shows=reason)
    session.interrupt()
    assert session.wait() == 130


# --- odd terminals


@pytest.mark.parametrize("columns, rows", [(0, 0), (24, 5), (40, 12)])
def test_a_small_or_unknown_terminal_is_used_as_it_is(terminal: Open, home: str, columns: int, rows: int) -> None:
    session = terminal("shell", columns=columns, rows=rows)
    session.read_until("queuectl> ")
    session.send("add true --id x\n")
    session.read_until("Job added: x")
    session.read_until("1 pending !]> ")
    session.send("watch 0.1 list\n")
    session.read_until("pending")
    interrupt(session)
    session.leave("exit\n")
    menu = terminal(columns=columns, rows=rows)
    menu.read_until("Choice: ")
    menu.leave("0\n")


def test_an_ascii_terminal_gets_ascii(terminal: Open, home: str) -> None:
    done(home, "add", "echo ü ☃", "--id", "x")
    ascii_only: dict[str, str | None] = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    session = terminal("shell", env=ascii_only, shows="queuectl [1 pending !]> ")
    session.ask("list\n", "echo \\xfc \\u2603")
    session.leave("exit\n")
    menu = terminal(env=ascii_only, rows=50, shows="Choice: ")
    menu.ask("3\n\n\n\n1\n1\n", "command:     echo \\xfc")
    menu.leave("b\nb\n0\n")
    assert (session.transcript + menu.transcript).isascii()


def test_without_a_pager_a_long_answer_is_written_as_it_comes() -> None:
    pieces = iter(["one\n", "two\n"])
    written = paged(pieces, Terminal(Tty(), Tty(), environ={"PAGER": ""}))
    assert (next(written), next(pieces)) == ("one\n", "two\n")
