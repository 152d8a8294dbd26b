"""The README and the pages in docs/ say what is so: their commands work, their tables are complete.

A ```console block holds commands after `$ `, each with what it prints. Where the comment
`<!-- run -->` stands before a block, its commands are run, all of them as one session of a new user who
reads the README and then the pages in the order of the index. The lines shown must then be printed in
that order: dates and durations may differ, more may be printed, `…` or ` ...` at the end of a line
stands for the rest of it and a line `...` for any lines. `# exit code N` is what the command must end
with instead of 0. All other commands are only parsed.

A ```terminal block after `<!-- typed: COMMAND -->` is a session of that command at a terminal: what stands
behind a prompt is typed, and the other lines must be shown.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Iterator, NamedTuple

import pytest

from queuectl.commands.grammar import parser
from queuectl.commands.grammar.registry import load
from queuectl.engine.demo import JOBS
from queuectl.model import errors, job
from queuectl.model.job import STATES, TRANSITIONS
from queuectl.model.settings import SETTINGS
from tests import support
from tests.support import ROOT
from tests.terminals import PtySession

LIMIT = 120.0
LINK = re.compile(r"\]\(([^)]+)\)")


def pages() -> dict[str, str]:
    """Return the text of each page by its path in the project: the README, the index, and what the index lists."""
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = [f"docs/{name}" for name in LINK.findall(index) if "/" not in name]
    names = ["README.md", "docs/index.md", *listed, "SECURITY.md"]
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in names}


PAGES = pages()
TEXT = "\n".join(PAGES.values())
HOW_IT_WORKS = PAGES["docs/how-it-works.md"]
# A block in a list is indented.
BLOCK = re.compile(r"^( *)(<!-- run -->\n)?```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
# What a service manager or a container runs.
SERVICE = re.compile(r"^(?:ExecStart=(.+)|.*CMD (\[.+\]))$", re.MULTILINE)
EXIT_CODE = re.compile(r"# exit code (\d+)$")
CHANGING = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+Z)?|\b(\d+(\.\d+)?(ms|s|m|h|d))+\b")
TYPED = re.compile(r"^<!-- typed: ([^\n]+) -->\n```terminal\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPTED = re.compile(r"(queuectl(?: \[.+?\])?>|Choice:|(?!queuectl:)[a-z]+(?: \[.*?\])?:)(?: (.*))?")
BETWEEN_COMMANDS = set("();<>|&")


class Step(NamedTuple):
    """A command of a page and what it is said to print."""

    command: str
    shown: list[str]

    @property
    def exit_code(self) -> int:
        found = EXIT_CODE.search(self.command)
        return int(found.group(1)) if found else 0


def steps(*, run: bool | None = None, text: str = TEXT) -> list[Step]:
    """Return the commands of all console blocks; with `run` only those that are run, or are not."""
    found = []
    for indent, mark, language, body in BLOCK.findall(text):
        if language == "console" and run in (None, bool(mark)):
            for part in re.split(rf"^{indent}\$ ", body, flags=re.MULTILINE)[1:]:
                command, *shown = part.rstrip("\n").split("\n")
                found.append(Step(command, shown))
    return found


def blocks(language: str) -> list[str]:
    return [body for _, _, name, body in BLOCK.findall(TEXT) if name == language]


def simple_commands(line: str) -> Iterator[list[str]]:
    """Yield the words of each command in a line of shell, without assignments before it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for token in [*lexer, ";"]:
        if not set(token) <= BETWEEN_COMMANDS:
            words.append(token)
            continue
        while words and re.match(r"\w+=", words[0]):
            del words[0]
        if words:
            yield words
        words = []


class User:
    """Somebody who has Python and the clone, an empty home directory and an empty current one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "work"
        commands = directory / "bin"
        for path in (self.directory, commands, directory / "user"):
            path.mkdir()
        python = shlex.quote(sys.executable)
        for name, words in (("queuectl", f"{python} {shlex.quote(str(ROOT / 'main.py'))}"), ("python3", python)):
            (commands / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
            (commands / name).chmod(0o755)
        self.environment = {
            **os.environ,
            "HOME": str(directory / "user"),
            "PYTHONPATH": str(ROOT),
            "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
        }

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a line of shell; its stdout and stderr come together, as on a terminal."""
        directory = ROOT if command.startswith("python3 main.py") else self.directory
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=str(directory),
            env=self.environment,
            timeout=LIMIT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )


