"""Hooks: the end of a job adds the commands that it and the settings name, exactly once."""

from __future__ import annotations

import signal
from typing import Any, Iterator

import pytest

from queuectl.engine.clockwork.tick import Clockwork
from queuectl.engine.home.opened import load_settings
from queuectl.engine.machine.log import Log
from queuectl.engine.queue import Queue
from queuectl.engine.work.environment import Environments
from queuectl.engine.work.settle import claim_next, settle
from queuectl.model.job import Job
from queuectl.model.outcome import Outcome
from queuectl.store import Store
from queuectl.store.claim import Claim
from tests.engine.running import drain, python, run_one, start_worker, wait_for_state
from tests.store.building import LATER, NOW, claim, open_store, write
from tests.support import Processes

OWN: dict[str, Any] = {"on_success": "own success", "on_failure": "own failure", "on_finish": "own finish"}
SET = {"on_dead": "set dead", "on_finish": "set finish"}
ENDS = {
    "completed": Outcome.exited(0),
    "dead": Outcome.exited(3),
    "cancelled": Outcome.cancelled(),
    "pending": Outcome.released(),
}


@pytest.fixture
def store(queue: Queue) -> Iterator[Store]:
    opened = open_store(queue.home.path)
    yield opened
    opened.close()


def end(store: Store, claimed: Claim, outcome: Outcome, now: int = NOW) -> str:
    state = write(
        store, settle, store, claimed, outcome, settings=load_settings(store), random=lambda: 0.5, now=now, duration=70
    )
    assert isinstance(state, str)
    return state


def set_all(queue: Queue, values: dict[str, str]) -> None:
    for name, value in values.items():
        queue.config.set(name, value)


def hooks(queue: Queue) -> list[Job]:
    return queue.list("tag:hook", sort="number")


def commands(queue: Queue) -> list[str]:
    return [job.command for job in hooks(queue)]


# Which commands


@pytest.mark.parametrize(
    "own, settings, state, added",
    [
        (OWN, {}, "completed", ["own success", "own finish"]),
        (OWN, {}, "dead", ["own failure", "own finish"]),
        (OWN, {}, "cancelled", ["own finish"]),
        (OWN, {}, "pending", []),
        (OWN, SET, "dead", ["own failure", "own finish"]),
        ({}, SET, "completed", ["set finish"]),
        ({}, SET, "dead", ["set dead", "set finish"]),
        ({}, SET, "cancelled", ["set finish"]),
        ({}, SET, "pending", []),
        ({"on_failure": "none"}, SET, "dead", ["set finish"]),
        ({"on_finish": "none"}, SET, "dead", ["set dead"]),
        ({"on_success": "none"}, {}, "completed", []),
        ({}, {}, "dead", []),
    ],
)
def test_what_a_job_says_replaces_the_settings(
    queue: Queue, store: Store, own: dict[str, Any], settings: dict[str, str], state: str, added: list[str]
) -> None:
    set_all(queue, settings)
    queue.add("work", retries=0, **own)
    assert end(store, claim(store, now=queue.clock.wall()), ENDS[state]) == state
    assert commands(queue) == added


def test_a_failure_with_another_attempt_to_come_adds_nothing(queue: Queue, store: Store) -> None:
    queue.add("work", retries=1, **OWN)
    assert end(store, claim(store, now=queue.clock.wall()), Outcome.exited(3)) == "failed"
    assert hooks(queue) == []


def test_a_job_that_is_cancelled_while_it_waits_adds_nothing(queue: Queue) -> None:
    set_all(queue, SET)
    queue.cancel(queue.add("work", **OWN))
    assert hooks(queue) == []


def test_hook_jobs_have_no_hooks(queue: Queue, store: Store) -> None:
    set_all(queue, {**SET, "max_retries": "0"})
    queue.add("work", retries=0)
    end(store, claim(store, now=queue.clock.wall()), Outcome.exited(3))
    for _ in range(2):
        assert end(store, claim(store, now=queue.clock.wall()), Outcome.exited(1)) == "dead"
    assert commands(queue) == ["set dead", "set finish"]


def test_a_retried_job_adds_its_hooks_again(queue: Queue, store: Store) -> None:
    job = queue.add("work", retries=0, on_failure="tell")
    end(store, claim(store, now=queue.clock.wall()), Outcome.exited(3))
    queue.retry(job)
    queue.cancel(*hooks(queue))
    end(store, claim(store, now=queue.clock.wall()), Outcome.exited(3))
    assert [hook.state for hook in hooks(queue)] == ["cancelled", "pending"]


