"""While workers of before an upgrade run, nothing is asked of them that they do not know."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from queuectl.engine.changing import NEWER_FIELDS
from queuectl.engine.daemons.daemon import POOL, SCHEDULER, Daemon, DaemonRecord
from queuectl.engine.queue import Queue
from queuectl.model.errors import DaemonUnavailable
from queuectl.model.fields import GIVEN
from tests.store.building import values

UNKNOWN: dict[str, Callable[[Queue], object]] = {
    "after": lambda queue: queue.add("true", after="first"),
    "after_any": lambda queue: queue.edit("first", after_any="second"),
    "batch limit": lambda queue: queue.batches.limit("b", 1),
    "batch, batch_limit": lambda queue: queue.add("true", batch="c", batch_limit=2),
    "lock limit": lambda queue: queue.locks.limit("gpu", 2),
    "locks": lambda queue: queue.edit("first", locks="gpu"),
    "batch": lambda queue: queue.add("true", batch="b"),
    "expires_at": lambda queue: queue.add("true", expires="1h"),
    "nice": lambda queue: queue.edit("first", nice=1),
    "on_finish": lambda queue: queue.enqueue([{"command": "true"}, {"command": "true", "on_finish": "true"}]),
    "pause": lambda queue: queue.queues.pause("mail"),
    "queue limit": lambda queue: queue.queues.limit("mail", 1),
    "queue rate": lambda queue: queue.queues.rate("mail", "1/h"),
    "schedules of several jobs": lambda queue: queue.schedules.add("site", "@daily", jobs=[{"command": "true"}]),
    "suspend": lambda queue: queue.suspend("state:processing"),
}
# The given fields that workers of every schema know, that none of them acts on, or that mean nothing without another.
HARMLESS = {
    *("id", "command", "queue", "priority", "max_retries", "timeout", "run_at", "hold", "cwd", "env", "inherit_env"),
    *("tags", "allow_background", "inputs", "max_fails", "if_exists"),
}


def enter_pool(queue: Queue, schema: str | None = None, daemon: Daemon = POOL) -> None:
    """Be the pool of a home, or another daemon, of another schema if one is given."""
    with queue.store.writing():
        record = DaemonRecord.parse(daemon.enter(queue))
        record.schema = record.schema if schema is None else schema
        queue.store.meta.set_daemon(daemon.name, str(record))


@pytest.fixture(autouse=True)
def jobs(queue: Queue) -> None:
    queue.add("true", id="first", hold=True)
    queue.add("true", id="second", hold=True, batch="b")


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_workers_of_an_older_schema_do_not_know_is_refused_and_changes_nothing(queue: Queue, what: str) -> None:
    enter_pool(queue, "5")
    with pytest.raises(DaemonUnavailable, match=f"schema 5.* does not know {what}$") as refusal:
        UNKNOWN[what](queue)
    assert refusal.value.hint == "queuectl worker restart"
    first = queue.get("first")
    assert queue.batches.get("b").slots is None and queue.locks.all() == []
    assert len(queue.list()) == 2 and queue.store.lanes.all() == {}
    assert first.nice == 0 and queue.store.links.parents(first.number) == []


def test_a_new_field_is_known_to_be_newer_or_harmless() -> None:
    assert {field.name for field in GIVEN} == {*NEWER_FIELDS, *HARMLESS}


def test_workers_of_an_older_schema_take_jobs_that_they_know(queue: Queue) -> None:
    enter_pool(queue, "5")
    assert queue.add("true", priority=3, tags=["a"]).state == "pending"
    queue.edit("first", priority=4)
    assert queue.get("first").priority == 4


@pytest.mark.parametrize("what", [what for what in UNKNOWN if what != "suspend"])
def test_workers_of_the_schema_of_today_refuse_nothing(queue: Queue, what: str) -> None:
    enter_pool(queue)
    assert UNKNOWN[what](queue)


def test_a_scheduler_of_an_older_schema_is_given_no_schedule_of_several_jobs(queue: Queue) -> None:
    enter_pool(queue, "5", SCHEDULER)
    with pytest.raises(DaemonUnavailable, match="the scheduler is of .* does not know schedules of several jobs"):
        UNKNOWN["schedules of several jobs"](queue)
    assert queue.schedules.all() == [] and queue.schedules.add("one", "@daily", "true").runs == "true"


@pytest.mark.parametrize("field", [{"locks": "gpu"}, {"nice": 5}, {"on_failure": "true"}, {"expires": "1h"}])
@pytest.mark.parametrize("daemon", [POOL, SCHEDULER])
def test_no_schedule_has_a_field_that_an_older_schema_would_leave_out(
    queue: Queue, daemon: Daemon, field: dict[str, str]
) -> None:
    enter_pool(queue, "5", daemon)
    plain = queue.schedules.add("plain", "@daily", "true")
    for change in (partial(queue.schedules.add, "it", "@daily", "true"), partial(queue.schedules.edit, "plain")):
        with pytest.raises(DaemonUnavailable, match=f"schema 5.* does not know {[*field][0]}$"):
            change(**field)
    assert [values(schedule) for schedule in queue.schedules.all()] == [values(plain)]
    assert queue.schedules.edit("plain", priority=1).priority == 1
