"""Workers that come and go with the backlog, stepped by hand; and once for real."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, Iterator

import pytest

from queuectl.engine import scheduler_daemon as autoscale
from queuectl.engine.daemons import launch
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.engine.scheduler_daemon import IDLE_MS, TRY_AGAIN_MS, AutoScaler
from queuectl.engine.workers import Workers
from queuectl.model.errors import DaemonUnavailable, QueueCTLError
from queuectl.model.worker import ALL
from tests.engine import firings
from tests.engine.running import RunningPool, wait_for_file
from tests.engine.scheduling import RunningScheduler
from tests.store.building import assert_whole
from tests.support import FakeClock, Processes, wait_until

clock, fake = firings.clock, firings.queue

MOST = 4


class NumberedWorkers:
    """Workers that are a number; they keep what they were asked for."""

    def __init__(self) -> None:
        self.now = 0
        self.changes: list[tuple[int, int]] = []
        self.trouble: list[Exception] = []

    def groups(self) -> dict[str, int]:
        return {ALL: self.now} if self.now else {}

    def start(self, group: str, count: int, **_: object) -> None:
        self.scale(group, count)

    def scale(self, group: str, count: int) -> None:
        self.changes.append((self.now, count))
        if self.trouble:
            raise self.trouble.pop()
        self.now = count

    def stop(self, group: str) -> None:
        self.scale(group, 0)


@pytest.fixture
def workers() -> NumberedWorkers:
    return NumberedWorkers()


@pytest.fixture
def scaler(fake: Queue, clock: FakeClock, workers: NumberedWorkers, monkeypatch: pytest.MonkeyPatch) -> AutoScaler:
    monkeypatch.setattr(autoscale, "Workers", lambda opened: workers)
    return AutoScaler(fake, MOST, Log("test", clock))


def add(queue: Queue, count: int, **fields: Any) -> list[str]:
    return queue.enqueue([{"command": "true", **fields}] * count)


def claim(queue: Queue) -> None:
    with queue.store.writing():
        assert queue.store.jobs.claim(worker=1, now=queue.clock.wall(), lease_until=1 << 60)


def step_for(scaler: AutoScaler, clock: FakeClock, seconds: int) -> None:
    for _ in range(seconds):
        clock.advance(1_000)
        scaler.step()


def test_without_work_there_are_no_workers(scaler: AutoScaler, workers: NumberedWorkers, clock: FakeClock) -> None:
    scaler.step()
    step_for(scaler, clock, 200)
    assert workers.changes == []


def test_there_is_a_worker_for_each_job_at_once_up_to_the_most(
    fake: Queue, scaler: AutoScaler, workers: NumberedWorkers, clock: FakeClock
) -> None:
    for backlog, wanted in ((1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (100, 4)):
        add(fake, backlog - fake.store.counts.by_state().get("pending", 0))
        scaler.step()
        assert workers.now == wanted
    assert workers.changes == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_a_big_backlog_starts_as_many_as_there_may_be_in_one_go(
    fake: Queue, scaler: AutoScaler, workers: NumberedWorkers
) -> None:
    add(fake, 1_000)
    scaler.step()
    assert workers.changes == [(0, MOST)]


def test_jobs_that_run_count_and_those_that_wait_for_their_time_do_not(
    fake: Queue, scaler: AutoScaler, workers: NumberedWorkers
) -> None:
    add(fake, 2, run_at="+1h")
    add(fake, 2, hold=True)
    scaler.step()
    assert workers.changes == []
    add(fake, 2)
    claim(fake)
    scaler.step()
    assert workers.changes == [(0, 2)]


def test_workers_leave_down_to_how_many_were_needed_during_the_last_minute(
    fake: Queue, scaler: AutoScaler, workers: NumberedWorkers, clock: FakeClock
) -> None:
    ids = add(fake, 4)
    scaler.step()
    fake.cancel(*ids[:3])
    step_for(scaler, clock, IDLE_MS // 1_000 - 1)
    assert workers.now == 4
    # The minute still saw all four wanted.
    step_for(scaler, clock, 1)
    assert workers.now == 4
    step_for(scaler, clock, IDLE_MS // 1_000)
    assert workers.changes == [(0, 4), (4, 1)]


def test_a_short_burst_within_the_minute_keeps_the_workers_that_it_needed(
    fake: Queue, scaler: AutoScaler, workers: NumberedWorkers, clock: FakeClock
) -> None:
    ids = add(fake, 4)
    scaler.step()
    fake.cancel(*ids)
    for _ in range(10):
        step_for(scaler, clock, 40)
        burst = add(fake, 3)
        step_for(scaler, clock, 1)
        fake.cancel(*burst)
    assert workers.now == 3 and workers.changes == [(0, 4), (4, 3)]


def test_after_an_idle_minute_all_are_gone_and_new_work_brings_them_back(
    fake: Queue, scaler: AutoScaler, workers: NumberedWorkers, clock: FakeClock
) -> None:
    ids = add(fake, 2)
    scaler.step()
    fake.cancel(*ids)
    waited = 0
    while workers.now > 0:
        step_for(scaler, clock, 1)
        waited += 1
    assert IDLE_MS // 1_000 <= waited <= 2 * IDLE_MS // 1_000
    assert workers.changes == [(0, 2), (2, 0)]
    add(fake, 1)
    scaler.step()
    assert workers.now == 1


def test_nothing_leaves_while_there_is_enough_to_do(
    fake: Queue, scaler: AutoScaler, workers: NumberedWorkers, clock: FakeClock
) -> None:
    add(fake, 10)
    scaler.step()
    step_for(scaler, clock, 500)
    assert workers.changes == [(0, MOST)]


def test_workers_that_are_gone_are_started_again(
    fake: Queue, scaler: AutoScaler, workers: NumberedWorkers, clock: FakeClock
) -> None:
    add(fake, 2)
    scaler.step()
    workers.now = 0
    scaler.step()
    assert workers.changes == [(0, 2), (0, 2)]


def test_a_start_that_fails_is_tried_again_ten_seconds_later(
    fake: Queue, scaler: AutoScaler, workers: NumberedWorkers, clock: FakeClock, capfd: pytest.CaptureFixture[str]
) -> None:
    add(fake, 2)
    workers.trouble = [DaemonUnavailable("no more processes")] * 2
    scaler.step()
    assert workers.now == 0 and workers.changes == [(0, 2)]
    assert "workers: stay at 0: no more processes" in capfd.readouterr().err
    clock.advance(TRY_AGAIN_MS - 1)
    scaler.step()
    assert len(workers.changes) == 1
    for _ in range(2):
        clock.advance(TRY_AGAIN_MS)
        scaler.step()
    assert workers.changes == [(0, 2)] * 3 and workers.now == 2


def test_a_stop_that_fails_is_tried_again(
    fake: Queue, scaler: AutoScaler, workers: NumberedWorkers, clock: FakeClock
) -> None:
    workers.now = 2
    workers.trouble = [QueueCTLError("no")]
    step_for(scaler, clock, 3 * IDLE_MS // 1_000)
    assert workers.now == 0 and workers.changes == [(2, 0)] * 2


def test_a_start_that_cannot_fork_is_tried_again(
    fake: Queue, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []

    def fail(*arguments: Any, **options: Any) -> None:
        ran.append(1)
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", fail)
    scaler = AutoScaler(fake, MOST, Log("test", clock))
    add(fake, 2)
    scaler.step()
    clock.advance(TRY_AGAIN_MS)
    scaler.step()
    assert len(ran) == 2


def test_a_start_that_hangs_is_not_waited_for_without_end(
    fake: Queue,
    clock: FakeClock,
    processes: Processes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    command = f"echo $$ >>'{tmp_path}/pids'; exec sleep 600"
    monkeypatch.setattr(launch, "own_python", lambda *words: ["sh", "-c", command])
    monkeypatch.setattr(autoscale, "START_SECONDS", 0.1)
    scaler = AutoScaler(fake, MOST, Log("test", clock))
    add(fake, 2)
    scaler.step()
    clock.advance(TRY_AGAIN_MS)
    scaler.step()
    wait_until(lambda: wait_for_file(tmp_path / "pids").count("\n") == 2)
    for pid in (tmp_path / "pids").read_text().split():
        processes.add(int(pid))
    assert capfd.readouterr().err.count("workers: stay at 0: the daemon did not come up in time") == 2


def test_a_start_that_is_refused_says_why(
    fake: Queue, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    fake.config.set("max_workers", "1")
    add(fake, 2)
    AutoScaler(fake, MOST, Log("test", clock)).step()
    assert "workers: stay at 0: at most 1 worker is allowed, got 2" in capfd.readouterr().err


def test_a_start_that_gives_no_reason_names_the_log(
    fake: Queue, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launch, "own_python", lambda *words: ["sh", "-c", "echo Killed >&2; exit 137"])
    add(fake, 2)
    AutoScaler(fake, MOST, Log("test", clock)).step()
    said = "workers: stay at 0: the daemon ended with exit code 137 while starting: Killed"
    assert said in capfd.readouterr().err


def test_why_the_number_changes_is_in_the_log_and_an_event(
    fake: Queue, scaler: AutoScaler, clock: FakeClock, capfd: pytest.CaptureFixture[str]
) -> None:
    ids = add(fake, 3)
    scaler.step()
    fake.cancel(*ids[1:])
    step_for(scaler, clock, 2 * IDLE_MS // 1_000)
    fake.cancel(ids[0])
    step_for(scaler, clock, 2 * IDLE_MS // 1_000)
    changes = [
        ("0 -> 3", " workers", "3 jobs to run"),
        ("3 -> 1", " worker", "at most 1 needed during the last minute"),
        ("1 -> 0", " workers", "nothing to run for a minute"),
    ]
    said = capfd.readouterr().err
    for change, _, reason in changes:
        assert f"workers: {change}, {reason}\n" in said
    events = [row for row in fake.store.events.since(0, 50) if row.what == "scaled"]
    assert [row.detail for row in events] == [f"{change}{noun}, {reason}" for change, noun, reason in changes]
    assert {row.by for row in events} == {f"test[{os.getpid()}]"}


def test_a_pool_is_scaled_stopped_or_started(fake: Queue, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Workers, "scale", lambda self, group, count: asked.append(("scale", group, count)))
    monkeypatch.setattr(Workers, "stop", lambda self, group: asked.append(("stop", group)))
    monkeypatch.setattr(
        Workers,
        "start",
        lambda self, group, count, *, patience, limits: asked.append(("start", group, count, limits)),
    )
    monkeypatch.setattr(Workers, "pid", property(lambda self: 1 if asked else None))
    scaler = AutoScaler(fake, MOST, Log("test", clock), {"max_load": "4"})
    for count in (1, 2):
        ids = add(fake, count)
        scaler.step()
        with fake.store.writing():
            fake.store.meta.set_pool_groups({ALL: count, "slow": 5})
    fake.cancel(*[job.id for job in fake.list("state:pending")])
    assert ids and asked == [("start", ALL, 1, {"max_load": "4"}), ("scale", ALL, 3)]
    for _ in range(2):
        clock.advance(IDLE_MS)
        scaler.step()
    assert asked[-1] == ("stop", ALL)


def test_other_groups_keep_their_workers_and_leave_the_room_that_is_left(
    fake: Queue, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.config.set("max_workers", "6")
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(Workers, "scale", lambda self, group, count: asked.append((group, count)))
    monkeypatch.setattr(Workers, "pid", 1)
    with fake.store.writing():
        fake.store.meta.set_pool_groups({ALL: 1, "slow": 2, "fast": 1})
    scaler = AutoScaler(fake, MOST, Log("test", clock))
    assert scaler.running() == 1
    add(fake, 10)
    scaler.step()
    assert asked == [(ALL, 3)]


# For real


@pytest.fixture
def scheduler(home: str, processes: Processes) -> Iterator[RunningScheduler]:
    running = RunningScheduler(home, processes)
    yield running
    running.close()


def test_jobs_are_done_by_workers_that_nobody_started(
    home: str, queue: Queue, pool: RunningPool, scheduler: RunningScheduler, processes: Processes
) -> None:
    scheduler.start("--auto", "--workers", "2")
    assert not pool.is_running
    ids = queue.enqueue([{"command": "sleep 0.2"}] * 5)
    wait_until(lambda: pool.is_running and pool.rows())
    processes.add(pool.pid)
    assert [job.state for job in queue.wait(*ids, timeout=60)] == ["completed"] * 5
    assert 1 <= len(pool.rows()) <= 2
    assert "workers: 0 -> 2, 5 jobs to run" in scheduler.log()
    scheduler.run("stop", "--keep-workers")
    assert pool.is_running and not scheduler.is_running
    pool.run("stop")
    assert not pool.is_running and not pool.rows()
    assert_whole(queue.store)


def test_automatic_workers_come_beside_a_group_that_somebody_started(
    queue: Queue, pool: RunningPool, scheduler: RunningScheduler
) -> None:
    pid = pool.start("-n", "1", "-Q", "slow")
    scheduler.start("--auto", "--workers", "2")
    queue.wait(queue.add("true").id, timeout=60)
    assert pool.pid == pid and queue.store.meta.pool_groups() == {"slow": 1, ALL: 1}
    scheduler.run("stop")
    pool.run("stop")


def test_a_pool_that_was_killed_is_started_again_for_what_is_left(
    queue: Queue, pool: RunningPool, scheduler: RunningScheduler, processes: Processes
) -> None:
    scheduler.start("--auto", "--workers", "1")
    ids = queue.enqueue([{"command": "sleep 0.3", "retries": 9}] * 4)
    wait_until(lambda: pool.is_running and queue.list("state:processing"))
    pool.close()
    assert [job.state for job in queue.wait(*ids, timeout=90)] == ["completed"] * 4
    processes.add(pool.pid)
    scheduler.run("stop")
    pool.run("stop")
