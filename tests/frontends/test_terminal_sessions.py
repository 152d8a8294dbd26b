"""A person at a real (pseudo-)terminal: the shell, the menu, `--watch` and the pager."""
from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from typing import Callable, Iterator

import pytest

from tests import support
from tests.commands.calling import bring, call, done, jobs, state_of, states
from tests.support import ROOT, cli_command, cli_environment
from tests.terminals import PtySession

PROMPT = re.compile(r"^queuectl(?: \[[^]]*\])?> ?$", re.MULTILINE)
CTRL_C, CTRL_D = "\x03", "\x04"
Open = Callable[..., PtySession]


@pytest.fixture
def terminal(home: str, processes: support.Processes) -> Iterator[Open]:
    """Opens the command line in a new terminal."""
    opened: list[PtySession] = []

    def start(*words: str, env: dict[str, str | None] | None = None, argv: list[str] | None = None,
              **options: int) -> PtySession:
        variables = {"TERM": "xterm", "PAGER": None, "QUEUECTL_PAGER": "", **(env or {})}
        session = PtySession(processes, argv or cli_command(home, *words), env=cli_environment(home, variables),
                             **options)
        opened.append(session)
        return session

    yield start
    for session in opened:
        session.close()


def interrupt(session: PtySession, then: str) -> None:
    """Press Ctrl-C and wait for the prompt after it: what is typed before that is lost in the terminal."""
    session.send(CTRL_C)
    session.expect(re.compile(rf"{then}[^\n]*\n+queuectl[^\n]*> ?\n*$"))


# --- the shell

def test_the_bare_command_on_a_terminal_is_the_shell(terminal: Open, home: str) -> None:
    session = terminal(argv=[sys.executable, "-m", "queuectl"], env={"PYTHONPATH": str(ROOT)})
    session.expect(PROMPT)
    assert any("___" in line for line in session.screen())
    session.send("exit\n")
    assert session.wait() == 0


def test_the_prompt_tells_what_waits_and_news_come_before_it(terminal: Open, home: str) -> None:
    session = terminal("shell")
    session.expect("queuectl> ")
    session.send("add true; add 'exit 3' --retries 0 --id bad; add true --hold\n")
    session.expect("queuectl [2 pending]> ")
    done(home, "worker", "start", "--count", "1")
    call(home, "wait", "1", "bad")
    session.send("\n")
    session.expect("[job-1 completed]")
    session.expect("[bad dead: exit code 3]")
    session.expect("queuectl [1 dead]> ")
    session.send(CTRL_D)
    assert session.wait() == 0
    done(home, "worker", "stop")


def test_a_mistake_never_ends_the_shell(terminal: Open, home: str) -> None:
    session = terminal("shell")
    session.expect("queuectl> ")
    for line, said in [("lst", "did you mean"), ("add 'x", "unclosed quote"), ("list --nonsense", "unknown option"),
                       ("show 99", "no job with number 99"), ("help nothing", "no command"), ("!99", "no earlier line"),
                       ("add", "command is missing"), ("list -h", "queuectl list --watch")]:
        session.send(line + "\n")
        session.expect(said)
    session.send("add true --id alive\n")
    session.expect("Job added: alive")
    session.send("quit\n")
    assert session.wait() == 0
    assert set(states(home)) == {"alive"}


def test_an_empty_line_does_nothing_and_ctrl_c_clears_the_line(terminal: Open, home: str) -> None:
    session = terminal("shell")
    session.expect("queuectl> ")
    session.send("add true --id one\n")
    session.expect("queuectl [1 pending]> ")
    session.send("\n\n   \n")
    session.send("add true --id two")
    session.expect("--id two")
    interrupt(session, "two")
    session.send("list -o ids --color never\n")
    session.expect(re.compile(r"^one *$", re.MULTILINE))
    session.send("exit\n")
    assert session.wait() == 0
    assert set(states(home)) == {"one"}


