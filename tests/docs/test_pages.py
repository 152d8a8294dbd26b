"""What the pages name is there, and what they list is complete."""

from __future__ import annotations

import importlib.util
import inspect
import json
import re
import shlex
import shutil
import subprocess
import textwrap

import pytest

from queuectl.commands.grammar import parser
from queuectl.commands.grammar.commandline import GLOBAL_FLAGS
from queuectl.commands.grammar.registry import Command, load
from queuectl.model import errors, job
from queuectl.model.alert import CODES
from queuectl.model.fields import GIVEN, Field
from queuectl.model.job import STATES, TRANSITIONS
from queuectl.model.policy import LISTS
from queuectl.model.settings import SETTINGS
from tests.docs.pages import CODE, LINK, PAGES, Step, prose, simple_commands, steps, table
from tests.support import ROOT

# What a service manager or a container runs.
SERVICE = re.compile(r"^(?:ExecStart=(.+)|.*CMD (\[.+\]))$", re.MULTILINE)
OPTION = re.compile(r"--[a-z][a-z-]*")
# Of docker, of the shell's own `history`, of GNU parallel.
OTHER_OPTIONS = {"--stop-timeout", "--clear", "--results", "--joblog", "--resume"}
FILE = re.compile(r"\b((?:model|store|engine|commands|frontends|dashboard|tests|benchmarks|docs)/[\w./-]*\w)")
TABLE_OF_COMMANDS = PAGES["docs/commands.md"]
HOW_IT_WORKS = PAGES["docs/how-it-works.md"]


def test_every_command_of_the_pages_can_be_parsed() -> None:
    assert sum(parsed_commands(step) for text in PAGES.values() for step in steps(text)) > 110


def test_every_command_of_a_service_can_be_parsed() -> None:
    services = [json.loads(words) if words else shlex.split(line) for line, words in SERVICE.findall(everything())]
    assert len(services) == 3
    for path, *words in services:
        assert path.endswith("queuectl") and parser.parse(words).command is not None


def parsed_commands(step: Step) -> int:
    """Parse all commands of ours, also those that are run in a container; return how many there are."""
    load()
    parsed = 0
    for words in simple_commands(re.sub(r"^docker exec \w+ ", "", step.command)):
        if words[:2] == ["python3", "main.py"] or words[0] == "queuectl":
            rest = words[2 if words[0] == "python3" else 1 :]
            assert not rest or parser.parse(rest).command is not None, step.command
            parsed += 1
        elif words[:2] == ["python3", "-m"]:
            assert importlib.util.find_spec(words[2]) is not None, step.command
        elif words[0] == "bash":
            assert (ROOT / words[1]).is_file(), step.command
        elif words[0] == "make":
            assert {word for word in words[1:] if "=" not in word} <= targets(), step.command
    return parsed


def targets() -> set[str]:
    """Return the targets of the Makefile."""
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def everything() -> str:
    return "\n".join(PAGES.values())


@pytest.mark.parametrize("page", PAGES)
def test_every_option_that_a_page_names_is_there(page: str) -> None:
    commands = load()
    anywhere = {name for command in commands.values() for name in options_of(command)}
    for code in CODE.findall(prose(PAGES[page])):
        words = code.replace("queuectl ", "", 1).split()
        named = set(OPTION.findall(code)) - OTHER_OPTIONS
        command = next((commands[path] for path in paths(words) if path in commands), None)
        if command is not None:
            assert named <= options_of(command), code
        elif code.startswith("-"):
            assert named <= anywhere, code


def paths(words: list[str]) -> list[str]:
    """Return what may be the command in a line of words, the longest first."""
    return [" ".join(words[:2]), *words[:1]]


def options_of(command: Command) -> set[str]:
    return {name for arg in command.args for name in arg.names} | set(GLOBAL_FLAGS)


def test_every_target_of_make_that_a_page_names_is_there() -> None:
    named = {code.split()[1] for code in CODE.findall(prose(everything())) if code.startswith("make ")}
    assert named and named <= targets()


@pytest.mark.parametrize("page", PAGES)
def test_every_environment_variable_that_a_page_names_is_read(page: str) -> None:
    known = {f"QUEUECTL_{setting.name.upper()}" for setting in SETTINGS}
    for path in (ROOT / "queuectl").rglob("*.py"):
        known.update(re.findall(r"QUEUECTL_[A-Z_]*[A-Z]", path.read_text(encoding="utf-8")))
    assert set(re.findall(r"QUEUECTL_[A-Z_]*[A-Z]", PAGES[page])) <= known


def test_the_table_of_commands_is_complete() -> None:
    found: dict[str, set[str]] = {}
    group = ""
    for line in table(TABLE_OF_COMMANDS, "| command | what |"):
        heading = re.fullmatch(r"\| \*\*(.+)\*\* \| \|", line)
        if heading:
            group = heading.group(1)
        else:
            found.setdefault(group, set()).add(line)
    assert found == command_tables()


def command_tables() -> dict[str, set[str]]:
    """Return the lines of the table of commands, by group, as they have to be."""
    groups: dict[str, set[str]] = {}
    for path, command in load().items():
        names = in_code(path, *command.aliases)
        groups.setdefault(command.group, set()).add(f"| {names} | {command.help} |")
    return groups


