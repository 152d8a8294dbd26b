"""Run the tests: `python3 -m tests [pytest's arguments]`; without arguments, all of them.

pytest is run in this process when this Python has it. When it has not, an environment is made
in `.venv-tests/` (or, where the project cannot be written to, in a temporary directory that is
removed afterwards), pytest is installed there and runs the same. The exit code is pytest's.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# One environment for each Python, so that going back and forth between two does not rebuild it.
ENVIRONMENT = ROOT / ".venv-tests" / "{}.{}".format(*sys.version_info)


def main(arguments: list[str]) -> int:
    """Run pytest with these arguments and return its exit code."""
    if importlib.util.find_spec("pytest") is not None:
        import pytest

        say(f"running pytest {pytest.__version__} of {sys.executable}")
        return int(pytest.main(arguments))
    return run_in_own_environment(arguments)


def run_in_own_environment(arguments: list[str]) -> int:
    """Run pytest from the environment of the tests, which is made first if it is not there."""
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            sys.exit(
                f"error: {sys.executable} has neither pytest nor {module}, which is needed to get it\n"
                "hint: apt-get install python3-venv (or your system's like), or install pytest yourself"
            )
    if has_pytest(ENVIRONMENT):
        say(f"running pytest of {ENVIRONMENT}")
        return run_pytest(ENVIRONMENT, arguments)
    if can_make(ENVIRONMENT):
        prepare(ENVIRONMENT)
        return run_pytest(ENVIRONMENT, arguments)
    with tempfile.TemporaryDirectory(prefix="queuectl-tests-") as directory:
        prepare(Path(directory))
        return run_pytest(Path(directory), arguments)


def prepare(environment: Path) -> None:
    """Make the environment and install pytest; what a run that was cut off left there is replaced."""
    say(f"{sys.executable} has no pytest: installing it in {environment}")
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(environment)],
        [python_of(environment), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pytest"],
    ):
        if subprocess.run(command, check=False).returncode != 0:
            shutil.rmtree(environment, ignore_errors=True)
            sys.exit(f"error: could not prepare the tests, this failed: {' '.join(command)}")


def run_pytest(environment: Path, arguments: list[str]) -> int:
    return subprocess.run([python_of(environment), "-m", "pytest", *arguments], check=False).returncode


def has_pytest(environment: Path) -> bool:
    try:
        probe = subprocess.run([python_of(environment), "-c", "import pytest"], check=False, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return probe.returncode == 0


def can_make(environment: Path) -> bool:
    try:
        environment.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=str(environment)).close()
    except OSError:
        return False
    return True


def python_of(environment: Path) -> str:
    if os.name == "nt":
        return str(environment / "Scripts" / "python.exe")
    return str(environment / "bin" / "python")


def say(what: str) -> None:
    print(f"tests: {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