def test_ctrl_c_ends_a_command_and_not_the_shell(terminal: Open, home: str) -> None:
    bring(home, "held")
    session = terminal("shell")
    session.expect("queuectl> ")
    session.send("wait held-1; add true --id never\n")
    session.expect("waiting")
    interrupt(session, "")
    session.send("status\n")
    session.expect("jobs:      1")
    session.send("exit\n")
    assert session.wait() == 0
    assert set(states(home)) == {"held-1"}


def test_history_is_kept_and_run_again(terminal: Open, home: str) -> None:
    session = terminal("shell")
    session.expect("queuectl> ")
    session.send("add true --id first\n")
    session.expect("Job added: first")
    session.send("history\n")
    session.expect("1  add true --id first")
    session.send("exit\n")
    assert session.wait() == 0
    again = terminal("shell")
    again.expect("queuectl [1 pending]> ")
    again.send("!add\n")
    again.expect('a job with id "first" exists already')
    again.expect(re.compile(r"show first\nqueuectl \[1 pending\]> ?\n*$"))
    again.send("\x1b[A\x1b[A\x1b[A")
    again.expect("> history")
    interrupt(again, "history")
    again.send("exit\n")
    assert again.wait() == 0
    assert os.stat(os.path.join(home, "history")).st_mode & 0o777 == 0o600


def test_tab_completes_commands_ids_and_the_shells_own_words(terminal: Open, home: str) -> None:
    done(home, "add", "true", "--id", "nightly-backup", "--hold")
    session = terminal("shell")
    session.expect("queuectl> ")
    session.send("sou\t")
    session.expect("> source ")
    interrupt(session, "source")
    session.send("list; show night\t")
    session.expect("show nightly-backup ")
    session.send("\n")
    session.expect(re.compile(r"\(number 1\)(.*\n)+queuectl> ?\n*$"))
    session.send("list --st\t")
    session.expect("> list --state=")
    session.send("pen\t")
    session.expect("> list --state=pending ")
    interrupt(session, "pending")
    session.send("exit\n")
    assert session.wait() == 0


@pytest.mark.parametrize("hide", ["readline", "readline,rlcompleter"])
def test_the_shell_works_without_readline(terminal: Open, home: str, tmp_path: Path, hide: str) -> None:
    hidden = "".join(f"sys.modules[{name!r}] = None\n" for name in hide.split(","))
    program = f"import sys\n{hidden}sys.path.insert(0, {str(ROOT)!r})\nfrom queuectl.frontends.cli import run\nrun()\n"
    (tmp_path / "without.py").write_text(program)
    session = terminal(argv=[sys.executable, str(tmp_path / "without.py"), "--home", home, "shell"])
    session.expect("queuectl> ")
    session.send("add true --id plain; history\n")
    session.expect("1  add true --id plain")
    session.send("!!\n")
    session.expect("exists already")
    session.send(CTRL_D)
    assert session.wait() == 0


def test_a_terminal_that_goes_away_ends_the_shell(terminal: Open, home: str) -> None:
    session = terminal("shell")
    session.expect("queuectl> ")
    session.hang_up()
    assert session.wait() in (0, -signal.SIGHUP)
    assert jobs(home) == []


def test_workers_started_in_the_shell_outlive_ctrl_c_and_the_shell(terminal: Open, home: str) -> None:
    session = terminal("shell")
    session.expect("queuectl> ")
    session.send("worker start --count 1\n")
    session.expect("1 worker started")
    interrupt(session, "")
    session.send("exit\n")
    assert session.wait() == 0
    assert done(home, "worker", "status", "-o", "ids").lines
    done(home, "worker", "stop")


# --- the menu

def test_main_without_arguments_is_the_menu_and_two_ctrl_c_leave_it(terminal: Open, home: str) -> None:
    session = terminal()
    session.expect("Choice: ")
    session.send(CTRL_C)
    session.expect("once more leaves")
    session.send(CTRL_C)
    session.expect("Goodbye.")
    assert session.wait() == 0


