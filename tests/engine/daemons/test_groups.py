"""Groups of workers in one pool: each has its queues and its number, and is changed and stopped alone."""

from __future__ import annotations

import json
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from queuectl.engine.daemons import groups as groups_module
from queuectl.engine.machine.doorbell import ring
from queuectl.engine.machine.identity import Identity, TimedSignal, end
from queuectl.engine.queue import Queue
from queuectl.model.errors import Conflict
from queuectl.model.worker import group_of
from queuectl.store import Home
from tests.engine.running import RunningPool, groups, hold_a_worker, wait_for_state
from tests.support import Processes, identify, kill, run_cli, tree, wait_until


def are_without(pool: RunningPool, pid: int, expected: dict[str, int]) -> bool:
    """Return whether there are so many workers again, and this one is gone."""
    return pid not in pool.pids() and groups(pool) == expected


def told(pool: RunningPool, message: str, group: str) -> str:
    """Return what `worker start` prints: the message, and each worker of the group with its process."""
    rows = [row for row in pool.rows() if row.queues == group]
    return "\n".join([message, *(f"  worker {row.id}: pid {row.pid}" for row in rows)]) + "\n"


def test_each_group_takes_jobs_of_its_queues_only(queue: Queue, pool: RunningPool) -> None:
    pid = pool.start("--count", "2", "-Q", "scrape")
    assert pool.run("start", "-n", "1", "-Q", "mail,encode").stdout == told(
        pool, "1 worker for encode,mail started", "encode,mail"
    )
    assert pool.pid == pid and groups(pool) == {"scrape": 2, "encode,mail": 1}
    jobs = {name: queue.add("true", queue=name).id for name in ("scrape", "mail", "encode", "other")}
    queue.wait(jobs["scrape"], jobs["mail"], jobs["encode"], timeout=60)
    assert queue.get(jobs["other"]).state == "pending"
    pool.run("start", "-n", "1")
    queue.wait(jobs["other"], timeout=60)
    assert groups(pool) == {"scrape": 2, "encode,mail": 1, "": 1}


@pytest.mark.parametrize("words", [("b,a",), ("a", "b"), ("b", "a,b"), (" a , b ",)])
def test_a_group_is_named_by_its_queues_in_any_order(pool: RunningPool, words: tuple[str, ...]) -> None:
    pool.start("-n", "1", "-Q", "a,b")
    options = [word for name in words for word in ("--queue", name)]
    assert pool.run("start", "-n", "1", *options).stdout == told(
        pool, "1 worker for a,b is running already", group_of(["b", "a"])
    )
    assert groups(pool) == {group_of(["b", "a"]): 1}


def test_to_start_a_group_that_runs_scales_it_up_and_never_down(pool: RunningPool) -> None:
    pool.start("-n", "1", "-Q", "a")
    assert pool.run("start", "-n", "3", "-Q", "a").stdout == told(pool, "Scaled from 1 to 3 workers for a", "a")
    assert groups(pool) == {"a": 3}
    assert pool.run("start", "-n", "2", "-Q", "a").stdout == told(pool, "3 workers for a are running already", "a")
    assert groups(pool) == {"a": 3}


def test_groups_that_are_started_at_once_come_into_one_pool(home: str, pool: RunningPool, processes: Processes) -> None:
    names = [f"q{number}" for number in range(8)]
    started = [processes.start_cli(home, "worker", "start", "-n", "1", "-Q", name) for name in names]
    assert [starter.wait(60) for starter in started] == [0] * len(names)
    assert groups(pool) == dict.fromkeys(names, 1) and pool.log().count(" up\n") == 1


def test_all_groups_together_have_no_more_workers_than_are_allowed(home: str, queue: Queue, pool: RunningPool) -> None:
    queue.config.set("max_workers", "3")
    pool.start("-n", "2", "-Q", "a")
    for words in (("start", "-n", "2", "-Q", "b"), ("scale", "4", "-Q", "a")):
        assert run_cli(home, "worker", *words).returncode == 2
    assert "all groups together would have 4" in run_cli(home, "worker", "start", "-n", "2").stderr
    pool.run("start", "-n", "1", "-Q", "b")
    assert groups(pool) == {"a": 2, "b": 1}