@pytest.fixture
def user(tmp_path: Path, home: str) -> Iterator[User]:
    """A new user, whose workers are stopped in the end. `home` looks after what outlives them."""
    user = User(tmp_path)
    yield user
    user.run("queuectl worker stop --force")


def comparable(line: str) -> str:
    return " ".join(CHANGING.sub("TIME", line).split())


def matches(shown: str, printed: str) -> bool:
    start = re.sub(r"…$|(^| )\.\.\.$", "", shown)
    if start != shown:
        return comparable(printed).startswith(comparable(start))
    return comparable(printed) == comparable(shown)


def missing(shown: list[str], printed: str) -> list[str]:
    """Return the shown lines that were not printed, or not in this order."""
    rest = iter(printed.splitlines())
    return [line for line in shown if line != "..." and not any(matches(line, other) for other in rest)]


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


def test_the_session_of_the_pages_works_as_it_is_shown(user: User) -> None:
    session = steps(run=True)
    assert len(session) > 50
    for step in session:
        done = user.run(step.command)
        assert done.returncode == step.exit_code, f"$ {step.command}\n{done.stdout}"
        assert missing(step.shown, done.stdout) == [], f"$ {step.command}\n{done.stdout}"


def test_every_command_of_the_pages_can_be_parsed() -> None:
    assert parsed_commands(steps()) >= len(steps(run=True))


def test_every_command_of_a_service_can_be_parsed() -> None:
    services = [json.loads(words) if words else shlex.split(line) for line, words in SERVICE.findall(TEXT)]
    assert len(services) == 3
    for path, *words in services:
        assert path.endswith("queuectl") and parser.parse(words).command is not None


def parsed_commands(found: list[Step]) -> int:
    """Parse all commands of ours, also those that are run in a container; return how many there are."""
    load()
    parsed = 0
    for step in found:
        for words in simple_commands(re.sub(r"^docker exec \w+ ", "", step.command)):
            if words[:2] == ["python3", "main.py"] or words[0] == "queuectl":
                found = parser.parse(words[2 if words[0] == "python3" else 1 :])
                assert found.command is not None, step.command
                parsed += 1
            elif words[:2] == ["python3", "-m"]:
                assert importlib.util.find_spec(words[2]) is not None, step.command
            elif words[0] == "bash":
                assert (ROOT / words[1]).is_file(), step.command
    return parsed


def test_the_python_example_prints_what_its_page_says(user: User) -> None:
    (program,), (printed,) = blocks("python"), blocks("text")
    (user.directory / "example.py").write_text(program, encoding="utf-8")
    assert user.run("queuectl worker start").returncode == 0
    done = user.run("python3 example.py")
    assert (done.returncode, done.stdout) == (0, printed)


def test_the_transcript_of_the_demo_has_the_jobs_of_the_demo() -> None:
    transcript = next(step for step in steps(run=True) if "demo --run" in step.command).shown
    at = next(line for line in transcript if line.startswith("ID ")).index("COMMAND")
    shown = [line[at:] for line in transcript if line.startswith("job-")]
    assert len(shown) == len(JOBS)
    assert [text for text, fields in zip(shown, JOBS) if not matches(text, fields["command"])] == []


@pytest.mark.parametrize("command, shown", TYPED.findall(TEXT), ids=lambda text: text.split("\n")[0])
def test_a_session_at_the_terminal_goes_as_it_is_shown(
    user: User, processes: support.Processes, command: str, shown: str
) -> None:
    argv = ["/bin/sh", "-c", "exec " + command.replace("main.py", str(ROOT / "main.py"))]
    with PtySession(
        processes, argv, env={**user.environment, "TERM": "xterm"}, columns=100, rows=200, cwd=str(user.directory)
    ) as session:
        for line in shown.splitlines():
            prompted = PROMPTED.fullmatch(line)
            if prompted:
                # A new prompt, not the one that was answered before.
                session.read_until(prompted.group(1))
                session.send((prompted.group(2) or "") + "\n")
        assert session.wait() == 0
        assert missing(shown.splitlines(), "\n".join(session.screen())) == []


