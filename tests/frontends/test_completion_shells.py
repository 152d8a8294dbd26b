"""TAB in the real bash, zsh and fish, on a pseudo-terminal: what the scripts make of a typed line.

The program in these tests answers `__complete` as `queuectl` does and otherwise prints its words, so that the
screen shows what a command would get. A line is typed, then TAB, `+` and Enter: `+` is a separate word after a
blank, and part of the word if no blank was added.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest

from queuectl.commands.completion.scripts import SHELLS, script
from tests.frontends.typed import Open
from tests.support import ROOT, Processes, cli_environment, run_cli
from tests.terminals import PtySession

LIMIT = 60.0
COLUMNS = 2000  # so that no line is folded
TAB = "\t"
IDS = ("job-1", "job-22", "with:colon:1", "with-dash.2")


def expect(session: PtySession, *wanted: str) -> None:
    """Wait until all of it is shown, and forget what was shown."""
    session.until(lambda: all(text in session.transcript.replace("\r", "") for text in wanted), what=str(wanted))
    session.forget()


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
def start(terminal: Open, place: Path, home: str, processes: Processes) -> Iterator[Open]:
    """Starts a shell with the completion loaded and the prompt `% `."""

    def begin(shell: str, load: str | None = None) -> PtySession:
        argv, env = _command(shell, place, home, load)
        session = terminal(argv=argv, env=env, cwd=place, columns=COLUMNS, rows=40)
        session.send("echo rea''dy\n")
        expect(session, "ready")
        return session

    yield begin
    # fish starts a program that outlives it.
    processes.kill_all()


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
def test_tab_completes_the_word(start: Open, place: Path, shell: str) -> None:
    session = start(shell)
    for typed, wanted in UNIQUE:
        session.send(f"{typed}{TAB}+\n")
        expect(session, wanted.replace("{home}", str(place.parent / "rc")))


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_shows_what_there_is_to_choose_from(start: Open, shell: str) -> None:
    session = start(shell)
    session.send(f"queuectl show job-{TAB}{TAB}")
    expect(session, "job-1 ", "job-22")
    session.send("\x15")
    session.send(f"queuectl dlq {TAB}{TAB}")
    expect(session, "list ", "stats ", "retry ", "remove")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_tab_explains_what_there_is_to_choose_from(start: Open, shell: str) -> None:
    session = start(shell)
    session.send(f"queuectl dlq {TAB}{TAB}")
    expect(session, "Retry dead jobs", "Remove dead jobs")


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_makes_no_home(start: Open, place: Path, shell: str) -> None:
    missing = place.parent / "missing"
    session = start(shell)
    session.send(f"queuectl --home {missing} show j{TAB}+\n")
    expect(session, f"<--home><{missing}><show><j+>")
    assert not missing.exists()


def test_zsh_finds_the_script_where_it_is_installed(place: Path, home: str, start: Open) -> None:
    session = start("zsh", "fpath=(~/.zfunc $fpath)\nautoload -Uz compinit && compinit -u -D")
    session.send(f"queuectl stat{TAB}+\n")
    expect(session, "<status><+>")
    session.send(f"queuectl enqueue --file=gr{TAB}+\n")
    expect(session, "<enqueue><--file=größe.json><+>")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_has_no_syntax_error(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    for name in ("queuectl", "my-q.1"):
        done = subprocess.run(
            [shell, "-n"], input=script(shell, name), capture_output=True, text=True, check=False, timeout=LIMIT
        )
        assert (done.returncode, done.stderr) == (0, "")
