"""What a short command does not load: start-up is most of what it costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from queuectl.commands.grammar.registry import PLACES
from tests.support import ROOT

HEAVY = (
    "argparse",
    "multiprocessing",
    "http.server",
    "readline",
    "re",
    "logging",
    "subprocess",
    "tempfile",
    "shutil",
    "typing",
    "dataclasses",
    "difflib",
    "socket",
    "asyncio",
    "threading",
    "inspect",
    "json",
    "datetime",
    "csv",
    "unicodedata",
)
# Of our own: what short commands use in rare cases only.
UNUSED = {
    "engine.change",
    "engine.daemons",
    "model.alert",
    "model.zones",
    "store.output",
    "store.readonly",
    "store.workers",
}
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from queuectl.__main__ import main
code = main(sys.argv[2:])
sys.stderr.write("\\n" + " ".join(sorted(sys.modules)))
sys.exit(code)
"""


def loaded(program: str, *words: str) -> list[str]:
    """Return the modules that a program has loaded at its end. `-I -S`: none of the environment's."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(ROOT), *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    return done.stderr.splitlines()[-1].split()


@pytest.mark.parametrize(
    "words", [["add", "true"], ["list"], ["show", "last"], ["status"], ["config", "get", "timeout"], ["cancel", "1"]]
)
def test_a_short_command_loads_nothing_heavy(home: str, words: list[str]) -> None:
    loaded(PROGRAM, "--home", home, "add", "true")
    found = set(loaded(PROGRAM, "--home", home, *words))
    assert "_sqlite3" in found
    assert found & set(HEAVY) == set()


@pytest.mark.parametrize(
    ("words", "module"),
    [
        (["add", "true"], "jobs.add"),
        (["run", "true"], "jobs.add"),
        (["list"], "jobs.listing"),
        (["show", "last"], "jobs.listing"),
        (["history", "last"], "jobs.listing"),
        (["logs", "last", "--follow"], "jobs.logs"),
        (["hold", "last"], "jobs.actions"),
        (["status"], "home.monitor"),
        (["metrics"], "home.monitor"),
        (["worker", "stop"], "daemons.workers"),
        (["config", "get", "timeout"], "home.config"),
        (["template", "list"], "jobs.enqueue"),
        (["dlq", "list"], "jobs.actions"),
    ],
)
def test_a_command_loads_its_own_module_of_commands_and_no_other(home: str, words: list[str], module: str) -> None:
    loaded(PROGRAM, "--home", home, "add", "true")
    names = {f"queuectl.commands.{name}" for _, name, _, _ in PLACES}
    if "--follow" in words:
        loaded(PROGRAM, "--home", home, "cancel", "last")
    assert names & set(loaded(PROGRAM, "--home", home, *words)) == {f"queuectl.commands.{module}"}


def test_the_status_of_a_home_without_batches_and_locks_loads_nothing_about_them(home: str) -> None:
    loaded(PROGRAM, "--home", home, "add", "true")
    found = set(loaded(PROGRAM, "--home", home, "status"))
    unused = ("model.batch", "model.fire", "store.batches", "store.locks")
    assert found & {f"queuectl.{name}" for name in unused} == set()


def test_importing_the_package_loads_almost_nothing() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); before = set(sys.modules); import queuectl\n"
        "sys.stderr.write('\\n' + ' '.join(set(sys.modules) - before))"
    )
    assert set(loaded(program)) <= {"queuectl", "__future__"}


def test_the_api_loads_the_store_only_when_it_is_used() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import queuectl; queuectl.InvalidInput\n"
        "sys.stderr.write('\\n' + ' '.join(sys.modules))"
    )
    assert not {"sqlite3", "argparse", "multiprocessing"} & set(loaded(program))


def test_only_the_standard_library_is_needed(home: str) -> None:
    found = json.loads(
        subprocess.run(
            [sys.executable, "-I", "-S", str(ROOT / "main.py"), "--home", home, "status", "--json"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
    )
    assert found["total"] == 0


@pytest.mark.parametrize("words", [["add", "true"], ["list"], ["show", "last"]])
def test_a_short_command_loads_only_what_it_uses(home: str, words: list[str]) -> None:
    """One of our own modules costs 70 us, however short it is, and `enum` as much as all of them together."""
    loaded(PROGRAM, "--home", home, "add", "true")
    found = loaded(PROGRAM, "--home", home, *words)
    assert "queuectl.frontends.terminal" in found
    assert {"enum", "signal", *(f"queuectl.{name}" for name in UNUSED)}.intersection(found) == set()
