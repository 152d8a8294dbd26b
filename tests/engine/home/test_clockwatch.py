"""Setting the machine's clock: what moves along, exactly once, and what does not count as setting it."""

from __future__ import annotations

import random
import time
from typing import Callable, Iterator

import pytest

from queuectl.engine.clockwork.housekeeping import INTERVAL_MS as HOUSEKEEPING_MS
from queuectl.engine.clockwork.tick import Clockwork
from queuectl.engine.home import clockwatch
from queuectl.engine.home.clockwatch import is_unsettled
from queuectl.engine.machine import process
from queuectl.engine.queue import Queue
from queuectl.engine.work.settle import settle
from queuectl.model.clock import Clock
from queuectl.model.job import FAILED
from queuectl.model.outcome import Outcome
from queuectl.model.when import DAY, HOUR, iso
from queuectl.store import Store
from tests.engine import firings
from tests.engine.firings import MINUTE, told
from tests.support import FakeClock

clock, queue = firings.clock, firings.queue
another, scheduler = firings.another, firings.scheduler

YEAR = 365 * DAY
JUMPS = [HOUR, -HOUR, 10 * YEAR, -10 * YEAR, 2_001, -2_001]
Another = Callable[[], Clockwork]


@pytest.fixture
def boot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Lets the machine start again."""

    def start(name: str) -> None:
        monkeypatch.setattr(process, "boot_id", lambda: name)

    start("first")
    yield start


def fail(queue: Queue) -> str:
    """Let a job fail whose next attempt is due in 2 s; return its id."""
    job = queue.add("false", priority=9)
    store = queue.store
    settings = queue.settings()
    with store.writing():
        claim = store.jobs.claim(worker=1, now=queue.clock.wall(), lease_until=queue.clock.monotonic() + 30_000)
        assert claim is not None and claim.number == job.number
        now = queue.clock.wall()
        assert settle(store, claim, Outcome.exited(1), settings=settings, random=lambda: 0.0, now=now) == FAILED
    return job.id


def left(queue: Queue, job: str) -> int:
    return queue.get(job).run_at - queue.clock.wall()


@pytest.mark.parametrize("jump", JUMPS)
def test_what_waits_for_so_long_moves_along_and_absolute_times_stay(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, jump: int
) -> None:
    at = clock.wall() + HOUR
    absolute = queue.add("true", run_at=iso(at)).id
    delayed, held = queue.add("true", run_at="+1h").id, queue.add("true", run_at="+1h", hold=True).id
    failed = fail(queue)
    scheduler.tick()
    clock.set_by(jump)
    scheduler.tick()
    assert (left(queue, delayed), left(queue, held), left(queue, failed)) == (HOUR, HOUR, 2_000)
    assert queue.get(absolute).run_at == at
    assert told(queue, "clock set") == [f"by {jump / 1000:+.0f} s, 3 jobs moved along"]
    assert [queue.get(job).state for job in (delayed, held, failed)] == ["scheduled", "held", "failed"]


@pytest.mark.parametrize("count", [2, 10])
def test_of_several_schedulers_exactly_one_moves_what_waits(
    queue: Queue, another: Another, clock: FakeClock, count: int
) -> None:
    seed = time.time_ns()
    print("seed", seed)
    chance = random.Random(seed)
    schedulers = [another() for _ in range(count)]
    job = queue.add("true", run_at="+30d").id
    passed = 0
    for jump in chance.sample(JUMPS, len(JUMPS)):
        # Some look before the clock is set, some only after it.
        for each in chance.sample(schedulers, chance.randint(0, count)):
            each.tick()
        clock.set_by(jump)
        for each in chance.sample(schedulers, count):
            each.tick()
        clock.advance(1_000)
        passed += 1_000
        assert left(queue, job) == 30 * DAY - passed
    assert len(told(queue, "clock set")) == len(JUMPS)


@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_that_was_set_while_no_scheduler_ran_is_noticed_at_the_start(
    queue: Queue, another: Another, clock: FakeClock, jump: int
) -> None:
    early, failed = queue.add("true", run_at="+1h").id, fail(queue)
    clock.advance(1_000)
    clock.set_by(jump)
    # The first that writes such a time notices: the later job stands by the clock as it is now.
    late = queue.add("true", run_at="+1h").id
    for _ in range(2):
        another().tick()
        assert (left(queue, early), left(queue, late), left(queue, failed)) == (HOUR - 1_000, HOUR, 1_000)
    assert len(told(queue, "clock set")) == 1


def test_a_job_that_fails_right_after_the_clock_was_set_waits_once(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    scheduler.tick()
    clock.set_by(10 * YEAR)
    failed = fail(queue)
    scheduler.tick()
    assert left(queue, failed) == 2_000


def test_a_delay_that_an_edit_gave_right_after_the_clock_was_set_is_not_moved(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    job = queue.add("true", run_at="+5h").id
    scheduler.tick()
    clock.set_by(-HOUR)
    queue.edit(job, run_at="+1h")
    scheduler.tick()
    assert left(queue, job) == HOUR


def test_a_job_with_an_absolute_time_that_is_given_a_delay_moves_along_and_the_other_way_round(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    at = clock.wall() + 5 * HOUR
    one, other = queue.add("true", run_at=iso(at)).id, queue.add("true", run_at="+1h").id
    queue.edit(one, run_at="+1h")
    queue.edit(other, run_at=iso(at))
    scheduler.tick()
    clock.set_by(2 * HOUR)
    scheduler.tick()
    assert left(queue, one) == HOUR and queue.get(other).run_at == at


def test_a_machine_that_sleeps_has_set_no_clock(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    job = queue.add("true", run_at="+8h").id
    scheduler.tick()
    clock.suspend(7 * HOUR)
    scheduler.tick()
    assert left(queue, job) == HOUR and not is_unsettled(queue.store)
    clock.suspend(2 * HOUR)
    scheduler.tick()
    assert queue.get(job).state == "pending" and told(queue, "clock set") == []


def test_a_clock_that_creeps_is_not_set(queue: Queue, another: Another, clock: FakeClock) -> None:
    one, other = another(), another()
    job = queue.add("true", run_at="+1h").id
    before = queue.get(job).run_at
    for _ in range(200):
        clock.advance(1_000)
        clock.set_by(100)
        one.tick()
        other.tick()
    another().tick()
    assert told(queue, "clock set") == [] and queue.get(job).run_at == before


def test_what_was_set_back_while_the_machine_was_off_is_noticed_and_what_passed_is_not(
    queue: Queue, another: Another, clock: FakeClock, boot: Callable[[str], None]
) -> None:
    job, failed = queue.add("true", run_at="+1h").id, fail(queue)
    another().tick()
    clock.advance(1_000)
    with queue.store.writing():
        queue.store.meta.touch(clock.wall())
    boot("second")
    clock.set_by(-10 * YEAR)
    for _ in range(2):
        another().tick()
        assert (left(queue, job), left(queue, failed)) == (HOUR - 1_000, 1_000)
    boot("third")
    clock.set_by(HOUR // 2)
    another().tick()
    assert left(queue, job) == HOUR // 2 - 1_000
    assert len(told(queue, "clock set")) == 1


def test_processes_whose_boot_times_differ_take_each_other_for_other_boots(
    queue: Queue, another: Another, clock: FakeClock, boot: Callable[[str], None]
) -> None:
    job = queue.add("true", run_at="+1h").id
    for name in ("second", "first", "second", "first"):
        boot(name)
        shift = DAY if name == "second" else -DAY
        clock.suspend(shift)
        clock.set_by(-shift)  # They differ in the time since the boot alone.
        another().tick()
    assert left(queue, job) == HOUR and told(queue, "clock set") == []


def completed(queue: Queue) -> str:
    job = queue.add("true").id
    with queue.store.writing():
        queue.store.database.change("UPDATE jobs SET state = 'cancelled', finished_at = ?", (queue.clock.wall(),))
        queue.store.database.change("UPDATE counts SET state = 'completed' WHERE state = 'pending'")
        queue.store.database.change("UPDATE jobs SET state = 'completed'")
    return job


@pytest.mark.parametrize("when", ["while it ran", "before it started"])
def test_nothing_is_pruned_for_an_hour_after_the_clock_was_set(
    queue: Queue, another: Another, clock: FakeClock, when: str
) -> None:
    completed(queue)
    first = another()
    first.tick()
    clock.set_by(10 * YEAR)
    pruner = first if when == "while it ran" else another()
    for _ in range(59):
        pruner.tick()
        clock.advance(MINUTE)
    assert len(queue.list()) == 1 and is_unsettled(queue.store)
    clock.set_by(-10 * YEAR)
    for _ in range(70):
        pruner.tick()
        another().tick()
        clock.advance(HOUSEKEEPING_MS)
    assert len(queue.list()) == 1 and not is_unsettled(queue.store)


def test_what_is_old_by_a_clock_that_stays_is_pruned_in_the_end(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    queue.config.set("retain_completed_hours", "0")
    completed(queue)
    scheduler.tick()
    clock.set_by(10 * YEAR)
    scheduler.tick()
    assert len(queue.list()) == 1
    clock.advance(HOUR)
    scheduler.tick()
    assert queue.list() == []


def test_a_full_disk_at_that_moment_loses_no_move(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = queue.add("true", run_at="+1h").id
    scheduler.tick()
    clock.set_by(HOUR)

    def full(store: Store) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(clockwatch, "follow", full)
        with pytest.raises(OSError):
            scheduler.tick()
    scheduler.tick()
    assert left(queue, job) == HOUR


def test_an_idle_home_is_not_written_to_by_looking_at_the_clock(
    queue: Queue, another: Another, clock: FakeClock
) -> None:
    one = another()
    one.tick()
    before = queue.store.changes()
    other = another()
    for _ in range(5):
        clock.advance(1_000)
        one.tick()
        other.tick()
    assert queue.store.changes() == before


class Stopped(Clock):
    """A clock whose process is stopped for 9 s between two readings, twice."""

    def __init__(self) -> None:
        self._boottime = 0
        self._stops = [9_000, 0, 9_000]

    def wall(self) -> int:
        wall = 1_000_000 + self._boottime
        if self._stops:
            self._boottime += self._stops.pop()
        return wall

    def boottime(self) -> int:
        return self._boottime


def test_a_process_that_is_stopped_between_two_readings_reads_again() -> None:
    stopped = Stopped()
    assert [stopped.ahead(), stopped.ahead()] == [1_000_000, 1_000_000]


def test_the_machine_has_a_clock_that_counts_sleep() -> None:
    clock = Clock()
    before = clock.boottime()
    assert before >= clock.monotonic() - 60_000
    assert abs((clock.wall() - clock.ahead()) - clock.boottime()) < 60_000
    assert clock.boottime() >= before