def test_the_table_of_settings_is_complete() -> None:
    assert settings_table() in PAGES["docs/settings.md"], f"put this into docs/settings.md:\n{settings_table()}"


def settings_table() -> str:
    """Return the table of settings as it has to be."""
    lines = ["| setting | default | allowed | aliases | what |", "|---|---|---|---|---|"]
    for setting in SETTINGS:
        lines.append(
            f"| `{setting.name}` | `{setting.show(setting.default)}` | {setting.allowed} | {in_code(*setting.aliases)} "
            f"| {setting.help} |"
        )
    return "\n".join(lines) + "\n"


def test_every_setting_has_an_effect() -> None:
    assert [setting.name for setting in SETTINGS if not is_used(setting.name)] == []


def test_the_table_of_alerts_is_complete() -> None:
    assert alerts_table() in PAGES["docs/monitoring.md"], f"put this into docs/monitoring.md:\n{alerts_table()}"


def alerts_table() -> str:
    """Return the table of alerts as it has to be."""
    lines = ["| code | level | when |", "|---|---|---|"]
    lines += [f"| `{code}` | {level} | {meaning} |" for code, (level, meaning) in CODES.items()]
    return "\n".join(lines) + "\n"


def test_the_table_of_fields_is_complete() -> None:
    assert fields_table() in PAGES["docs/adding-jobs.md"], f"put this into docs/adding-jobs.md:\n{fields_table()}"


JSON_FORMS = {
    "references": "text, or array of texts",
    **dict.fromkeys(("id", "name", "text", "time", "stdin"), "text"),
    "integer": "whole number",
    "share": "whole number, or text",
    "word": "text",
    "duration": "number of seconds, or text",
    "flag": "`true` or `false`",
    "hook": "text",
    "names": "array of texts",
    "patterns": "text, or array of texts",
    "variables": "object of texts",
}


def fields_table() -> str:
    """Return the table of the fields of a new job as it has to be."""
    lines = ["| field | option of `add` | JSON | what | default |", "|---|---|---|---|---|"]
    for field in GIVEN:
        option = "" if field.is_required else in_code(field.option, field.short)
        words = (
            in_code(field.name, *field.spellings),
            option,
            JSON_FORMS[field.kind.name],
            field.help,
            default_of(field),
        )
        lines.append(f"| {' | '.join(words)} |")
    return "\n".join(lines) + "\n"


def default_of(field: Field) -> str:
    if field.setting:
        return f"setting `{field.setting}`"
    if field.is_required:
        return "must be given"
    return field.default_words or f"`{json.dumps(field.default)}`"


def is_used(setting: str) -> bool:
    """Return whether any module reads the setting."""
    wanted = re.compile(rf"\.{setting}\b")
    return setting in LISTS or any(
        wanted.search(path.read_text(encoding="utf-8")) for path in (ROOT / "queuectl").rglob("*.py")
    )


def in_code(*names: str) -> str:
    return ", ".join(f"`{name}`" for name in names if name)


def test_every_exit_code_is_explained() -> None:
    def codes(kind: type[errors.QueueCTLError]) -> set[int]:
        return {kind.exit_code}.union(*map(codes, kind.__subclasses__()))

    cells = " ".join(line.split("|")[1] for line in table(PAGES["docs/scripts.md"], "| exit code |"))
    assert codes(errors.QueueCTLError) - set(map(int, re.findall(r"\d+", cells))) == set()


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in LINK.findall(PAGES[page]):
        if link.startswith("https://"):
            continue
        name, _, heading = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.is_file(), link
        assert not heading or heading in headings(target.read_text(encoding="utf-8")), link


def headings(text: str) -> set[str]:
    """Return what a link may name after the `#`."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_index_lists_every_page() -> None:
    linked = set(LINK.findall(PAGES["docs/index.md"]))
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert pages - linked == set()


def test_the_readme_links_every_page() -> None:
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} - set(
        LINK.findall(PAGES["README.md"])
    ) == set()


def test_no_file_has_the_marks_of_a_conflict() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    marks = ["git", "-C", str(ROOT), "grep", "-nIE", "^(<{7}|>{7}) "]
    found = subprocess.run(marks, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    assert (found.returncode, found.stdout) == (1, b"")


def test_how_it_works_has_the_state_diagram_of_the_model() -> None:
    diagram = textwrap.dedent(inspect.getdoc(job).split("\n\n")[1])  # type: ignore[union-attr]
    assert textwrap.indent(diagram, "    ") in HOW_IT_WORKS


def test_the_table_of_states_is_complete() -> None:
    rows = table(PAGES["docs/looking-at-jobs.md"], "| state | the job |")
    assert [row.split("|")[1].strip() for row in rows] == [f"`{state}`" for state in STATES]


def test_how_it_works_knows_every_state_and_verb() -> None:
    words = set(re.findall(r"\w+", HOW_IT_WORKS))
    assert {*STATES, *(verb for _, verb in TRANSITIONS)} - words == set()


@pytest.mark.parametrize("page", ["docs/how-it-works.md", "docs/design.md", "CONTRIBUTING.md"])
def test_a_page_about_the_code_names_only_files_that_are_there(page: str) -> None:
    named = set(FILE.findall(PAGES[page]))
    assert len(named) > 10
    assert {path for path in named if not any((at / path).exists() for at in (ROOT, ROOT / "queuectl"))} == set()
