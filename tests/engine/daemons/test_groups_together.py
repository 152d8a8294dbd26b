"""Several change, stop or start groups of workers at once: each gets what it asked for, or is told what it finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from queuectl.engine import workers as workers_module
from queuectl.engine.daemons import groups as groups_module
from queuectl.engine.machine.doorbell import ring
from queuectl.engine.machine.identity import Identity, TimedSignal, end
from queuectl.engine.queue import Queue
from queuectl.model.errors import Conflict, DaemonUnavailable
from tests.engine.running import RunningPool, groups, hold_a_worker, wait_for_file, wait_for_state
from tests.support import Processes, wait_until


def test_workers_that_are_started_in_a_group_while_it_stops_stay(
    queue: Queue, pool: RunningPool, tmp_path: Path, home: str, processes: Processes
) -> None:
    pool.start("-n", "1", "-Q", "a")
    pool.run("start", "-n", "1", "-Q", "b")
    old = hold_a_worker(queue, tmp_path, "a")
    stopping = processes.start_cli(home, "worker", "stop", "-Q", "a")
    wait_until(lambda: groups(pool) == {"b": 1})
    pool.run("start", "-n", "2", "-Q", "a")
    new = queue.add(f"echo >{tmp_path}/new; while [ ! -e {tmp_path}/end ]; do sleep 0.05; done", queue="a")
    wait_for_file(tmp_path / "new")
    (tmp_path / "go").touch()
    assert stopping.wait(60) == 0
    assert (queue.get(old).state, queue.get(new.id).state) == ("completed", "processing")
    assert groups(pool) == {"a": 2, "b": 1}
    (tmp_path / "end").touch()
    wait_for_state(queue, new, "completed")


def test_a_pool_that_is_started_as_soon_as_the_one_before_has_stopped_stays(
    queue: Queue, pool: RunningPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pool.start("-n", "1", "-Q", "a")

    def end_and_start(*order: Any) -> None:
        end(*order)
        pool.start("-n", "1", "-Q", "a")

    monkeypatch.setattr(groups_module, "end", end_and_start)
    assert queue.workers.stop() == first
    assert pool.pid != first and groups(pool) == {"a": 1}


def test_two_that_stop_the_workers_at_once_let_jobs_finish(
    queue: Queue, pool: RunningPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.start("-n", "1", "-Q", "a")
    job = hold_a_worker(queue, tmp_path, "a")

    class HasAsked(Exception):
        pass

    def ask_and_return(targets: list[Identity], orders: list[TimedSignal], *more: Any) -> None:
        for target in targets:
            target.order(orders[0].number)
        raise HasAsked

    monkeypatch.setattr(groups_module, "end", ask_and_return)
    # The second is so fast that no worker has said yet that it is to leave.
    monkeypatch.setattr(type(queue.workers), "_are_stopping", lambda workers, group: False)
    for _ in range(2):
        with pytest.raises(HasAsked):
            queue.workers.stop()
        wait_until(lambda: "stopping, current jobs may finish" in pool.log())
    (tmp_path / "go").touch()
    wait_until(lambda: not pool.is_running)
    assert queue.get(job).state == "completed"


def change_first(monkeypatch: pytest.MonkeyPatch, queue: Queue, others: dict[str, int]) -> None:
    """Have somebody else write down other groups just before the pool learns of a change."""

    def change_and_ring(*words: Any) -> None:
        with queue.store.writing():
            queue.store.meta.set_pool_groups(others)
        ring(*words)

    monkeypatch.setattr(workers_module, "ring", change_and_ring)


@pytest.mark.parametrize("other, found", [({"a": 4}, "it is 4"), ({"a": 1, "b": 1}, "it is 1")])
def test_scaling_a_group_reports_that_somebody_else_has_changed_it(
    queue: Queue, pool: RunningPool, monkeypatch: pytest.MonkeyPatch, other: dict[str, int], found: str
) -> None:
    pool.start("-n", "1", "-Q", "a")
    change_first(monkeypatch, queue, other)
    with pytest.raises(Conflict, match=f"changed the number of workers for a meanwhile: {found}"):
        queue.workers.scale("a", 3)
    wait_until(lambda: groups(pool) == other)


def test_scaling_a_group_that_is_stopped_meanwhile_reports_that(
    queue: Queue, pool: RunningPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.start("-n", "1", "-Q", "a")
    pool.run("start", "-n", "1", "-Q", "b")

    def stop_and_ring(*words: Any) -> None:
        pool.run("stop", "-Q", "a")
        ring(*words)

    monkeypatch.setattr(workers_module, "ring", stop_and_ring)
    with pytest.raises(DaemonUnavailable, match="no workers are running for a"):
        queue.workers.scale("a", 3)
    assert groups(pool) == {"b": 1}


def test_a_start_is_content_with_more_workers_that_somebody_else_wants(
    queue: Queue, pool: RunningPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.start("-n", "1", "-Q", "a")
    change_first(monkeypatch, queue, {"a": 3})
    assert queue.workers.start("a", 2) == (1, 2)
    assert groups(pool) == {"a": 3}


def test_a_restart_brings_back_all_workers_of_a_pool_that_somebody_else_stops(
    queue: Queue, pool: RunningPool, tmp_path: Path, home: str, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pool.start("-n", "2", "-Q", "a")
    pool.run("start", "-n", "1", "-Q", "b")
    job = hold_a_worker(queue, tmp_path, "a")
    stopping = processes.start_cli(home, "worker", "stop")
    wait_until(lambda: len(pool.rows()) == 1)

    def end_with_the_job(*order: Any) -> None:
        (tmp_path / "go").touch()
        end(*order)

    monkeypatch.setattr(groups_module, "end", end_with_the_job)
    assert queue.workers.restart() == {"a": 2, "b": 1}
    assert stopping.wait(60) == 0
    assert queue.get(job).state == "completed"
    assert pool.pid != first and groups(pool) == {"a": 2, "b": 1}


def test_a_restart_brings_back_its_groups_where_another_start_is_faster(
    queue: Queue, pool: RunningPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.start("-n", "2", "-Q", "a")
    pool.run("start", "-n", "1", "-Q", "b")

    def end_and_start(*order: Any) -> None:
        end(*order)
        pool.start("-n", "1", "-Q", "c")

    monkeypatch.setattr(groups_module, "end", end_and_start)
    assert queue.workers.restart() == {"a": 2, "b": 1}
    assert groups(pool) == {"a": 2, "b": 1, "c": 1}
