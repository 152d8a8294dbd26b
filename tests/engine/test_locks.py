"""Locks and limits of batches as Python sees them: given, changed, explained."""

from __future__ import annotations

from typing import Any, Callable, Iterator

import pytest

from queuectl.engine.machine.doorbell import WORK, WORKERS, Doorbell
from queuectl.engine.queue import Queue
from queuectl.model.errors import InvalidInput, NotFound
from queuectl.model.lane import LOCK
from queuectl.model.lock import FREE, TAKEN
from queuectl.model.when import HOUR
from tests.engine import firings
from tests.store.building import claim, employ, finish, take
from tests.support import FakeClock

clock = firings.clock


@pytest.fixture
def queue(home: str, clock: FakeClock) -> Iterator[Queue]:
    with Queue(home, actor="test", clock=clock) as opened:
        employ(opened.store, now=clock.wall())
        yield opened


def why(queue: Queue, name: str) -> tuple[str, str | None]:
    reason = queue.reports.why(queue.get(name))
    return reason.reason, reason.hint


def test_a_lock_tells_who_holds_it_and_how_many_wait(queue: Queue, clock: FakeClock) -> None:
    for name in ("first", "second", "third"):
        queue.add("true", id=name, locks=["gpu"])
    queue.add("true", locks="net", hold=True)
    claim(queue.store, now=clock.wall())
    gpu, net = queue.locks.all()
    assert (gpu.name, gpu.state, gpu.slots, gpu.running, gpu.waiting, gpu.holders) == ("gpu", TAKEN, 1, 1, 2, ["first"])
    assert (net.name, net.state, net.running, net.waiting, net.holders) == ("net", FREE, 0, 1, [])
    assert queue.locks.limit("gpu", 2).state == FREE
    claim(queue.store, now=clock.wall())
    assert queue.locks.get("gpu").holders == ["first", "second"] and queue.locks.get("gpu").state == TAKEN
    assert queue.locks.get("unknown").is_needed is False


def test_a_higher_limit_wakes_jobs_and_rings(queue: Queue, clock: FakeClock) -> None:
    for name in ("first", "second"):
        queue.add("true", id=name, locks=["gpu"], batch="b", batch_limit=1)
    claim(queue.store, now=clock.wall())
    assert take(queue.store, now=clock.wall()) is None
    queue.locks.limit("gpu", 2)
    assert take(queue.store, now=clock.wall()) is None, "its batch is full"
    bell = Doorbell(queue.home, WORKERS + "1")
    assert queue.batches.limit("b", None).slots is None
    assert WORK in bell.answer()
    bell.close()
    assert claim(queue.store, now=clock.wall()).id == "second"
    told = [(event.what, event.detail) for event in queue.events.since(0, 100) if event.what in ("lock", "batch")]
    assert told == [("lock", "gpu: limit 2"), ("batch", "b: no limit")]


@pytest.mark.parametrize("verb", ["cancel", "hold", "remove", "edit"])
def test_who_takes_a_job_away_that_was_about_to_get_a_lock_rings_for_the_next_one(
    queue: Queue, clock: FakeClock, verb: str
) -> None:
    for name in ("first", "second", "third"):
        queue.add("true", id=name, locks=["gpu"])
    holder = claim(queue.store, now=clock.wall())
    assert take(queue.store, now=clock.wall()) is None
    finish(queue.store, holder)
    bell = Doorbell(queue.home, WORKERS + "1")
    assert getattr(queue, verb)("second", **({"locks": ["net"]} if verb == "edit" else {})).done == ["second"]
    assert bell.answer()
    bell.close()
    assert claim(queue.store, now=clock.wall()).id == ("second" if verb == "edit" else "third")


BAD: dict[str, tuple[Callable[[Queue], object], str, str | None]] = {
    "no slots": (lambda queue: queue.locks.limit("gpu", 0), "between 1 and 10000, got 0$", "queuectl hold lock:gpu"),
    "none": (lambda queue: queue.locks.limit("gpu", None), "between 1 and 10000, got null", None),  # type: ignore[arg-type]
    "a flag": (lambda queue: queue.locks.limit("gpu", True), "between 1 and 10000, got true", None),
    "too many": (lambda queue: queue.locks.limit("gpu", 10_001), "between 1 and 10000, got 10001", None),
    "a bad name": (lambda queue: queue.locks.limit("a b", 2), "lock must be 1 to 64", None),
    "a batch without slots": (lambda queue: queue.batches.limit("b", 0), "or none", "queuectl hold batch:b"),
}


