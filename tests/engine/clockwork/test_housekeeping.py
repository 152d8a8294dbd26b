"""What is old goes, in small transactions and short steps, and the room that it took is given back."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.engine.clockwork.housekeeping import INTERVAL_MS, MOST_IDS, PRUNE_AT_ONCE, STEP_MS, Housekeeping
from queuectl.engine.clockwork.tick import Clockwork
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.model.job import COMPLETED, DEAD
from queuectl.model.piece import Piece
from queuectl.model.when import DAY, HOUR
from queuectl.store import Store
from tests.engine import keeping
from tests.engine.keeping import count, end_all, work
from tests.engine.scheduling import let_run
from tests.store.building import ALL_STATES, NOW, assert_whole, bring_to, claim, enqueue, finish, spec, write
from tests.support import FakeClock

TRANSACTION_MS = 30

store, keeper = keeping.store, keeping.keeper


def run_one(store: Store, state: str) -> int:
    """Run a job to a final state, with output; return its number."""
    enqueue(store, spec())
    claimed = claim(store)
    write(store, store.output.append, claimed.attempt_id, [Piece(0, 1, b"text")], head_end=0, tail_start=0)
    assert finish(store, claimed, state)
    return claimed.number


# What goes when


@pytest.mark.parametrize(
    "completed, dead, gone",
    [
        ("24", None, [COMPLETED]),
        ("none", None, []),
        ("none", "24", [DEAD]),
        ("24", "24", [COMPLETED, DEAD]),
        ("25", "24", [DEAD]),
        ("0.5", "48", [COMPLETED]),
    ],
)
def test_jobs_go_by_the_settings_and_no_others(
    queue: Queue,
    store: Store,
    keeper: Housekeeping,
    clock: FakeClock,
    completed: str,
    dead: str | None,
    gone: list[str],
) -> None:
    queue.config.update({"retain_completed_hours": completed, "retain_dead_hours": dead})
    numbers = {state: bring_to(store, state) for state in sorted(ALL_STATES, key=lambda state: state == "pending")}
    clock.advance(24 * HOUR)
    assert work(keeper, clock) == len(gone)
    left = {job.number for job in store.search.jobs(list(numbers.values()))}
    assert left == {number for state, number in numbers.items() if state not in gone}
    assert_whole(store)


def test_attempts_and_output_go_with_their_job(store: Store, keeper: Housekeeping, clock: FakeClock) -> None:
    run_one(store, COMPLETED)
    run_one(store, DEAD)
    clock.advance(7 * DAY)
    assert work(keeper, clock) == 1
    assert (count(store, "jobs"), count(store, "attempts"), count(store, "output")) == (1, 1, 1)
    assert_whole(store)


def test_it_goes_after_its_time_and_not_before(store: Store, keeper: Housekeeping, clock: FakeClock) -> None:
    run_one(store, COMPLETED)
    clock.advance(7 * DAY - INTERVAL_MS)
    assert work(keeper, clock) == 0
    clock.advance(1)
    assert work(keeper, clock) == 1


def test_it_looks_once_a_minute(store: Store, keeper: Housekeeping, clock: FakeClock) -> None:
    assert keeper.step() == (0, INTERVAL_MS / 1000)
    run_one(store, COMPLETED)
    clock.set_by(8 * DAY)
    let_run(store, clock, INTERVAL_MS - 1)
    assert keeper.step() == (0, 0.001)
    clock.advance(1)
    assert keeper.step() == (1, INTERVAL_MS / 1000)


def test_pruning_is_an_event_and_in_the_log(
    store: Store, keeper: Housekeeping, clock: FakeClock, capfd: pytest.CaptureFixture[str]
) -> None:
    enqueue(store, *[spec() for _ in range(PRUNE_AT_ONCE + 5)])
    end_all(store)
    clock.advance(7 * DAY)
    work(keeper, clock)
    (event,) = [row for row in store.events.since(0, 50) if row.what == "pruned"]
    first = ", ".join(f"job-{number}" for number in range(1, MOST_IDS + 1))
    told = f"{PRUNE_AT_ONCE + 5} jobs: {first} and {PRUNE_AT_ONCE + 5 - MOST_IDS} more"
    assert (event.detail, event.by) == (told, "test")
    assert f"pruned {told}\n" in capfd.readouterr().err


@pytest.mark.parametrize("jobs, told", [(1, "1 job: job-1"), (3, "3 jobs: job-1, job-2, job-3")])
def test_few_that_were_pruned_are_named(
    queue: Queue, store: Store, keeper: Housekeeping, clock: FakeClock, jobs: int, told: str
) -> None:
    enqueue(store, *[spec() for _ in range(jobs)])
    end_all(store)
    clock.advance(7 * DAY)
    assert work(keeper, clock) == jobs
    enqueue(store, spec(id="by-hand"))
    end_all(store)
    assert queue.prune([COMPLETED], clock.wall() + 1) == 1
    details = [row.detail for row in store.events.since(0, 50) if row.what == "pruned"]
    assert details == [told, "1 job: by-hand"]


def test_contexts_go_with_the_last_job_but_not_those_of_schedules(
    queue: Queue, store: Store, keeper: Housekeeping, clock: FakeClock
) -> None:
    for name, value in (("gone", "1"), ("kept", "2")):
        queue.add("true", id=name, env={"A": value})
    queue.schedules.add("it", "0 0 1 1 *", "true", env={"A": "3"})
    with store.writing():
        store.database.change("UPDATE jobs SET state = 'completed', finished_at = ? WHERE id = 'gone'", (NOW,))
        store.counts.move("default", None, (), "pending", COMPLETED)
    clock.advance(7 * DAY)
    assert work(keeper, clock) == 1
    assert {row[0] for row in store.database.rows("SELECT env FROM contexts")} == {'{"A": "2"}', '{"A": "3"}'}
    assert queue.schedules.run("it").env == {"A": "3"}
    assert_whole(store)


def test_what_removed_jobs_were_to_read_goes_although_no_job_is_pruned(
    queue: Queue, store: Store, keeper: Housekeeping, clock: FakeClock
) -> None:
    for name in ("gone", "kept"):
        queue.add("cat", id=name, stdin=name)
    queue.cancel("gone")
    queue.remove("gone")
    work(keeper, clock)
    assert [bytes(row[0]) for row in store.database.rows("SELECT data FROM stdins")] == [b"kept"]
    assert_whole(store)


def test_events_go_after_thirty_days(store: Store, keeper: Housekeeping, clock: FakeClock) -> None:
    with store.writing():
        for number in range(1_000):
            store.events.add("old" if number < 700 else "new", actor="test", now=NOW + (number >= 700))
    clock.advance(30 * DAY + 1 - INTERVAL_MS)
    work(keeper, clock)
    assert [row.what for row in store.events.since(0, 2_000)] == ["new"] * 300


def test_events_of_a_clock_that_was_ahead_do_not_keep_the_others_forever(
    store: Store, keeper: Housekeeping, clock: FakeClock
) -> None:
    with store.writing():
        for at in (NOW, NOW + 3_650 * DAY, NOW + 1):
            store.events.add("it", actor="test", now=at)
    clock.advance(3_700 * DAY)
    work(keeper, clock)
    assert store.events.since(0, 10) == []


def test_rollups_go_after_ninety_days(store: Store, keeper: Housekeeping, clock: FakeClock) -> None:
    for day in range(100):
        write(store, store.stats.count_attempt, "q", COMPLETED, run_time=1, wait_time=1, now=NOW + day * DAY)
    clock.advance(99 * DAY)
    work(keeper, clock)
    minutes = [minute * 60_000 for minute in store.stats.per_minute(0)]
    assert len(minutes) == 90 and minutes[0] == NOW + 10 * DAY


# Short steps


def slow(monkeypatch: pytest.MonkeyPatch, store: Store, clock: FakeClock) -> None:
    """Let each writing transaction take its time."""
    begin = store.database.begin

    def begin_slowly() -> None:
        begin()
        clock.advance(TRANSACTION_MS)

    monkeypatch.setattr(store.database, "begin", begin_slowly)


def test_a_step_ends_soon_and_the_next_one_goes_on(
    store: Store, keeper: Housekeeping, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = PRUNE_AT_ONCE * 12
    enqueue(store, *[spec() for _ in range(jobs)])
    end_all(store)
    with store.writing():
        for _ in range(PRUNE_AT_ONCE * 10):
            store.events.add("old", actor="test", now=NOW)
    clock.advance(40 * DAY)
    slow(monkeypatch, store, clock)
    steps, wait, pruned = 0, 0.0, 0
    while not wait:
        before = clock.monotonic()
        more, wait = keeper.step()
        pruned += more
        steps += 1
        assert clock.monotonic() - before < STEP_MS + 2 * TRANSACTION_MS
    assert pruned == jobs and count(store, "jobs") == 0
    assert [row.what for row in store.events.since(0, 10_000)] == ["pruned"]
    assert steps >= 22 * TRANSACTION_MS // (STEP_MS + 2 * TRANSACTION_MS)


def test_what_is_due_meanwhile_is_not_delayed(
    queue: Queue, store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(store, *[spec() for _ in range(PRUNE_AT_ONCE * 50)])
    end_all(store)
    clock.advance(7 * DAY + 1)
    scheduler = Clockwork(store, Log("test", clock))
    slow(monkeypatch, store, clock)
    waiting = [queue.add("true", run_at=f"+{number * 0.2:.1f}s") for number in range(1, 5)]
    ticks = 0
    while count(store, "jobs") > len(waiting):
        now = clock.wall()
        assert scheduler.tick() == 0 or count(store, "jobs") == len(waiting)
        ticks += 1
        for job in waiting:
            assert job.run_at > now or queue.get(job.id).state == "pending"
    assert ticks > 10
    assert store.counts.by_state() == {"pending": len(waiting)}


def test_an_error_ends_the_round_and_the_next_one_begins_again(
    store: Store, keeper: Housekeeping, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_one(store, COMPLETED)
    clock.advance(8 * DAY)

    def fail(*arguments: Any, **options: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.jobs, "prune", fail)
    with pytest.raises(OSError):
        keeper.step()
    monkeypatch.undo()
    pruned, wait = keeper.step()
    assert pruned == 0 and wait > 50
    assert work(keeper, clock) == 1


def test_a_setting_that_changes_in_the_middle_counts_from_the_next_round_on(
    queue: Queue, store: Store, keeper: Housekeeping, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(store, *[spec() for _ in range(PRUNE_AT_ONCE * 10)])
    end_all(store)
    clock.advance(8 * DAY)
    slow(monkeypatch, store, clock)
    first, wait = keeper.step()
    assert 0 < first < PRUNE_AT_ONCE * 10 and wait == 0
    queue.config.set("retain_completed_hours", "none")
    while not wait:
        more, wait = keeper.step()
        first += more
    assert first == PRUNE_AT_ONCE * 10


# By hand


def test_a_user_prunes_what_ended_before_an_instant(queue: Queue, store: Store) -> None:
    enqueue(store, *[spec("x" * 2_048) for _ in range(PRUNE_AT_ONCE * 3 + 1)])
    end_all(store)
    dead = run_one(store, DEAD)
    told: list[int] = []
    assert queue.prune([COMPLETED, DEAD], NOW, told.append) == 0 and told == []
    assert queue.prune([COMPLETED], NOW + 1, told.append) == PRUNE_AT_ONCE * 3 + 1
    assert told == [PRUNE_AT_ONCE, PRUNE_AT_ONCE * 2, PRUNE_AT_ONCE * 3, PRUNE_AT_ONCE * 3 + 1]
    assert [job.number for job in queue.list()] == [dead]
    assert queue.prune([COMPLETED, DEAD], NOW + 1) == 1
    assert [row.what for row in store.events.since(0, 50)] == ["pruned"] * 2
    assert_whole(store)


def test_a_progress_that_is_interrupted_keeps_what_was_done(queue: Queue, store: Store) -> None:
    enqueue(store, *[spec() for _ in range(PRUNE_AT_ONCE * 3)])
    end_all(store)

    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        queue.prune([COMPLETED], NOW + 1, interrupt)
    assert count(store, "jobs") == PRUNE_AT_ONCE * 2
    assert_whole(store)
    assert queue.prune([COMPLETED], NOW + 1) == PRUNE_AT_ONCE * 2