def test_one_group_is_scaled_and_the_others_stay(home: str, pool: RunningPool) -> None:
    pool.start("-n", "1", "-Q", "a")
    pool.run("start", "-n", "1", "-Q", "b")
    before = {row.queues: row.pid for row in pool.rows()}
    pool.run("scale", "3", "-Q", "b")
    assert groups(pool) == {"a": 1, "b": 3} and before["a"] in pool.pids()
    unclear = run_cli(home, "worker", "scale", "2")
    assert unclear.returncode == 2 and '"a" or "b"' in unclear.stderr
    missing = run_cli(home, "worker", "scale", "2", "-Q", "c,d")
    assert missing.returncode == 6 and "worker start --count 2 --queue c,d" in missing.stderr
    assert groups(pool) == {"a": 1, "b": 3}


def test_a_killed_worker_is_replaced_in_its_group(pool: RunningPool) -> None:
    pool.start("-n", "2", "-Q", "a")
    pool.run("start", "-n", "1", "-Q", "b")
    for group in ("a", "b"):
        killed = next(row.pid for row in pool.rows() if row.queues == group)
        os.kill(killed, signal.SIGKILL)
        wait_until(partial(are_without, pool, killed, {"a": 2, "b": 1}))


def test_workers_of_all_groups_come_back_after_the_fork_server_has_died(pool: RunningPool) -> None:
    pid = pool.start("-n", "1", "-Q", "a")
    pool.run("start", "-n", "1", "-Q", "b")
    doomed = [found for found in tree(pid) if found.pid != pid]
    for found in doomed:
        kill(found)
    gone = {found.pid for found in doomed}
    wait_until(lambda: groups(pool) == {"a": 1, "b": 1} and not gone & set(pool.pids()))
    assert pool.pid == pid


def test_to_stop_a_group_lets_its_jobs_finish_and_leaves_the_others(
    queue: Queue, pool: RunningPool, tmp_path: Path, home: str, processes: Processes
) -> None:
    pid = pool.start("-n", "1", "-Q", "a")
    pool.run("start", "-n", "2", "-Q", "b")
    job = hold_a_worker(queue, tmp_path, "b")
    stopping = processes.start_cli(home, "worker", "stop", "-Q", "b")
    wait_until(lambda: groups(pool) == {"a": 1})
    assert stopping.poll() is None and queue.get(job).state == "processing"
    (tmp_path / "go").touch()
    assert stopping.wait(60) == 0
    assert queue.get(job).state == "completed"
    assert pool.pid == pid and [row.queues for row in pool.rows()] == ["a"]