# What a hook job is like


def test_a_hook_job_stands_where_the_job_stood(queue: Queue, store: Store) -> None:
    fields: dict[str, Any] = {"queue": "mail", "priority": 7, "cwd": "/tmp", "env": {"API_TOKEN": "x"}, "tags": ["a"]}
    job = queue.add("work", id="first", on_success="tell", allow_background=True, **fields)
    queue.add("work", id="second", **fields)
    taken = claim(store, now=queue.clock.wall())
    end(store, taken, Outcome.exited(0), now=taken.started_at)
    (hook,) = hooks(queue)
    assert {name: getattr(hook, name) for name in fields} == {**fields, "tags": ("hook",)}
    assert (hook.hook_of, hook.state, hook.allow_background, hook.schedule) == (job.number, "pending", False, None)
    assert claim(store, now=LATER).id == hook.id
    assert store.database.value("SELECT count(*) FROM contexts") == 1


def test_job_and_hook_job_name_each_other(queue: Queue, store: Store) -> None:
    job = queue.add("work", retries=0, on_failure="tell", on_finish="tell all")
    end(store, claim(store, now=queue.clock.wall()), Outcome.exited(3))
    detail = queue.logs.detail(queue.get(job))
    assert [(hook.id, hook.reason, hook.state) for hook in detail.hook_jobs] == [
        ("job-3", "finish", "pending"),
        ("job-2", "failure", "pending"),
    ]
    assert queue.logs.detail(queue.get("job-2")).created_by == "hook of job-1 (failure)"
    assert queue.reports.why(queue.get("job-2")).reason.endswith("; it is the hook of job-1 (failure)")
    assert [step.detail for step in queue.logs.history(job) if step.what == "hook added"] == [
        "job-2 (failure)",
        "job-3 (finish)",
    ]
    assert [found.id for found in queue.list("hook:1")] == ["job-3", "job-2"]
    queue.remove(job)
    assert queue.get("job-2").hook_of == job.number


def told(queue: Queue, store: Store) -> dict[str, str]:
    found = Environments(queue.home).of_attempt(claim(store, now=LATER), "mark", [])
    return {name.decode(): text.decode() for name, text in found.items() if name.startswith(b"QUEUECTL_HOOK_")}


def test_a_hook_learns_what_has_ended_even_if_that_is_removed(queue: Queue, store: Store) -> None:
    job = queue.add("work '$(x)'", id="dawn", retries=0, tags=["a", "b"], queue="mail", on_failure="tell")
    end(store, claim(store, now=queue.clock.wall()), Outcome.exited(3))
    queue.remove(job)
    assert {name.replace("QUEUECTL_HOOK_", ""): text for name, text in told(queue, store).items()} == {
        "REASON": "failure",
        "JOB_ID": "dawn",
        "JOB_NUMBER": "1",
        "STATE": "dead",
        "EXIT_CODE": "3",
        "SIGNAL": "",
        "ERROR": "exit code 3",
        "ATTEMPTS": "1",
        "QUEUE": "mail",
        "COMMAND": "work '$(x)'",
        "DURATION": "0.07",
        "TAGS": "a,b",
    }


def test_a_long_command_is_reported_as_far_as_4_kib_of_whole_letters(queue: Queue, store: Store) -> None:
    queue.add("x" + "é" * 5_000, on_success="tell")
    end(store, claim(store, now=queue.clock.wall()), Outcome.exited(0))
    assert told(queue, store)["QUEUECTL_HOOK_COMMAND"] == "x" + "é" * 2_047


def test_another_job_learns_nothing(queue: Queue, store: Store) -> None:
    queue.add("work", on_success="tell")
    assert told(queue, store) == {}


# Idle


def test_the_last_job_that_ends_adds_the_command_for_idle_once(queue: Queue, store: Store) -> None:
    queue.config.set("on_idle", "rest")
    queue.add("first", on_success="tell")
    queue.add("second")
    queue.add("held", hold=True)
    queue.add("later", run_at="+1h")
    first, second = claim(store, now=LATER), claim(store, now=LATER)
    end(store, first, Outcome.exited(0), now=LATER)
    assert commands(queue) == ["tell"]
    end(store, second, Outcome.exited(0), now=LATER)
    assert commands(queue) == ["tell", "rest"]
    for _ in range(2):
        end(store, claim(store, now=LATER), Outcome.exited(0), now=LATER)
    assert commands(queue) == ["tell", "rest"]
    queue.add("third")
    end(store, claim(store, now=queue.clock.wall()), Outcome.exited(0), now=LATER)
    assert commands(queue) == ["tell", "rest", "rest"]


