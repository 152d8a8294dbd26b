"""Jobs that expire: cancelled unless their first attempt has begun in time, by the scheduler or when claiming."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from queuectl.engine.clockwork.tick import AT_ONCE, Clockwork
from queuectl.engine.home.clockwatch import ClockWatch
from queuectl.engine.machine.doorbell import WORK, WORKERS, Doorbell
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.engine.work.settle import claim_next
from queuectl.model.errors import InvalidInput
from queuectl.model.job import FAILED, PENDING, WAITING_STATES, Job
from queuectl.model.outcome import Outcome
from queuectl.model.when import DAY, HOUR, SECOND, local
from queuectl.store import Home, Store
from queuectl.store.jobs import PASSED_OVER_AT_ONCE
from tests.store.building import assert_whole, claim, take, write
from tests.support import FakeClock


def events(queue: Queue) -> list[tuple[str, str]]:
    return [(event.job or "", event.detail) for event in queue.events.since(0, 1_000) if event.what == "expired"]


def demand_expired(queue: Queue, job: Job) -> None:
    """Demand that a job is cancelled and says everywhere why."""
    found, reason = queue.get(job.id), f"not started by {local(job.expires_at or 0)}"
    assert (found.state, found.error, found.attempts) == ("cancelled", f"expired: {reason}", 0)
    assert events(queue) == [(job.id, reason)]
    assert queue.reports.why(found).reason == f"it has expired: {reason}"
    assert_whole(queue.store)


@pytest.mark.parametrize("fields", [{}, {"hold": True}, {"run_at": "+30m"}])
def test_the_scheduler_cancels_what_has_not_started_in_time(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, fields: dict[str, Any]
) -> None:
    job = queue.add("true", expires="1h", **fields)
    assert job.expires_at == clock.wall() + HOUR
    clock.advance(HOUR - 1)
    scheduler.tick()
    assert queue.get(job.id).state in WAITING_STATES
    clock.advance(1)
    scheduler.tick()
    demand_expired(queue, job)


def test_a_claim_never_gets_one_that_has_expired(queue: Queue, clock: FakeClock) -> None:
    job, other = queue.add("true", expires="1h", priority=5), queue.add("true")
    clock.advance(HOUR)
    claimed = take(queue.store, now=clock.wall())
    assert claimed is not None and claimed.id == other.id
    demand_expired(queue, job)


def test_of_many_that_come_first_one_transaction_cancels_some_and_the_scheduler_the_rest(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    count = AT_ONCE + PASSED_OVER_AT_ONCE + 10
    queue.enqueue([{"command": "true", "expires": "1h", "priority": 5}] * count)
    last = queue.add("true")
    clock.advance(HOUR)
    assert take(queue.store, now=clock.wall()) is None
    assert queue.counts()["cancelled"] == PASSED_OVER_AT_ONCE
    bell = Doorbell(queue.home, f"{WORKERS}test")
    scheduler.tick()
    # The worker that found nothing waits for it.
    assert WORK in bell.answer()
    bell.close()
    assert (queue.counts()["cancelled"], len(events(queue))) == (count, count)
    claimed = take(queue.store, now=clock.wall())
    assert claimed is not None and claimed.id == last.id


@pytest.mark.parametrize("state", [FAILED, PENDING])
def test_a_job_that_has_started_once_does_not_expire(queue: Queue, clock: FakeClock, state: str) -> None:
    store, job = queue.store, queue.add("true", expires="1h")
    claimed = claim(store, now=clock.wall())
    clock.advance(2 * HOUR)
    now = clock.wall()
    assert write(store, store.jobs.cancel_expired, now, 10, actor="test", cancel=store.jobs.cancel) == 0
    outcome = Outcome.exited(1) if state == FAILED else Outcome.released()
    assert write(store, store.jobs.finish, claimed, outcome, state=state, run_at=now, duration=1, now=now)
    assert write(store, store.jobs.cancel_expired, now, 10, actor="test", cancel=store.jobs.cancel) == 0
    write(store, store.jobs.promote, now, 10)
    assert claim(store, now=now).id == job.id


def test_a_retry_runs_what_has_expired(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    job = queue.add("true", expires="1h")
    clock.advance(HOUR)
    scheduler.tick()
    queue.retry(job.id)
    again = queue.get(job.id)
    assert (again.state, again.error, again.expires_at) == ("pending", None, None)
    scheduler.tick()
    assert claim(queue.store, now=clock.wall()).id == job.id


def test_the_scheduler_looks_when_the_next_job_expires(queue: Queue, clock: FakeClock) -> None:
    with Store(Home(queue.home.path), clock=clock) as store:
        scheduler = Clockwork(store, Log("test", clock), longest_wait=3600.0)
        scheduler.tick()
        queue.add("true", expires="250ms")
        assert scheduler.tick() == 0.25


def test_an_edit_sets_changes_and_clears_it(queue: Queue, clock: FakeClock) -> None:
    job = queue.add("true")
    for given, expected in (("2h", clock.wall() + 2 * HOUR), (timedelta(hours=1), clock.wall() + HOUR), (None, None)):
        queue.edit(job.id, expires=given)
        assert queue.get(job.id).expires_at == expected
    assert [event.detail for event in queue.events.since(0, 10)][-1].startswith("expires_at 2")


@pytest.mark.parametrize(
    "fields, problem",
    [
        ({"expires": "2001-01-01"}, 'expires must be later than now, got "2001-01-01"'),
        ({"expires": "now"}, 'expires must be later than now, got "now"'),
        ({"expires": "2h", "run_at": "+2h"}, "expires must be later than the time to run it"),
        ({"expires_at": 5}, "expires_at must be a text such as 2026-11-10T02:00:00Z or +30m, got 5"),
    ],
)
def test_what_could_never_run_is_refused(queue: Queue, fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        queue.enqueue([{"command": "true", **fields}])
    assert problem in caught.value.message


def test_why_says_when_a_waiting_job_expires(queue: Queue) -> None:
    job = queue.add("true", expires="2h")
    assert queue.reports.why(job).reason.endswith("; it expires in 2h unless it has started")


def test_each_job_of_a_schedule_expires_so_long_after_it_was_made(queue: Queue, clock: FakeClock) -> None:
    schedule = queue.schedules.add("hourly", "@hourly", "true", expires="90s")
    assert schedule.expires == 90 * SECOND
    for _ in range(2):
        job = queue.schedules.run("hourly")
        assert job.expires_at == clock.wall() + 90 * SECOND
        clock.advance(HOUR)
    assert queue.schedules.edit("hourly", expires="none").expires is None
    assert queue.schedules.run("hourly").expires_at is None
    details = [event.detail for event in queue.events.since(0, 100) if event.what == "schedule changed"]
    assert details == ["hourly: expires 1m30s to none"]
    with pytest.raises(InvalidInput, match='expires is not a duration|expires .*"soon"'):
        queue.schedules.edit("hourly", expires="soon")


@pytest.mark.parametrize("is_claimed", [True, False])
def test_the_end_of_the_last_job_by_its_expiry_makes_the_home_idle(
    queue: Queue, clock: FakeClock, is_claimed: bool
) -> None:
    queue.config.set("on_idle", "echo idle")
    job = queue.add("true", expires="1h")
    clock.advance(HOUR)
    with Store(Home(queue.home.path), clock=clock) as store:
        if is_claimed:
            with store.writing():
                claim_next(store, 1, (), queue.settings())
        else:
            Clockwork(store, Log("test", clock)).tick()
    assert [hook.command for hook in queue.list(tag="hook")] == ["echo idle"]
    assert (queue.get(job.id).error or "").startswith("expired: ")


def test_what_was_to_run_after_a_failure_is_released_by_the_expiry(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    job = queue.add("true", expires="1h")
    failed, other = queue.add("true", after_failed=[job.id]), queue.add("true", after=[job.id])
    clock.advance(HOUR)
    scheduler.tick()
    assert queue.get(failed.id).state == "pending"
    assert (queue.get(other.id).state, queue.get(other.id).stuck) == ("blocked", True)


def given_by(how: str, queue: Queue) -> Job:
    """Return a new job that expires in two hours."""
    if how == "add":
        return queue.add("true", expires="2h")
    if how == "edit":
        job = queue.add("true", expires=local(queue.clock.wall() + HOUR))
        queue.edit(job.id, expires=timedelta(hours=2))
        return queue.get(job.id)
    queue.schedules.add("hourly", "@hourly", "true", expires="2h")
    return queue.schedules.run("hourly")


@pytest.mark.parametrize("how", ["add", "edit", "schedule"])
@pytest.mark.parametrize("days", [1, -1])
def test_a_clock_that_is_set_does_not_change_how_long_a_job_may_wait(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, how: str, days: int
) -> None:
    job = given_by(how, queue)
    clock.set_by(days * DAY)
    scheduler.tick()
    assert queue.get(job.id).expires_at == clock.wall() + 2 * HOUR
    clock.advance(2 * HOUR - 1)
    scheduler.tick()
    assert queue.get(job.id).state == PENDING
    clock.advance(1)
    scheduler.tick()
    demand_expired(queue, queue.get(job.id))


def test_a_worker_that_claims_first_after_the_clock_was_set_does_not_cancel_what_may_still_wait(
    queue: Queue, clock: FakeClock
) -> None:
    job = queue.add("true", expires="2h")
    clock.set_by(DAY)
    with queue.store.writing():
        found = claim_next(queue.store, 1, (), queue.settings())
    assert found is not None and found.id == job.id
    assert events(queue) == []


def test_a_clock_that_is_set_while_the_scheduler_is_at_work_does_not_cancel_what_may_still_wait(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = queue.add("true", expires="2h")

    def set_clock(watch: ClockWatch) -> int:
        clock.set_by(DAY)
        return 0

    with monkeypatch.context() as patch:
        patch.setattr(ClockWatch, "step", set_clock)
        scheduler.tick()
    assert queue.get(job.id).state == PENDING
    assert queue.get(job.id).expires_at == clock.wall() + 2 * HOUR


def test_a_clock_that_is_set_past_a_time_of_day_cancels_what_had_to_start_by_then(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    job = queue.add("true", expires=local(clock.wall() + 2 * HOUR))
    clock.set_by(DAY)
    scheduler.tick()
    demand_expired(queue, job)
