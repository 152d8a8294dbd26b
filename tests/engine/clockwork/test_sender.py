"""Sending to webhooks, stepped by hand: in order, at least once, with growing waits, for a day."""

from __future__ import annotations

import json
import threading
from typing import Any, Mapping

import pytest

from queuectl.engine.clockwork.sender import Sender, SenderThread, forget_events
from queuectl.engine.machine.log import Log
from queuectl.engine.machine.post import Answer
from queuectl.model.errors import StoreFull
from queuectl.model.job import COMPLETED, DEAD
from queuectl.model.webhook import KEPT_MS, MOST_WAITING, Webhook
from queuectl.model.when import HOUR, MINUTE
from queuectl.store import Store
from queuectl.store.lockfile import LockFile
from tests.store.building import add, claim, finish, write
from tests.support import FakeClock, wait_until


class Receiver:
    """Stands for the network: `answers` are what it says, the last one from then on."""

    def __init__(self) -> None:
        self.answers: list[int] = [200]
        self.bodies: list[dict[str, Any]] = []
        self.ids: list[str] = []

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool) -> Answer:
        self.bodies.append(json.loads(body))
        self.ids.append(headers["webhook-id"])
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Answer(status, None if status == 200 else f"answered {status}")

    @property
    def told(self) -> list[str]:
        return [body["data"].get("id", body["type"]) for body in self.bodies]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def sender(store: Store, clock: FakeClock, receiver: Receiver) -> Sender:
    hook(store, "a")
    return Sender(store, Log("test", clock), receiver.post)


def hook(store: Store, name: str, *events: str) -> None:
    # Nobody listens there.
    url, now = "http://127.0.0.1:1/", store.clock.wall()
    write(store, store.webhooks.add, name, url, events or (DEAD,), allow_private=True, actor="test", now=now)


def bury(store: Store, *ids: str) -> None:
    for id in ids:
        add(store, id=id, now=store.clock.wall())
        finish(store, claim(store, now=store.clock.wall()), DEAD, now=store.clock.wall())


def again(store: Store, name: str = "a") -> Webhook:
    found = store.webhooks.get(name)
    assert found is not None
    return found


def drain(sender: Sender) -> None:
    while sender.step():
        pass


def test_events_are_sent_in_order_and_once(store: Store, sender: Sender, receiver: Receiver) -> None:
    bury(store, "x", "y", "z")
    drain(sender)
    assert receiver.told == ["x", "y", "z"] and len(set(receiver.ids)) == 3
    assert [(one.job, one.status, one.attempt) for one in store.webhooks.deliveries(again(store), 9)] == [
        ("z", 200, 1),
        ("y", 200, 1),
        ("x", 200, 1),
    ]


def test_one_that_fails_is_tried_again_before_all_others(
    store: Store, clock: FakeClock, sender: Sender, receiver: Receiver
) -> None:
    receiver.answers = [500, 503, 200]
    bury(store, "x", "y")
    drain(sender)
    assert receiver.told == ["x"] and again(store).state == "failing"
    clock.advance(999)
    assert not sender.step()
    clock.advance(1)
    drain(sender)
    clock.advance(5_000)
    drain(sender)
    assert receiver.told == ["x", "x", "x", "y"] and len(set(receiver.ids)) == 2
    assert (again(store).state, again(store).failing_since) == ("active", None)


