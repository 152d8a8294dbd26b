"""Limits of load and memory: an idle worker takes no job while the machine is beyond them."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from queuectl.engine.machine import load as machine
from queuectl.engine.machine import load as module
from queuectl.engine.machine.load import LOOK_MS, Limits
from queuectl.engine.queue import Queue
from queuectl.engine.work.worker import Worker
from queuectl.model.errors import InvalidInput
from queuectl.model.settings import Settings
from tests.support import FakeClock

GIB = 1 << 30


class Machine:
    """A machine whose load and memory the test sets; it counts how often somebody looks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.load, self.memory, self.looks = 0.0, 64 * GIB, 0
        monkeypatch.setattr(module, "load_average", self._load)
        monkeypatch.setattr(module, "available_memory", lambda: self.memory)

    def _load(self) -> float:
        self.looks += 1
        return self.load


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@pytest.fixture
def worker(queue: Queue, own_signals: None, box: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    monkeypatch.setattr("queuectl.engine.work.worker.LIMITED_SECONDS", 0.01)
    monkeypatch.setattr(module, "LOOK_MS", 0)
    made = Worker(queue.home)
    made.settings = Settings({"max_load": 4.0, "min_memory": 2 * GIB})
    yield made
    made.close()


@pytest.mark.parametrize(
    "load, memory, reason",
    [
        (0.0, 64 * GIB, None),
        (3.999, 2 * GIB, None),
        (4.0, 64 * GIB, "load 4, allowed 4"),
        (9.128, 64 * GIB, "load 9.12, allowed 4"),
        (9.1, GIB, "load 9.1, allowed 4"),
        (0.0, 2 * GIB - 1, "2.0 GiB of memory available, needed 2.0 GiB"),
        (3.9, GIB // 2, "512.0 MiB of memory available, needed 2.0 GiB"),
    ],
)
def test_a_limit_is_reached_by_a_load_at_it_and_by_memory_below_it(
    box: Machine, load: float, memory: int, reason: str | None
) -> None:
    box.load, box.memory = load, memory
    assert Limits(FakeClock(0)).exceeded(Settings({"max_load": 4.0, "min_memory": 2 * GIB})) == reason


def test_without_limits_nobody_looks(box: Machine) -> None:
    box.load, box.memory = 1000.0, 0
    assert Limits(FakeClock(0)).exceeded(Settings({})) is None
    assert box.looks == 0


def test_the_machine_is_checked_at_most_once_a_second(box: Machine) -> None:
    clock, settings = FakeClock(0), Settings({"max_load": 4.0})
    limits = Limits(clock)
    box.load = 5.0
    assert limits.exceeded(settings) == "load 5, allowed 4"
    box.load = 1.0
    clock.advance(LOOK_MS - 1)
    assert limits.exceeded(settings) == "load 5, allowed 4"
    assert box.looks == 1
    clock.advance(1)
    assert limits.exceeded(settings) is None
    assert box.looks == 2


@pytest.mark.once
def test_a_worker_takes_no_job_beyond_a_limit_and_says_why(queue: Queue, worker: Worker, box: Machine) -> None:
    job = queue.add("true")
    box.load = 9.1
    worker.step()
    assert queue.get(job.id).state == "pending"
    assert queue.reports.why(queue.get(job.id)).reason == "1 worker waits: load 9.1, allowed 4; 0 jobs are before it"
    (alert,) = queue.reports.status().worker_alerts
    assert (alert.code, alert.level, alert.text) == ("limited", "info", "1 worker waits: load 9.1, allowed 4")
    box.load = 0.5
    worker.step()
    worker.step()
    assert queue.get(job.id).state == "completed"
    assert queue.reports.status().worker_alerts == []


@pytest.mark.once
def test_a_job_that_runs_is_not_touched_and_the_next_one_waits(queue: Queue, worker: Worker, box: Machine) -> None:
    first, second = queue.add("true"), queue.add("true")
    worker.step()
    box.memory = GIB
    worker.step()
    assert [queue.get(job.id).state for job in (first, second)] == ["completed", "pending"]
    box.memory = 64 * GIB
    while queue.get(second.id).state != "completed":
        worker.step()


def test_a_worker_without_work_waits_for_no_load(queue: Queue, worker: Worker, box: Machine) -> None:
    job = queue.add("true")
    box.load = 9.1
    worker.step()
    queue.cancel(job.id)
    worker.step()
    assert queue.reports.status().worker_alerts == []


def test_the_memory_of_this_machine_is_known_and_that_of_one_without_the_file_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    meminfo = tmp_path / "meminfo"
    monkeypatch.setattr(machine, "MEMORY_FILE", str(meminfo))
    assert machine.available_memory() is None
    meminfo.write_text("MemTotal:  8000 kB\n")
    assert machine.available_memory() is None
    meminfo.write_text("MemTotal:  8000 kB\nMemAvailable:    1000 kB\n")
    assert machine.available_memory() == 1000 * 1024


@pytest.mark.parametrize("is_option", [True, False])
def test_workers_with_a_limit_that_nobody_can_look_at_are_refused(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_option: bool
) -> None:
    monkeypatch.setattr(machine, "MEMORY_FILE", str(tmp_path / "gone"))
    if not is_option:
        queue.config.set("min_memory", "2GiB")
    with pytest.raises(InvalidInput, match="min_memory cannot be kept here: .* does not say") as caught:
        queue.workers.start(limits={"min_memory": "2GiB"} if is_option else {})
    assert caught.value.field == "min_memory"
    assert queue.workers.pid is None
