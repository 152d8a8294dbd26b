"""What `pip install .` gives, and what stands at the top of the project."""

from __future__ import annotations

import ast
import json
import os
import runpy
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

import queuectl
from queuectl.commands.grammar.manual import manual_page
from tests.support import ROOT

LIMIT = 300.0
ALLOWED_AT_THE_TOP = {
    "queuectl",
    "main.py",
    "tests",
    "setup.cfg",
    "README.md",
    "pyproject.toml",
    "requirements.txt",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "Makefile",
    "LICENSE",
    "benchmarks",
    "docs",
}
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info")
# Old setuptools build a wheel only together with the package `wheel`.
CAN_BUILD = """
import importlib.util, setuptools
newer = tuple(int(part) for part in setuptools.__version__.split(".")[:2]) >= (70, 1)
assert newer or importlib.util.find_spec("wheel")
"""
UNREACHABLE = ("No matching distribution found", "Could not find a version", "Connection", "ProxyError")


def run(*argv: str, **options: Any) -> subprocess.CompletedProcess[str]:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
        **options,
    )
    return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the commands of an environment that QueueCTL was installed in."""
    pytest.importorskip("ensurepip", reason="this Python cannot make an environment with pip")
    source = tmp_path_factory.mktemp("source") / "queuectl"
    environment = tmp_path_factory.mktemp("environment")
    shutil.copytree(str(ROOT), str(source), ignore=NOT_COPIED)
    venv.create(str(environment), with_pip=True)
    commands = environment / ("Scripts" if os.name == "nt" else "bin")
    python = str(commands / "python")
    can_build = run(python, "-c", CAN_BUILD).returncode == 0
    pip = run(
        python,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--disable-pip-version-check",
        *(["--no-build-isolation"] if can_build else []),
        str(source),
    )
    if pip.returncode != 0 and not can_build and any(word in pip.stderr for word in UNREACHABLE):
        pytest.skip("pip cannot reach setuptools, which builds the package")
    assert pip.returncode == 0, pip.stdout + pip.stderr
    return commands


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, object]:
    """Options that run a command in an empty directory with an empty HOME and nothing of the project's."""
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {"cwd": str(tmp_path / "here"), "env": {**kept, "HOME": str(tmp_path / "home")}}


def test_the_manual_page_is_installed(installed: Path) -> None:
    page = installed.parent / "share" / "man" / "man1" / "queuectl.1"
    assert page.read_text(encoding="utf-8") == manual_page()


def test_the_documentation_is_installed(installed: Path) -> None:
    pages = {path.name for path in (installed.parent / "share" / "doc" / "queuectl").iterdir()}
    assert pages == {path.name for path in (ROOT / "docs").iterdir()}


@pytest.mark.slow
def test_the_installed_command_tells_its_version(installed: Path, elsewhere: dict[str, object]) -> None:
    result = run(str(installed / "queuectl"), "--version", **elsewhere)
    assert (result.returncode, result.stderr) == (0, "")
    assert queuectl.__version__ in result.stdout


def test_the_installed_command_brings_its_templates(installed: Path, elsewhere: dict[str, object]) -> None:
    result = run(str(installed / "queuectl"), "template", "list", **elsewhere)
    assert (result.returncode, result.stderr) == (0, "")
    templates = {path.stem for path in (ROOT / "queuectl" / "templates").glob("*.json")} | {"job_template"}
    assert templates >= {"simple_job", "job_template", "python_job", "test_job"}
    assert {name for name in templates if name not in result.stdout} == set()
    for name in templates:
        shown = run(str(installed / "queuectl"), "template", "show", name, **elsewhere)
        assert (shown.returncode, shown.stderr) == (0, "") and json.loads(shown.stdout)["command"]


def test_the_installed_package_is_the_one_that_runs(installed: Path, elsewhere: dict[str, object]) -> None:
    result = run(str(installed / "python"), "-c", "import queuectl; print(queuectl.__file__)", **elsewhere)
    assert installed.parent.resolve() in Path(result.stdout.strip()).resolve().parents


def test_the_installed_package_needs_no_other(installed: Path) -> None:
    ask = "from importlib.metadata import requires, version; print(version('queuectl'), requires('queuectl'))"
    result = run(str(installed / "python"), "-I", "-c", ask)
    assert result.stdout.strip() == f"{queuectl.__version__} None"


def test_only_known_names_stand_at_the_top() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = run("git", "-C", str(ROOT), "ls-files", "-z")
    assert listed.returncode == 0, listed.stderr
    tops = {name.partition("/")[0] for name in listed.stdout.split("\0") if name}
    assert {name for name in tops if not name.startswith(".")} <= ALLOWED_AT_THE_TOP


def test_an_old_python_says_in_one_line_what_it_is_and_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    source = (ROOT / "main.py").read_text(encoding="ascii")
    # What Python 2.7 reads as well: neither annotations nor f-strings nor imports from the future.
    tree = ast.parse(source, feature_version=(3, 4))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert all(function.returns is None for function in functions)
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr))]
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    for version in ((2, 7), (3, 6), (3, 7)):
        monkeypatch.setattr(sys, "version_info", (*version, 18, "final", 0))
        with pytest.raises(SystemExit) as told:
            runpy.run_path(str(ROOT / "main.py"), run_name="__main__")
        assert told.value.code == f"QueueCTL needs Python 3.8 or later, this is {version[0]}.{version[1]}"
