"""Sending events to webhooks: in order for each of them, each event at least once.

A sender works as long as something is due, then its thread ends; each tick checks whether to start another. One
process of a home sends at a time: a kernel lock on `run/webhooks.lock`, which is free once its holder is gone, ensures
that. What was sent is noted afterwards: if the sender is killed in between, the next one sends it again. A sender that
cannot note it because the disk is full sends nothing else until it can.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Callable

from ...model.clock import Clock
from ...model.errors import QueueCTLError, StoreUnavailable
from ...model.quantity import counted
from ...model.webhook import (
    GONE,
    IS_GONE,
    KEPT_MS,
    MOST_WAITING,
    Delivery,
    Webhook,
    body_of,
    digest,
    headers,
    message,
    wait_after,
)
from ...store import Home, Store
from ...store.lockfile import LockFile
from ..machine.log import Log
from ..machine.post import Answer, post

NOTE_AGAIN_SECONDS = 1.0


class Sender:
    """Sends what is due, an event at a time. `send` sends one message; `stopping` ends it."""

    def __init__(
        self, store: Store, log: Log, send: Callable[..., Answer] = post, *, stopping: threading.Event | None = None
    ) -> None:
        self._stopping = stopping or threading.Event()
        self._store = store
        self._clock = store.clock
        self._log = log
        self._send = send
        self._home_id = store.meta.home_id()

    def step(self) -> bool:
        """Send one event to each webhook that has one due; return whether there was any. Raises StoreUnavailable."""
        numbers = self._store.webhooks.due(self._clock.wall())
        for number in numbers:
            webhook = self._store.webhooks.get(number)
            if webhook is not None:
                self._serve(webhook)
        return bool(numbers)

    def _serve(self, webhook: Webhook) -> None:
        """Send a message about the next event, and note how that ended; on success the webhook is done up to it."""
        now = self._clock.wall()
        event = self._store.webhooks.next(webhook)
        if event is None:
            return
        if event.at < now - KEPT_MS:
            for _ in forget_events(self._store, self._log):
                pass
            return
        told, position = message(event), event.id
        if webhook.waiting > MOST_WAITING:
            position = self._store.webhooks.last()
            told = digest(self._store.webhooks.counts(webhook), now)
        began, at = self._clock.monotonic(), self._clock.wall()
        body = body_of(told)
        # Another digest of the same first event has more events.
        id = f"msg_{self._home_id}_{event.id}" + (f"-{position}" if position != event.id else "")
        signed = headers(id, body, webhook.secret, at)
        answer = self._send(webhook.url, body, signed, allow_private=webhook.allow_private)
        now, took = self._clock.wall(), self._clock.monotonic() - began
        name = str(told["type"]) if position != event.id else event.event
        delivery = Delivery(name, event.job, at, webhook.failures + 1, answer.status, answer.error, took)
        while not self._note(webhook, delivery, answer, position, now):
            self._clock.wait(self._stopping, NOTE_AGAIN_SECONDS)
        if not answer.succeeded:
            self._log.complain(f"webhook {webhook.name}: {answer.error}")

    def _note(self, webhook: Webhook, delivery: Delivery, answer: Answer, position: int, now: int) -> bool:
        """Note how a delivery ended; return False if that cannot be written. Raises StoreUnavailable once stopping."""
        try:
            with self._store.writing():
                if answer.succeeded:
                    self._store.webhooks.move_on(webhook, position)
                else:
                    self._store.webhooks.fail(webhook, now, now + wait_after(webhook.failures + 1))
                if answer.status == GONE:
                    self._store.webhooks.pause(webhook.name, IS_GONE, now)
                self._store.webhooks.note(webhook, delivery)
            return True
        except StoreUnavailable as error:
            if self._stopping.is_set():
                raise
            self._log.complain(f"webhook {webhook.name}: {error}")
            return False


def forget_events(store: Store, log: Log) -> Iterator[int]:
    """Delete the events that every webhook has got, and those that have waited for a day; yield after each part."""
    before = store.clock.wall() - KEPT_MS
    for webhook in store.webhooks.all():
        dropped, last = store.webhooks.expired(webhook, before)
        if dropped:
            told = f"{webhook.name}: {counted(dropped, 'event')} that waited for a day"
            with store.writing():
                if store.webhooks.drop(webhook, last, dropped):
                    store.events.add("webhook dropped", actor=log.speaker, now=store.clock.wall(), detail=told)
            log.complain(f"webhook dropped {told}")
            yield 0
    if store.webhooks.has_passed_over():
        with store.writing():
            store.webhooks.pass_over()
        yield 0
    while store.webhooks.has_old(before):
        with store.writing():
            store.webhooks.prune(before)
        yield 0


class SenderThread:
    """The thread of this process that sends, while there is something to send."""

    def __init__(self, home: Home, log: Log) -> None:
        self._home = home
        self._log = log
        self._lock = LockFile(home.webhooks_lock)
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def look(self, store: Store) -> None:
        """Start sending if something is due, and if neither we nor another process send already."""
        if self._thread is not None and self._thread.is_alive():
            return
        if not store.webhooks.due(store.clock.wall()) or not self._lock.acquire():
            return
        thread = threading.Thread(target=self._run, args=(store.clock,), name="webhooks", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # The system has no thread for us now; the next look may find one.
            self._lock.release()
            return
        self._thread = thread

    def stop(self) -> None:
        """Begin no other message. Do not wait for one that is under way: it was sent, or it is sent again."""
        self._stopping.set()

    def _run(self, clock: Clock) -> None:
        try:
            with Store(self._home, create=False, clock=clock, give_up=self._stopping.is_set) as store:
                sender = Sender(store, self._log, stopping=self._stopping)
                while not self._stopping.is_set() and sender.step():
                    pass
        except (QueueCTLError, OSError) as error:
            self._log.complain(f"webhooks: {error}")
        finally:
            self._lock.release()
