"""A schedule of several jobs: each time adds all of them, linked, as a batch, or none."""

from __future__ import annotations

import signal
from typing import Any, Callable

import pytest

from queuectl.engine.clockwork.tick import Clockwork
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.model.errors import Conflict, InvalidInput
from queuectl.model.job import COMPLETED, DEAD
from queuectl.model.schedule import Schedule
from queuectl.store import Home, Store
from queuectl.store.lockfile import is_held
from tests.engine.clockwork.test_firing_kills import KILLED, POINTS
from tests.engine.firings import MINUTE, fires, get, run, told
from tests.engine.running import python
from tests.store.building import assert_whole, claim, finish, take
from tests.support import FakeClock, Processes, cli_environment

GRAPH: list[dict[str, Any]] = [
    {"id": "upload", "command": "echo upload", "after": ["pages", {"job": "images", "when": "any"}]},
    {"id": "pages", "command": "echo pages", "after": "fetch"},
    {"id": "images", "command": "exit 1", "max_retries": 0, "after_any": "fetch", "queue": "slow"},
    {"id": "fetch", "command": "echo fetch", "env": {"A": "1"}, "tags": ["t"]},
    {"command": "echo no name"},
]
LOCAL = ["upload", "pages", "images", "fetch"]
START = "20260101T0001Z"


def graph(queue: Queue, expression: str = "* * * * *", **options: Any) -> Schedule:
    """Add the schedule `it` of several jobs."""
    jobs = options.pop("jobs", GRAPH)
    return queue.schedules.add("it", expression, jobs=jobs, **{"timezone": "UTC", "overlap": "queue", **options})


def states(queue: Queue, batch: str) -> dict[str, str]:
    return {job.id[len(batch) + 1 :]: job.state for job in queue.list(f"batch:{batch}") if job.id.startswith(batch)}


def end(queue: Queue, clock: FakeClock, identifier: str, state: str = COMPLETED) -> None:
    """Let a job that can be claimed end so."""
    queue.front(identifier)
    claimed = claim(queue.store, now=clock.wall())
    assert claimed.id == identifier
    assert finish(queue.store, claimed, state)


def assert_whole_batches(queue: Queue) -> None:
    """Check that each fire has all of its jobs, and that no time has fired twice."""
    batches = queue.batches.all()
    assert all(batch.jobs == len(GRAPH) for batch in batches)
    made = [number for number in fires(queue).values() if number is not None]
    assert len(made) == len(set(made)) == len(batches) == len(told(queue))
    assert_whole(queue.store)