def test_the_picture_of_the_live_view_has_its_parts(user: User, processes: support.Processes) -> None:
    (picture,) = [body for body in blocks("terminal") if "q quit" in body]
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


def command_tables() -> dict[str, set[str]]:
    """Return the lines of the table of commands, by group, as they have to be."""
    groups: dict[str, set[str]] = {}
    for path, command in load().items():
        names = ", ".join(f"`{name}`" for name in (path, *command.aliases))
        groups.setdefault(command.group, set()).add(f"| {names} | {command.help} |")
    return groups


def settings_table() -> str:
    """Return the table of settings as it has to be."""
    lines = ["| setting | default | allowed | aliases | what |", "|---|---|---|---|---|"]
    for setting in SETTINGS:
        aliases = ", ".join(f"`{alias}`" for alias in setting.aliases)
        later = "" if is_used(setting.name) else " (later)"
        lines.append(
            f"| `{setting.name}` | `{setting.show(setting.default)}` | {setting.allowed} | {aliases} "
            f"| {setting.help}{later} |"
        )
    return "\n".join(lines) + "\n"


def is_used(setting: str) -> bool:
    """Return whether any module reads the setting."""
    wanted = re.compile(rf"\.{setting}\b")
    return any(wanted.search(path.read_text(encoding="utf-8")) for path in (ROOT / "queuectl").rglob("*.py"))


def test_the_pages_have_every_command() -> None:
    table = TEXT[TEXT.index("| command | what |") :].split("\n\n")[0]
    found: dict[str, set[str]] = {}
    group = ""
    for line in table.splitlines()[2:]:
        heading = re.fullmatch(r"\| \*\*(.+)\*\* \| \|", line)
        if heading:
            group = heading.group(1)
        else:
            found.setdefault(group, set()).add(line)
    assert found == command_tables()


def test_the_pages_have_every_setting() -> None:
    assert settings_table() in PAGES["docs/settings.md"], f"put this into docs/settings.md:\n{settings_table()}"


def test_the_pages_explain_every_exit_code() -> None:
    def codes(kind: type[errors.QueueCTLError]) -> set[int]:
        return {kind.exit_code}.union(*map(codes, kind.__subclasses__()))

    table = TEXT[TEXT.index("| exit code |") :].split("\n\n")[0]
    rows = set(map(int, re.findall(r"\d+", " ".join(line.split("|")[1] for line in table.splitlines()[2:]))))
    assert codes(errors.QueueCTLError) - rows == set()


def headings(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in LINK.findall(PAGES[page]):
        if link.startswith("https://"):
            continue
        name, _, heading = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.is_file(), link
        assert not heading or heading in headings(target.read_text(encoding="utf-8")), link


def test_the_index_lists_every_page() -> None:
    pages = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    assert pages - set(PAGES) == set()


def test_how_it_works_has_the_state_diagram_of_the_model() -> None:
    diagram = textwrap.dedent(inspect.getdoc(job).split("\n\n")[1])  # type: ignore[union-attr]
    assert textwrap.indent(diagram, "    ") in HOW_IT_WORKS


def test_how_it_works_knows_every_state_and_verb() -> None:
    words = set(re.findall(r"\w+", HOW_IT_WORKS))
    assert {*STATES, *(verb for _, verb in TRANSITIONS)} - words == set()


def test_how_it_works_names_only_modules_that_are_there() -> None:
    named = re.findall(r"`((?:model|store|engine|commands|frontends|dashboard)/\w+\.py)`", HOW_IT_WORKS)
    assert len(named) > 10
    assert [path for path in named if not (ROOT / "queuectl" / path).is_file()] == []
