"""The outbox: what ends a job, however that happens, writes an event for the webhooks that want it."""

from __future__ import annotations

import pytest

from queuectl.model.job import CANCELLED, COMPLETED, DEAD, FAILED, PENDING, SCHEDULED
from queuectl.model.link import ANY
from queuectl.model.outcome import Outcome
from queuectl.model.settings import EVENTS
from queuectl.model.webhook import IS_GONE, MOST_WAITING, Delivery, Event, Webhook
from queuectl.store import Store
from tests.store import linking
from tests.store.building import NOW, ORIGINS, add, claim, employ, finish, plain, spec, write

LATER = NOW + 5_000


def hook(store: Store, *events: str, name: str = "a") -> Webhook:
    write(store, store.webhooks.add, name, "https://example.com/", events or EVENTS, actor="test", now=NOW)
    return again(store, name)


def again(store: Store, name: str = "a") -> Webhook:
    found = store.webhooks.get(name)
    assert found is not None
    return found


def told(store: Store, name: str = "a") -> list[tuple[str, str | None]]:
    """Read the outbox to its end; return events and jobs."""
    found: list[Event] = []
    while True:
        event = store.webhooks.next(again(store, name))
        if event is None:
            return [(one.event, one.job) for one in found]
        found.append(event)
        assert write(store, store.webhooks.move_on, again(store, name), event.id)


def test_each_end_of_a_job_is_an_event_in_order(store: Store) -> None:
    hook(store)
    for state in (COMPLETED, FAILED, DEAD, CANCELLED):
        add(store, id=state, priority=1)
        finish(store, claim(store), state)
    assert told(store) == [
        ("completed", "completed"),
        ("idle", None),
        ("failed", "failed"),
        ("dead", "dead"),
        ("cancelled", "cancelled"),
    ]


def test_an_event_tells_what_the_job_was_then(store: Store) -> None:
    hook(store, DEAD)
    number = add(store, "x" * 2_000, id="a", queue="q", tags=("t",), batch="b", max_retries=0)
    finish(store, claim(store, worker=employ(store)), DEAD, now=LATER)
    write(store, store.jobs.retry, number, LATER, keep_attempts=False)
    event = store.webhooks.next(again(store))
    assert event is not None
    assert (event.job, event.number, event.queue, event.batch, event.tags) == ("a", number, "q", "b", ",t,")
    assert (event.at, event.attempts, event.exit_code, len(event.command or "")) == (LATER, 1, 1, 1_000)


@pytest.mark.parametrize("way", ["user", "expiry", "batch", "link", "key"])
def test_the_reason_why_a_waiting_job_was_cancelled_is_reported(store: Store, way: str) -> None:
    hook(store, CANCELLED)
    if way == "user":
        write(store, store.jobs.cancel, add(store, id="x"), NOW)
    elif way == "expiry":
        add(store, id="x", expires_at=NOW + 1)
        write(store, store.jobs.cancel_expired, NOW + 2, 10, actor="test", cancel=store.jobs.cancel)
    elif way == "batch":
        store.database.change  # noqa: B018
        add(store, id="y", batch="b", max_fails="1", max_retries=0)
        add(store, id="x", batch="b")
        finish(store, claim(store), DEAD)
        write(store, store.jobs.cancel_stopped, NOW, 10, actor="test")
    elif way == "link":
        with store.writing():
            store.jobs.enqueue(
                [spec(id="y"), spec(id="x", after_failed=("y",))],
                origins=ORIGINS,
                actor="test",
                now=NOW,
                parents=[[], [("y", "failed")]],
            )
        finish(store, claim(store), COMPLETED)
    else:
        with store.writing():
            store.jobs.cancel(add_in(store), NOW)
    assert told(store) == [("cancelled", "x")]


def add_in(store: Store) -> int:
    store.jobs.enqueue([spec(id="x", key="k")], origins=ORIGINS, actor="test", now=NOW)
    holder = store.jobs.key_holder("k", None)
    assert holder is not None
    return holder.number


def test_a_worker_of_an_earlier_version_writes_events_too(store: Store) -> None:
    hook(store, COMPLETED)
    number = add(store, id="x")
    claim(store)
    connection = plain(store.home.database)
    connection.execute(
        "UPDATE jobs SET state = 'completed', finished_at = 5, worker = NULL, lease_until = NULL WHERE number = ?",
        (number,),
    )
    connection.commit()
    connection.close()
    assert told(store) == [("completed", "x")]


