"""What the pages show is what happens: every session is run as a new user would run it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Iterator

import pytest

from queuectl.commands.home.admin import JOBS
from tests import support
from tests.docs.pages import PAGES, TYPED, blocks, first, matches, missing, steps
from tests.support import ROOT
from tests.terminals import PtySession

pytestmark = pytest.mark.slow

LIMIT = 120.0
PROMPTED = re.compile(
    r"(queuectl(?: \[.+?\])?>|Choice:|more options\? \[y/N\]|(?!queuectl:)[a-z]+(?: \[.*?\])?:)(?: (.*))?"
)
RUN = [name for name, text in PAGES.items() if steps(text, run=True)]
AT_A_TERMINAL = [(command, shown) for text in PAGES.values() for command, shown in TYPED.findall(text)]


class User:
    """Somebody who has Python and the clone, an empty home directory and an empty current one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "work"
        commands = directory / "bin"
        for path in (self.directory, commands, directory / "user"):
            path.mkdir()
        words = f"{shlex.quote(sys.executable)} {shlex.quote(str(ROOT / 'main.py'))}"
        alias = f'#!/bin/sh\nQUEUECTL_PROGRAM=queuectl exec {words} "$@"\n'
        (commands / "queuectl").write_text(alias, encoding="utf-8")
        (commands / "queuectl").chmod(0o755)
        (commands / "python3").symlink_to(sys.executable)
        self.environment = {
            **os.environ,
            "HOME": str(directory / "user"),
            "PYTHONPATH": str(ROOT),
            "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        }

    def directory_of(self, command: str) -> str:
        """Return where a line is typed: in the clone if it names a file there."""
        return str(ROOT if command.startswith("python3 main.py") else self.directory)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a line of shell; its stdout and stderr come together, as on a terminal."""
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.directory_of(command),
            env=self.environment,
            timeout=LIMIT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )

    def prepare(self, page: str) -> None:
        """Run what the page says that its reader has run before."""
        for command in first(PAGES[page]):
            done = self.run(command)
            assert done.returncode == 0, f"$ {command}\n{done.stdout}"


@pytest.fixture
def user(tmp_path: Path, home: str) -> Iterator[User]:
    """A new user, whose workers are stopped in the end. `home` looks after what outlives them."""
    user = User(tmp_path)
    yield user
    user.run("queuectl worker stop --force")


@pytest.mark.parametrize(
    "shown, printed",
    [
        (["one", "..."], "two"),
        (["one", "two"], "two\none"),
        (["job-1  completed  0.1s"], "job-2  completed  0.1s"),
        (["make the…"], "make a tea"),
    ],
)
def test_a_transcript_that_is_wrong_is_found(shown: list[str], printed: str) -> None:
    assert missing(shown, printed)


def test_a_transcript_may_differ_in_times_and_leave_things_out() -> None:
    printed = "head\njob-1  2026-01-02T03:04:05.678Z    1.5s  echo a long text\ntail"
    assert missing(["...", "job-1  2025-01-02T03:04:05.999Z  0.002s  echo a lo…", "..."], printed) == []


def test_most_pages_about_commands_have_a_session() -> None:
    assert len(RUN) >= 10
    assert sum(len(steps(PAGES[page], run=True)) for page in RUN) > 80


@pytest.mark.parametrize("page", RUN)
def test_the_session_of_a_page_works_as_it_is_shown(user: User, page: str) -> None:
    user.prepare(page)
    for step in steps(PAGES[page], run=True):
        done = user.run(step.command)
        assert done.returncode == step.exit_code, f"$ {step.command}\n{done.stdout}"
        assert missing(step.shown, done.stdout) == [], f"$ {step.command}\n{done.stdout}"


def test_the_python_example_prints_what_its_page_says(user: User) -> None:
    (program,), (printed,) = (blocks(PAGES["docs/python.md"], language) for language in ("python", "text"))
    (user.directory / "example.py").write_text(program, encoding="utf-8")
    assert user.run("queuectl worker start").returncode == 0
    done = user.run("python3 example.py")
    assert (done.returncode, done.stdout) == (0, printed)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("page", [name for name, text in PAGES.items() if "curl -H" in text])
def test_the_requests_that_a_page_shows_work_when_they_are_pasted(user: User, page: str) -> None:
    (lines,) = [block for block in blocks(PAGES[page], "bash") if "curl -H" in block]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert user.run(f"queuectl config set dashboard_port {port}").returncode == 0
    done = user.run("set -e\n" + lines.replace(":5000/", f":{port}/").replace("curl -H", "curl --fail -H"))
    assert user.run("queuectl dashboard stop").returncode == 0
    assert done.returncode == 0, done.stdout
    assert '"id": "job-1"' in done.stdout


def test_the_program_that_steps_through_a_worker_runs_a_job(user: User, home: str) -> None:
    (program,) = blocks(PAGES["CONTRIBUTING.md"], "python")
    (user.directory / "step.py").write_text(textwrap.dedent(program).replace("/tmp/queue", home), encoding="utf-8")
    assert user.run(f"queuectl --home {home} add true").returncode == 0
    assert user.run("python3 step.py").returncode == 0
    assert user.run(f"queuectl --home {home} wait last").returncode == 0


def test_the_transcript_of_the_demo_has_the_jobs_of_the_demo() -> None:
    transcript = next(step for step in steps(PAGES["README.md"], run=True) if "demo --run" in step.command).shown
    at = next(line for line in transcript if line.startswith("ID ")).index("COMMAND")
    shown = [line[at:] for line in transcript if line.startswith("job-")]
    assert len(shown) == len(JOBS)
    assert [text for text, fields in zip(shown, JOBS) if not matches(text, fields["command"])] == []


@pytest.mark.parametrize("command, shown", AT_A_TERMINAL, ids=[command for command, _ in AT_A_TERMINAL])
def test_a_session_at_the_terminal_goes_as_it_is_shown(
    user: User, processes: support.Processes, command: str, shown: str
) -> None:
    argv, place = ["/bin/sh", "-c", f"exec {command}"], user.directory_of(command)
    with PtySession(
        processes, argv, env={**user.environment, "TERM": "xterm"}, columns=100, rows=200, cwd=place
    ) as session:
        for line in shown.splitlines():
            prompted = PROMPTED.fullmatch(line)
            if prompted:
                # A new prompt, not the one that was answered before.
                session.read_until(prompted.group(1))
                session.send((prompted.group(2) or "") + "\n")
        assert session.wait() == 0
        assert missing(shown.splitlines(), "\n".join(session.screen())) == []


@pytest.mark.parametrize("page", [name for name, text in PAGES.items() if "q quit" in text])
def test_the_picture_of_the_live_view_has_its_parts(user: User, processes: support.Processes, page: str) -> None:
    (picture,) = [body for body in blocks(PAGES[page], "terminal") if "q quit" in body]
    parts = [line for line in picture.splitlines() if line.startswith(("  ID ", "q quit"))]
    assert len(parts) == 2
    user.run("queuectl demo")
    with PtySession(
        processes,
        ["/bin/sh", "-c", "exec queuectl top"],
        env={**user.environment, "TERM": "xterm"},
        columns=100,
        cwd=str(user.directory),
    ) as session:
        session.expect("q quit")
        shown = "\n".join(session.screen())
        session.send("q")
        assert session.wait() == 0
    assert missing(parts, shown) == []
    heads = [line.split()[0] for line in picture.splitlines()[:3]]
    assert [line.split()[0] for line in shown.splitlines()[:3]] == heads