def test_a_job_that_waits_for_its_next_attempt_keeps_the_home_busy_until_it_is_cancelled(
    queue: Queue, store: Store
) -> None:
    queue.config.set("on_idle", "rest")
    job = queue.add("work", retries=1)
    held = queue.add("held", hold=True)
    assert (
        end(store, claim(store, now=queue.clock.wall()), Outcome.exited(1), now=queue.clock.wall() + 60_000) == "failed"
    )
    assert commands(queue) == []
    queue.cancel(job)
    assert commands(queue) == ["rest"]
    queue.cancel(held)
    assert commands(queue) == ["rest"]


def test_a_cancel_of_all_that_waits_adds_the_command_for_idle_once(queue: Queue) -> None:
    queue.config.set("on_idle", "rest")
    for number in range(3):
        queue.add("work", queue=f"q{number}")
    assert queue.cancel("state:pending").count == 3
    assert [(hook.hook_of, hook.queue) for hook in hooks(queue)] == [(3, "q2")]
    queue.cancel(*hooks(queue))
    assert commands(queue) == ["rest"]


@pytest.mark.parametrize("is_claimed", [False, True], ids=["by a tick", "by a claim"])
def test_the_stop_of_a_batch_adds_the_command_for_idle_once(queue: Queue, store: Store, is_claimed: bool) -> None:
    queue.config.set("on_idle", "echo idle")
    for _ in range(3):
        queue.add("false", batch="b", max_fails=1, retries=0)
    assert end(store, claim(store), Outcome.exited(3)) == "dead"
    assert commands(queue) == []
    if is_claimed:
        claimed = write(store, claim_next, store, 1, (), load_settings(store))
        assert claimed is not None and claimed.command == "echo idle"
    else:
        Clockwork(store, Log("test", store.clock)).tick()
    assert commands(queue) == ["echo idle"]
    assert {job.state for job in queue.list("batch:b")} == {"dead", "cancelled"}


# With processes


def test_a_worker_runs_hooks_with_their_variables(queue: Queue) -> None:
    run_one(queue, "exit 3", retries=0, on_failure='echo "$QUEUECTL_HOOK_JOB_ID: $QUEUECTL_HOOK_ERROR"')
    assert queue.output("job-2") == b"job-1: exit code 3\n"


def test_two_hooks_run_at_once_if_another_worker_is_idle(queue: Queue, processes: Processes, tmp_path: Any) -> None:
    for number in range(2):
        start_worker(processes, queue.home.path, tmp_path / f"log{number}")
    meet = "touch $QUEUECTL_HOOK_REASON; until [ -e success -a -e finish ]; do sleep 0.01; done"
    wait_for_state(queue, queue.add("true", cwd=tmp_path, on_success=meet, on_finish=meet), "completed")
    for hook in hooks(queue):
        assert wait_for_state(queue, hook, "completed").attempts == 1


# Ends an attempt, and kills itself just before or just after one of the steps of that transaction.
KILLED = """
import os, signal
from queuectl.engine.work import hooks, settle
from queuectl.engine.work.worker import Worker
from queuectl.store import Home

worker = Worker(Home(sys.argv[1]))
owner, name, when = {
    "finish": (worker.store.jobs, "finish"),
    "enqueue": (worker.store.jobs, "enqueue"),
    "mark": (worker.store.hooks, "mark"),
    "event": (worker.store.events, "add"),
    "claim": (worker.store.jobs, "claim"),
    "commit": (worker, "_report"),
}[sys.argv[2]] + (sys.argv[3],)
step = getattr(owner, name)

def killed(*arguments, **options):
    if when == "after":
        step(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)

worker.step()
setattr(owner, name, killed)
worker.step()
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["finish", "enqueue", "mark", "event", "claim", "commit"])
def test_each_end_adds_its_hooks_exactly_once_whatever_is_killed(
    queue: Queue, processes: Processes, step: str, when: str
) -> None:
    job = queue.add("exit 1", retries=0, on_failure="true", on_finish="true")
    process = processes.start(python(KILLED, queue.home.path, step, when))
    assert process.wait(60) == -signal.SIGKILL
    drain(queue.home.path, env={"QUEUECTL_LEASE": "2"})
    assert queue.get(job).state == "dead"
    assert [(hook.hook_of, hook.state) for hook in hooks(queue)] == [(1, "completed")] * 2
    assert [hook.reason for hook in queue.logs.detail(queue.get(job)).hook_jobs] == ["finish", "failure"]
