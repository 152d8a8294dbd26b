"""All output together stays below its ceiling: the oldest of finished jobs goes first, in small transactions."""

from __future__ import annotations

import os

import pytest

from queuectl.engine.clockwork.housekeeping import (
    FAST_GROWTH,
    INTERVAL_MS,
    REMOVED_AT_ONCE,
    STEP_MS,
    Ceiling,
    Housekeeping,
)
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.model.job import CANCELLED, COMPLETED, DEAD, FAILED
from queuectl.model.piece import Piece
from queuectl.store import Store
from queuectl.store.output import LONGEST_PIECE
from tests.commands.calling import call
from tests.engine import keeping
from tests.patching import before_each_call
from tests.store.building import LATER, NOW, assert_whole, bring_to, claim, enqueue, finish, spec, write
from tests.support import FakeClock

KIB = 1 << 10
MIB = 1 << 20

store = keeping.store


@pytest.fixture
def ceiling(store: Store, clock: FakeClock) -> Ceiling:
    return a_ceiling(store, clock)


def a_ceiling(store: Store, clock: FakeClock) -> Ceiling:
    return Ceiling(store, Log("test", clock))


def keep(ceiling: Ceiling, limit: int | None) -> None:
    assert all(count == 0 for count in ceiling.keep(limit))


def print_out(store: Store, attempt: int, size: int, start: int = 0) -> None:
    pieces = [
        Piece(position, 1, b"x" * min(LONGEST_PIECE, start + size - position))
        for position in range(start, start + size, LONGEST_PIECE)
    ]
    write(store, store.output.append, attempt, pieces, head_end=0, tail_start=0)


def run_one(store: Store, size: int, state: str = COMPLETED, at: int = NOW) -> int:
    """Run a job that prints so much and ends in a state at an instant; return its number."""
    enqueue(store, spec(priority=1000))
    claimed = claim(store)
    print_out(store, claimed.attempt_id, size)
    assert finish(store, claimed, state, now=at, run_at=LATER)
    with store.writing():
        store.database.change("UPDATE attempts SET output_size = ? WHERE id = ?", (size, claimed.attempt_id))
    return claimed.number


def kept(store: Store) -> dict[int, int]:
    """How many bytes each job has that has any."""
    rows = store.database.rows(
        "SELECT job, sum(length(data)) FROM output JOIN attempts ON attempts.id = output.attempt GROUP BY job"
    )
    return {row[0]: row[1] for row in rows}


def told(store: Store) -> list[str]:
    return [row.detail for row in store.events.since(0, 99) if row.what == "output removed"]


def test_the_oldest_goes_first_and_only_the_excess(store: Store, ceiling: Ceiling) -> None:
    numbers = [run_one(store, 400 * KIB, at=NOW + age) for age in (5, 1, 4, 2, 3)]
    keep(ceiling, 1200 * KIB)
    assert sorted(kept(store)) == sorted([numbers[0], numbers[2], numbers[4]])
    keep(ceiling, 1200 * KIB - 1)
    assert sorted(kept(store)) == sorted([numbers[0], numbers[2]])
    assert told(store) == [
        "800.0 KiB of output of 2 jobs, the oldest: all of it passed 1.2 MiB",
        "400.0 KiB of output of 1 job, the oldest: all of it passed 1.2 MiB",
    ]
    assert len(store.search.jobs(numbers)) == 5 and store.database.value("SELECT count(*) FROM attempts") == 5
    assert_whole(store)


def test_it_goes_by_the_time_of_ending_in_whatever_state(store: Store, ceiling: Ceiling) -> None:
    states = [COMPLETED, DEAD, CANCELLED] * 3
    numbers = [run_one(store, 100 * KIB, state, NOW + age) for age, state in enumerate(states)]
    for left in range(len(numbers) - 1, -1, -1):
        keep(ceiling, left * 100 * KIB)
        assert sorted(kept(store)) == numbers[len(numbers) - left :]


