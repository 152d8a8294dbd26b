"""Run the tests: `python3 -m tests [--quick] [FILE|FOLDER ...]`, or with pytest's own arguments.

Without arguments all tests run. The files are shared among one process more than this machine has cores; short ones
share a process. `--quick` leaves out the tests marked `slow`; what is left of a folder's files is so short that many
do. With any other argument one pytest runs, with all of them as they are.

pytest is run by this Python when it has it. When it has not, an environment is made in `.venv-tests/` (or, where
the project cannot be written to, in a temporary directory that is removed afterwards) and pytest is installed
there. The exit code is pytest's: 0 if all passed, else that of the first file that failed.
"""

from __future__ import annotations

import concurrent.futures
import importlib.util
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    Done = subprocess.CompletedProcess[str]

ROOT = Path(__file__).resolve().parent.parent
# One environment for each Python, so that going back and forth between two does not rebuild it.
ENVIRONMENT = ROOT / ".venv-tests" / "{}.{}".format(*sys.version_info)
# Those that take long begin first, and files beside all folders: the last process then ends with something short.
FOLDERS = ("docs", "engine", "frontends", "dashboard", "commands", "store", "model")
# Their files are so short that several share a process.
SHORT_FOLDERS, SHORT_FILES = ("store", "model"), 6
QUICK = ["-m", "not slow"]
QUICK_FILES = 30  # in one process
NOTHING_SELECTED = 5
COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped)")


def main(arguments: list[str]) -> int:
    """Run the tests that these arguments name and return the exit code."""
    if importlib.util.find_spec("pytest") is not None:
        return run(sys.executable, arguments)
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            sys.exit(
                f"error: {sys.executable} has neither pytest nor {module}, which is needed to get it\n"
                "hint: apt-get install python3-venv (or your system's like), or install pytest yourself"
            )
    if has_pytest(ENVIRONMENT):
        return run(python_of(ENVIRONMENT), arguments)
    if can_make(ENVIRONMENT):
        prepare(ENVIRONMENT)
        return run(python_of(ENVIRONMENT), arguments)
    with tempfile.TemporaryDirectory(prefix="queuectl-tests-") as directory:
        prepare(Path(directory))
        return run(python_of(Path(directory)), arguments)


def run(python: str, arguments: list[str]) -> int:
    """Run pytest by this Python: once for each file that is named, or with arguments of its own just once."""
    options = QUICK if "--quick" in arguments else []
    words = [word for word in arguments if word != "--quick"]
    if not all(os.path.exists(word) for word in words):
        say(f"running pytest of {python}")
        return subprocess.run([python, "-m", "pytest", *options, *words], check=False).returncode
    files = list(test_files([Path(word) for word in words] or [ROOT / "tests"]))
    parts = list(in_parts(files, QUICK_FILES if options else 1))
    # A test waits for other processes for more than half of its time: one more than there are cores keeps them busy.
    processes = min(len(parts), available_cores() + 1)
    say(f"running pytest of {python}, {len(files)} files in {processes} processes")
    return share([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options], parts, processes)


def test_files(places: list[Path]) -> Iterator[str]:
    """Yield the test files in these places, each once, in the order in which they begin."""
    found = {file.resolve() for place in places for file in ([place] if place.is_file() else place.rglob("test_*.py"))}
    names = [os.path.relpath(file, ROOT) for file in found]
    rank = {folder: number for number, folder in enumerate(FOLDERS)}
    yield from sorted(names, key=lambda name: (rank.get(Path(name).parts[1], -1), name))


def in_parts(files: list[str], size: int) -> Iterator[list[str]]:
    """Put together so many files of the same folder each, or as many as are so short that they share a process."""
    for folder, group in itertools.groupby(files, lambda file: "".join(Path(file).parts[1:-1][:1])):
        found, most = list(group), max(size, SHORT_FILES if folder in SHORT_FOLDERS else 1)
        yield from (found[at : at + most] for at in range(0, len(found), most))


def share(command: list[str], parts: list[list[str]], processes: int) -> int:
    """Run the command for the files of each part, so many at a time; print what each says at its end, and the sum."""
    started = time.monotonic()
    counts: dict[str, int] = {}
    code = 0
    for files, done in run_all(command, parts, processes):
        last = done.stdout.rstrip().rpartition("\n")[2]
        for count, what in COUNT.findall(last):
            kind = "failed" if what.startswith("error") else what
            counts[kind] = counts.get(kind, 0) + int(count)
        failed = done.returncode not in (0, NOTHING_SELECTED)
        code = code or (done.returncode if failed else 0)
        print(done.stdout if failed else summary(" ".join(files), done.stdout), flush=True)
    said = ", ".join(f"{counts.get(what, 0)} {what}" for what in ("passed", "failed", "skipped"))
    print(f"{said} in {time.monotonic() - started:.1f} s")
    return code


def summary(files: str, output: str) -> str:
    """Return what is shown of files that passed: why tests were skipped, and how many passed.

    No line begins with a number: `.ci/run` adds up those that do, and the last line of all has the sum.
    """
    lines = output.rstrip().split("\n")
    skipped = [line for line in lines if line.startswith("SKIPPED ")]
    return "\n".join([*skipped, f"{files}: {lines[-1].strip('= ')}"])


def run_all(command: list[str], parts: list[list[str]], processes: int) -> Iterator[tuple[list[str], Done]]:
    """Run the command for the files of each part, so many at a time, and yield each that has ended."""
    with concurrent.futures.ThreadPoolExecutor(processes) as threads:
        running = {threads.submit(run_files, command, files): files for files in parts}
        try:
            for ended in concurrent.futures.as_completed(running):
                yield running[ended], ended.result()
        finally:
            # Ctrl-C reaches those that run; the others are not begun.
            for waiting in running:
                waiting.cancel()


def run_files(command: list[str], files: list[str]) -> Done:
    return subprocess.run(
        [*command, *files], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
