"""Each row of the table for those who know parallel and xargs: both sides are run, and print the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from queuectl import Queue
from tests.docs.pages import CODE, PAGES, blocks, table
from tests.docs.test_sessions import User
from tests.engine.running import drain

PAGE = PAGES["docs/from-parallel.md"]
CELLS = re.compile(r"(?<!\\)\|")
# A command whose output is that of the row; of others, the jobs print it.
TELLS = re.compile(r"queuectl (list|results)|--dry-run")
MISSING = [name for name in ("parallel", "sem", "xargs") if shutil.which(name) is None]


def commands(cell: str) -> list[str]:
    return [code.replace("\\|", "|") for code in CODE.findall(cell)]


ROWS = [[commands(cell) for cell in CELLS.split(row)[1:3]] for row in table(PAGE, "| parallel, xargs | QueueCTL |")]


class Directory:
    """A directory with the files of the page, in which commands of one side are run."""

    def __init__(self, path: Path, environment: dict[str, str]) -> None:
        path.mkdir()
        self._path = path
        self._environment = environment
        (files,) = blocks(PAGE, "sh")
        self.run(files)

    def run(self, command: str) -> str:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self._path,
            env=self._environment,
            timeout=60,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert "queuectl: error" not in done.stderr, f"$ {command}\n{done.stderr}"
        return done.stdout


def test_there_are_enough_rows_and_all_begin_with_what_they_compare() -> None:
    assert len(ROWS) >= 25
    for theirs, ours in ROWS:
        assert len(theirs) == 1 and re.search(r"\b(parallel|xargs|sem|find)\b", theirs[0])
        assert any("queuectl add" in command for command in ours)


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}")
@pytest.mark.skipif(os.nice(0) != 0, reason="parallel sets the niceness, QueueCTL adds to that of the tests")
def test_both_sides_of_each_row_print_the_same(tmp_path: Path, home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUECTL_HOME", home)
    user = User(tmp_path)
    (tmp_path / "user" / ".parallel").mkdir()
    (tmp_path / "user" / ".parallel" / "will-cite").touch()
    environment = {**user.environment, "QUEUECTL_HOME": home, "SHELL": "/bin/sh", "PARALLEL": "-k"}
    sides = [Directory(tmp_path / name, environment) for name in ("theirs", "ours")]
    with Queue(home) as queue:
        for name, value in (("retry_delay", "0"), ("retry_jitter", "0"), ("kill_grace", "1")):
            queue.config.set(name, value)
        theirs = [sides[0].run(cell[0]) for cell, _ in ROWS]
        said: list[str | None] = []
        jobs: list[range] = []
        for _, cell in ROWS:
            first = queue.count() + 1
            said.append(None)
            for command in cell[: added_by(cell)]:
                printed = sides[1].run(command)
                said[-1] = printed if TELLS.search(command) else None
            jobs.append(range(first, queue.count() + 1))
        drain(home)
        for row, (_, cell) in enumerate(ROWS):
            for command in cell[added_by(cell) :]:
                printed = sides[1].run(command)
                said[row] = printed if TELLS.search(command) else None
        drain(home)
        ours = [
            "".join(queue.output(number, stream=1).decode() for number in jobs[row] if queue.attempts(number))
            if text is None
            else text
            for row, text in enumerate(said)
        ]
    shown = [f"{cells[0][0]}: {a!r}\n{cells[1]}: {b!r}" for cells, a, b in zip(ROWS, theirs, ours) if a != b]
    assert shown == [], "\n\n".join(shown)
    assert all(theirs)


def added_by(cell: list[str]) -> int:
    """Return how many of the commands of a cell are run before the jobs are."""
    return next(at for at, command in enumerate(cell, 1) if "queuectl add" in command)
