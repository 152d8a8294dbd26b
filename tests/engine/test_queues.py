"""Queues as Python sees them: limits, rates, pauses, drains, defaults, and what follows from them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Callable

import pytest

from queuectl.engine.clockwork.pauses import WITH_PAUSE
from queuectl.engine.clockwork.tick import Clockwork
from queuectl.engine.machine.doorbell import WORK, WORKERS, Doorbell
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.engine.scheduler_daemon import AutoScaler
from queuectl.model.errors import Conflict, InvalidInput, NotFound
from queuectl.model.when import HOUR, MINUTE
from queuectl.store import Home, Store
from tests.engine import firings
from tests.engine.firings import told
from tests.store.building import claim, employ, take
from tests.support import FakeClock

clock, queue = firings.clock, firings.queue
another, scheduler = firings.another, firings.scheduler


def why(queue: Queue, name: str) -> tuple[str, str | None]:
    reason = queue.reports.why(queue.get(name))
    return reason.reason, reason.hint


def test_a_queue_is_there_once_it_has_a_job_or_was_given_anything(queue: Queue) -> None:
    queue.add("true", queue="mail")
    queue.queues.limit("encode", 2)
    assert [(found.queue, found.total, found.slots) for found in queue.queues.all()] == [
        ("encode", 0, 2),
        ("mail", 1, None),
    ]
    queue.queues.limit("encode", None)
    assert [found.queue for found in queue.queues.all()] == ["mail"]
    with pytest.raises(NotFound, match='there is no queue "mial" .did you mean "mail"'):
        queue.queues.get("mial")


@pytest.mark.parametrize(
    ("give", "field"),
    [
        (lambda queues: queues.limit("mail", 0), "slots"),
        (lambda queues: queues.limit("mail", 10_001), "slots"),
        (lambda queues: queues.limit("mail", "2"), "slots"),
        (lambda queues: queues.limit("no name", 2), "name"),
        (lambda queues: queues.limit("", 2), "name"),
        (lambda queues: queues.rate("mail", "10"), "rate"),
        (lambda queues: queues.rate("mail", 10), "rate"),
        (lambda queues: queues.set("mail", "cwd", "/"), "key"),
        (lambda queues: queues.set("mail", "priority", "high"), "value"),
        (lambda queues: queues.set("mail", "max_retries", 101), "value"),
        (lambda queues: queues.pause("mail", until="yesterday"), "until"),
        (lambda queues: queues.pause("mail", until="soon"), "until"),
        (lambda queues: queues.pause("mail", reason="x" * 201), "reason"),
        (lambda queues: queues.pause(""), "name"),
    ],
)
def test_what_a_queue_cannot_be_given_is_refused(queue: Queue, give: Callable[[Any], Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        give(queue.queues)
    assert caught.value.field == field
    assert queue.queues.all() == [] and queue.queues.pause_of_home() is None


def test_each_change_is_noted(queue: Queue) -> None:
    queue.queues.limit("mail", 2)
    queue.queues.rate("mail", "10/m:3")
    queue.queues.drain("mail")
    queue.queues.set("mail", "priority", 5)
    queue.queues.pause("mail", reason="game")
    queue.queues.resume("mail")
    assert told(queue, "queue") == [
        "queue mail: limit 2",
        "queue mail: rate 10/m:3",
        "queue mail: takes no new jobs",
        "queue mail: priority = 5",
    ]
    assert told(queue, "paused") == ["queue mail: paused: game"] and told(queue, "resumed") == ["queue mail"]


def test_a_pause_of_everything_holds_for_all_queues_and_resume_ends_it(queue: Queue) -> None:
    queue.add("true", queue="mail")
    queue.queues.pause(reason="game")
    assert take(queue.store) is None
    assert [found.state for found in queue.queues.all()] == ["paused"]
    queue.queues.pause("mail")
    assert [lane.subject for lane in queue.queues.resume().lanes] == ["everything", "queue mail"]
    assert claim(queue.store).queue == "mail"
    assert queue.queues.resume().lanes == []


def test_only_a_queue_that_is_paused_or_draining_is_resumed(queue: Queue) -> None:
    queue.queues.limit("mail", 1)
    with pytest.raises(Conflict, match="queue mail is not paused"):
        queue.queues.resume("mail")
    queue.queues.pause("news")
    with pytest.raises(Conflict):
        queue.queues.resume("news", "mail")
    assert queue.queues.get("news").state == "paused"


def test_all_pauses_end_without_a_drain_being_ended(queue: Queue) -> None:
    queue.queues.drain("mail")
    queue.queues.pause("mail")
    queue.queues.resume()
    assert (queue.queues.get("mail").state, queue.queues.get("mail").draining) == ("draining", True)
    queue.queues.resume("mail")
    assert queue.queues.all() == []


def test_a_pause_ends_by_itself_and_wakes_workers(
    home: str, queue: Queue, clock: FakeClock, scheduler: Clockwork
) -> None:
    queue.queues.pause("mail", until=timedelta(hours=1))
    queue.queues.pause(until="+30m")
    scheduler.tick()
    bell = Doorbell(Home(home), WORKERS + "1")
    clock.advance(30 * MINUTE)
    assert 0 < scheduler.tick() <= 1
    assert WORK in bell.answer()
    assert queue.queues.pause_of_home() is None and queue.queues.get("mail").state == "paused"
    clock.advance(30 * MINUTE)
    scheduler.tick()
    assert WORK in bell.answer() and queue.queues.all() == []
    bell.close()
    assert told(queue, "resumed") == [f"{what}: the time of its pause is over" for what in ("everything", "queue mail")]


def let_run(queue: Queue, clock: FakeClock) -> None:
    """Let a job run in each of the queues mail and web; it is called like the queue."""
    worker = employ(queue.store)
    for name in ("mail", "web"):
        queue.add("true", queue=name, id=name)
        claim(queue.store, worker=worker, now=clock.wall())


def test_a_pause_that_ends_by_itself_lets_go_on_what_it_has_suspended(
    queue: Queue, clock: FakeClock, scheduler: Clockwork
) -> None:
    let_run(queue, clock)
    queue.suspend("web")
    assert queue.queues.pause(until="+10s", running=True).jobs == ["mail"]
    clock.advance(10_000)
    scheduler.tick()
    assert [queue.get(name).is_suspended for name in ("mail", "web")] == [False, True]


def test_what_one_pause_lets_go_on_another_keeps_suspended(
    queue: Queue, clock: FakeClock, scheduler: Clockwork
) -> None:
    let_run(queue, clock)
    queue.queues.pause("mail")
    queue.queues.pause("web", until="+10s")
    queue.queues.pause(running=True)
    assert queue.queues.resume("mail").jobs == []
    clock.advance(10_000)
    scheduler.tick()
    assert [queue.get(name).is_suspended for name in ("mail", "web")] == [True, True]
    assert queue.queues.resume().jobs == ["mail", "web"]
    told_of = [(event.job, event.what) for event in queue.events.since(0, 100) if event.detail == WITH_PAUSE]
    assert told_of == [(job, verb) for verb in ("suspend", "resume") for job in ("mail", "web")]


def test_what_a_pause_suspended_goes_on_in_the_transaction_that_ends_the_pause(
    queue: Queue, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_run(queue, clock)
    queue.queues.pause("mail", running=True)

    def fail(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(queue.store.jobs, "resume", fail)
        queue.queues.resume("mail")
    assert queue.queues.get("mail").state == "paused" and queue.get("mail").is_suspended


def test_several_things_about_a_queue_change_at_once(queue: Queue, clock: FakeClock) -> None:
    let_run(queue, clock)
    found = queue.queues.edit("mail", slots=2, rate="10/m", paused=True, until="+1h", reason="game", running=True)
    assert (found.slots, found.rate, found.state, found.pause_reason) == (2, "10/m", "paused", "game")
    assert queue.get("mail").is_suspended
    found = queue.queues.edit("mail", slots=None, paused=False, draining=True)
    assert (found.slots, found.rate, found.state) == (None, "10/m", "draining")
    assert not queue.get("mail").is_suspended


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"slots": 2, "rate": "fast"}, InvalidInput),
        ({"rate": "10/m", "slots": 0}, InvalidInput),
        ({"slots": 2, "paused": True, "until": "soon"}, InvalidInput),
        ({"slots": 2, "paused": True, "reason": "x" * 201}, InvalidInput),
        ({"slots": 2, "draining": True, "paused": False}, Conflict),
        ({"slots": 2, "until": "+1h"}, InvalidInput),
        ({"slots": 2, "paused": False, "running": True}, InvalidInput),
        ({"slots": 2, "limit": 3}, InvalidInput),
        ({}, InvalidInput),
    ],
)
def test_nothing_about_a_queue_changes_if_one_of_several_things_is_wrong(
    queue: Queue, parts: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        queue.queues.edit("mail", **parts)
    assert queue.queues.all() == [] and queue.events.since(0, 10) == []


def test_a_draining_queue_takes_no_new_jobs_and_runs_those_that_it_has(queue: Queue) -> None:
    kept = queue.add("true", queue="mail")
    other = queue.add("true")
    queue.queues.drain("mail")
    ways: list[Callable[[], Any]] = [
        lambda: queue.add("true", queue="mail"),
        lambda: queue.enqueue([{"command": "true"}, {"command": "true", "queue": "mail"}]),
        lambda: queue.edit(other.id, queue="mail"),
    ]
    for way in ways:
        with pytest.raises(Conflict, match="queue mail is draining and takes no new jobs"):
            way()
    assert queue.count() == 2
    assert claim(queue.store, queues=["mail"]).id == kept.id


@pytest.mark.parametrize(
    ("shut", "reason"),
    [
        (lambda queue: queue.queues.drain("mail"), "queue mail takes no new jobs"),
        (lambda queue: queue.queues.pause("mail", schedules=True), "queue mail is paused, and schedules with it"),
        (lambda queue: queue.queues.pause(schedules=True), "everything is paused, and schedules with it"),
    ],
)
def test_a_recurring_job_is_left_out_with_a_note_where_no_jobs_are_to_be_added(
    queue: Queue, clock: FakeClock, scheduler: Clockwork, shut: Callable[[Queue], Any], reason: str
) -> None:
    queue.schedules.add("it", "* * * * *", "true", queue="mail")
    shut(queue)
    clock.advance(MINUTE)
    scheduler.tick()
    assert queue.count() == 0
    (skipped,) = told(queue, "skipped")
    assert skipped.endswith(f": {reason}")


def test_a_recurring_job_adds_jobs_to_a_paused_queue(queue: Queue, clock: FakeClock, scheduler: Clockwork) -> None:
    queue.schedules.add("it", "* * * * *", "true", queue="mail")
    queue.queues.pause()
    clock.advance(MINUTE)
    scheduler.tick()
    assert queue.counts() == {"pending": 1}


def test_a_queue_gives_its_jobs_defaults_where_they_have_none(queue: Queue) -> None:
    queue.queues.set("mail", "timeout", "2h")
    queue.queues.set("mail", "max_retries", 7)
    queue.queues.set("mail", "priority", "5")
    found = queue.add("true", queue="mail")
    assert (found.timeout, found.max_retries, found.priority) == (2 * HOUR, 7, 5)
    own = queue.add("true", queue="mail", timeout=60, max_retries=0, priority=-1)
    assert (own.timeout, own.max_retries, own.priority) == (MINUTE, 0, -1)
    other = queue.add("true")
    assert (other.max_retries, other.priority) == (3, 0)
    assert queue.queues.get("mail").defaults == {"timeout": 7200, "max_retries": 7, "priority": 5}
    queue.queues.set("mail", "timeout", "none")
    assert queue.add("true", queue="mail").timeout is None
    for name in ("timeout", "max_retries", "priority"):
        queue.queues.set("mail", name, "default")
    assert queue.add("true", queue="mail").max_retries == 3


def test_why_says_what_of_its_queue_keeps_a_job_waiting(queue: Queue, clock: FakeClock) -> None:
    queue.add("true", id="it", queue="mail")
    queue.add("true", id="first", queue="mail", priority=9)
    queue.queues.rate("mail", "10/m")
    queue.queues.limit("mail", 1)
    claim(queue.store, now=clock.wall())
    assert why(queue, "it") == ("queue mail is full: 1 of 1 run", "let more run with: queuectl queue limit mail 2")
    queue.queues.limit("mail", 2)
    reason, hint = why(queue, "it")
    assert reason.startswith("the rate 10/m of queue mail lets the next job start at ") and hint is None
    queue.queues.pause("mail", reason="game")
    assert why(queue, "it") == ("queue mail is paused: game", "queuectl resume mail")
    queue.queues.pause()
    assert why(queue, "it") == ("everything is paused", "queuectl resume")


def test_a_pause_is_an_alert_that_is_not_pressing(queue: Queue) -> None:
    queue.add("true", queue="mail")
    queue.queues.pause("mail", reason="game")
    found = {alert.code: alert for alert in queue.reports.status().alerts}
    assert not found["paused"].is_pressing
    assert str(found["paused"]) == "queue mail is paused: game: queuectl resume mail"
    queue.queues.pause()
    (alert,) = queue.reports.status().alerts
    assert str(alert) == "everything is paused: queuectl resume"
    assert [(pause.queue, pause.reason) for pause in queue.reports.status().pauses] == [(None, None), ("mail", "game")]


def test_workers_that_take_no_jobs_of_a_paused_queue_are_no_alert(queue: Queue, home: str) -> None:
    queue.add("true", queue="mail")
    with Store(Home(home), clock=queue.clock) as store:
        employ(store, queues="other")
    assert [alert.code for alert in queue.reports.status().alerts] == ["queue_without_workers"]
    queue.queues.pause("mail")
    assert [alert.code for alert in queue.reports.status().alerts] == ["paused"]


def test_automatic_mode_starts_workers_for_what_may_start_only(queue: Queue, clock: FakeClock) -> None:
    scaler = AutoScaler(queue, 10, Log("test", clock))
    queue.enqueue([{"command": "true", "queue": "mail"}] * 5)
    queue.queues.pause("mail")
    scaler.step()
    assert scaler.running() == 0 and told(queue, "scaled") == []