@pytest.mark.parametrize("case", BAD)
def test_an_invalid_limit_is_refused(queue: Queue, case: str) -> None:
    call, said, hint = BAD[case]
    with pytest.raises(InvalidInput, match=said) as refusal:
        call(queue)
    assert refusal.value.hint == (hint and f"to let none run: {hint}")
    assert queue.locks.all() == []


def test_a_batch_that_is_not_there_has_no_limit(queue: Queue) -> None:
    with pytest.raises(NotFound, match='there is no batch "b"'):
        queue.batches.limit("b", 2)


@pytest.mark.parametrize("is_parked", [False, True])
def test_why_names_all_that_is_full_and_who_holds_it(queue: Queue, clock: FakeClock, is_parked: bool) -> None:
    queue.add("true", id="one", locks=["gpu"], batch="b", batch_limit=1)
    queue.locks.limit("net", 2)
    for name in ("two", "three"):
        queue.add("true", id=name, locks=["net"])
    for _ in range(3):
        claim(queue.store, now=clock.wall())
    queue.add("true", id="both", locks=["gpu", "net"])
    queue.add("true", id="member", batch="b")
    if is_parked:
        assert take(queue.store, now=clock.wall()) is None
    assert why(queue, "both") == (
        "it waits for lock gpu: 1 of 1 is taken by one, and for lock net: 2 of 2 are taken by two, three",
        "let more run with: queuectl lock limit gpu 2 && queuectl lock limit net 3",
    )
    assert why(queue, "member") == ("batch b is full: 1 of 1 run", "let more run with: queuectl batch limit b 2")


def test_why_names_a_few_of_many_holders(queue: Queue, clock: FakeClock) -> None:
    queue.locks.limit("gpu", 7)
    for number in range(8):
        queue.add("true", id=f"n{number}", locks=["gpu"])
    for _ in range(7):
        claim(queue.store, now=clock.wall())
    assert why(queue, "n7")[0] == "it waits for lock gpu: 7 of 7 are taken by n0, n1, n2, n3, n4 and 2 more"


def test_why_says_that_nobody_runs_jobs_before_it_speaks_of_locks(home: str, clock: FakeClock) -> None:
    with Queue(home, clock=clock) as queue:
        for name in ("first", "second"):
            queue.add("true", id=name, locks=["gpu"])
        claim(queue.store, now=clock.wall())
        reason, hint = why(queue, "second")
        assert reason.endswith("; it waits for lock gpu: 1 of 1 is taken by first") and hint == "queuectl worker start"


def test_a_job_that_waits_for_a_lock_is_counted_and_is_no_alert(queue: Queue, clock: FakeClock) -> None:
    for _ in range(3):
        queue.add("true", locks=["gpu"])
    claim(queue.store, now=clock.wall())
    assert take(queue.store, now=clock.wall()) is None
    clock.advance(HOUR)
    status = queue.reports.status()
    assert status.waiting_for_locks == 2 and queue.store.lanes.count_parked(LOCK, 1) == 1
    assert status.waiting_for_batches == 0
    assert status.alerts == []


@pytest.mark.parametrize("changes", [{"locks": ["net"]}, {"lock": "net"}, {"locks": "net"}])
def test_a_job_that_waits_is_given_other_locks(queue: Queue, clock: FakeClock, changes: dict[str, Any]) -> None:
    for name in ("first", "second"):
        queue.add("true", id=name, locks=["gpu"])
    claim(queue.store, now=clock.wall())
    assert take(queue.store, now=clock.wall()) is None
    queue.edit("second", **changes)
    assert claim(queue.store, now=clock.wall()).id == "second"
    assert [lock.name for lock in queue.locks.all()] == ["gpu", "net"]


def test_a_recurring_job_gives_its_jobs_its_locks(queue: Queue) -> None:
    queue.schedules.add("nightly", "@daily", "true", locks=["gpu"])
    assert queue.schedules.run("nightly").locks == ("gpu",)
    queue.schedules.edit("nightly", locks=["net", "disk"])
    assert queue.schedules.run("nightly").locks == ("net", "disk")
