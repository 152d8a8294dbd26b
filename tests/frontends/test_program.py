"""How the program was called, and the commands of its words written so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipapp
from pathlib import Path

import pytest

from queuectl.frontends.text import as_called
from tests.support import ROOT, cli_environment, run_cli

ADDRESSED = "python3 main.py"


@pytest.mark.parametrize(
    "text, shown",
    [
        ("queuectl list", "python3 main.py list"),
        ("see: queuectl add --help", "see: python3 main.py add --help"),
        ("stop && queuectl scheduler start", "stop && python3 main.py scheduler start"),
        ("usage: queuectl [OPTIONS] COMMAND", "usage: python3 main.py [OPTIONS] COMMAND"),
        ("queuectl add 'queuectl list'", "python3 main.py add 'queuectl list'"),
        ("queuectl add 'echo '\\''a'\\'' queuectl list'", "python3 main.py add 'echo '\\''a'\\'' queuectl list'"),
        (r"queuectl add 'sh -c '\''queuectl list'\'' x'", r"python3 main.py add 'sh -c '\''queuectl list'\'' x'"),
        ('got "queuectl list"; see: queuectl help', 'got "queuectl list"; see: python3 main.py help'),
        ("the job's worker; see: queuectl why job's", "the job's worker; see: python3 main.py why job's"),
        ("queuectl: error: no", "queuectl: error: no"),
        ("/usr/bin/queuectl list", "/usr/bin/queuectl list"),
        ("QueueCTL", "QueueCTL"),
    ],
)
def test_commands_in_our_words_are_as_called_and_those_of_users_as_they_are(text: str, shown: str) -> None:
    assert as_called(text, ADDRESSED) == shown
    assert as_called(text, "queuectl") == text


def test_a_command_of_the_shell_has_no_name_before_it() -> None:
    assert as_called("see all jobs with: queuectl list", "") == "see all jobs with: list"


def hint(words: list[str], cwd: Path, **env: str) -> str:
    """Return the hint at the end of a mistake."""
    words = [*words, "--home", str(cwd / "home"), "lits"]
    environment = cli_environment(cwd / "home", {"QUEUECTL_PROGRAM": None, **env})
    done = subprocess.run(words, cwd=str(cwd), env=environment, capture_output=True, encoding="utf-8", timeout=60)
    assert done.returncode == 2, done
    return done.stderr.splitlines()[-1].partition("see all commands with: ")[2]


@pytest.fixture
def called(tmp_path: Path) -> Path:
    """A directory with a Python of a name that is on the search path, and an alias of the program there."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "queuectl").write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\nfrom queuectl.__main__ import run\nrun()\n",
        encoding="utf-8",
    )
    (tmp_path / "bin" / "queuectl").chmod(0o755)
    return tmp_path


def test_hints_are_written_as_the_program_was_called(called: Path) -> None:
    path = f"{called / 'bin'}{os.pathsep}{os.environ['PATH']}"
    checkout = os.path.relpath(ROOT / "main.py", called)
    python = hint([sys.executable, checkout], called).rpartition(f" {checkout} help")[0]
    assert python in (sys.executable, os.path.basename(sys.executable))
    assert hint([sys.executable, "-m", "queuectl"], called, PYTHONPATH=str(ROOT)) == f"{python} -m queuectl help"
    assert hint(["queuectl"], called, PATH=path) == "queuectl help"
    script = str(called / "bin" / "queuectl")
    assert hint([script], called) == f"{script} help"
    assert hint([sys.executable, checkout], called, QUEUECTL_PROGRAM="q") == "q help"


def test_what_a_user_wrote_is_never_changed(home: str) -> None:
    plain = {"QUEUECTL_PROGRAM": None}
    added = run_cli(home, "add", "queuectl list", env=plain)
    assert "  command:  queuectl list\n" in added.stdout
    for words in (["show", "last"], ["list"], ["list", "-o", "json"]):
        assert "queuectl list" in run_cli(home, *words, env=plain).stdout
    again = run_cli(home, "show", "last", env=plain).stdout.splitlines()[-1]
    assert again.startswith("add again:") and "main.py add --" in again and again.endswith(" 'queuectl list'")
    held = run_cli(home, "add", "queuectl list", "--hold", env=plain).stdout.splitlines()
    assert held[1] == "  command:  queuectl list" and held[-1].endswith("main.py release job-2")
    why = run_cli(home, "why", "job-1", env=plain)
    assert "main.py worker start" in why.stdout
    assert "queuectl worker start" in run_cli(home, "why", "job-1", "-o", "json", env=plain).stdout


@pytest.mark.slow
def test_a_job_calls_this_program_however_it_was_started(home: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "queuectl", tmp_path / "app" / "queuectl", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "main.py", tmp_path / "app" / "__main__.py")
    zipapp.create_archive(tmp_path / "app", tmp_path / "q.pyz")
    ways = [
        ([sys.executable, str(ROOT / "main.py")], {}),
        ([sys.executable, "-m", "queuectl"], {"PYTHONPATH": str(ROOT)}),
        ([sys.executable, str(tmp_path / "q.pyz")], {}),
    ]
    for number, (words, env) in enumerate(ways):
        place = str(tmp_path / f"home {number}")

        def run(*arguments: str) -> None:
            line = [*words, "--home", place, *arguments]  # noqa: B023 - called within the loop
            environment = {**os.environ, "QUEUECTL_HOME": home, **env}  # noqa: B023
            subprocess.run(line, env=environment, check=True, capture_output=True, timeout=60, cwd=str(tmp_path))

        run("add", '"$QUEUECTL" add true --id second', "--id", "first")
        run("worker", "start", "--no-detach", "--drain")
        done = subprocess.run(
            [*words, "--home", place, "list", "state:completed", "-o", "ids"],
            env={**os.environ, **env},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            cwd=str(tmp_path),
        )
        assert sorted(done.stdout.split()) == ["first", "second"], done
