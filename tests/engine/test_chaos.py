"""Whatever is killed while a queue works: nothing is lost, nothing runs twice at a time, no stranger is signalled."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from queuectl.engine.queue import Queue
from queuectl.store import Home
from tests.engine.chaos import COMMANDS, FATAL, OVERLAP, Chaos
from tests.engine.killing import WORKERS
from tests.engine.running import drain
from tests.support import Processes, wait_until

SECONDS = 8.0
KILLS = 25  # a busy machine takes longer for as many


@pytest.fixture
def chaos(home: str, tmp_path: Path, processes: Processes) -> Iterator[Chaos]:
    """A run whose seed is printed when the test fails; CHAOS_SEED repeats one."""
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"CHAOS_SEED={seed}")
    made = Chaos(tmp_path, seed, processes)
    assert made.home == home
    yield made
    made.close()


def files_of_workers(home: Home) -> list[str]:
    return sorted(name for name in os.listdir(home.run) if name.startswith("worker-"))


def check_tidy(chaos: Chaos) -> None:
    """The killed leave no rows and no files behind."""
    pool = chaos.pool
    wait_until(lambda: len(pool.rows()) == WORKERS, what="the pool has its workers again")
    wait_until(
        lambda: (
            files_of_workers(pool.home)
            == sorted(f"worker-{row.id}.{kind}" for row in pool.rows() for kind in ("lock", "journal"))
        ),
        what="the locks and journals of the killed are gone",
    )
    wait_until(
        lambda: set(os.listdir(pool.home.bells)) == {"pool", "scheduler", *(f"worker-{pid}" for pid in pool.pids())},
        what="the bells of the killed are gone",
    )


@pytest.mark.parametrize("kind", COMMANDS)
def test_the_lock_would_notice_two_executions(
    home: str, queue: Queue, tmp_path: Path, processes: Processes, kind: str
) -> None:
    command = COMMANDS[kind].format(locks=tmp_path, ledger=tmp_path / "ledger", overlap=OVERLAP, seconds=0.1)
    job = queue.add(command, retries=0)
    holder = processes.start(["flock", str(tmp_path / "1"), "sh", "-c", "echo; exec sleep 600"], stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdout.readline() == b"\n"
    drain(home)
    assert queue.get(job.id).exit_code == OVERLAP


@pytest.mark.once
def test_nothing_is_lost_and_nothing_runs_twice_at_a_time(chaos: Chaos) -> None:
    chaos.run(SECONDS, kills=KILLS)
    found = chaos.check()
    assert not [what for what in FATAL if found[what]], (found, chaos.kills)
    assert found["jobs"] > 20, "hardly anything happened"
    check_tidy(chaos)
    lost = 0
    for job in chaos.queue.list():
        rows = chaos.queue.store.attempts.of_job(job.number)
        assert [row.attempt for row in rows] == list(range(1, len(rows) + 1))
        assert [row.outcome for row in rows if row.outcome != "released"][-1] == "exited"
        assert {row.outcome for row in rows[:-1]} <= {"lost", "released"}
        lost += sum(row.outcome == "lost" for row in rows)
    assert lost > 0, "no attempt was hit"
