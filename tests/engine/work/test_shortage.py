"""What the machine is short of is no failure of the job: it waits in its queue, and the worker tries again."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any, Iterator

import pytest

from queuectl.engine.machine import process
from queuectl.engine.machine.load import LONGEST_PAUSE_MS, Pauses
from queuectl.engine.queue import Queue
from queuectl.engine.work.worker import Worker
from tests.engine.running import attempts
from tests.support import FakeClock, wait_until


@pytest.fixture
def worker(queue: Queue, own_signals: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    monkeypatch.setattr("queuectl.engine.work.worker.POLL_SECONDS", 0.01)
    made = Worker(queue.home)
    yield made
    made.close()


def refuse(monkeypatch: pytest.MonkeyPatch, where: object, name: str, number: int) -> None:
    """Have a function fail as the system would."""

    def refused(*arguments: Any, **options: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(where, name, refused)


@pytest.mark.slow
@pytest.mark.parametrize(
    "where, name, number",
    [
        (process, "spawn", errno.EAGAIN),
        (process, "spawn", errno.ENOMEM),
        (process, "spawn", errno.ENOSPC),
        (os, "pipe", errno.EMFILE),
        (os, "pipe", errno.ENFILE),
    ],
    ids=["processes", "memory", "room", "descriptors", "descriptors of all"],
)
def test_a_job_that_cannot_be_started_for_now_loses_no_attempt(
    queue: Queue, worker: Worker, monkeypatch: pytest.MonkeyPatch, where: object, name: str, number: int
) -> None:
    job = queue.add("echo done", retries=0)
    with monkeypatch.context() as patched:
        refuse(patched, where, name, number)
        for times in (1, 2, 3):
            while not any(row["outcome"] and row["attempt"] == times for row in attempts(queue, job)):
                worker.step()
            found = queue.get(job.id)
            assert (found.state, found.attempts) == ("pending", 0)
            assert [row.trouble for row in queue.store.workers.all()] == [os.strerror(number)]
            (alert,) = (alert for alert in queue.reports.status().alerts if alert.code == "shortage")
            assert f"cannot start commands for now: {os.strerror(number)};" in alert.text
    while queue.get(job.id).state != "completed":
        worker.step()
    assert queue.get(job.id).attempts == 1
    assert [row["outcome"] for row in attempts(queue, job)] == ["not_started", "exited"]
    assert [row.trouble for row in queue.store.workers.all()] == [None]
    assert [event.what for event in queue.store.events.since(0, 100)].count("shortage") == 1


def test_a_command_that_can_never_be_started_fails_as_before(queue: Queue, worker: Worker, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    job = queue.add("true", retries=0, cwd=str(gone))
    gone.rmdir()
    worker.step()
    worker.step()
    assert queue.get(job.id).state == "dead"
    assert attempts(queue, job)[0]["outcome"] == "not_started"


def test_a_job_that_is_cancelled_during_a_shortage_is_cancelled(
    queue: Queue, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = queue.add("true")

    def spawn(*arguments: Any, **options: Any) -> int:
        queue.cancel(job.number)
        raise OSError(errno.EAGAIN, "no process")

    monkeypatch.setattr(process, "spawn", spawn)
    worker.step()
    worker.step()
    assert queue.get(job.id).state == "cancelled"


def test_no_descriptor_is_left_open_by_a_start_that_failed(
    queue: Queue, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.add("true")
    served, calls = os.pipe, []

    def second_fails() -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise OSError(errno.EMFILE, "Too many open files")
        return served()

    before = os.listdir("/proc/self/fd")
    monkeypatch.setattr(os, "pipe", second_fails)
    worker.step()
    assert os.listdir("/proc/self/fd") == before


def test_without_a_descriptor_for_the_process_its_end_is_still_seen(
    queue: Queue, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(os, "pidfd_open"):
        pytest.skip("this Python has no descriptors for processes")

    def no_descriptor(pid: int, flags: int = 0) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "pidfd_open", no_descriptor)
    job = queue.add("exec >/dev/null 2>&1; sleep 0.2; exit 3", retries=0)
    worker.step()
    worker.step()
    assert queue.get(job.id).exit_code == 3


def test_pauses_grow_to_half_a_minute_and_begin_again_after_a_success() -> None:
    clock = FakeClock()
    pauses = Pauses(clock, lambda: 1.0)
    seen = []
    for _ in range(12):
        pauses.begin("no process")
        seen.append(pauses.left)
        clock.advance(round(pauses.left * 1000))
        assert pauses.left == 0 and pauses.reason == "no process"
    assert seen[:4] == [0.1, 0.2, 0.4, 0.8] and seen[-1] == LONGEST_PAUSE_MS / 1000
    pauses.end()
    pauses.begin("no process")
    assert pauses.left == 0.1


def test_a_random_share_keeps_workers_apart() -> None:
    clock = FakeClock()
    pauses = Pauses(clock, lambda: 0.0)
    pauses.begin("no process")
    assert pauses.left == 0.05


def test_a_shortage_is_over_when_others_have_run_what_waited(
    queue: Queue, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = queue.add("true")
    with monkeypatch.context() as patched:
        refuse(patched, process, "spawn", errno.EAGAIN)
        worker.step()
        worker.step()
    queue.remove(job.id)

    def has_no_trouble() -> bool:
        worker.step()
        return [row.trouble for row in queue.store.workers.all()] == [None]

    wait_until(has_no_trouble)
