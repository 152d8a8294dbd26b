"""A C program that jobs compile and link, each after what it needs, is the one that make builds."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.job import CANCELLED, COMPLETED
from tests.engine.killing import Killing
from tests.support import wait_until

MISSING = [name for name in ("cc", "make") if shutil.which(name) is None]
OBJECTS = 30
FUNCTIONS = 150
KILLS = 4
BETWEEN_KILLS = 0.3
COMPILE = "cc -O2 -c {0}.c -o {0}.o"
LINK = "cc -o program {}"
NAMES = [f"part{number}" for number in range(OBJECTS)]
ALL = " ".join(f"{name}.o" for name in NAMES)


def part(number: int) -> str:
    """Return the source of a part: it calls the part before it, and the last one has `main`."""
    functions = [
        f"static int f{count}(int x) {{ for (int i = 0; i < x; i++) x ^= i * {number + count}; return x % 9973; }}"
        for count in range(FUNCTIONS)
    ]
    calls = " + ".join(f"f{count}(x)" for count in range(FUNCTIONS))
    before = f"part{number - 1}(x)" if number else "x"
    start = f'int main(void) {{ printf("%d\\n", part{number}(20)); return 0; }}' if number == OBJECTS - 1 else ""
    declared = f"int part{number - 1}(int);" if number else ""
    return "\n".join(
        [
            "#include <stdio.h>",
            declared,
            *functions,
            f"int part{number}(int x) {{ return {before} + {calls}; }}",
            start,
            "",
        ]
    )


def write_sources(directory: Path) -> Path:
    directory.mkdir()
    for number, name in enumerate(NAMES):
        (directory / f"{name}.c").write_text(part(number))
    rules = [f"program: {ALL}\n\t{LINK.format(ALL)}", f"%.o: %.c\n\t{COMPILE.format('$*')}", ""]
    (directory / "Makefile").write_text("\n\n".join(rules))
    return directory


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=f"there is no {' and no '.join(MISSING)}")
def test_jobs_build_what_make_builds_while_workers_are_killed(queue: Queue, tmp_path: Path) -> None:
    by_make, by_jobs = write_sources(tmp_path / "by_make"), write_sources(tmp_path / "by_jobs")
    subprocess.run(["make", "-j2"], cwd=by_make, check=True, stdout=subprocess.DEVNULL)
    document: list[dict[str, Any]] = [
        {"id": "run", "command": "./program", "after": ["link"]},
        {"id": "link", "command": LINK.format(ALL), "after": NAMES},
        {"id": "complain", "command": "false", "after_failed": ["link"]},
        *({"id": name, "command": COMPILE.format(name)} for name in NAMES),
    ]
    killing = Killing(queue, random.Random(1), workers=2)
    try:
        queue.enqueue([{**job, "cwd": str(by_jobs), "max_retries": 100} for job in document])
        while sum(killing.kills.values()) < KILLS:
            killing.start_what_is_missing()
            SYSTEM_CLOCK.pause(BETWEEN_KILLS)
            killing.kill_one()
        killing.start_what_is_missing()
        wait_until(lambda: queue.counts() == {COMPLETED: OBJECTS + 2, CANCELLED: 1}, what="the program is built")
    finally:
        killing.close()
    assert any(job.attempts > 1 for job in queue.list()), "no attempt was hit"
    for name in (*(f"{name}.o" for name in NAMES), "program"):
        assert (by_jobs / name).read_bytes() == (by_make / name).read_bytes(), name
    said = subprocess.run([str(by_make / "program")], check=True, stdout=subprocess.PIPE).stdout
    assert queue.output("run") == said
