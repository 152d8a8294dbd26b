"""Recurring jobs fire once for each of their times, stepped by hand with a clock that stands still."""

from __future__ import annotations

import random
import time
from typing import Any, Callable

import pytest

from queuectl.engine.clockwork import firing
from queuectl.engine.clockwork.firing import MISSED, Firing
from queuectl.engine.clockwork.tick import LONGEST_WAIT_SECONDS, Clockwork
from queuectl.engine.home.timezone import TRY_AGAIN_MS
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.model.when import DAY, iso
from queuectl.store import Home, Store
from tests.engine.firings import MINUTE, assert_once, every, fires, get, jobs, run, told
from tests.support import FakeClock

YEAR = 365 * DAY


# One scheduler


def test_each_time_makes_one_job_and_none_before_it(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    start = clock.wall()
    assert every(queue, "*/5 * * * *").next_at == start + 5 * MINUTE
    scheduler.tick()
    clock.advance(5 * MINUTE - 1)
    assert scheduler.tick() == 0.001
    assert jobs(queue) == 0
    clock.advance(1)
    for _ in range(3):
        scheduler.tick()
    assert jobs(queue) == 1
    run(scheduler, clock, 10)
    assert list(fires(queue)) == [start + count * 5 * MINUTE for count in (1, 2, 3)]
    assert scheduler.totals["fired"] == 3
    assert_once(queue)


def test_it_waits_no_longer_than_until_the_next_time(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    every(queue)
    assert scheduler.tick() == LONGEST_WAIT_SECONDS
    clock.advance(MINUTE - 300)
    assert scheduler.tick() == 0.3


def test_a_job_is_as_the_schedule_says(queue: Queue, scheduler: Clockwork, clock: FakeClock, tmp_path: Any) -> None:
    every(
        queue,
        command="echo $A",
        queue="slow",
        priority=7,
        retries=2,
        timeout="90s",
        cwd=str(tmp_path),
        env={"A": "1", "B": "two"},
    )
    run(scheduler, clock, 1)
    (job,) = queue.list()
    assert (job.command, job.state, job.queue, job.priority) == ("echo $A", "pending", "slow", 7)
    assert (job.max_retries, job.timeout, job.cwd, job.env) == (2, 90_000, str(tmp_path), {"A": "1", "B": "two"})
    assert (job.schedule, job.run_at, job.created_at) == ("it", clock.wall(), clock.wall())
    assert queue.store.search.details(job.number).created_by == "test"
    context = queue.store.database.value("SELECT context FROM jobs WHERE number = ?", (job.number,))
    assert queue.store.contexts.get(context).path == get(queue).path


def test_firing_is_an_event_of_the_job(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    every(queue)
    run(scheduler, clock, 1)
    (job,) = queue.list()
    (event,) = queue.store.events.of_job(job.number)
    assert (event.what, event.at, event.by) == ("fired", clock.wall(), "test")
    assert event.detail == f"it for {iso(clock.wall())}"


def test_schedules_that_are_due_together_all_fire(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    for number in range(firing.AT_ONCE + 10):
        every(queue, name=f"s{number}")
    run(scheduler, clock, 2)
    assert jobs(queue) == 2 * (firing.AT_ONCE + 10)
    assert_once(queue)


@pytest.mark.slow
def test_one_that_will_never_come_again_rests(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    every(queue)
    clock.set_to(4_133_980_000_000)  # the end of 2100
    run(scheduler, clock, 2_000)
    assert get(queue).next_at is None
    before = jobs(queue)
    run(scheduler, clock, 5)
    assert jobs(queue) == before
    assert_once(queue)


# Several schedulers


@pytest.mark.parametrize("count", [2, 10])
def test_several_schedulers_make_one_job_for_each_time_in_whatever_order(
    queue: Queue, another: Callable[[], Clockwork], clock: FakeClock, count: int
) -> None:
    seed = time.time_ns()
    print("seed", seed)
    chance = random.Random(seed)
    every(queue)
    every(queue, name="other", catch_up="all")
    schedulers = [another() for _ in range(count)]
    for minutes in (1, 1, 3, 1):
        clock.advance(minutes * MINUTE)
        for each in chance.sample(schedulers, count):
            each.tick()
    assert (len(fires(queue)), len(fires(queue, "other"))) == (4, 6)
    assert sum(each.totals["fired"] for each in schedulers) == 10
    assert_once(queue)


def test_of_two_that_both_have_read_it_the_second_does_nothing(queue: Queue, home: str, clock: FakeClock) -> None:
    every(queue)
    clock.advance(MINUTE)
    now, log = clock.wall(), Log("test", clock)
    with Store(Home(home), clock=clock) as one, Store(Home(home), clock=clock) as two:
        (mine,) = one.schedules.due(now, 10)
        (theirs,) = two.schedules.due(now, 10)
        assert Firing(two, log).fire(theirs, now, MISSED) == 1
        assert Firing(one, log).fire(mine, now, MISSED) == 0
    assert jobs(queue) == 1
    assert_once(queue)


def test_one_that_was_late_does_not_fire_again_for_what_another_caught_up_with(
    queue: Queue, home: str, clock: FakeClock
) -> None:
    every(queue, catch_up="all")
    clock.advance(MINUTE)
    log = Log("test", clock)
    with Store(Home(home), clock=clock) as one, Store(Home(home), clock=clock) as two:
        (stale,) = one.schedules.due(clock.wall(), 10)
        clock.advance(3 * MINUTE)
        assert Firing(two, log).step(clock.wall()) == 4
        assert Firing(one, log).fire(stale, clock.wall() - 3 * MINUTE, MISSED) == 0
        # And should a time come again, it has fired.
        assert stale.next_at is not None
        with one.writing():
            assert one.schedules.advance(one.schedules.due(clock.wall() * 2, 10)[0], stale.next_at + MINUTE)
        assert Firing(one, log).step(clock.wall()) == 0
    assert jobs(queue) == 4
    assert_once(queue)


@pytest.mark.parametrize("change", ["pause", "remove", "replace"])
def test_one_that_was_changed_after_it_was_read_does_not_fire(
    queue: Queue, home: str, clock: FakeClock, change: str
) -> None:
    every(queue)
    clock.advance(MINUTE)
    with Store(Home(home), clock=clock) as store:
        (read,) = store.schedules.due(clock.wall(), 10)
        if change == "pause":
            queue.schedules.pause("it")
        else:
            queue.schedules.remove("it")
            if change == "replace":
                every(queue)
        assert Firing(store, Log("test", clock)).fire(read, clock.wall(), MISSED) == 0
    assert jobs(queue) == 0


# While the last job has not ended


def test_a_time_is_skipped_while_the_last_job_has_not_ended(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    every(queue, overlap="skip")
    run(scheduler, clock, 3)
    (job,) = queue.list()
    assert list(fires(queue).values()) == [job.number, None, None]
    assert told(queue) == [f"it for {iso(clock.wall() - 2 * MINUTE)}"]
    assert told(queue, "skipped") == [
        f"it for {iso(clock.wall() - age)}: job {job.number} has not ended yet" for age in (MINUTE, 0)
    ]
    queue.cancel(job.id)
    run(scheduler, clock, 2)
    assert jobs(queue) == 2
    assert scheduler.totals["fired"] == 2
    assert_once(queue)


def test_times_that_were_missed_do_not_overtake_each_other_either(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    every(queue, overlap="skip", catch_up="all")
    clock.advance(12 * MINUTE)
    scheduler.tick()
    assert jobs(queue) == 1 and len(fires(queue)) == 12 and len(told(queue, "skipped")) == 11


def test_with_overlap_every_time_makes_a_job(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    every(queue, overlap="queue")
    run(scheduler, clock, 5)
    assert jobs(queue) == 5


def test_a_job_that_was_run_by_hand_counts_as_one_that_has_not_ended(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    every(queue, overlap="skip")
    job = queue.schedules.run("it")
    run(scheduler, clock, 1)
    assert [found.id for found in queue.list()] == [job.id]


def test_a_job_that_is_stuck_counts_as_one_that_has_ended(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    every(queue, overlap="skip")
    job, cancelled = queue.schedules.run("it"), queue.add("true")
    queue.cancel(cancelled)
    queue.edit(job, after=[cancelled])
    assert queue.get(job).stuck
    run(scheduler, clock, 1)
    assert list(fires(queue).values()) == [cancelled.number + 1]


# By hand


def test_running_it_by_hand_is_no_fire(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    before = every(queue, "*/5 * * * *", "echo it", priority=3)
    job = queue.schedules.run("it")
    assert (job.schedule, job.command, job.priority, job.state) == ("it", "echo it", 3, "pending")
    assert fires(queue) == {} and get(queue).next_at == before.next_at
    assert told(queue) == [] and told(queue, "schedule run") == ["it"]
    clock.advance(5 * MINUTE)
    scheduler.tick()
    assert jobs(queue) == 2 and list(fires(queue)) == [clock.wall()]


def test_one_that_is_paused_does_not_fire_and_leaves_out_what_passed_meanwhile(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    every(queue, catch_up="all")
    run(scheduler, clock, 1)
    queue.schedules.pause("it")
    run(scheduler, clock, 10)
    assert jobs(queue) == 1
    assert queue.schedules.resume("it").next_at == clock.wall() + MINUTE
    scheduler.tick()
    assert jobs(queue) == 1
    run(scheduler, clock, 2)
    assert jobs(queue) == 3
    assert_once(queue)


def test_one_that_is_resumed_before_its_next_time_keeps_it(queue: Queue, clock: FakeClock) -> None:
    promised = clock.wall() + 90_000
    every(queue)
    with queue.store.writing():
        queue.store.database.change("UPDATE schedules SET next_at = ?", (promised,))
    queue.schedules.pause("it")
    assert queue.schedules.resume("it").next_at == promised
    assert told(queue, "schedule resumed") == ["it"]


def test_resuming_reports_what_was_left_out(queue: Queue, clock: FakeClock) -> None:
    due = every(queue).next_at
    queue.schedules.pause("it")
    clock.advance(5 * MINUTE)
    queue.schedules.resume("it")
    assert told(queue, "schedule resumed") == [f"it: what was due since {iso(due)} is left out"]


def test_a_paused_one_can_be_run_by_hand(queue: Queue) -> None:
    every(queue)
    queue.schedules.pause("it")
    assert queue.schedules.run("it").state == "pending"


# What this Python cannot read


def spoil(queue: Queue, name: str, **values: str) -> None:
    with queue.store.writing():
        for column, value in values.items():
            queue.store.database.change(f"UPDATE schedules SET {column} = ? WHERE name = ?", (value, name))


def test_one_that_cannot_be_read_complains_and_blocks_nobody(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, capfd: pytest.CaptureFixture[str]
) -> None:
    every(queue, name="bad")
    every(queue)
    spoil(queue, "bad", expression="not cron")
    clock.advance(MINUTE)
    scheduler.tick()
    assert capfd.readouterr().err.count("schedule bad cannot fire: ") == 1
    assert get(queue, "bad").next_at == clock.wall() + TRY_AGAIN_MS
    run(scheduler, clock, 3)
    assert len(fires(queue)) == 4 and fires(queue, "bad") == {}
    spoil(queue, "bad", expression="* * * * *")
    run(scheduler, clock, 2)
    assert len(fires(queue, "bad")) > 0
    assert_once(queue)


def test_one_that_cannot_be_read_is_not_left_in_the_future_when_the_clock_is_set_back(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    every(queue)
    spoil(queue, "it", expression="not cron")
    clock.set_by(10 * YEAR)
    scheduler.tick()
    clock.set_by(-10 * YEAR)
    scheduler.tick()
    assert get(queue).next_at == clock.wall() + TRY_AGAIN_MS
