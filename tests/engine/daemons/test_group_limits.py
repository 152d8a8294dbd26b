"""Limits of load and memory that a group of workers is started with, in place of the home's."""

from __future__ import annotations

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.errors import InvalidInput
from tests.engine.running import RunningPool
from tests.support import wait_until

# More memory than any machine has.
BEYOND = ("--min-memory", "1048576GiB")


def waits(queue: Queue, job: str) -> bool:
    """Return whether workers say that they wait instead of running a job."""
    found = queue.get(job)
    assert found.state == "pending"
    return " of memory available, needed 1024.0 TiB" in queue.reports.why(found).reason


def test_a_group_keeps_its_limits_until_it_is_started_with_others(queue: Queue, pool: RunningPool) -> None:
    pool.start("-n", "1", *BEYOND)
    job = queue.add("true").id
    wait_until(lambda: waits(queue, job))
    pool.run("scale", "2")
    assert queue.store.meta.limits_of("") == {"min_memory": "1048576GiB"}
    pool.run("restart", "--force")
    wait_until(lambda: waits(queue, job))
    started = pool.run("start", "--max-load", "9999").stdout
    assert started.startswith("2 workers are running already, now with --max-load 9999\n")
    assert queue.store.meta.limits_of("") == {"min_memory": "1048576GiB", "max_load": "9999"}
    pool.run("start", "--min-memory", "none")
    queue.wait(job, timeout=30)
    assert queue.store.meta.limits_of("") == {"min_memory": "none", "max_load": "9999"}


def test_other_groups_do_not_wait(queue: Queue, pool: RunningPool) -> None:
    pool.start("-n", "1", "-Q", "encode", *BEYOND)
    pool.run("start", "-n", "1", "-Q", "mail")
    slow, quick = queue.add("true", queue="encode").id, queue.add("true", queue="mail").id
    queue.wait(quick, timeout=30)
    wait_until(lambda: waits(queue, slow))


def test_workers_that_are_started_without_limits_have_none_of_those_before(queue: Queue, pool: RunningPool) -> None:
    pool.start("-n", "1", *BEYOND)
    pool.run("stop")
    pool.start("-n", "1")
    assert queue.store.meta.limits_of("") == {}
    queue.wait(queue.add("true").id, timeout=30)


def test_a_limit_of_the_home_gives_way_to_that_of_the_group(queue: Queue, pool: RunningPool) -> None:
    queue.config.set("min_memory", "1048576GiB")
    pool.start("-n", "1", "--min-memory", "none")
    queue.wait(queue.add("true").id, timeout=30)


@pytest.mark.parametrize("limits", [{"max_load": "0"}, {"max_load": True}, {"min_memory": "much"}])
def test_a_limit_that_cannot_be_is_refused_before_any_worker_starts(queue: Queue, limits: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        queue.workers.start(limits=limits)
    assert queue.workers.pid is None


def test_a_scheduler_that_starts_no_workers_takes_no_limits(queue: Queue) -> None:
    with pytest.raises(InvalidInput, match="max_load is for the workers that the scheduler starts with --auto"):
        queue.scheduler.start(limits={"max_load": "4"})
    assert queue.scheduler.pid is None