def test_ctrl_c_in_a_form_leads_back_to_the_menu(terminal: Open, home: str) -> None:
    session = terminal(columns=40, rows=50)
    session.expect("Choice: ")
    session.send("1\n")
    session.expect("command: ")
    session.send("echo never\n")
    session.expect("id [job-NUMBER]: ")
    session.send(CTRL_C)
    session.expect(re.compile(r"QueueCTL\n(.*\n)+Choice: ?\n*$"))
    session.send("0\n")
    session.expect("Goodbye.")
    assert session.wait() == 0
    assert jobs(home) == []
    assert session.emulator.overflows == 0


def test_the_live_view_leads_back_to_the_menu(terminal: Open, home: str) -> None:
    session = terminal(rows=40)
    session.expect("Choice: ")
    session.send("2\n")
    session.expect("q quit")
    session.send(CTRL_C)
    session.expect("Choice: ")
    session.send(CTRL_D)
    session.expect("Goodbye.")
    assert session.wait() == 0


def test_the_shell_of_the_menu_leads_back(terminal: Open, home: str) -> None:
    session = terminal(rows=40)
    session.expect("Choice: ")
    session.send("13\n")
    session.expect("queuectl> ")
    session.send("add true --id x\n")
    session.expect("Job added: x")
    session.send("exit\n")
    session.expect("List jobs (1)")
    session.send("0\n")
    assert session.wait() == 0


# --- watching

def test_a_watched_list_changes_in_place_until_ctrl_c(terminal: Open, home: str) -> None:
    done(home, "add", "true", "--id", "one", "--hold")
    session = terminal("list", "--watch=0.1")
    session.expect("one")
    session.expect("Ctrl-C ends it")
    done(home, "add", "true", "--id", "two", "--hold")
    session.expect("two")
    done(home, "remove", "one", "--yes")
    session.expect_gone("one")
    assert sum("ID " in line for line in session.screen()) == 1
    session.send(CTRL_C)
    assert session.wait() == 0


@pytest.mark.parametrize("words", [["status"], ["worker", "status"], ["dlq", "list"], ["metrics"], ["show", "dead-1"]])
def test_other_answers_are_watched_too(terminal: Open, home: str, words: list[str]) -> None:
    bring(home, "dead")
    session = terminal(*words, "--watch")
    session.expect("every 2s, Ctrl-C ends it")
    session.send(CTRL_C)
    assert session.wait() == 0


def test_a_first_error_ends_watching(home: str) -> None:
    assert call(home, "show", "nothing", "--watch").code == 3


