"""A person at a real (pseudo-)terminal: the shell and the menu."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.commands.calling import bring, call, done, jobs, states
from tests.frontends.typed import CTRL_D, PROMPT, Open, interrupt
from tests.support import ROOT

# --- the shell


def test_the_bare_command_on_a_terminal_is_the_shell(terminal: Open, home: str) -> None:
    session = terminal(argv=[sys.executable, "-m", "queuectl"], env={"PYTHONPATH": str(ROOT)}, shows=PROMPT)
    assert any("___" in line for line in session.screen())
    session.leave("exit\n")


def test_the_prompt_shows_a_pause(terminal: Open, home: str) -> None:
    session = terminal("shell", shows="queuectl> ")
    session.ask("add true; pause --reason game\n", "queuectl [paused: game, 1 pending]> ")
    session.ask("resume; pause --until 2035-11-10\n", "queuectl [paused until 2035-11-10 00:00, 1 pending]> ")
    session.ask("resume\n", "queuectl [1 pending !]> ")
    session.leave("exit\n")


def test_the_prompt_shows_what_waits_and_news_come_before_it(terminal: Open, home: str) -> None:
    session = terminal("shell", shows="queuectl> ")
    session.ask("add true; add 'exit 3' --retries 0 --id bad; add true --hold\n", "queuectl [2 pending !]> ")
    done(home, "worker", "start", "--count", "1")
    call(home, "wait", "1", "bad")
    session.ask("\n", "[job-1 completed]")
    session.expect("[bad dead: exit code 3]")
    session.expect("queuectl [1 dead]> ")
    session.leave(CTRL_D)
    done(home, "worker", "stop")


def test_a_mistake_never_ends_the_shell(terminal: Open, home: str) -> None:
    session = terminal("shell", shows="queuectl> ")
    for line, said in [
        ("lst", "did you mean"),
        ("add 'x", "unclosed quote"),
        ("list --nonsense", "unknown option"),
        ("show 99", "no job with number 99"),
        ("help nothing", "no command"),
        ("!99", "no earlier line"),
        ("add", "command is missing"),
        ("list -h", "help global, help exit-codes"),
    ]:
        session.ask(line + "\n", said)
    session.ask("add true --id alive\n", "Job added: alive")
    session.leave("quit\n")
    assert set(states(home)) == {"alive"}


def test_an_empty_line_does_nothing_and_ctrl_c_clears_the_line(terminal: Open, home: str) -> None:
    session = terminal("shell", shows="queuectl> ")
    session.ask("add true --id one\n", "queuectl [1 pending !]> ")
    session.send("\n\n   \n")
    session.ask("add true --id two", "--id two")
    interrupt(session)
    session.ask("list -o ids --color never\n", re.compile(r"^one *$", re.MULTILINE))
    session.leave("exit\n")
    assert set(states(home)) == {"one"}


def test_ctrl_c_ends_a_command_and_not_the_shell(terminal: Open, home: str) -> None:
    bring(home, "held")
    session = terminal("shell", shows="queuectl> ")
    session.ask("wait held-1; add true --id never\n", "waiting")
    interrupt(session)
    session.ask("status\n", "jobs:      1")
    session.leave("exit\n")
    assert set(states(home)) == {"held-1"}


def test_history_is_kept_and_run_again(terminal: Open, home: str) -> None:
    session = terminal("shell", shows="queuectl> ")
    session.ask("add true --id first\n", "Job added: first")
    session.ask("history\n", "1  add true --id first")
    session.leave("exit\n")
    again = terminal("shell", shows="queuectl [1 pending !]> ")
    again.ask("!add\n", 'a job with id "first" exists already')
    again.expect(re.compile(r"show first\nqueuectl \[1 pending !\]> ?\n*$"))
    again.ask("\x1b[A\x1b[A\x1b[A", "> history")
    interrupt(again)
    again.leave("exit\n")
    assert os.stat(os.path.join(home, "history")).st_mode & 0o777 == 0o600


def test_tab_completes_commands_ids_and_the_shells_own_words(terminal: Open, home: str) -> None:
    done(home, "add", "true", "--id", "nightly-backup", "--hold")
    session = terminal("shell", shows="queuectl> ")
    session.ask("sou\t", "> source ")
    interrupt(session)
    session.ask("list; show night\t", "show nightly-backup ")
    session.ask("\n", re.compile(r"\(number 1\)(.*\n)+queuectl> ?\n*$"))
    session.ask("list --st\t", "> list --state=")
    session.ask("pen\t", "> list --state=pending ")
    interrupt(session)
    session.leave("exit\n")


@pytest.mark.parametrize("hide", ["readline", "readline,rlcompleter"])
def test_the_shell_works_without_readline(terminal: Open, home: str, tmp_path: Path, hide: str) -> None:
    hidden = "".join(f"sys.modules[{name!r}] = None\n" for name in hide.split(","))
    program = f"import sys\n{hidden}sys.path.insert(0, {str(ROOT)!r})\nfrom queuectl.__main__ import run\nrun()\n"
    (tmp_path / "without.py").write_text(program)
    session = terminal(argv=[sys.executable, str(tmp_path / "without.py"), "--home", home, "shell"], shows="queuectl> ")
    session.ask("add true --id plain; history\n", "1  add true --id plain")
    session.ask("!!\n", "exists already")
    session.leave(CTRL_D)


def test_a_terminal_that_goes_away_ends_the_shell(terminal: Open, home: str) -> None:
    session = terminal("shell", shows="queuectl> ")
    session.hang_up()
    assert session.wait() in (0, -signal.SIGHUP)
    assert jobs(home) == []


def test_workers_started_in_the_shell_outlive_ctrl_c_and_the_shell(terminal: Open, home: str) -> None:
    session = terminal("shell", shows="queuectl> ")
    session.ask("worker start --count 1\n", re.compile(r"1 worker started\n(.*\n)*queuectl> ?\n*\Z"))
    interrupt(session)
    session.leave("exit\n")
    assert done(home, "worker", "status", "-o", "ids").lines
    done(home, "worker", "stop")


# --- the menu


def test_main_without_arguments_is_the_menu_and_two_ctrl_c_leave_it(terminal: Open, home: str) -> None:
    session = terminal(shows="Choice: ")
    session.interrupt()
    session.expect("once more leaves")
    session.interrupt()
    session.expect("Goodbye.")
    assert session.wait() == 0


def test_ctrl_c_in_a_form_leads_back_to_the_menu(terminal: Open, home: str) -> None:
    session = terminal(columns=40, rows=50, shows="Choice: ")
    session.ask("1\n", "command: ")
    session.ask("echo never\n", "more options? [y/N] ")
    session.ask("y\n", "id [job-NUMBER]: ")
    session.interrupt()
    session.expect(re.compile(r"QueueCTL\n(.*\n)+Choice: ?\n*$"))
    session.ask("0\n", "Goodbye.")
    assert session.wait() == 0
    assert jobs(home) == []
    assert session.emulator.overflows == 0


@pytest.mark.parametrize("columns", [80, 40])
def test_an_answer_is_read_before_the_menu_pushes_it_off_the_screen(terminal: Open, home: str, columns: int) -> None:
    session = terminal(columns=columns, rows=24, shows="Choice: ")
    session.ask("1\n", "command: ")
    session.ask("a\t| b\n", "more options? [y/N] ")
    session.ask("\n", "Enter to continue: ")
    assert any("same as: queuectl add" in line for line in session.screen())
    session.ask("\n", re.compile(r"1 pending(.*\n)+Choice: ?\n*\Z"))
    session.leave("0\n")
    assert [job["command"] for job in jobs(home)] == ["a\t| b"]


def test_an_answer_that_fits_above_the_menu_is_not_waited_for(terminal: Open, home: str) -> None:
    session = terminal(rows=60, shows="Choice: ")
    session.ask("12\n1\n", "10 demo jobs added")
    session.expect(re.compile(r"Demo jobs\n(.*\n)+Choice: ?\n*\Z"))
    session.ask("b\n0\n", "Goodbye.")
    assert not any("Enter to continue" in line for line in session.screen())
    assert session.wait() == 0


def test_the_live_view_leads_back_to_the_menu(terminal: Open, home: str) -> None:
    session = terminal(rows=40, shows="Choice: ")
    session.ask("2\n", "q quit")
    session.interrupt()
    # Not the one that was answered before, which the main screen shows again.
    session.expect(re.compile(r"Choice: ?\n*\Z"))
    session.ask(CTRL_D, "Goodbye.")
    assert session.wait() == 0


def test_the_shell_of_the_menu_leads_back(terminal: Open, home: str) -> None:
    session = terminal(rows=40, shows="Choice: ")
    session.ask("13\n", "queuectl> ")
    session.ask("add true --id x\n", "Job added: x")
    session.ask("exit\n", "List jobs (1)")
    session.leave("0\n")