def test_nothing_is_written_that_nobody_wants(store: Store) -> None:
    add(store)
    finish(store, claim(store), COMPLETED)
    assert store.webhooks.last() == 0
    hook(store, DEAD)
    add(store)
    finish(store, claim(store), COMPLETED)
    assert store.webhooks.last() == 0


def test_a_release_is_no_event(store: Store) -> None:
    hook(store)
    add(store)
    claimed = claim(store)
    with store.writing():
        store.jobs.finish(claimed, Outcome.released(), state=PENDING, run_at=NOW, duration=1, now=NOW)
    assert told(store) == []


def test_an_event_that_is_undone_was_none(store: Store) -> None:
    hook(store)
    number = add(store)
    with pytest.raises(ZeroDivisionError), store.writing():
        store.jobs.cancel(number, NOW)
        raise ZeroDivisionError
    assert told(store) == []


@pytest.mark.parametrize("other", ["pending", "processing", "failed"])
def test_a_home_with_work_is_not_idle(store: Store, other: str) -> None:
    hook(store, "idle")
    add(store, id="first", priority=9)
    claimed = claim(store)
    add(store, id="other")
    if other != "pending":
        second = claim(store)
        if other == "failed":
            finish(store, second, FAILED)
    finish(store, claimed, COMPLETED)
    assert told(store) == []


def test_what_waits_for_a_time_or_for_a_user_leaves_the_home_idle(store: Store) -> None:
    hook(store, "idle")
    add(store, hold=True)
    add(store, run_at=NOW + 10_000)
    add(store)
    finish(store, claim(store), COMPLETED)
    assert told(store) == [("idle", None)]


def test_a_home_is_idle_when_the_last_one_of_a_chain_has_ended(store: Store) -> None:
    hook(store, "idle")
    first = linking.add(store, batch="b")
    second = linking.add(store, (first, ANY), batch="b")
    last = linking.add(store, (-int(store.database.value("SELECT id FROM batches")), ANY))
    for number, after in ((first, []), (second, []), (last, [("idle", None)])):
        linking.end(store, number, COMPLETED)
        assert told(store) == after


def test_what_can_never_go_on_leaves_the_home_idle(store: Store) -> None:
    hook(store, "idle")
    first = linking.add(store)
    linking.add(store, (first, COMPLETED))
    linking.end(store, first, DEAD)
    assert told(store) == [("idle", None)]


def test_each_webhook_reads_on_its_own(store: Store) -> None:
    hook(store, DEAD, name="a")
    hook(store, COMPLETED, DEAD, name="b")
    for state in (COMPLETED, DEAD):
        add(store, id=state)
        finish(store, claim(store), state)
    assert [webhook.waiting for webhook in store.webhooks.all()] == [1, 2]
    assert told(store, "a") == [("dead", "dead")]
    assert told(store, "b") == [("completed", "completed"), ("dead", "dead")]
    assert store.webhooks.has_old(NOW) and write(store, store.webhooks.prune, NOW) == 2


def test_what_one_has_not_read_stays_in_the_outbox(store: Store) -> None:
    hook(store, DEAD, name="a")
    hook(store, DEAD, name="b")
    add(store)
    finish(store, claim(store), DEAD)
    told(store, "a")
    assert not store.webhooks.has_old(NOW)
    assert told(store, "b") == [("dead", "job-1")]


def test_only_who_has_read_last_moves_a_webhook(store: Store) -> None:
    webhook = hook(store, DEAD)
    for _ in range(2):
        add(store)
        finish(store, claim(store), DEAD)
    assert write(store, store.webhooks.fail, webhook, NOW, NOW + 1)
    assert not write(store, store.webhooks.fail, webhook, NOW, NOW + 1)
    assert write(store, store.webhooks.move_on, webhook, 1)
    assert not write(store, store.webhooks.move_on, webhook, 2)
    assert not write(store, store.webhooks.drop, webhook, 2, 1)
    assert again(store).position == 1 and again(store).failures == 0


