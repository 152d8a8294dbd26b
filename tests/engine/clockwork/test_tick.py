"""What happens by itself, stepped by hand with a clock that stands still."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator

import pytest

from queuectl.engine.clockwork import tick as tick_module
from queuectl.engine.clockwork.housekeeping import INTERVAL_MS as HOUSEKEEPING_MS
from queuectl.engine.clockwork.tick import LONGEST_WAIT_SECONDS, Clockwork, ClockworkThread
from queuectl.engine.machine.doorbell import WORK, WORKERS, Doorbell
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.job import COMPLETED, DEAD, FAILED
from queuectl.model.outcome import Outcome
from queuectl.model.piece import Piece
from queuectl.model.when import HOUR as HOUR_MS
from queuectl.model.when import iso
from queuectl.store import Home, Store
from queuectl.store.claim import Claim
from queuectl.store.lockfile import LockFile
from tests.engine.scheduling import let_run
from tests.store import building
from tests.support import FakeClock, wait_until

YEAR_MS = 365 * 24 * HOUR_MS
PIECE = 65_536


@pytest.fixture
def live_worker(queue: Queue, clock: FakeClock) -> Iterator[int]:
    """A worker whose lock is held."""
    from queuectl.engine.machine import process

    with queue.store.writing():
        number = queue.store.workers.add(
            pid=os.getpid(),
            pid_start=process.start_time(os.getpid()) or "",
            boot=process.boot_id(),
            queues="",
            now=clock.wall(),
        )
    lock = LockFile(queue.home.worker_lock(number))
    assert lock.acquire()
    yield number
    lock.close()


def claim(queue: Queue, worker: int) -> Claim:
    with queue.store.writing():
        found = queue.store.jobs.claim(
            worker=worker, now=queue.clock.wall(), lease_until=queue.clock.monotonic() + 30_000
        )
    assert found is not None
    return found


def finish(queue: Queue, taken: Claim, state: str, *, run_at: int = 0, output: bytes = b"") -> None:
    outcome = Outcome.exited(0 if state == COMPLETED else 1)
    now = queue.clock.wall()
    with queue.store.writing():
        assert queue.store.jobs.finish(taken, outcome, state=state, run_at=run_at, duration=1, now=now)
        queue.store.attempts.end(taken.attempt_id, outcome, duration=1, output_size=len(output), now=now)
        if output:
            queue.store.output.append(taken.attempt_id, [Piece(0, 1, output)], head_end=0, tail_start=0)


def test_a_failed_job_becomes_pending_exactly_when_it_is_due(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, live_worker: int
) -> None:
    job = queue.add("false")
    finish(queue, claim(queue, live_worker), FAILED, run_at=clock.wall() + 700)
    assert scheduler.tick() == 0.7
    clock.advance(699)
    assert scheduler.tick() == 0.001
    assert queue.get(job.id).state == "failed"
    clock.advance(1)
    scheduler.tick()
    assert queue.get(job.id).state == "pending"


def test_a_scheduled_job_becomes_pending_exactly_when_it_is_due(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    job = queue.add("true", run_at="+1h")
    assert scheduler.tick() == LONGEST_WAIT_SECONDS
    clock.advance(HOUR_MS - 1)
    scheduler.tick()
    assert queue.get(job.id).state == "scheduled"
    clock.advance(1)
    scheduler.tick()
    assert queue.get(job.id).state == "pending"


def test_many_due_jobs_are_all_promoted_in_one_tick(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    queue.enqueue([{"command": "true", "run_at": "+1m"}] * 1_200)
    clock.advance(60_000)
    scheduler.tick()
    assert queue.store.counts.by_state() == {"pending": 1_200}


def test_promoting_rings_the_workers_bells(queue: Queue, scheduler: Clockwork, clock: FakeClock, store: Store) -> None:
    bell = Doorbell(store.home, f"{WORKERS}1")
    try:
        queue.add("true", run_at="+1m")
        bell.answer()
        scheduler.tick()
        assert bell.answer() == b""
        clock.advance(60_000)
        scheduler.tick()
        assert bell.answer() == WORK
    finally:
        bell.close()


def outputs(queue: Queue) -> int:
    return int(queue.store.database.value("SELECT count(*) FROM output"))


def test_completed_jobs_are_pruned_with_their_output_and_dead_ones_never(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, live_worker: int
) -> None:
    ids = {}
    for state in (COMPLETED, DEAD, FAILED):
        ids[state] = queue.add("true").id
        finish(queue, claim(queue, live_worker), state, run_at=clock.wall() + 100 * YEAR_MS, output=b"text")
    waiting = queue.add("true").id
    scheduler.tick()
    let_run(queue.store, clock, 7 * 24 * HOUR_MS)
    scheduler.tick()
    assert len(queue.list()) == 4 and outputs(queue) == 3
    clock.advance(HOUSEKEEPING_MS)
    scheduler.tick()
    assert sorted(job.id for job in queue.list()) == sorted([ids[DEAD], ids[FAILED], waiting])
    assert outputs(queue) == 2
    let_run(queue.store, clock, 50 * YEAR_MS)
    scheduler.tick()
    assert queue.get(ids[DEAD]).state == "dead"


def test_pruning_follows_the_setting(queue: Queue, scheduler: Clockwork, clock: FakeClock, live_worker: int) -> None:
    queue.config.set("retain_completed_hours", "none")
    queue.add("true", env={"ONLY": "here"})
    finish(queue, claim(queue, live_worker), COMPLETED)
    clock.advance(10 * YEAR_MS)
    scheduler.tick()
    assert len(queue.list()) == 1
    queue.config.set("retain_completed_hours", "0.5")
    clock.advance(HOUSEKEEPING_MS)
    scheduler.tick()
    assert queue.list() == []
    assert queue.store.database.value("SELECT count(*) FROM contexts") == 0


@pytest.mark.parametrize("jump", [HOUR_MS, 10 * YEAR_MS, -HOUR_MS, -10 * YEAR_MS])
def test_a_jump_of_the_wall_clock_leaves_running_jobs_alone(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, live_worker: int, jump: int
) -> None:
    job = queue.add("true")
    taken = claim(queue, live_worker)
    scheduler.tick()
    clock.set_by(jump)
    for _ in range(5):
        assert scheduler.tick() == LONGEST_WAIT_SECONDS
        clock.advance(1_000)
    found = queue.get(job.id)
    assert (found.state, found.attempts) == ("processing", 1)
    finish(queue, taken, COMPLETED)


def test_after_a_jump_forward_what_is_due_by_then_is_promoted(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    queue.add("true", run_at=iso(clock.wall() + 2 * HOUR_MS))
    queue.add("true", run_at="+2h", id="later")
    clock.set_by(3 * HOUR_MS)
    scheduler.tick()
    assert queue.store.counts.by_state() == {"pending": 1, "scheduled": 1}
    assert queue.get("later").state == "scheduled"


@pytest.mark.parametrize("jump", [HOUR_MS, -HOUR_MS, -10 * YEAR_MS])
def test_a_failed_job_waits_neither_longer_nor_shorter_when_the_clock_is_set(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, live_worker: int, jump: int
) -> None:
    queue.add("true")
    scheduler.tick()
    finish(queue, claim(queue, live_worker), FAILED, run_at=clock.wall() + 5_000)
    clock.set_by(jump)
    scheduler.tick()
    clock.advance(4_000)
    scheduler.tick()
    assert queue.store.counts.by_state() == {"failed": 1}
    clock.advance(1_000)
    scheduler.tick()
    assert queue.store.counts.by_state() == {"pending": 1}


def synced(store: Store) -> object:
    return store.database.value("SELECT value FROM meta WHERE key = 'synced'")


def test_it_syncs_only_what_others_have_committed(
    queue: Queue, scheduler: Clockwork, store: Store, clock: FakeClock
) -> None:
    scheduler.tick()
    before = synced(store)
    for _ in range(5):
        clock.advance(1_000)
        scheduler.tick()
    assert synced(store) == before
    queue.add("true")
    clock.advance(1_000)
    scheduler.tick()
    assert synced(store) == str(clock.wall())


def test_an_idle_home_is_not_written_to(queue: Queue, scheduler: Clockwork, store: Store, clock: FakeClock) -> None:
    queue.add("true")
    scheduler.tick()
    before = queue.store.changes()
    for _ in range(5):
        clock.advance(1_000)
        scheduler.tick()
    assert queue.store.changes() == before


def print_much(queue: Queue, taken: Claim, position: int) -> int:
    """Store 2.5 MiB of output; return the position after it."""
    pieces = [Piece(position + number * PIECE, 1, b"x" * PIECE) for number in range(40)]
    with queue.store.writing():
        queue.store.output.append(taken.attempt_id, pieces, head_end=0, tail_start=0)
    return pieces[-1].end


def test_a_large_write_ahead_log_is_copied_and_used_again(
    queue: Queue, scheduler: Clockwork, store: Store, live_worker: int, clock: FakeClock
) -> None:
    queue.add("true")
    taken = claim(queue, live_worker)
    position, largest = 0, 0
    for _ in range(8):
        position = print_much(queue, taken, position)
        clock.advance(1_000)
        scheduler.tick()
        largest = max(largest, store.database.wal_bytes())
    assert largest < position // 2
    assert Path(store.home.database).stat().st_size > position // 2, "nothing was copied"


def test_a_write_ahead_log_that_nobody_adds_to_is_copied_once(
    queue: Queue,
    scheduler: Clockwork,
    store: Store,
    live_worker: int,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue.add("true")
    taken = claim(queue, live_worker)
    print_much(queue, taken, print_much(queue, taken, 0))
    copied: list[int] = []
    checkpoint = store.checkpoint

    def count() -> None:
        copied.append(1)
        checkpoint()

    monkeypatch.setattr(store, "checkpoint", count)
    for _ in range(5):
        clock.advance(1_000)
        scheduler.tick()
    assert len(copied) == 1


def test_two_schedulers_do_not_promote_twice(home: str, queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    queue.enqueue([{"command": "true", "run_at": "+1m"}] * 10)
    clock.advance(60_000)
    with Store(Home(home), clock=clock) as other:
        Clockwork(other, Log("other", clock)).tick()
        scheduler.tick()
    assert queue.store.counts.by_state() == {"pending": 10}


def test_what_waits_in_a_stopped_batch_is_cancelled_in_small_transactions(
    queue: Queue, scheduler: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick_module, "AT_ONCE", 4)
    queue.enqueue([{"command": "true", "batch": "b", "max_fails": 1, "hold": bool(n)} for n in range(10)])
    queue.add("true", batch="c", run_at="+1h")
    building.finish(queue.store, building.claim(queue.store), "dead")
    scheduler.tick()
    assert queue.store.counts.of_batches.all() == {"b": {"dead": 1, "cancelled": 9}, "c": {"scheduled": 1}}
    assert queue.get("job-5").error == "cancelled: batch b was stopped after 1 dead job"


def test_the_thread_looks_at_once_when_poked_and_ends_when_asked(
    home: str, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick_module, "LONGEST_WAIT_SECONDS", 600.0)
    with Queue(home) as now:
        thread = ClockworkThread(Home(home), clock=SYSTEM_CLOCK, log=Log("test", SYSTEM_CLOCK))
        thread.start()
        try:
            job = now.add("true", run_at="+1h")
            with now.store.writing():
                now.store.database.change("UPDATE jobs SET run_at = 1 WHERE number = ?", (job.number,))
            thread.poke()
            wait_until(lambda: now.get(job.id).state == "pending")
        finally:
            thread.stop()
        assert not thread.is_alive()


def test_a_thread_that_is_dead_is_replaced_by_one_that_runs(
    home: str, queue: Queue, capfd: pytest.CaptureFixture[str]
) -> None:
    dead = ClockworkThread(Home(home), clock=SYSTEM_CLOCK, log=Log("test", SYSTEM_CLOCK))
    another = dead.revived()
    try:
        assert another is not dead and another.is_alive() and another.revived() is another
    finally:
        another.stop()
    assert capfd.readouterr().err.count("the scheduler thread has failed, starting another") == 1


def test_the_thread_survives_trouble_and_goes_on(
    home: str, queue: Queue, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    ticks: list[int] = []

    def tick(self: Clockwork) -> float:
        ticks.append(1)
        if len(ticks) == 1:
            raise OSError(28, "No space left on device")
        return 60.0

    monkeypatch.setattr(Clockwork, "tick", tick)
    monkeypatch.setattr(tick_module, "LONGEST_WAIT_SECONDS", 0.01)
    queue.settings()
    thread = ClockworkThread(Home(home), clock=SYSTEM_CLOCK, log=Log("test", SYSTEM_CLOCK))
    thread.start()
    try:
        wait_until(lambda: len(ticks) > 1)
    finally:
        thread.stop()
    assert "No space left" in capfd.readouterr().err
