"""A suspended job stands still with all its processes, keeps its worker, and can be ended all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from queuectl.engine.machine import process
from queuectl.engine.queue import Queue
from queuectl.model.job import Job
from tests.engine.running import RunningPool, attempts, survivors, wait_for_file, wait_for_state
from tests.support import identify, kill, wait_until

pytestmark = pytest.mark.slow

COUNT = "while :; do echo >>{}; sleep 0.02; done"
# A shell and what it has started count, the latter in a session of its own.
COUNT_TWICE = f"setsid sh -c '{COUNT}' & {COUNT}"
FORK = "while :; do ( echo >>{} ) & wait; done"
UNTIL_GO = "while [ ! -e {}/go ]; do sleep 0.02; done"


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def stands_still(queue: Queue, job: Job) -> bool:
    """Whether a job has processes and none runs: a shell may wait for the child of its vfork, which is stopped."""
    members = [process.entry(pid) for pid in survivors(queue, job)]
    still = [member is not None and (member.is_stopped or member.is_uninterruptible) for member in members]
    return bool(members) and all(still) and any(member is not None and member.is_stopped for member in members)


def lease(queue: Queue, job: Job) -> int:
    return next(
        row.claim.lease_until for row in queue.store.attempts.running(queue.store.contexts) if row.claim.id == job.id
    )


def let_time_pass(queue: Queue, job: Job) -> None:
    """Wait until the worker has renewed the lease twice, which takes a second at least."""
    seen: set[int] = set()

    def has_renewed_twice() -> bool:
        seen.add(lease(queue, job))
        return len(seen) == 3

    wait_until(has_renewed_twice)


def suspend(queue: Queue, job: Job) -> None:
    wait_until(lambda: survivors(queue, job))
    assert queue.suspend(job).done == [job.id]
    wait_until(lambda: stands_still(queue, job), what=f"{job.id} is stopped")


@pytest.mark.parametrize(
    "command", [COUNT, COUNT_TWICE, FORK], ids=["a loop", "with another session", "always forking"]
)
def test_a_suspended_job_stands_still_until_it_is_resumed(
    pool: RunningPool, queue: Queue, tmp_path: Path, command: str
) -> None:
    pool.start("--count", "1")
    files = [tmp_path / str(number) for number in range(command.count("{}"))]
    job = queue.add(command.format(*files))
    wait_until(lambda: all(map(size, files)))
    suspend(queue, job)
    # One look may miss a process in the middle of a fork; by then the worker has looked several times.
    let_time_pass(queue, job)
    before, worker = [*map(size, files)], queue.get(job).worker
    let_time_pass(queue, job)
    assert [*map(size, files)] == before
    found = queue.get(job)
    assert (found.state, found.worker, found.error, found.is_gone) == (
        "processing",
        worker,
        "suspended by a user",
        False,
    )
    queue.resume(job)
    wait_until(lambda: all(size(file) > old for file, old in zip(files, before)))
    assert queue.get(job).error is None
    queue.cancel(job)
    wait_for_state(queue, job, "cancelled")
    assert survivors(queue, job) == []


def test_eight_jobs_are_suspended_and_resumed_together(pool: RunningPool, queue: Queue, tmp_path: Path) -> None:
    pool.start("--count", "8")
    jobs = [queue.add(UNTIL_GO.format(tmp_path)) for _ in range(8)]
    wait_until(lambda: all(survivors(queue, job) for job in jobs))
    assert queue.suspend("queue:default").count == 8
    wait_until(lambda: all(stands_still(queue, job) for job in jobs))
    (tmp_path / "go").touch()
    assert queue.reports.status().suspended == 8
    assert queue.resume("suspended:yes").count == 8
    for job in jobs:
        wait_for_state(queue, job, "completed")
    assert queue.reports.status().suspended == 0


def test_timeout_and_duration_stand_still(pool: RunningPool, queue: Queue, tmp_path: Path) -> None:
    pool.start("--count", "1")
    job = queue.add("sleep 60", timeout=1.2, retries=0)
    suspend(queue, job)
    shown = queue.get(job).duration
    let_time_pass(queue, job)
    assert queue.get(job).duration == shown
    assert queue.reports.status().alive[0].elapsed == shown
    queue.resume(job)
    ended = wait_for_state(queue, job, "dead")
    assert ended.error == "timed out after 1.2 s"
    assert ended.finished_at is not None and ended.started_at is not None and ended.duration is not None
    taken = ended.finished_at - ended.started_at
    assert 1200 <= ended.duration < taken - 900
    # The store counts by the wall clock, from the command; the worker a little later.
    assert abs(taken - ended.duration - ended.suspended_for) < 900


@pytest.mark.parametrize("command", ["sleep 60", "trap '' TERM; while :; do sleep 0.05; done"], ids=["asked", "killed"])
def test_a_suspended_job_that_is_cancelled_ends(pool: RunningPool, queue: Queue, command: str) -> None:
    pool.start("--count", "1")
    job = queue.add(f"setsid sleep 60 & {command}")
    suspend(queue, job)
    queue.cancel(job)
    ended = wait_for_state(queue, job, "cancelled")
    assert survivors(queue, job) == []
    assert (ended.suspended_at, ended.suspended_by) == (None, None)


def test_a_suspended_job_goes_on_when_its_worker_stops(pool: RunningPool, queue: Queue, tmp_path: Path) -> None:
    pool.start("--count", "1")
    job = queue.add(UNTIL_GO.format(tmp_path))
    suspend(queue, job)
    (tmp_path / "go").touch()
    said = pool.run("stop").stderr
    assert f"{job.id} goes on, to end before the workers stop" in said
    assert queue.get(job).state == "completed"
    (resumed,) = [step for step in queue.logs.history(job) if step.what == "resume"]
    assert (resumed.detail, resumed.by) == ("the worker stops", f"worker {attempts(queue, job)[0]['worker']}")


def test_a_suspended_job_goes_back_to_the_queue_when_its_worker_is_forced_to_stop(
    pool: RunningPool, queue: Queue
) -> None:
    pool.start("--count", "1")
    job = queue.add("sleep 60")
    suspend(queue, job)
    pool.run("stop", "--force")
    assert (queue.get(job).state, queue.get(job).suspended_at) == ("pending", None)
    assert survivors(queue, job) == []


def test_what_a_killed_worker_had_suspended_is_ended_and_runs_again(
    pool: RunningPool, queue: Queue, tmp_path: Path
) -> None:
    pool.start("--count", "1")
    job = queue.add(f"setsid sleep 60 & echo $QUEUECTL_ATTEMPT >>{tmp_path}/begun; {UNTIL_GO.format(tmp_path)}")
    wait_for_file(tmp_path / "begun")
    suspend(queue, job)
    stopped = [found for found in map(identify, survivors(queue, job)) if found is not None]
    for pid in pool.pids():
        kill(identify(pid) or pytest.fail("the worker has ended"))
    wait_until(lambda: (tmp_path / "begun").read_text() == "1\n2\n")
    assert [found for found in stopped if identify(found.pid) == found] == []
    assert (queue.get(job).suspended_at, queue.get(job).suspended_for) == (None, 0)
    (tmp_path / "go").touch()
    wait_for_state(queue, job, "completed")


def test_what_a_suspended_job_may_leave_behind_goes_on_when_its_shell_is_killed(
    pool: RunningPool, queue: Queue, tmp_path: Path
) -> None:
    pool.start("--count", "1")
    counted = tmp_path / "counted"
    background = f"sh -c '{UNTIL_GO.format(tmp_path)}; echo over >{counted}'"
    job = queue.add(f"{background} & echo $$ >{tmp_path}/pid; wait", allow_background=True, retries=0)
    shell = int(wait_for_file(tmp_path / "pid"))
    suspend(queue, job)
    kill(identify(shell) or pytest.fail("the shell has ended"))
    assert wait_for_state(queue, job, "dead").error == "killed by SIGKILL"
    (tmp_path / "go").touch()
    assert wait_for_file(counted) == "over\n"


def running_in(queue: Queue, tmp_path: Path, *queues: str) -> Callable[[], list[str | None]]:
    """Have a job run in each of some queues; return what says by whom each is suspended."""
    jobs = [queue.add(UNTIL_GO.format(tmp_path), queue=name) for name in queues]
    wait_until(lambda: all(survivors(queue, job) for job in jobs))
    return lambda: [queue.get(job).suspended_by for job in jobs]


def test_a_pause_suspends_what_runs_and_lets_go_on_only_that(pool: RunningPool, queue: Queue, tmp_path: Path) -> None:
    pool.start("--count", "3")
    by = running_in(queue, tmp_path, "a", "b", "b")
    queue.suspend("queue:a")
    assert len(queue.queues.pause("b", running=True).jobs) == 2
    assert by() == ["user", "pause", "pause"]
    # Suspended by a user too, it outlasts the pause.
    assert queue.suspend(queue.list("queue:b")[0]).count == 1
    assert by() == ["user", "pause", "user"]
    assert queue.queues.pause("a", running=True).jobs == []
    assert (queue.queues.resume("a").jobs, len(queue.queues.resume().jobs)) == ([], 1)
    assert by() == ["user", None, "user"]
    assert queue.resume("suspended:yes").count == 2
    (tmp_path / "go").touch()
    wait_until(lambda: queue.count("state:completed") == 3)
