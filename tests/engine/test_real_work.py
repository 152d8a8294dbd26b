"""Real commands on real files, compared with what Python computes."""

from __future__ import annotations

import hashlib
import os
import shlex
import tarfile
from pathlib import Path

import pytest

from queuectl.engine.queue import Queue
from tests.engine.running import RunningPool, run_one

pytestmark = pytest.mark.slow


FILES = 300


def library_files() -> list[Path]:
    root = Path(os.path.dirname(os.__file__))
    found = sorted(path for path in root.rglob("*.py") if path.is_file())[:FILES]
    assert len(found) == FILES
    return found


def test_checksums_of_many_files_are_those_of_hashlib(queue: Queue, pool: RunningPool) -> None:
    files = library_files()
    pool.start("--count", "2")
    ids = queue.enqueue([{"command": f"sha256sum -- {shlex.quote(str(path))}"} for path in files])
    jobs = queue.wait(*ids, timeout=120)
    assert {(job.state, job.attempts) for job in jobs} == {("completed", 1)}
    for path, identifier in zip(files, ids):
        expected = hashlib.sha256(path.read_bytes()).hexdigest()
        assert queue.output(identifier).decode().split()[0].lstrip("\\") == expected, path
    assert len({job.worker for job in jobs}) == 2, "one worker did everything"


def test_a_pipeline_packs_unpacks_and_counts(queue: Queue, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for number, path in enumerate(library_files()[:40]):
        (source / f"{number}.py").write_bytes(path.read_bytes())
    size = sum(path.stat().st_size for path in source.iterdir())
    job = run_one(queue, "tar -cf - . | gzip -9 | tee ../packed.tgz | gzip -d | tar -xOf - | wc -c", cwd=str(source))
    assert (job.state, int(queue.output(job.id))) == ("completed", size)
    with tarfile.open(str(tmp_path / "packed.tgz")) as packed:
        assert sorted(member.size for member in packed if member.isfile()) == sorted(
            path.stat().st_size for path in source.iterdir()
        )


def test_jobs_can_build_on_each_other_through_files(queue: Queue, tmp_path: Path) -> None:
    total = 0
    for step in range(1, 6):
        total += step
        job = run_one(queue, f"x=$(cat sum 2>/dev/null || echo 0); echo $((x + {step})) | tee sum", cwd=str(tmp_path))
        assert int(queue.output(job.id)) == total
