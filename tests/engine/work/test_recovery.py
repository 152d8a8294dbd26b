"""The job of a lost worker is recovered: never from a live one, never with a signal to a stranger."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Any, Iterator

import pytest

from queuectl.engine.home.opened import load_settings
from queuectl.engine.machine import process
from queuectl.engine.machine.journal import Journal
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.engine.work.environment import marker
from queuectl.engine.work.recovery import Recovery
from queuectl.engine.work.settle import settle
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.job import Job
from queuectl.model.outcome import Outcome
from queuectl.store import Home, Store
from queuectl.store.claim import Claim
from queuectl.store.lockfile import LockFile
from tests.engine.running import RunningPool, attempts, start_worker, survivors, wait_for_file, wait_for_state
from tests.support import FakeClock, Processes, identify, is_alive, wait_until

LEASE = 30_000
MARK = "0a1b2c3d"


class Bench:
    """A recovery to step by hand, and workers that exist on paper only."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.locks: list[LockFile] = []

    def recovery(self) -> Recovery:
        return Recovery(self.store, Log("test", self.clock))

    def worker(self, pid: int = 4_000_000, *, lives: bool, boot: str = "") -> int:
        start = process.start_time(pid) or ""
        with self.store.writing():
            number = self.store.workers.add(
                pid=pid,
                pid_start=start,
                boot=boot or process.boot_id(),
                queues="",
                now=self.clock.wall(),
                namespace=process.namespace(),
                mark=MARK,
            )
        if lives:
            lock = LockFile(self.store.home.worker_lock(number))
            assert lock.acquire()
            self.locks.append(lock)
        return number

    def claim(self, worker: int) -> Claim:
        with self.store.writing():
            claim = self.store.jobs.claim(
                worker=worker, now=self.clock.wall(), lease_until=self.clock.monotonic() + LEASE
            )
        assert claim is not None
        return claim

    def record(self, claim: Claim, pid: int, start: str) -> None:
        with self.store.writing():
            self.store.attempts.record_process(claim.attempt_id, pid, start)

    def journal(self, claim: Claim, outcome: Outcome | None, *, attempt: int | None = None, boot: str = "") -> None:
        """Have the worker's journal say how an attempt ended, by default this one in this boot."""
        writer = (self.store.meta.home_id(), boot or process.boot_id(), process.namespace(), claim.worker)
        written = Journal(self.store.home.worker_journal(claim.worker), writer)
        written.begin(attempt or claim.attempt_id, started=0, pipes=(0, 0), spared=())
        if outcome is not None:
            written.end(outcome, ended_at=1, duration=4_321, spared=())
        written.close(keep=True)

    def marker(self, claim: Claim) -> str:
        return marker(self.store.meta.home_id(), MARK, claim)


@pytest.fixture
def bench(queue: Queue) -> Iterator[Bench]:
    clock = FakeClock(wall=SYSTEM_CLOCK.wall())
    with Store(queue.home, clock=clock) as store:
        made = Bench(store, clock)
        yield made
    for lock in made.locks:
        lock.close()


def stranger(processes: Processes, **environment: str) -> tuple[subprocess.Popen[Any], str]:
    """Start a process in a session of its own; return it and its start time."""
    started = processes.start(["sleep", "600"], env={**os.environ, **environment}, start_new_session=True)
    wait_until(lambda: Path(f"/proc/{started.pid}/cmdline").read_bytes().startswith(b"sleep"))
    start = process.start_time(started.pid)
    assert start is not None
    return started, start


def test_the_job_of_a_lost_worker_is_moved_and_its_row_removed(bench: Bench, queue: Queue) -> None:
    job = queue.add("true")
    bench.claim(bench.worker(lives=False))
    assert bench.recovery().step() == 1
    found = queue.get(job.id)
    assert (found.state, found.attempts) == ("failed", 1)
    assert found.error is not None and "was lost" in found.error
    assert queue.store.workers.all() == []
    assert "recovered" in [event.what for event in queue.store.events.of_job(job.number)]


def test_an_attempt_whose_end_only_the_journal_tells_is_released_if_that_says_so(bench: Bench, queue: Queue) -> None:
    job = queue.add("true")
    claim = bench.claim(bench.worker(lives=False))
    bench.journal(claim, Outcome.released())
    assert bench.recovery().step() == 1
    found = queue.get(job.id)
    assert (found.state, found.attempts, found.error) == ("pending", 0, "worker stopped")
    assert [(row["outcome"], row["duration"]) for row in attempts(queue, job)] == [("released", 4_321)]
    (event,) = [event for event in queue.store.events.of_job(job.number) if event.what == "recovered"]
    assert event.detail == f"attempt 1: worker {claim.worker} was stopped before it could record the end, now pending"