def test_waits_grow_until_an_hour_and_events_end_after_a_day(
    store: Store, clock: FakeClock, sender: Sender, receiver: Receiver
) -> None:
    receiver.answers, began = [500], clock.wall()
    bury(store, "x")
    tried = []
    while store.webhooks.next(again(store)) is not None:
        if sender.step():
            tried.append(clock.wall() - began)
        clock.advance(MINUTE // 60)
        if len(tried) > 6:
            clock.advance(HOUR - 1_000)
    assert [round(at / 1000) for at in tried[:7]] == [0, 1, 6, 36, 336, 2136, 5736]
    assert tried[-2] <= KEPT_MS and again(store).dropped == 1
    assert store.database.value("SELECT 1 FROM events WHERE kind = 'webhook dropped'") == 1


def test_one_that_is_gone_is_paused(store: Store, clock: FakeClock, sender: Sender, receiver: Receiver) -> None:
    receiver.answers = [410]
    bury(store, "x")
    drain(sender)
    clock.advance(HOUR)
    assert not sender.step() and again(store).pause_reason == "it answered 410: it is gone"
    receiver.answers = [200]
    write(store, store.webhooks.resume, "a")
    drain(sender)
    assert receiver.told == ["x", "x"]


def test_one_that_fails_does_not_hold_up_others(store: Store, sender: Sender, receiver: Receiver) -> None:
    hook(store, "b")
    bury(store, "x", "y")
    receiver.answers = [500, 200]
    drain(sender)
    assert receiver.told == ["x", "x", "y"]
    assert (again(store, "a").waiting, again(store, "b").waiting) == (2, 0)


def test_more_than_anybody_reads_becomes_one(store: Store, sender: Sender, receiver: Receiver) -> None:
    hook(store, "b", "idle")
    now = store.clock.wall()
    with store.writing():
        store.database.change_many(
            "INSERT INTO outbox (event, at) VALUES ('idle', ?)", ((now,) for _ in range(MOST_WAITING + 1))
        )
    drain(sender)
    assert [body["type"] for body in receiver.bodies] == ["digest"]
    assert receiver.bodies[0]["data"] == {"events": {"idle": MOST_WAITING + 1}}
    assert again(store, "b").waiting == 0


def test_what_waits_for_one_that_is_paused_ends_after_a_day(store: Store, clock: FakeClock, sender: Sender) -> None:
    write(store, store.webhooks.pause, "a", "test", clock.wall())
    bury(store, "x")
    clock.advance(KEPT_MS + 1)
    bury(store, "y")
    assert [*forget_events(store, Log("test", clock))] == [0, 0]
    assert (again(store).dropped, again(store).waiting) == (1, 1)
    assert store.database.integer("SELECT count(*) FROM outbox") == 1


def test_a_sender_that_is_killed_before_it_has_noted_sends_again(
    store: Store, clock: FakeClock, sender: Sender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    bury(store, "x")
    with monkeypatch.context() as patch:
        patch.setattr(store.webhooks, "move_on", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            sender.step()
    drain(Sender(store, Log("test", clock), receiver.post))
    assert receiver.told == ["x", "x"] and len(set(receiver.ids)) == 1


@pytest.mark.parametrize("way", ["move_on", "fail"])
def test_what_cannot_be_noted_is_sent_once(
    store: Store, sender: Sender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A disk may be full for a night: nobody wants the same message each second of it."""
    receiver.answers = [200 if way == "move_on" else 500]
    bury(store, "x", "y")
    real, failures = getattr(store.webhooks, way), [StoreFull("the disk is full")] * 30

    def note(*values: Any) -> Any:
        if failures:
            raise failures.pop()
        return real(*values)

    monkeypatch.setattr(store.webhooks, way, note)
    assert sender.step()
    assert (receiver.told, failures) == (["x"], [])
    assert again(store).failures == int(way == "fail")


def test_a_sender_that_is_stopped_does_not_wait_for_room(
    store: Store, clock: FakeClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(store, "a")
    bury(store, "x")
    stopping = threading.Event()

    def note(*_: object) -> None:
        stopping.set()
        raise StoreFull("the disk is full")

    monkeypatch.setattr(store.webhooks, "move_on", note)
    with pytest.raises(StoreFull):
        Sender(store, Log("test", clock), receiver.post, stopping=stopping).step()


def test_only_one_process_sends_at_a_time(store: Store, clock: FakeClock, sender: Sender) -> None:
    bury(store, "x")
    other = LockFile(store.home.webhooks_lock)
    assert other.acquire()
    thread = SenderThread(store.home, Log("test", clock))
    thread.look(store)
    assert again(store).failures == 0
    other.close()
    thread.look(store)
    wait_until(lambda: other.acquire(), what="the thread has ended")
    assert again(store).failures == 1
    other.close()


def test_who_gets_no_thread_leaves_the_sending_to_others(
    store: Store, clock: FakeClock, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    bury(store, "x")
    thread, other = SenderThread(store.home, Log("test", clock)), LockFile(store.home.webhooks_lock)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        thread.look(store)
    assert other.acquire()
    other.close()
    thread.look(store)
    wait_until(lambda: again(store).failures == 1, what="the event was sent")


def test_a_completed_job_is_reported_to_those_who_want_it(store: Store, sender: Sender, receiver: Receiver) -> None:
    hook(store, "b", COMPLETED)
    add(store, id="x", now=store.clock.wall())
    finish(store, claim(store, now=store.clock.wall()), COMPLETED, now=store.clock.wall())
    drain(sender)
    assert receiver.told == ["x"] and receiver.bodies[0]["type"] == "job.completed"
