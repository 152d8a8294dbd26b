"""A pool that stops when nothing is left to do, and what it answers."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Iterator

import pytest

from queuectl.engine.daemons.pool import is_empty, outcome
from queuectl.engine.queue import Queue
from queuectl.model.job import CANCELLED, COMPLETED, DEAD, FAILED, HELD, PENDING, PROCESSING, SCHEDULED
from queuectl.model.worker import ALL
from queuectl.store import Store
from tests.engine.running import RunningPool, wait_for_file
from tests.store.building import LATER, NOW, bring_to, open_store
from tests.support import Processes, run_cli, wait_until

DRAIN = ("worker", "start", "--no-detach", "--drain", "--count", "1")


@pytest.fixture
def store(home: str) -> Iterator[Store]:
    with open_store(home) as opened:
        yield opened


@pytest.mark.parametrize("state", [PENDING, PROCESSING, FAILED])
def test_a_queue_is_not_empty_while_a_job_runs_or_will_run_by_itself(store: Store, state: str) -> None:
    bring_to(store, state, queue="mail")
    assert not is_empty(store, [ALL], NOW)
    assert not is_empty(store, ["encode", "mail,news"], NOW)
    assert is_empty(store, ["encode", "news"], NOW)


@pytest.mark.parametrize("state", [COMPLETED, DEAD, CANCELLED, HELD, SCHEDULED])
def test_what_has_ended_is_held_or_is_not_due_keeps_no_queue_from_being_empty(store: Store, state: str) -> None:
    bring_to(store, state)
    assert is_empty(store, [ALL], NOW)


def test_a_scheduled_job_whose_time_has_come_counts(store: Store) -> None:
    bring_to(store, SCHEDULED)
    assert is_empty(store, [ALL], LATER - 1) and not is_empty(store, [ALL], LATER)


def test_only_jobs_of_its_queues_that_died_since_its_beginning_are_reported(store: Store) -> None:
    bring_to(store, DEAD, queue="mail", id="mine")
    bring_to(store, DEAD, queue="encode", id="other")
    ended = store.search.jobs([1])[0].finished_at
    assert ended is not None
    assert outcome(store, ["mail"], ended, NOW).dead == ["mine"]
    assert outcome(store, [ALL], ended, NOW).dead == ["mine", "other"]
    assert outcome(store, [ALL], ended + 1, NOW).dead == []


def test_a_drain_in_the_foreground_runs_all_jobs_and_ends_well(home: str, queue: Queue, tmp_path: Path) -> None:
    # The second attempt succeeds: a job that waits for it is waited for.
    queue.add(f"[ -e {tmp_path}/tried ] || {{ touch {tmp_path}/tried; exit 1; }}", id="second")
    queue.add("true", id="held", hold=True)
    queue.add("true", id="later", run_at="in 1 hour")
    done = run_cli(home, *DRAIN)
    assert done.returncode == 0, done.stderr
    assert "nothing is left to do" in done.stderr.splitlines()
    assert [queue.get(job).state for job in ("second", "held", "later")] == [COMPLETED, HELD, SCHEDULED]


def test_a_drain_names_the_jobs_that_died(home: str, queue: Queue) -> None:
    queue.add("false", id="before", retries=0)
    assert run_cli(home, *DRAIN).returncode == 1
    queue.add("false", id="bad", retries=0)
    queue.add("true")
    done = run_cli(home, *DRAIN)
    assert done.returncode == 1
    assert "1 job died: bad; see them with: queuectl dlq list" in done.stderr.splitlines()


def test_a_drain_that_is_stopped_before_does_not_end_well(
    home: str, queue: Queue, processes: Processes, tmp_path: Path
) -> None:
    queue.add(f"echo >{tmp_path}/started; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done")
    queue.add("true", id="left")
    with open(tmp_path / "log", "wb") as log:
        pool = processes.start_cli(home, *DRAIN, stderr=log)
    wait_for_file(tmp_path / "started")
    pool.send_signal(signal.SIGINT)
    wait_until(lambda: "current jobs may finish" in (tmp_path / "log").read_text())
    (tmp_path / "go").touch()
    assert pool.wait(60) == 1
    assert "stopped before the queue was empty" in (tmp_path / "log").read_text()
    assert queue.get("left").state == PENDING


def test_a_drain_in_the_background_ends_by_itself(queue: Queue, pool: RunningPool, tmp_path: Path) -> None:
    job = queue.add(f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done")
    pool.start("--drain", "--count", "1")
    refused = run_cli(pool.home.path, "worker", "start", "--drain")
    assert refused.returncode == 4 and "--drain is for workers of its own" in refused.stderr
    (tmp_path / "go").touch()
    wait_until(lambda: not pool.is_running)
    assert queue.get(job.id).state == COMPLETED


def test_a_drain_of_an_empty_queue_starts_and_ends_well(queue: Queue, pool: RunningPool) -> None:
    pool.run("start", "--drain", "--count", "1")
    wait_until(lambda: not pool.is_running)


def test_a_pool_in_the_foreground_says_what_starts_and_how_to_stop_it(home: str, queue: Queue) -> None:
    lines = run_cli(home, *DRAIN).stderr.splitlines()
    assert lines[0] == "starting 1 worker in the foreground; to stop, press Ctrl-C or type: queuectl worker stop"


@pytest.mark.parametrize("on_terminal", [True, False])
def test_a_log_that_somebody_looks_at_names_each_job_that_runs(
    home: str, queue: Queue, processes: Processes, on_terminal: bool
) -> None:
    queue.add("true", id="fine")
    ours, theirs = os.openpty() if on_terminal else os.pipe()
    pool = processes.start_cli(home, *DRAIN, stderr=theirs)
    os.close(theirs)
    assert pool.wait(60) == 0
    found = _rest(ours)
    assert ("fine: attempt 1: true" in found) == on_terminal
    assert ("fine: attempt 1: completed in" in found) == on_terminal


def _rest(descriptor: int) -> str:
    """Return what a terminal or pipe holds whose other end is closed, and close it."""
    found = b""
    try:
        while True:
            data = os.read(descriptor, 65_536)
            if not data:
                break
            found += data
    except OSError:
        pass  # So a terminal ends.
    os.close(descriptor)
    return found.decode()