@pytest.mark.parametrize(
    "outcome, other",
    [
        (None, {}),
        (Outcome.exited(0), {}),
        (Outcome.exited(3), {}),
        (Outcome.signalled(15, "SIGTERM"), {}),
        (Outcome.timed_out(1), {}),
        (Outcome.released(), {"attempt": 4_711}),
        (Outcome.released(), {"boot": "the boot before"}),
    ],
    ids=["under way", "success", "failure", "signal", "timeout", "of another attempt", "of another boot"],
)
def test_any_other_end_in_a_journal_is_lost_with_the_worker(
    bench: Bench, queue: Queue, outcome: Outcome | None, other: dict[str, Any]
) -> None:
    job = queue.add("true")
    claim = bench.claim(bench.worker(lives=False))
    bench.journal(claim, outcome, **other)
    assert bench.recovery().step() == 1
    found = queue.get(job.id)
    assert (found.state, found.attempts, found.error) == ("failed", 1, f"worker {claim.worker} was lost")
    assert [(row["outcome"], row["duration"]) for row in attempts(queue, job)] == [("lost", None)]


def test_the_job_of_a_live_worker_is_left_alone(bench: Bench, queue: Queue) -> None:
    job = queue.add("true")
    bench.claim(bench.worker(lives=True))
    assert bench.recovery().step() == 0
    assert queue.get(job.id).state == "processing"


def test_no_jump_of_the_wall_clock_takes_a_job_from_a_live_worker(bench: Bench, queue: Queue) -> None:
    job = queue.add("true")
    bench.claim(bench.worker(lives=True))
    recovery = bench.recovery()
    for jump in (3_600_000, 10 * 365 * 86_400_000, -20 * 365 * 86_400_000):
        bench.clock.set_by(jump)
        assert recovery.step() == 0
    assert queue.get(job.id).state == "processing"


def test_what_is_left_of_the_attempt_is_killed_before_the_job_moves(
    bench: Bench, queue: Queue, processes: Processes
) -> None:
    queue.add("true")
    claim = bench.claim(bench.worker(lives=False))
    recorded, start = stranger(processes)
    marked, _ = stranger(processes, **{process.MARKER: bench.marker(claim)})
    bench.record(claim, recorded.pid, start)
    assert bench.recovery().step() == 1
    assert recorded.wait(60) == marked.wait(60) == -signal.SIGKILL


def test_a_process_that_got_the_pid_meanwhile_is_not_signalled(
    bench: Bench, queue: Queue, processes: Processes
) -> None:
    job = queue.add("true")
    claim = bench.claim(bench.worker(lives=False))
    other, start = stranger(processes)
    bench.record(claim, other.pid, str(int(start) - 1))
    assert bench.recovery().step() == 1
    assert queue.get(job.id).state == "failed"
    assert other.poll() is None