def test_one_that_failed_is_due_when_its_time_has_come_or_the_clock_was_set_back(store: Store) -> None:
    webhook = hook(store, DEAD)
    add(store)
    finish(store, claim(store), DEAD)
    write(store, store.webhooks.fail, webhook, NOW, NOW + 100)
    due = [store.webhooks.due(now) for now in (NOW, NOW + 100, NOW - 30 * 86_400_000)]
    assert due == [[], [webhook.id], [webhook.id]]
    write(store, store.webhooks.pause, "a", "test", NOW)
    assert store.webhooks.due(NOW + 100) == []


def test_another_address_is_tried_at_once(store: Store) -> None:
    webhook = hook(store, DEAD)
    add(store)
    finish(store, claim(store), DEAD)
    write(store, store.webhooks.fail, webhook, NOW, NOW + 100)
    assert write(store, store.webhooks.change, "a", "https://example.org/", (DEAD,))
    assert store.webhooks.due(NOW) == [webhook.id]
    assert (again(store).failures, again(store).failing_since, again(store).waiting) == (0, None, 1)


def test_what_is_gone_at_one_address_is_not_gone_at_another(store: Store) -> None:
    hook(store)
    write(store, store.webhooks.pause, "a", IS_GONE, NOW)
    write(store, store.webhooks.change, "a", "https://example.com/", EVENTS)
    assert again(store).pause_reason == IS_GONE
    write(store, store.webhooks.change, "a", "https://example.com/other", EVENTS)
    assert again(store).pause_reason is None
    write(store, store.webhooks.pause, "a", "paused by a user", NOW)
    write(store, store.webhooks.change, "a", "https://example.com/", EVENTS)
    assert again(store).pause_reason == "paused by a user"


def test_what_no_webhook_waits_for_can_be_deleted_before_it_is_old(store: Store) -> None:
    hook(store, DEAD, name="dead")
    hook(store, COMPLETED, name="completed")
    for _ in range(3):
        add(store)
        finish(store, claim(store), COMPLETED)
    assert again(store, "dead").position == 0
    assert len(told(store, "completed")) == 3
    assert store.webhooks.has_passed_over() and not store.webhooks.has_old(NOW - 1)
    assert write(store, store.webhooks.pass_over) == 1
    assert not store.webhooks.has_passed_over() and store.webhooks.has_old(NOW - 1)
    assert write(store, store.webhooks.prune, NOW - 1) == 3
    add(store, max_retries=0)
    finish(store, claim(store), DEAD)
    assert write(store, store.webhooks.pass_over) == 1
    assert [event for event, _ in told(store, "dead")] == [DEAD]


def test_a_home_in_which_a_job_was_snoozed_is_not_idle(store: Store) -> None:
    hook(store, "idle")
    add(store)
    finish(store, claim(store), SCHEDULED)
    add(store)
    finish(store, claim(store), COMPLETED)
    assert told(store) == []
    write(store, store.jobs.cancel, 1, NOW)
    assert told(store) == [("idle", None)]


def test_waiting_events_are_counted_only_as_far_as_it_matters(store: Store) -> None:
    webhook = hook(store, "idle")
    with store.writing():
        store.database.change_many(
            "INSERT INTO outbox (event, at) VALUES ('idle', ?)", ((NOW,) for _ in range(MOST_WAITING + 50))
        )
    assert again(store).waiting == MOST_WAITING + 1
    assert store.webhooks.counts(webhook) == {"idle": MOST_WAITING + 50}


def test_the_last_hundred_deliveries_are_kept(store: Store) -> None:
    webhook = hook(store)
    for number in range(130):
        write(store, store.webhooks.note, webhook, Delivery("dead", f"job-{number}", NOW, 1, 200, None, 5))
    found = store.webhooks.deliveries(webhook, 1_000)
    assert [one.job for one in found] == [f"job-{number}" for number in range(129, 29, -1)]
    write(store, store.webhooks.remove, "a")
    assert store.database.integer("SELECT count(*) FROM deliveries") == 0


def test_jobs_pay_for_the_outbox_only_while_there_are_webhooks(store: Store) -> None:
    def has_trigger() -> bool:
        return store.database.value("SELECT 1 FROM sqlite_master WHERE type = 'trigger'") is not None

    seen = [has_trigger()]
    for act in (store.webhooks.remove, None, None, store.webhooks.remove, store.webhooks.remove):
        name = ("a", "a", "b", "a", "b")[len(seen) - 1]
        hook(store, name=name) if act is None else write(store, act, name)
        seen.append(has_trigger())
    assert seen == [False, False, True, True, True, False]
