"""Each alert: what makes it, its words, and the command that helps; and that every screen shows the same ones."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, Callable

import pytest

from queuectl.commands.grammar import parser
from queuectl.commands.grammar.registry import load
from queuectl.engine.daemons.daemon import POOL, SCHEDULER, DaemonRecord
from queuectl.engine.queue import Queue
from queuectl.engine.reports import status as module
from queuectl.model.alert import CODES, INFO, LEVELS, WARNING, Alert
from queuectl.model.errors import NotFound
from queuectl.model.job import COMPLETED, DEAD, FAILED, SCHEDULED, STATES
from queuectl.model.scheduler import SchedulerRecord
from queuectl.model.when import DAY, MINUTE
from queuectl.model.worker import PoolState
from tests.engine import firings
from tests.mounting import write_protected
from tests.store.building import NOW, add, bring_to, claim, employ, write
from tests.support import FakeClock

clock, queue = firings.clock, firings.queue


def found(queue: Queue) -> list[Alert]:
    alerts = queue.reports.status().alerts
    for alert in alerts:
        demand_typeable(alert.command or "")
    return alerts


def demand_typeable(hint: str) -> int:
    """Parse each command of ours in a hint as the command line does; return how many there are."""
    load()
    commands = re.findall(r"queuectl ([^;&]+)", hint)
    assert len(commands) == hint.count("queuectl"), hint
    for words in commands:
        assert parser.parse(shlex.split(words)).command is not None, hint
    return len(commands)


def codes(queue: Queue) -> list[str]:
    return [alert.code for alert in found(queue)]


def only(queue: Queue) -> Alert:
    (alert,) = found(queue)
    return alert


def lose(queue: Queue) -> None:
    """Register a worker that is gone."""
    write(queue.store, queue.store.workers.add, pid=1, pid_start="", boot="", queues="", now=NOW)


def run_scheduler(queue: Queue, *, mode: str = "manual", version: str | None = None) -> None:
    """Write this process down as the scheduler daemon of the home."""
    store = queue.store
    with store.writing():
        record = DaemonRecord.parse(SCHEDULER.enter(queue))
        record.version = version or record.version
        store.meta.set_daemon(SCHEDULER.name, str(record))
        store.meta.set_scheduler(SchedulerRecord(mode))


def every_day(queue: Queue, name: str) -> None:
    queue.schedules.add(name, "@daily", "true", timezone="UTC")


def make_due(queue: Queue, at: int) -> None:
    write(queue.store, queue.store.database.change, "UPDATE schedules SET next_at = ?", (at,))


def test_a_quiet_home_has_no_alerts(queue: Queue) -> None:
    assert found(queue) == []


@pytest.mark.parametrize(("jobs", "waits"), [(1, "1 job waits"), (2, "2 jobs wait")])
def test_jobs_that_nobody_runs_are_an_error(queue: Queue, jobs: int, waits: str) -> None:
    for _ in range(jobs):
        add(queue.store)
    alert = only(queue)
    assert str(alert) == f"{waits}, but neither workers nor a scheduler are running: queuectl worker start"
    assert (alert.code, alert.level, alert.is_pressing) == ("no_workers", "error", True)
    run_scheduler(queue)
    assert only(queue).text == f"{waits}, but no workers are running"
    run_scheduler(queue, mode="auto")
    assert found(queue) == []


def test_a_scheduler_that_starts_workers_is_enough_to_add_a_job(queue: Queue) -> None:
    queue.home.prepare()
    lock = SCHEDULER.take_lock(queue)
    try:
        run_scheduler(queue)
        assert not queue.is_attended()
        run_scheduler(queue, mode="auto")
        assert queue.is_attended()
    finally:
        lock.release()
    assert not queue.is_attended()


def test_schedules_that_nobody_fires_are_an_error(queue: Queue) -> None:
    every_day(queue, "tick")
    alert = only(queue)
    assert (alert.code, alert.command) == ("no_scheduler", "queuectl scheduler start --auto")
    run_scheduler(queue)
    assert found(queue) == []


def test_a_queue_that_no_group_of_workers_takes_jobs_from_is_an_error(queue: Queue) -> None:
    employ(queue.store, queues="mail,web")
    add(queue.store, queue="mail")
    assert found(queue) == []
    add(queue.store, queue="video")
    assert str(only(queue)) == (
        "1 job waits, but no worker takes jobs of queue video: queuectl worker start --queue video"
    )
    add(queue.store, queue="audio")
    assert str(only(queue)) == (
        "2 jobs wait, but no worker takes jobs of 2 queues: queuectl worker start --queue audio,video"
    )
    employ(queue.store)
    assert found(queue) == []


def test_a_shortage_is_reported_once_for_each_reason(queue: Queue) -> None:
    for reason in ("Cannot allocate memory", "Cannot allocate memory", "Too many open files"):
        write(queue.store, queue.store.workers.set_trouble, employ(queue.store), reason)
    assert [alert.text for alert in found(queue)] == [
        "workers cannot start commands for now: Cannot allocate memory; they try again",
        "workers cannot start commands for now: Too many open files; they try again",
    ]
    assert codes(queue) == ["shortage"] * 2


def test_lost_workers_are_a_warning_until_what_they_held_is_taken_back(queue: Queue) -> None:
    lose(queue)
    assert str(only(queue)) == "1 worker was lost: queuectl worker start"
    lose(queue)
    run_scheduler(queue)
    assert str(only(queue)) == "2 workers were lost: queuectl worker status"


def test_what_is_overdue_although_somebody_sees_to_it_is_a_warning(queue: Queue, clock: FakeClock) -> None:
    every_day(queue, "tick")
    employ(queue.store)
    make_due(queue, NOW)
    bring_to(queue.store, SCHEDULED)
    (number,) = queue.find(["last"])
    write(queue.store, queue.store.database.change, "UPDATE jobs SET run_at = ? WHERE number = ?", (NOW, number))
    clock.advance(MINUTE)
    assert found(queue) == []
    clock.advance(1)
    assert [str(alert) for alert in found(queue)] == [
        "schedule tick was due 1m ago and has not fired: queuectl worker logs",
        "a job was due 1m ago and does not run yet: queuectl worker logs",
    ]
    run_scheduler(queue)
    assert {alert.command for alert in found(queue)} == {"queuectl scheduler logs"}


def test_a_schedule_that_has_fired_and_waits_for_its_zone_is_not_overdue(queue: Queue, clock: FakeClock) -> None:
    every_day(queue, "tick")
    employ(queue.store)
    make_due(queue, NOW)
    schedule = queue.store.schedules.all()[0]
    write(queue.store, queue.store.schedules.record_fire, schedule, NOW, None)
    clock.advance(DAY)
    assert codes(queue) == ["timezone"]


def test_daemons_of_another_version_are_a_warning(queue: Queue) -> None:
    store = queue.store
    with store.writing():
        record = DaemonRecord.parse(POOL.enter(queue))
        record.version = "9.9"
        store.meta.set_daemon(POOL.name, str(record))
    run_scheduler(queue, mode="auto", version="9.9")
    pool, scheduler = found(queue)
    assert (pool.code, pool.level, pool.command) == ("other_version", WARNING, "queuectl worker restart")
    assert pool.text.startswith("the workers are of version 9.9 (schema ")
    assert scheduler.text.startswith("the scheduler is of version 9.9 (schema ")
    assert scheduler.command == "queuectl scheduler stop && queuectl scheduler start --auto"


def test_a_long_wait_is_a_warning_with_the_number_of_workers_that_helps(queue: Queue, clock: FakeClock) -> None:
    write(queue.store, queue.store.meta.set_pool_groups, {"": 1, "mail": 2})
    with queue.store.writing():
        POOL.enter(queue)
    employ(queue.store)
    employ(queue.store, queues="mail")
    add(queue.store, queue="mail")
    clock.advance(15 * MINUTE)
    assert found(queue) == []
    clock.advance(MINUTE)
    assert str(only(queue)) == "a job of queue mail has been waiting for 16m: queuectl worker scale 3 --queue mail"


def test_dead_jobs_ask_for_attention_for_a_day(queue: Queue, clock: FakeClock) -> None:
    bring_to(queue.store, DEAD)
    assert (str(only(queue)), only(queue).level) == ("1 job is dead: queuectl dlq list", WARNING)
    clock.advance(DAY)
    assert only(queue).is_pressing
    clock.advance(1)
    assert (only(queue).level, only(queue).is_pressing) == (INFO, False)


def test_a_disk_with_little_room_is_an_error(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "free_bytes", lambda home: 500 << 20)
    assert found(queue) == []
    monkeypatch.setattr(module, "free_bytes", lambda home: (500 << 20) - 1_000_000)
    assert str(only(queue)) == "only 499.0 MiB are free on the disk: queuectl prune"
    assert only(queue).level == "error"


def test_a_home_that_cannot_be_written_to_is_an_error(home: str) -> None:
    Queue(home).store.close()
    with write_protected(Path(home)), Queue(home) as queue:
        alert = only(queue)
    assert (alert.code, alert.command) == ("store_read_only", None)
    assert str(alert) == f"the home is read-only, nothing in it can be changed: {home}"


def test_workers_in_another_container_are_worth_an_info(queue: Queue) -> None:
    status = queue.reports.status()
    status.pool = PoolState(True, [], elsewhere=True)
    (alert,) = status.alerts
    assert (alert.code, alert.level) == ("workers_elsewhere", INFO)


def test_the_worst_comes_first(queue: Queue) -> None:
    bring_to(queue.store, DEAD)
    lose(queue)
    add(queue.store)
    levels = [LEVELS.index(alert.level) for alert in found(queue)]
    assert levels == sorted(levels) and codes(queue) == ["no_workers", "lost_workers", "dead_jobs"]


def test_an_alert_is_one_of_those_that_are_described() -> None:
    with pytest.raises(KeyError):
        Alert("no_such_code", "text")
    assert all(level in LEVELS for level, _ in CODES.values())


def test_what_is_about_workers_leaves_out_the_jobs(queue: Queue) -> None:
    bring_to(queue.store, DEAD)
    lose(queue)
    assert [alert.code for alert in queue.reports.status().worker_alerts] == ["lost_workers"]


# --- why says the same


def waiting(queue: Queue, state: str) -> Any:
    return queue.store.search.jobs([bring_to(queue.store, state)])[0]


@pytest.mark.parametrize("state", ["pending", SCHEDULED, FAILED])
@pytest.mark.parametrize("prepare", [lambda queue: None, run_scheduler])
def test_why_has_the_words_and_the_command_of_the_alert(
    queue: Queue, state: str, prepare: Callable[[Queue], None]
) -> None:
    job = waiting(queue, state)
    prepare(queue)
    alert = only(queue)
    why = queue.reports.why(job)
    assert alert.text.split(" but ")[1] in why.reason and why.hint == alert.command


def test_why_and_graph_take_a_job_by_any_name(queue: Queue) -> None:
    job = waiting(queue, "pending")
    assert {queue.reports.why(name).id for name in (job, job.id, job.number, "last")} == {job.id}
    assert {queue.reports.graph(name).job for name in (job, job.id, job.number, "last")} == {job.number}
    with pytest.raises(NotFound):
        queue.reports.why("nowhere")


def test_why_has_the_words_of_the_alert_about_a_queue(queue: Queue) -> None:
    employ(queue.store, queues="mail")
    job = waiting(queue, "pending")
    alert = only(queue)
    why = queue.reports.why(job)
    assert why.reason.startswith(alert.text.split(" but ")[1]) and why.hint == alert.command


def test_why_knows_the_number_of_workers_that_helps(queue: Queue) -> None:
    employ(queue.store)
    first = waiting(queue, "pending")
    assert queue.reports.why(first).reason.startswith("a worker will take it shortly")
    claim(queue.store, worker=1)
    why = queue.reports.why(waiting(queue, "pending"))
    assert (why.reason.split(";")[0], why.hint) == ("the only worker is busy", "queuectl worker scale 2")


def test_a_job_that_ended_in_this_second_ended_just_now(queue: Queue, clock: FakeClock) -> None:
    job = queue.store.search.jobs([bring_to(queue.store, COMPLETED)])[0]
    assert job.finished_at is not None
    clock.advance(job.finished_at - clock.wall())
    assert queue.reports.why(job).reason == "it succeeded, just now"
    clock.advance(3_000)
    assert queue.reports.why(job).reason == "it succeeded, 3s ago"


@pytest.mark.parametrize("state", [state for state in STATES if state != COMPLETED])
@pytest.mark.parametrize("name", ["job", "2", "last", "state:dead"])
def test_each_command_of_why_can_be_typed_as_it_stands(queue: Queue, state: str, name: str) -> None:
    # The others are not given to new jobs any more; homes of an older version have them.
    number = bring_to(queue.store, state, id="job", queue="a.b")
    write(queue.store, queue.store.database.change, "UPDATE jobs SET id = ? WHERE number = ?", (name, number))
    for prepare in (lambda: None, lambda: employ(queue.store, queues="mail"), lambda: employ(queue.store)):
        prepare()
        hint = queue.reports.why(queue.store.search.jobs([number])[0]).hint
        assert hint is None or demand_typeable(hint) > 0