def test_an_unfinished_job_keeps_its_output(home: str, store: Store, clock: FakeClock, ceiling: Ceiling) -> None:
    waiting = run_one(store, MIB, FAILED)
    retried, finished = run_one(store, MIB, DEAD), run_one(store, 10, at=NOW + 9)
    enqueue(store, spec())
    running = claim(store)
    print_out(store, running.attempt_id, MIB)
    assert write(store, store.jobs.retry, retried, NOW, keep_attempts=False)
    before = kept(store)
    keep(ceiling, MIB)
    assert kept(store) == {number: size for number, size in before.items() if number != finished}
    assert sorted(kept(store)) == sorted([waiting, retried, running.number])
    assert finish(store, running, COMPLETED)
    keep(ceiling, 2 * MIB)
    assert sorted(kept(store)) == sorted([waiting, retried])


def test_below_the_ceiling_one_look_at_the_size_is_enough(
    store: Store, ceiling: Ceiling, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_one(store, MIB)
    asked: list[int] = []
    before_each_call(monkeypatch, store.output, "add_up", lambda: asked.append(1))
    for limit in (None, 2 * MIB):
        keep(ceiling, limit)
    assert asked == [] and len(kept(store)) == 1


def test_a_file_that_is_full_of_jobs_is_added_up_once_while_nothing_changes(
    home: str, store: Store, ceiling: Ceiling, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_one(store, 10)
    enqueue(store, *[spec("x" * 2_000) for _ in range(1_000)])
    asked: list[int] = []
    before_each_call(monkeypatch, store.output, "add_up", lambda: asked.append(1))
    for _ in range(3):
        keep(ceiling, MIB)
    rounds = len(asked)
    assert rounds > 0 and len(kept(store)) == 1
    with Queue(home) as queue:
        queue.add("true")
    keep(ceiling, MIB)
    assert len(asked) == 2 * rounds


def test_it_is_added_up_in_parts(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [run_one(store, size) and size for size in (1, LONGEST_PIECE, LONGEST_PIECE + 1, 77)]
    total, last, parts = 0, 0, 0
    while True:
        size, end = store.output.add_up(last, 2)
        if end is None:
            break
        total, last, parts = total + size, end, parts + 1
    assert (total, parts) == (sum(sizes), 3)


@pytest.mark.slow
def test_large_output_is_removed_in_several_transactions_and_whole(
    store: Store, ceiling: Ceiling, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, small = run_one(store, 10 * MIB), run_one(store, 10 * MIB, at=NOW + 1)
    removed: list[int] = []
    before = {"kept": sum(kept(store).values())}
    commit = store.database.commit

    def watched() -> None:
        now = sum(kept(store).values())
        removed.append(before["kept"] - now)
        before["kept"] = now
        commit()

    monkeypatch.setattr(store.database, "commit", watched)
    # One byte too much: the oldest goes whole, though a part of it would do.
    keep(ceiling, 20 * MIB - 1)
    assert kept(store) == {small: 10 * MIB} and large
    assert len(removed) >= 10 and max(removed) <= REMOVED_AT_ONCE + LONGEST_PIECE
    assert told(store) == ["10.0 MiB of output of 1 job, the oldest: all of it passed 20.0 MiB"]


def test_many_that_are_small_go_several_at_once(
    store: Store, ceiling: Ceiling, monkeypatch: pytest.MonkeyPatch
) -> None:
    for age in range(300):
        run_one(store, 10_000, at=NOW + age // 100)
    begun: list[int] = []
    before_each_call(monkeypatch, store.database, "begin", lambda: begun.append(1))
    keep(ceiling, MIB)
    assert len(kept(store)) == MIB // 10_000
    assert len(begun) < 25


@pytest.mark.slow
def test_of_several_that_keep_house_at_once_one_removes(store: Store, clock: FakeClock) -> None:
    for age in range(10):
        run_one(store, 2 * MIB, at=NOW + age)
    with Store(store.home, clock=clock, durable=False) as other:
        rounds = [a_ceiling(opened, clock).keep(9 * MIB) for opened in (store, other)]
        while rounds:
            for work in list(rounds):
                if next(work, None) is None:
                    rounds.remove(work)
        assert len(kept(store)) == 4
        keep(a_ceiling(other, clock), 5 * MIB)
    assert len(kept(store)) == 2 and len(told(store)) == 2


def test_what_ended_before_the_ones_that_were_cleared_is_found_too(store: Store, ceiling: Ceiling) -> None:
    for age in range(4):
        run_one(store, MIB, at=NOW + age)
    keep(ceiling, 2 * MIB)
    # The clock was set back meanwhile.
    early = run_one(store, MIB, at=NOW - 10_000)
    keep(ceiling, MIB)
    assert early not in kept(store) and len(kept(store)) == 1


@pytest.mark.slow
def test_an_error_in_the_middle_leaves_the_rest_for_the_next_round(
    store: Store, ceiling: Ceiling, monkeypatch: pytest.MonkeyPatch
) -> None:
    for age in range(6):
        run_one(store, MIB, at=NOW + age)
    remove, left = store.output.remove, [2]

    def fail(job: int, room: int) -> tuple[int, bool]:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        return remove(job, room)

    monkeypatch.setattr(store.output, "remove", fail)
    with pytest.raises(OSError):
        keep(ceiling, MIB)
    monkeypatch.undo()
    keep(ceiling, MIB)
    assert len(kept(store)) == 1
    assert_whole(store)


# As a part of keeping house


def work(keeper: Housekeeping, clock: FakeClock) -> None:
    clock.advance(INTERVAL_MS)
    while not keeper.step()[1]:
        continue


@pytest.mark.slow
def test_the_setting_counts_and_the_room_is_given_back(home: str, store: Store, clock: FakeClock) -> None:
    keeper = Housekeeping(store, Log("test", clock))
    for age in range(12):
        run_one(store, 2 * MIB, at=NOW + age)
    store.checkpoint()
    full = os.path.getsize(store.home.database)
    work(keeper, clock)
    assert len(kept(store)) == 12
    with Queue(home, clock=clock) as queue:
        queue.config.set("output_total", "none")
        work(keeper, clock)
        assert len(kept(store)) == 12
        queue.config.set("output_total", "4MiB")
    work(keeper, clock)
    assert len(kept(store)) == 2
    assert os.path.getsize(store.home.database) < full // 3
    assert_whole(store)


@pytest.mark.slow
def test_a_step_ends_soon(home: str, store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    with Queue(home, clock=clock) as queue:
        queue.config.set("output_total", "1MiB")
    for age in range(40):
        run_one(store, MIB // 2, at=NOW + age)
    before_each_call(monkeypatch, store.database, "begin", lambda: clock.advance(30))
    keeper = Housekeeping(store, Log("test", clock))
    wait, steps = 0.0, 0
    while not wait:
        before = clock.monotonic()
        _, wait = keeper.step()
        steps += 1
        assert clock.monotonic() - before < STEP_MS + 100
    assert len(kept(store)) == 2 and steps > 3


def test_a_file_that_grows_fast_is_checked_before_the_minute_is_over(
    home: str, store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Housekeeping(store, Log("test", clock))
    with Queue(home, clock=clock) as queue:
        queue.config.set("output_total", "3MiB")
    work(keeper, clock)
    for age in range(8):
        run_one(store, MIB, at=NOW + age)
    clock.advance(1_000)
    used = store.database.used_bytes()
    assert keeper.step()[1] > 50 and len(kept(store)) == 8
    monkeypatch.setattr(store.database, "used_bytes", lambda: used + FAST_GROWTH)
    while not keeper.step()[1]:
        continue
    assert len(kept(store)) == 3
    assert keeper.step()[1] > 50


# What is said of it


def test_logs_say_that_the_output_was_removed_and_why(home: str, store: Store, ceiling: Ceiling) -> None:
    gone, there = run_one(store, MIB), run_one(store, 3, at=NOW + 1)
    silent = run_one(store, 0, at=NOW + 2)
    bring_to(store, "pending")
    keep(ceiling, 100)
    said = f"job-{gone}: what attempt 1 printed was removed (1048576 bytes): all output together had passed"
    for words in (["logs", str(gone)], ["logs", "-f", str(gone)], ["logs", str(gone), "--tail", "3"]):
        answer = call(home, *words)
        assert (answer.code, answer.out) == (0, "") and said in answer.err, words
    both = call(home, "logs", f"{gone},{there}")
    assert both.out == f"job-{there} | xxx\n" and said in both.err
    assert said in call(home, "logs", str(gone), "--attempt", "all").err
    for number in (there, silent):
        assert "removed" not in call(home, "logs", str(number)).err