def test_after_a_restart_of_the_machine_jobs_are_recovered_and_nobody_is_signalled(
    bench: Bench, queue: Queue, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = queue.add("true")
    # The worst case: strangers with the same pids, start times and marker.
    worker, _ = stranger(processes)
    claim = bench.claim(bench.worker(worker.pid, lives=False))
    other, start = stranger(processes, **{process.MARKER: bench.marker(claim)})
    bench.record(claim, other.pid, start)
    monkeypatch.setattr(process, "boot_id", lambda: "the next boot")
    assert bench.recovery().step() == 1
    assert queue.get(job.id).state == "failed"
    assert worker.poll() is None and other.poll() is None


def test_a_held_lock_proves_life_whatever_boot_the_worker_has_written_down(bench: Bench, queue: Queue) -> None:
    job = queue.add("true")
    bench.claim(bench.worker(lives=True, boot="as another container sees it"))
    assert bench.recovery().step() == 0
    assert queue.get(job.id).state == "processing"


def test_a_living_worker_whose_lock_file_was_removed_keeps_its_job(bench: Bench, queue: Queue) -> None:
    job = queue.add("true")
    number = bench.worker(os.getpid(), lives=True)
    bench.claim(number)
    os.unlink(queue.home.worker_lock(number))
    assert bench.recovery().step() == 0
    assert queue.get(job.id).state == "processing"


def test_a_worker_that_lets_its_lease_run_out_is_killed_after_a_grace(
    bench: Bench, queue: Queue, processes: Processes
) -> None:
    queue.add("true")
    hanging, _ = stranger(processes)
    bench.claim(bench.worker(hanging.pid, lives=True))
    recovery = bench.recovery()
    bench.clock.advance(LEASE + 1)
    for _ in range(4):
        recovery.step()
        assert hanging.poll() is None
        bench.clock.advance(999)
    recovery.step()
    assert hanging.wait(60) == -signal.SIGKILL


def test_a_stranger_with_the_pid_of_an_overdue_worker_is_not_killed(
    bench: Bench, queue: Queue, processes: Processes
) -> None:
    queue.add("true")
    other, start = stranger(processes)
    number = bench.worker(other.pid, lives=True)
    with queue.store.writing():
        queue.store.database.change("UPDATE workers SET pid_start = ? WHERE id = ?", (str(int(start) - 1), number))
    bench.claim(number)
    recovery = bench.recovery()
    for _ in range(5):
        bench.clock.advance(LEASE)
        recovery.step()
    assert other.poll() is None


def test_a_stopped_worker_is_killed_and_cannot_overwrite_the_result(
    queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    queue.config.set("lease", "2s")
    pool.start("--count", "2")
    job = queue.add(
        f"echo $QUEUECTL_ATTEMPT >>{tmp_path}/started; "
        f"[ $QUEUECTL_ATTEMPT -gt 1 ] || sleep 600; echo result of $QUEUECTL_ATTEMPT"
    )
    wait_for_file(tmp_path / "started")
    (worker,) = [row for row in queue.store.workers.all() if row.job]
    frozen = identify(worker.pid)
    assert frozen is not None
    os.kill(frozen.pid, signal.SIGSTOP)
    found = wait_for_state(queue, job, "completed")
    assert not is_alive(frozen)
    assert found.attempts == 2
    assert [row["outcome"] for row in attempts(queue, job)] == ["lost", "exited"]
    assert queue.output(job.id) == b"result of 2\n"
    assert survivors(queue, job) == []


def test_the_result_of_a_worker_that_lost_the_job_is_dropped(
    home: str, queue: Queue, processes: Processes, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    job = queue.add(f"echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done")
    start_worker(processes, home, log)
    wait_for_file(tmp_path / "started")
    _take_away(queue)
    (tmp_path / "go").touch()
    wait_until(lambda: "lost the job" in log.read_text())
    found = queue.get(job.id)
    assert (found.state, found.error) == ("failed", "taken away")
    assert [row["outcome"] for row in attempts(queue, job)] == ["lost"]


def _take_away(queue: Queue) -> None:
    store = queue.store
    (running,) = store.attempts.running(store.contexts)
    with store.writing():
        settle(
            store,
            running.claim,
            Outcome.lost("taken away"),
            settings=load_settings(store),
            random=random.random,
            now=SYSTEM_CLOCK.wall(),
        )


def test_a_worker_that_lost_a_long_job_ends_it(home: str, queue: Queue, processes: Processes, tmp_path: Path) -> None:
    job = queue.add(f"echo >{tmp_path}/started; sleep 600")
    start_worker(processes, home, tmp_path / "log")
    wait_for_file(tmp_path / "started")
    assert survivors(queue, job)
    _take_away(queue)
    wait_until(lambda: not survivors(queue, job))


def test_a_job_that_kills_its_worker_is_dead_after_all_attempts_and_others_run(queue: Queue, pool: RunningPool) -> None:
    poison = queue.add("kill -9 $PPID", retries=2, priority=10)
    others: list[Job] = [queue.add("echo fine") for _ in range(20)]
    pool.start("--count", "2")
    queue.wait(poison.id, *(job.id for job in others), timeout=60)
    found = queue.get(poison.id)
    assert (found.state, found.attempts) == ("dead", 3)
    assert [row["outcome"] for row in attempts(queue, poison)] == ["lost"] * 3
    assert {queue.get(job.id).state for job in others} == {"completed"}


def test_a_killed_worker_is_noticed_without_waiting_for_the_lease(
    queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    queue.config.set("lease", "10m")
    pool.start("--count", "1")
    job = queue.add(f"echo >{tmp_path}/started; [ $QUEUECTL_ATTEMPT -gt 1 ] || sleep 600")
    wait_for_file(tmp_path / "started")
    os.kill(pool.pids()[0], signal.SIGKILL)
    wait_for_state(queue, job, "completed")
    assert survivors(queue, job) == []


def test_the_files_of_a_lost_worker_are_removed(bench: Bench, queue: Queue, home: str) -> None:
    number = bench.worker(4_000_000, lives=False)
    lock, bell = Path(Home(home).worker_lock(number)), Path(Home(home).bells, "worker-4000000")
    lock.touch()
    os.mkfifo(str(bell))
    bench.recovery().step()
    assert not lock.exists() and not bell.exists()
