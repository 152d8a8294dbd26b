"""What `queuectl __complete` prints, and the scripts that ask for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from queuectl.commands.completion.scripts import MARKER, SHELLS, script
from queuectl.engine.queue import Queue
from queuectl.frontends.completion import complete
from tests.commands.calling import call, done, refused
from tests.frontends.test_cli_imports import PROGRAM, loaded
from tests.support import ROOT

HEAVY = {"argparse", "multiprocessing", "http.server", "readline", "re", "json", "subprocess", "threading", "typing"}


@pytest.fixture
def jobs(home: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("QUEUECTL_HOME", home)
    with Queue(home) as queue:
        queue.add("echo hi", id="a:b:1")
        queue.add("printf '\x1b[2J\tx\ny\u202e'", id="a:b:2")
    return home


def ask(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """Return the lines that a shell is given."""
    assert complete(words) == 0
    found = capsys.readouterr()
    assert found.err == ""
    return found.out.splitlines()


def test_bash_gets_words_ready_to_insert(jobs: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "bash", "queuectl list --state=de", "") == ["--state=dead"]
    assert ask(capsys, "bash", "queuectl show 'a:b:1", "") == ["'a:b:1'"]
    assert ask(capsys, "bash", 'queuectl show "a:b:1', "") == ['"a:b:1"']


@pytest.mark.parametrize(
    ("line", "replies"),
    [
        ("queuectl list --state=de", ["dead"]),
        ("queuectl list --state=dead,pe", ["dead,pending"]),
        ("queuectl show a:b:", ["1", "2"]),
        ("queuectl show a:b", ["b:1", "b:2"]),
        ("queuectl show a", ["a:b:1", "a:b:2"]),
        ("queuectl show 'a:b", ["'a:b:1'", "'a:b:2'"]),
        ("queuectl show a\\:b", ["a:b:1", "a:b:2"]),
        ("queuectl cancel a:b:1,a", ["1,a:b:2"]),
        ("queuectl list --queue='de", ["'default'"]),
    ],
)
def test_bash_keeps_what_stands_before_its_word_breaks(
    jobs: str, capsys: pytest.CaptureFixture[str], line: str, replies: list[str]
) -> None:
    assert ask(capsys, "bash", line, " \t\n\"'@><=;|&(:") == replies
    assert ask(capsys, "bash", line) == replies


def test_bash_breaks_words_only_at_its_own_word_breaks(jobs: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "bash", "queuectl list --state=de", " :") == ["--state=dead"]
    assert ask(capsys, "bash", "queuectl show a:b:", " =") == ["a:b:1", "a:b:2"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_others_get_values_with_descriptions(jobs: str, capsys: pytest.CaptureFixture[str], shell: str) -> None:
    assert ask(capsys, shell, "queuectl show a:b:1") == ["a:b:1\tpending: echo hi"]
    assert ask(capsys, shell, "queuectl list --state=de") == ["--state=dead\t"]


def test_no_control_character_reaches_the_terminal(jobs: str, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = ask(capsys, "fish", "queuectl show a:b:2")
    value, _, description = line.partition("\t")
    assert description == "pending: printf '\\x1b[2J x y\\u202e'"
    assert value == "a:b:2"


def test_files_are_left_to_zsh(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "zsh", "queuectl enqueue x") == ["\tfile\t"]
    assert ask(capsys, "zsh", "queuectl enqueue --file=x") == ["\tfile\t--file="]
    assert ask(capsys, "zsh", "queuectl enqueue @x") == ["\tfile\t@"]
    assert ask(capsys, "zsh", "queuectl add --cwd x") == ["\tdirectory\t"]


def test_words_of_another_command_are_completed_as_its_shell_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "makeshift").write_text("")
    os.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ask(capsys, "bash", "queuectl add -- mak") == ["makeshift"]
    assert ask(capsys, "bash", "queuectl add -- ls m") == ["makeshift"]
    assert ask(capsys, "bash", "queuectl add -- ls --") == []
    assert ask(capsys, "zsh", "queuectl add -- ls m") == ["\tfile\t"]


def test_the_programs_name_and_variables_before_it_are_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "bash", "queuec") == []
    assert ask(capsys, "bash", "/usr/bin/queuectl dl") == ["dlq"]
    assert ask(capsys, "bash", "A=1 B='2 3' q dl") == ["dlq"]
    assert ask(capsys, "fish", "echo 'a;b'; q dl") == ["dlq\tlist, stats, retry, remove"]


def test_a_line_with_newlines_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, "fish", "queuectl", "dl") == ["dlq\tlist, stats, retry, remove"]


@pytest.mark.parametrize("words", [[], ["bash"], ["nonsense", "queuectl x"], ["bash", "queuectl \udcff"]])
def test_nothing_is_an_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(capsys, *words) == []


def test_a_bug_says_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("queuectl.frontends.completion.candidates", broken)
    assert ask(capsys, "bash", "queuectl dl") == []


def test_the_command_answers_quickly_enough_to_load_nothing_heavy(jobs: str) -> None:
    for line in ("queuectl show a:b:1", "queuectl list --", "queuectl config set timeout "):
        assert set(loaded(PROGRAM, "__complete", "fish", line)) & HEAVY == set()


def test_the_command_says_nothing_wherever_it_is_started(tmp_path: Path) -> None:
    environment: dict[str, str] = {"LC_ALL": "C", "PATH": "", "QUEUECTL_HOME": str(tmp_path / "missing" / "home")}
    found = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "__complete", "bash", "queuectl show "],
        capture_output=True,
        env=environment,
        cwd="/",
        check=True,
        timeout=60,
    )
    assert (found.stdout, found.stderr) == (b"", b"")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_is_printed_for_any_name(home: str, shell: str) -> None:
    text = done(home, "completion", shell).out
    assert text == script(shell, "queuectl")
    assert MARKER in text
    assert "@" not in text.replace("(@", "").replace("[@]", "").replace('"$@"', "")
    other = done(home, "completion", shell, "--name", "my-q.1").out
    assert "my-q.1" in other
    assert not Path(home).exists()


@pytest.mark.parametrize("name", ["a b", "$(x)", "-x", "", "a/b", "a;b"])
def test_an_invalid_name_is_refused(home: str, name: str) -> None:
    refused(home, 2, "completion", "bash", f"--name={name}")


def test_installing_says_what_was_written(home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    places = {
        "bash": ".local/share/bash-completion/completions/q",
        "zsh": ".zfunc/_q",
        "fish": ".config/fish/completions/q.fish",
    }
    for shell, place in places.items():
        for _ in range(2):
            answer = done(home, "completion", shell, "--install", "--name", "q")
            assert str(tmp_path / place) in answer.out
            assert (tmp_path / place).read_text() == script(shell, "q")
    assert "compinit" in done(home, "completion", "zsh", "--install").err


def test_installing_respects_the_users_directories(home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    done(home, "completion", "bash", "--install")
    done(home, "completion", "fish", "--install")
    assert (tmp_path / "data/bash-completion/completions/queuectl").exists()
    assert (tmp_path / "config/fish/completions/queuectl.fish").exists()


def test_a_file_of_somebody_else_is_never_replaced(home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".zfunc").mkdir()
    (tmp_path / ".zfunc" / "_queuectl").write_text("mine")
    answer = refused(home, 4, "completion", "zsh", "--install")
    assert answer.hint
    assert (tmp_path / ".zfunc" / "_queuectl").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_an_error(home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".zfunc").write_text("a file, not a directory")
    assert call(home, "completion", "zsh", "--install").code == 1
