"""TAB in the real bash, zsh and fish, on a pseudo-terminal: what the scripts make of a typed line.

The program in these tests answers `__complete` as `queuectl` does and otherwise prints its words, so that what
is seen is what a command would be given. A line is typed, then TAB, `+` and Enter: `+` is a word of its own
after a blank, and part of the word where none was added.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Callable, Iterator

import pytest

from queuectl.commands.completion.scripts import SHELLS, script
from queuectl.model.clock import SYSTEM_CLOCK
from tests.support import ROOT, Processes, cli_environment, run_cli

LIMIT = 60.0
COLUMNS = 2000  # so that no line is folded
TAB = "\t"
# Sequences that terminals obey, and what zsh draws to show that a line had no end.
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b[=>()][0-9AB]?|\x0f|\r")
IDS = ("job-1", "job-22", "with:colon:1", "with-dash.2")

Start = Callable[..., "Terminal"]


class Terminal:
    """A shell on a pseudo-terminal: what was typed into it, and what it showed since."""

    def __init__(self, processes: Processes, argv: list[str], env: dict[str, str], cwd: Path) -> None:
        self._fd, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
        processes.start(
            argv,
            stdin=child,
            stdout=child,
            stderr=child,
            env=env,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(child)
        self._shown = b""

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def expect(self, *wanted: str) -> str:
        """Return what is shown once all of it has come, and forget it."""
        deadline = SYSTEM_CLOCK.monotonic() + LIMIT * 1000
        while not all(text in self.text() for text in wanted):
            assert SYSTEM_CLOCK.monotonic() < deadline, f"waited for {wanted} in vain, shown was {self.text()!r}"
            if select.select([self._fd], [], [], 0.1)[0]:
                self._shown += os.read(self._fd, 65536)
                self._answer()
        shown = self.text()
        self._shown = b""
        return shown

    def _answer(self) -> None:
        """Tell a shell that asks what the terminal is and where its cursor stands."""
        for question, answer in ((b"\x1b[c", b"\x1b[?62c"), (b"\x1b[0c", b"\x1b[?62c"), (b"\x1b[6n", b"\x1b[1;1R")):
            if question in self._shown:
                self._shown = self._shown.replace(question, b"")
                os.write(self._fd, answer)

    def text(self) -> str:
        return ESCAPES.sub(b"", self._shown).decode("utf-8", "replace")

    def close(self) -> None:
        os.close(self._fd)


@pytest.fixture
def place(tmp_path: Path, home: str) -> Path:
    """A directory with the program, files with names of all kinds, and a home with jobs."""
    program = tmp_path / "bin" / "queuectl"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\n[ "$1" = __complete ] && exec {sys.executable} {ROOT}/main.py "$@"\nprintf "<%s>" "$@"; echo\n'
    )
    program.chmod(0o755)
    work = tmp_path / "work"
    (work / "My Documents").mkdir(parents=True)
    (work / "My Documents" / "all jobs.json").write_text("{}")
    (work / "größe.json").write_text("{}")
    (tmp_path / "rc").mkdir()
    (tmp_path / "rc" / "here.json").write_text("{}")
    jobs = "".join(f'{{"id": "{name}", "command": "true"}}\n' for name in IDS)
    assert run_cli(home, "enqueue", "-", input=jobs).returncode == 0
    return work


@pytest.fixture
def start(place: Path, home: str, processes: Processes) -> Iterator[Start]:
    """Starts a shell with the completion loaded and the prompt `% `."""
    terminals: list[Terminal] = []

    def begin(shell: str, load: str | None = None) -> Terminal:
        terminal = Terminal(processes, *_command(shell, place, home, load), place)
        terminals.append(terminal)
        terminal.type("echo rea''dy\n")
        terminal.expect("ready")
        return terminal

    yield begin
    processes.kill_all()
    for terminal in terminals:
        terminal.close()


def _command(shell: str, place: Path, home: str, load: str | None = None) -> tuple[list[str], dict[str, str]]:
    """Return the words that start an interactive shell without anybody's own files, and its environment.

    `load` is what the shell runs to have the completion, by default the script itself.
    """
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    folder = place.parent / "rc"
    text = script(shell, "queuectl")
    env = cli_environment(
        home,
        {
            "PATH": f"{place.parent / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder),
            "ZDOTDIR": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
            "TERM": "xterm",
            "LC_ALL": "C.UTF-8",
            "INPUTRC": "/dev/null",
        },
    )
    if shell == "bash":
        rc = folder / "bashrc"
        rc.write_text(f"{text}\nPS1='% '\nbind 'set enable-bracketed-paste off'\nbind 'set show-all-if-ambiguous on'\n")
        return ["bash", "--noprofile", "--rcfile", str(rc), "-i"], env
    if shell == "zsh":
        (folder / ".zfunc").mkdir()
        (folder / ".zfunc" / "_queuectl").write_text(text)
        load = load or f"autoload -Uz compinit && compinit -u -D\n{text}"
        (folder / ".zshrc").write_text(f"{load}\nPS1='% '\nunset zle_bracketed_paste\nsetopt no_beep\n")
        return ["zsh", "-o", "noglobalrcs", "-i"], env
    (folder / "fish").mkdir(exist_ok=True)
    config = f"{text}\nfunction fish_prompt; echo -n '% '; end\nset -g fish_greeting\n"
    (folder / "fish" / "config.fish").write_text(config)
    return ["fish", "-i"], env


# What is typed before TAB, and the words that the program is given then.
UNIQUE = [
    ("queuectl stat", "<status><+>"),
    ("queuectl dlq sta", "<dlq><stats><+>"),
    ("queuectl list --sta", "<list><--state=+>"),
    ("queuectl list --state=de", "<list><--state=dead><+>"),
    ("queuectl list --state=dead,pe", "<list><--state=dead,pending><+>"),
    ("queuectl list --state de", "<list><--state><dead><+>"),
    ("queuectl show with-", "<show><with-dash.2><+>"),
    ("queuectl show with:", "<show><with:colon:1><+>"),
    ("queuectl show with:colon:", "<show><with:colon:1><+>"),
    ("queuectl cancel job-1,with-", "<cancel><job-1,with-dash.2><+>"),
    ("queuectl cancel job-1,with:c", "<cancel><job-1,with:colon:1><+>"),
    ("queuectl config set retry_j", "<config><set><retry_jitter><+>"),
    ("queuectl config set retry_jitter 0", "<config><set><retry_jitter><0.1><+>"),
    ("true; queuectl stat", "<status><+>"),
    ("queuectl list --queue=def", "<list><--queue=default><+>"),
    ("queuectl enqueue 'My Documents/al", "<enqueue><My Documents/all jobs.json><+>"),
    ("queuectl enqueue My\\ Documents/al", "<enqueue><My Documents/all jobs.json><+>"),
    ("queuectl enqueue @gr", "<enqueue><@größe.json><+>"),
    ("queuectl enqueue --file=gr", "<enqueue><--file=größe.json><+>"),
    ("queuectl enqueue grö", "<enqueue><größe.json><+>"),
    ("queuectl enqueue ~/her", "<enqueue><{home}/here.json><+>"),
    ("queuectl add --cwd My", "<add><--cwd><My Documents/+>"),
    ('queuectl show "with-', "<show><with-dash.2><+>"),
    ("queuectl add {} ::: a My", "<add><{}><:::><a><My Documents/+>"),
    ("queuectl add -- ls -l My", "<add><--><ls><-l><My Documents/+>"),
    ("queuectl --home /nowhere/at/all stat", "<--home></nowhere/at/all><status><+>"),
]


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_completes_the_word(start: Start, place: Path, shell: str) -> None:
    terminal = start(shell)
    for typed, wanted in UNIQUE:
        terminal.type(f"{typed}{TAB}+\n")
        terminal.expect(wanted.replace("{home}", str(place.parent / "rc")))


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_shows_what_there_is_to_choose_from(start: Start, shell: str) -> None:
    terminal = start(shell)
    terminal.type(f"queuectl show job-{TAB}{TAB}")
    terminal.expect("job-1 ", "job-22")
    terminal.type("\x15")
    terminal.type(f"queuectl dlq {TAB}{TAB}")
    terminal.expect("list ", "stats ", "retry ", "remove")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_tab_explains_what_there_is_to_choose_from(start: Start, shell: str) -> None:
    terminal = start(shell)
    terminal.type(f"queuectl dlq {TAB}{TAB}")
    terminal.expect("Retry dead jobs", "Remove dead jobs")


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_makes_no_home(start: Start, place: Path, shell: str) -> None:
    missing = place.parent / "missing"
    terminal = start(shell)
    terminal.type(f"queuectl --home {missing} show j{TAB}+\n")
    terminal.expect(f"<--home><{missing}><show><j+>")
    assert not missing.exists()


def test_fish_completes_a_line_without_a_terminal(place: Path, home: str) -> None:
    argv, env = _command("fish", place, home)
    program = 'complete -C "queuectl dl"; complete -C "queuectl show with:"'
    done = subprocess.run(
        [argv[0], "-c", program],
        env=env,
        cwd=place,
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT,
        stdin=subprocess.DEVNULL,
    )
    assert done.stdout.splitlines() == ["dlq\tlist, stats, retry, remove", "with:colon:1\tpending: true"]


def test_zsh_finds_the_script_where_it_is_installed(place: Path, home: str, start: Start) -> None:
    terminal = start("zsh", "fpath=(~/.zfunc $fpath)\nautoload -Uz compinit && compinit -u -D")
    terminal.type(f"queuectl stat{TAB}+\n")
    terminal.expect("<status><+>")
    terminal.type(f"queuectl enqueue --file=gr{TAB}+\n")
    terminal.expect("<enqueue><--file=größe.json><+>")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_has_no_syntax_error(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    for name in ("queuectl", "my-q.1"):
        done = subprocess.run(
            [shell, "-n"], input=script(shell, name), capture_output=True, text=True, check=False, timeout=LIMIT
        )
        assert (done.returncode, done.stderr) == (0, "")