def test_a_time_adds_all_jobs_with_their_links_as_a_batch(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    graph(queue)
    run(scheduler, clock, 1)
    batch = f"it-{START}"
    assert [job.id for job in queue.list(sort="number")] == [*(f"{batch}-{name}" for name in LOCAL), "job-5"]
    assert {(job.schedule, job.batch) for job in queue.list()} == {("it", batch)}
    assert states(queue, batch) == {"upload": "blocked", "pages": "blocked", "images": "blocked", "fetch": "pending"}
    fetch, upload = queue.get(f"{batch}-fetch"), queue.get(f"{batch}-upload")
    assert (fetch.env, fetch.tags, queue.get(f"{batch}-images").queue) == ({"A": "1"}, ("t",), "slow")
    assert (upload.after, upload.after_any) == ((f"{batch}-pages",), (f"{batch}-images",))
    assert told(queue) == [f"it for 2026-01-01T00:01:00.000Z: 5 jobs in batch {batch}"]
    assert scheduler.totals["fired"] == 1 and fires(queue) == {clock.wall(): 1}
    end(queue, clock, fetch.id)
    assert states(queue, batch)["pages"] == "pending"
    assert_whole_batches(queue)


def test_settings_and_defaults_hold_as_they_were_when_it_was_added(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    queue.config.set("max_retries", 7)
    queue.queues.set("slow", "priority", "9")
    graph(queue)
    queue.config.set("max_retries", 1)
    queue.queues.set("slow", "priority", "2")
    run(scheduler, clock, 1)
    assert (queue.get(f"it-{START}-fetch").max_retries, queue.get(f"it-{START}-images").priority) == (7, 9)


def test_the_expiry_of_a_schedule_holds_for_each_job(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    graph(queue, expires="2h")
    run(scheduler, clock, 1)
    assert {job.expires_at for job in queue.list()} == {clock.wall() + 120 * MINUTE}


def test_a_limit_of_dead_jobs_is_that_of_the_batch(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    graph(queue, jobs=[{"id": "a", "command": "false", "max_fails": 1, "retries": 0}, {"command": "true"}])
    run(scheduler, clock, 1)
    assert queue.batches.get(f"it-{START}").max_fails == "1"
    end(queue, clock, f"it-{START}-a", DEAD)
    assert queue.batches.get(f"it-{START}").state == "stopped"


def test_locks_are_those_of_a_job_and_a_batch_limit_that_of_the_batch(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    graph(queue, jobs=[{"id": "a", "command": "true", "lock": "gpu", "batch_limit": 1}, {"command": "true"}])
    run(scheduler, clock, 1)
    assert queue.batches.get(f"it-{START}").slots == 1 and queue.get(f"it-{START}-a").locks == ("gpu",)
    claim(queue.store, now=clock.wall())
    assert take(queue.store, now=clock.wall()) is None


# Overlap


def test_a_time_is_left_out_while_any_job_of_the_last_one_has_not_ended(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    # More of them than a look at the newest ones would see.
    many = [{"id": "first", "command": "true"}, *({"command": "true"} for _ in range(120))]
    graph(queue, overlap="skip", jobs=many)
    run(scheduler, clock, 1)
    first = f"it-{START}-first"
    queue.cancel(*(job for job in queue.list(f"batch:it-{START}") if job.id != first))
    run(scheduler, clock, 1)
    assert [batch.name for batch in queue.batches.all()] == [f"it-{START}"]
    assert told(queue, "skipped") == ["it for 2026-01-01T00:02:00.000Z: job 1 has not ended yet"]
    end(queue, clock, first)
    run(scheduler, clock, 1)
    assert len(queue.batches.all()) == 2


def test_a_stuck_job_has_ended_for_the_next_time(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    graph(
        queue,
        overlap="skip",
        jobs=[{"id": "a", "command": "false"}, {"id": "b", "command": "true", "after": "a"}],
    )
    run(scheduler, clock, 1)
    end(queue, clock, f"it-{START}-a", DEAD)
    assert states(queue, f"it-{START}") == {"a": "dead", "b": "blocked"}
    run(scheduler, clock, 1)
    assert len(queue.batches.all()) == 2


def test_a_held_job_keeps_the_next_time_from_firing(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    graph(queue, overlap="skip", jobs=[{"id": "a", "command": "true", "hold": True}])
    run(scheduler, clock, 2)
    assert states(queue, f"it-{START}") == {"a": "held"} and len(queue.batches.all()) == 1


# What keeps a time from firing


@pytest.mark.parametrize("name", ["default", "slow"])
def test_no_job_is_added_while_one_of_the_queues_drains(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, name: str
) -> None:
    graph(queue)
    queue.queues.drain(name)
    run(scheduler, clock, 1)
    assert queue.list() == [] and fires(queue) == {clock.wall(): None}
    assert told(queue, "skipped") == [f"it for 2026-01-01T00:01:00.000Z: queue {name} takes no new jobs"]
    with pytest.raises(Conflict, match=f"queue {name} is draining"):
        queue.schedules.run("it")
    queue.queues.resume(name)
    run(scheduler, clock, 1)
    assert_whole_batches(queue)


def test_a_pause_with_schedules_of_one_queue_keeps_all_back(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    graph(queue)
    queue.queues.pause("slow", schedules=True)
    run(scheduler, clock, 1)
    assert queue.list() == [] and "queue slow is paused, and schedules with it" in told(queue, "skipped")[0]


@pytest.mark.parametrize(
    ("taken", "reason"),
    [
        ({"batch": f"it-{START}"}, f"there is a batch it-{START} already"),
        ({"id": f"it-{START}-fetch"}, f'a job with id "it-{START}-fetch" exists already'),
    ],
    ids=["batch", "id"],
)
def test_a_time_whose_names_are_taken_is_left_out_whole_and_the_next_one_fires(
    queue: Queue, scheduler: Clockwork, clock: FakeClock, taken: dict[str, Any], reason: str
) -> None:
    graph(queue, catch_up="all")
    queue.add("true", **taken)
    clock.advance(2 * MINUTE)
    scheduler.tick()
    assert told(queue, "skipped") == [f"it for 2026-01-01T00:01:00.000Z: {reason}"]
    assert [*fires(queue).values()] == [None, 2] and len(queue.list("schedule:it")) == len(GRAPH)
    assert_whole(queue.store)


# Every time once


def test_missed_times_make_a_batch_each(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    graph(queue, catch_up="all")
    clock.advance(3 * MINUTE)
    scheduler.tick()
    assert [batch.name for batch in queue.batches.all()] == [f"it-20260101T000{minute}Z" for minute in (3, 2, 1)]
    assert_whole_batches(queue)


def test_the_last_missed_time_gives_its_name_to_the_batch(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    graph(queue, "*/5 * * * *")
    clock.advance(12 * MINUTE)
    scheduler.tick()
    assert [batch.name for batch in queue.batches.all()] == ["it-20260101T0010Z"]


def test_several_schedulers_fire_each_time_once(
    queue: Queue, another: Callable[[], Clockwork], clock: FakeClock
) -> None:
    graph(queue)
    schedulers = [another(), another()]
    for _ in range(3):
        clock.advance(MINUTE)
        for one in schedulers:
            one.tick()
    assert len(queue.batches.all()) == 3
    assert_whole_batches(queue)


@pytest.mark.parametrize("where", POINTS)
def test_a_kill_leaves_all_jobs_of_a_time_or_none(
    home: str, queue: Queue, clock: FakeClock, processes: Processes, where: str
) -> None:
    graph(queue, catch_up="all")
    clock.advance(2 * MINUTE)
    now = clock.wall()
    killed = processes.start(python(KILLED, home, where, str(now)), env=cli_environment(home))
    assert killed.wait(60) == -signal.SIGKILL
    assert len(queue.list()) == (len(GRAPH) if where == "after commit" else 0)
    assert not is_held(queue.home.gate)
    with Store(Home(home), clock=clock) as store:
        for _ in range(2):
            Clockwork(store, Log("next", clock)).tick()
    assert sorted(fires(queue)) == [now - MINUTE, now]
    assert_whole_batches(queue)


# By hand


def test_runs_by_hand_within_one_instant_have_a_batch_each(queue: Queue, clock: FakeClock) -> None:
    graph(queue)
    firsts = [queue.schedules.run("it") for _ in range(3)]
    assert [job.batch for job in firsts] == [f"it-20260101T000000.00{number}Z" for number in range(3)]
    assert [job.id for job in firsts] == [f"{job.batch}-upload" for job in firsts]
    assert {job.schedule for job in queue.list()} == {"it"}
    shown = queue.schedules.rows()[0]
    assert (shown.last_job, shown.last_batch, shown.last_state) == (None, firsts[-1].batch, "open")


def test_a_paused_one_runs_by_hand_and_at_no_time(queue: Queue, scheduler: Clockwork, clock: FakeClock) -> None:
    graph(queue)
    queue.schedules.pause("it")
    run(scheduler, clock, 2)
    assert queue.list() == []
    assert queue.schedules.run("it").batch == "it-20260101T000200.000Z"


# Editing


def test_an_edit_replaces_all_jobs_and_leaves_those_that_were_made(
    queue: Queue, scheduler: Clockwork, clock: FakeClock
) -> None:
    graph(queue)
    run(scheduler, clock, 1)
    before = get(queue)
    after = queue.schedules.edit("it", jobs=[{"id": "only", "command": "true"}], overlap="skip")
    assert (after.runs, after.overlap, after.next_at, after.path) == (
        "1 job: only",
        "skip",
        before.next_at,
        before.path,
    )
    assert told(queue, "schedule changed") == ['it: overlap "queue" to "skip", 5 jobs to 1 job']
    assert len(queue.list()) == len(GRAPH)
    queue.cancel("schedule:it")
    run(scheduler, clock, 1)
    assert states(queue, "it-20260101T0002Z") == {"only": "pending"}


def test_a_schedule_stays_what_it_is(queue: Queue) -> None:
    graph(queue)
    queue.schedules.add("one", "@daily", "true")
    with pytest.raises(InvalidInput, match="schedule one has a command, it cannot have several jobs"):
        queue.schedules.edit("one", jobs=GRAPH)
    with pytest.raises(InvalidInput, match="schedule it has several jobs, each with a queue of its own"):
        queue.schedules.edit("it", queue="slow")
    with pytest.raises(InvalidInput, match="schedule it has several jobs, each with a command of its own"):
        queue.schedules.edit("it", command="true")
    assert (get(queue).jobs or [])[0].command == "echo upload" and get(queue, "one").command == "true"