def test_to_stop_the_last_group_lets_its_jobs_finish(
    queue: Queue, pool: RunningPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.start("-n", "1", "-Q", "a")
    job = hold_a_worker(queue, tmp_path, "a")
    sent: list[signal.Signals] = []

    def ring_and_wait(home: Home, name: str, what: bytes) -> None:
        ring(home, name, what)
        wait_until(lambda: "stopping, current jobs may finish" in pool.log())

    def end_with_the_job(targets: list[Identity], orders: list[TimedSignal], *more: Any) -> None:
        sent.extend(order.number for order in orders)
        (tmp_path / "go").touch()
        end(targets, orders, *more)

    monkeypatch.setattr(groups_module, "ring", ring_and_wait)
    monkeypatch.setattr(groups_module, "end", end_with_the_job)
    assert queue.workers.stop("a") is not None
    # A signal to stop that comes to a pool which is stopping would end its jobs.
    assert sent == [signal.SIGCONT]
    assert queue.get(job).state == "completed" and not pool.is_running


@pytest.mark.parametrize("how", [("--force",), ("--timeout", "0")])
def test_to_stop_a_group_by_force_gives_its_jobs_back(
    queue: Queue, pool: RunningPool, tmp_path: Path, how: tuple[str, ...]
) -> None:
    pool.start("-n", "1", "-Q", "a")
    pool.run("start", "-n", "1", "-Q", "b")
    kept, given_back = hold_a_worker(queue, tmp_path, "a"), hold_a_worker(queue, tmp_path, "b")
    assert pool.run("stop", "-Q", "b", *how).stdout == "Workers for b stopped\n"
    assert (queue.get(kept).state, queue.get(given_back).state) == ("processing", "pending")
    assert groups(pool) == {"a": 1}
    (tmp_path / "go").touch()
    wait_for_state(queue, queue.get(kept), "completed")


def test_the_pool_ends_with_its_last_group(queue: Queue, pool: RunningPool) -> None:
    pid = pool.start("-n", "1", "-Q", "a")
    pool.run("start", "-n", "1", "-Q", "b")
    for group in ("a", "b"):
        assert pool.run("stop", "-Q", group).stdout == f"Workers for {group} stopped\n"
    assert not pool.is_running and identify(pid) is None
    assert pool.run("stop", "-Q", "b").stdout == "no workers were running for b\n"


def test_a_group_that_is_gone_at_once_was_stopped(
    queue: Queue, pool: RunningPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.start("-n", "1", "-Q", "a")
    pool.run("start", "-n", "1", "-Q", "b")

    def ring_and_wait(home: Home, name: str, what: bytes) -> None:
        ring(home, name, what)
        wait_until(lambda: [row.queues for row in pool.rows()] == ["b"], what="the group is gone")

    monkeypatch.setattr(groups_module, "ring", ring_and_wait)
    assert queue.workers.stop("a") is not None
    assert groups(pool) == {"b": 1}


def test_the_group_of_all_queues_is_called_by_a_star_and_stopped_alone(pool: RunningPool) -> None:
    pool.start("-n", "1", "-Q", "a")
    assert "no workers were running for all queues" in pool.run("stop", "-Q", "*").stdout
    assert pool.run("start", "-n", "1", "-Q", "*").stdout.startswith("1 worker started\n")
    assert pool.run("scale", "2", "-Q", "*").stdout == "Scaled to 2 workers\n"
    assert groups(pool) == {"": 2, "a": 1}
    assert pool.run("stop", "-Q", "*").stdout == "Workers for all queues stopped\n"
    assert groups(pool) == {"a": 1}
    pool.run("stop", "-Q", "a")
    assert not pool.is_running


@pytest.mark.parametrize("command", [("start",), ("scale", "2"), ("stop",)])
def test_a_star_goes_with_no_queue(home: str, command: tuple[str, ...]) -> None:
    done = run_cli(home, "worker", *command, "-Q", "*", "-Q", "a")
    assert done.returncode == 2 and "* means all queues, name no other beside it" in done.stderr


def test_to_stop_a_group_that_does_not_run_leaves_the_pool_alone(pool: RunningPool) -> None:
    pool.start("-n", "1", "-Q", "a")
    assert pool.run("stop", "-Q", "b").stdout == "no workers were running for b\n"
    assert groups(pool) == {"a": 1}


@pytest.mark.parametrize(
    ("queues", "message", "hint"),
    [
        (
            ("a", "b"),
            'no group takes jobs from a and b together; running groups: "a", "b", "c,d"',
            "queuectl worker {} --queue a; queuectl worker {} --queue b",
        ),
        (
            ("c",),
            'no group takes jobs from c alone; running groups: "a", "b", "c,d"',
            "queuectl worker {} --queue c,d",
        ),
    ],
)
def test_groups_of_some_of_the_queues_are_shown_where_none_has_exactly_these(
    home: str, pool: RunningPool, queues: tuple[str, ...], message: str, hint: str
) -> None:
    pool.start("-n", "1", "-Q", "a")
    pool.run("start", "-n", "1", "-Q", "b")
    pool.run("start", "-n", "1", "-Q", "c,d")
    for command in ("stop", "scale 2"):
        options = [word for name in queues for word in ("-Q", name)]
        answer = run_cli(home, "worker", *command.split(), *options)
        assert answer.returncode == 2
        assert answer.stderr == f"queuectl: error: {message}\n  hint: {hint.replace('{}', command)}\n"
    assert groups(pool) == {"a": 1, "b": 1, "c,d": 1}


def test_a_pool_that_is_about_to_end_takes_no_other_group(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    pid = pool.start("-n", "1", "-Q", "a")
    job = hold_a_worker(queue, tmp_path, "a")
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: queue.store.meta.pool_groups() == {})
    with pytest.raises(Conflict, match="are stopping"):
        queue.workers.start("b", 1)
    (tmp_path / "go").touch()
    wait_for_state(queue, queue.get(job), "completed")
    wait_until(lambda: not pool.is_running)
    assert queue.workers.start("b", 1) == (0, 1)
    assert groups(pool) == {"b": 1}


def test_workers_of_a_group_that_have_outlived_a_killed_pool_are_stopped_alone(
    queue: Queue, pool: RunningPool, tmp_path: Path
) -> None:
    pid = pool.start("-n", "1", "-Q", "a")
    pool.run("start", "-n", "1", "-Q", "b")
    jobs = [hold_a_worker(queue, tmp_path, name) for name in ("a", "b")]
    os.kill(pid, signal.SIGKILL)
    assert queue.workers.stop("b", force=True) is not None
    assert [queue.get(job).state for job in jobs] == ["processing", "pending"]
    (tmp_path / "go").touch()
    wait_for_state(queue, queue.get(jobs[0]), "completed")


def test_a_killed_pool_leaves_no_groups_to_the_next_one(pool: RunningPool) -> None:
    pid = pool.start("-n", "1", "-Q", "a")
    pool.run("start", "-n", "1", "-Q", "b")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not pool.rows())
    pool.start("-n", "2", "-Q", "c")
    assert groups(pool) == {"c": 2}


def test_a_restart_keeps_the_groups(queue: Queue, pool: RunningPool) -> None:
    first = pool.start("-n", "1", "-Q", "a")
    pool.run("start", "-n", "2", "-Q", "b,c")
    pool.run("start", "-n", "1")
    kept = {"a": 1, "b,c": 2, "": 1}
    assert pool.run("restart").stdout == "1 worker, 1 worker for a, 2 workers for b,c started\n"
    assert pool.pid != first and groups(pool) == kept == queue.store.meta.pool_groups()


def test_a_restart_stops_nothing_that_it_may_not_start_again(home: str, queue: Queue, pool: RunningPool) -> None:
    pid = pool.start("-n", "2", "-Q", "a")
    queue.config.set("max_workers", "1")
    done = run_cli(home, "worker", "restart")
    assert done.returncode == 2 and "config set max_workers 2" in done.stderr
    assert pool.pid == pid and groups(pool) == {"a": 2}


def test_workers_are_shown_by_group_with_the_number_that_each_should_have(home: str, pool: RunningPool) -> None:
    pool.start("-n", "1", "-Q", "b")
    pool.run("start", "-n", "2")
    pool.run("start", "-n", "1", "-Q", "a")
    shown: list[list[str]] = [row["queues"] for row in json.loads(run_cli(home, "--json", "worker", "status").stdout)]
    assert shown == [[], [], ["a"], ["b"]]
    table = [line.split()[0] for line in pool.run("status").stdout.splitlines()]
    assert table == ["QUEUES", "*", "*", "a", "b"]
    assert json.loads(run_cli(home, "--json", "status").stdout)["pool"]["groups"] == [
        {"queues": [], "target": 2},
        {"queues": ["a"], "target": 1},
        {"queues": ["b"], "target": 1},
    ]