def test_watching_into_a_pipe_prints_what_changes(home: str, processes: support.Processes) -> None:
    import subprocess

    done(home, "add", "true", "--id", "one", "--hold")
    feed = processes.start_cli(home, "list", "--watch=0.1", "--columns", "id,state", "-o", "jsonl",
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert feed.stdout.readline() == '{"id": "one", "state": "held"}\n'
    done(home, "add", "true", "--id", "two", "--hold")
    assert feed.stdout.readline() == '{"id": "two", "state": "held"}\n'
    done(home, "release", "one")
    assert feed.stdout.readline() == '{"id": "one", "state": "pending"}\n'
    feed.send_signal(signal.SIGINT)
    assert feed.wait(30) == 0


# --- the pager

def many(home: str, count: int) -> None:
    done(home, "enqueue", "[" + ",".join(['{"command": "true"}'] * count) + "]")


def test_a_long_answer_is_paged_and_the_pager_may_be_left(terminal: Open, home: str) -> None:
    many(home, 200)
    session = terminal("list", "--limit", "0", env={"QUEUECTL_PAGER": "less"})
    session.expect(re.compile(r"^:$", re.MULTILINE))
    assert any("job-200" in line for line in session.screen())
    session.send("q")
    assert session.wait() == 0


@pytest.mark.parametrize("options, environment", [
    (("--no-pager",), {}), ((), {"PAGER": "cat"}), ((), {"PAGER": ""}),
    ((), {"PAGER": "no-such-pager"}), ((), {"PAGER": "'"}), ((), {"TERM": "dumb", "PAGER": "less"}),
])
def test_no_pager_where_none_is_wanted(terminal: Open, home: str, options: tuple[str, ...],
                                       environment: dict[str, str | None]) -> None:
    many(home, 60)
    session = terminal("list", "--limit", "0", *options, env={"QUEUECTL_PAGER": None, **environment})
    session.expect("job-1 ")
    assert session.wait() == 0


def test_the_pager_of_our_own_variable_comes_first(terminal: Open, home: str) -> None:
    many(home, 60)
    session = terminal("list", env={"QUEUECTL_PAGER": "sed s/^job-/mine-/", "PAGER": "false"})
    session.expect("mine-11 ")
    assert session.wait() == 0


def test_a_short_answer_is_not_paged(terminal: Open, home: str) -> None:
    many(home, 3)
    session = terminal("list", env={"QUEUECTL_PAGER": "false"})
    session.expect("job-3")
    assert session.wait() == 0


def test_what_a_job_printed_stays_harmless_in_the_pager(terminal: Open, home: str) -> None:
    done(home, "add", "i=0; while [ $i -lt 100 ]; do printf '\\033]0;title\\007%s\\n' $i; i=$((i+1)); done")
    done(home, "worker", "start", "--count", "1")
    done(home, "wait", "1")
    done(home, "worker", "stop")
    session = terminal("logs", "1", env={"QUEUECTL_PAGER": "less -R"})
    session.expect(re.compile(r"\\x1b\]0;title\\x070"))
    session.send("q")
    assert session.wait() == 0


# --- following

def test_several_jobs_are_followed_with_their_ids_in_colour(terminal: Open, home: str) -> None:
    for name in ("a", "b"):
        done(home, "add", f"echo {name}1; while [ ! -e go ]; do sleep 0.05; done; echo {name}2", "--id", name,
             "--cwd", os.path.dirname(home))
    done(home, "worker", "start", "--count", "2")
    session = terminal("logs", "-f", "a", "b")
    session.expect("a | a1")
    session.expect("b | b1")
    Path(os.path.dirname(home), "go").touch()
    session.expect("a | a2")
    session.expect("b | b2")
    assert session.wait() == 0
    done(home, "worker", "stop")


def test_ctrl_c_ends_following_and_leaves_the_job_alone(terminal: Open, home: str) -> None:
    done(home, "add", "echo here; sleep 60", "--id", "long")
    done(home, "worker", "start", "--count", "1")
    session = terminal("logs", "-f", "long")
    session.expect("here")
    session.send(CTRL_C)
    assert session.wait() == 130
    assert state_of(home, "long") == "processing"
    done(home, "worker", "stop", "--force")


# --- odd terminals

@pytest.mark.parametrize("columns, rows", [(0, 0), (24, 5), (40, 12)])
def test_a_small_or_unknown_terminal_is_used_as_it_is(terminal: Open, home: str, columns: int, rows: int) -> None:
    session = terminal("shell", columns=columns, rows=rows)
    session.read_until("queuectl> ")
    session.send("add true --id x\n")
    session.read_until("Job added: x")
    session.read_until("1 pending]> ")
    session.send("watch 0.1 list\n")
    session.read_until("pending")
    interrupt(session, "")
    session.send("exit\n")
    assert session.wait() == 0
    menu = terminal(columns=columns, rows=rows)
    menu.read_until("Choice: ")
    menu.send("0\n")
    assert menu.wait() == 0


def test_an_ascii_terminal_gets_ascii(terminal: Open, home: str) -> None:
    done(home, "add", "echo ü ☃", "--id", "x")
    ascii_only: dict[str, str | None] = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    session = terminal("shell", env=ascii_only)
    session.expect("queuectl [1 pending]> ")
    session.send("list\n")
    session.expect("echo \\xfc \\u2603")
    session.send("exit\n")
    assert session.wait() == 0
    menu = terminal(env=ascii_only, rows=50)
    menu.expect("Choice: ")
    menu.send("3\n\n\n\n1\n1\n")
    menu.expect("command:     echo \\xfc")
    menu.send("b\nb\n0\n")
    assert menu.wait() == 0
    assert (session.transcript + menu.transcript).isascii()
