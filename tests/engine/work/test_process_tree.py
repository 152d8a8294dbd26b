"""The whole tree of a command ends with it, however it hides; what a job may leave behind is left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from queuectl.engine.machine import process
from queuectl.engine.queue import Queue
from tests.engine.running import RunningPool, attempts, drain, run_one, start_worker, survivors, wait_for_file
from tests.support import Processes, identify, is_alive, wait_until

pytestmark = pytest.mark.slow


# A number of seconds that no other sleep of this machine has, and far more than a job of these tests may take.
UNIQUE = f"600.{os.getpid()}"


def command_lines() -> list[list[str]]:
    found = []
    for pid in process.list_processes():
        try:
            found.append(Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0"))
        except OSError:
            continue  # It has ended meanwhile.
    return found


@pytest.mark.parametrize(
    "command",
    [
        "( SLEEP & ); echo over",
        "SLEEP >/dev/null 2>&1 & echo over",
        "setsid SLEEP & echo over",
        "setsid sh -c 'SLEEP & SLEEP' >/dev/null 2>&1 & echo over",
        "( trap '' TERM; SLEEP ) & echo over",
        "env -i setsid SLEEP & echo over",
    ],
    ids=["holds the pipe", "holds nothing", "own session", "own session, many", "ignores TERM", "no marker"],
)
def test_what_a_job_leaves_in_the_background_is_ended(queue: Queue, command: str) -> None:
    job = run_one(queue, command.replace("SLEEP", f"sleep {UNIQUE}"))
    assert (job.state, queue.output(job.id)) == ("completed", b"over\n")
    assert survivors(queue, job) == []
    assert UNIQUE not in [words[1] for words in command_lines() if len(words) > 1]


@pytest.mark.parametrize(
    "command",
    [
        "sleep 600",
        "setsid sleep 600",
        "setsid sh -c 'trap \"\" TERM; sleep 600; sleep 600'",
        "trap '' TERM; sleep 600; sleep 600; sleep 600",
        "trap 'echo asked' TERM; while :; do sleep 0.05; done",
        "kill -STOP $$; sleep 600",
        "sh -c 'kill -STOP $$; sleep 600' & sleep 600",
    ],
    ids=["plain", "own session", "own and ignores TERM", "ignores TERM", "handles TERM", "stopped", "stopped child"],
)
def test_a_timeout_ends_the_whole_tree_and_keeps_the_output(queue: Queue, command: str) -> None:
    job = run_one(queue, f"echo before; echo error >&2; {command}", timeout=0.5, retries=0)
    assert (job.state, job.error, job.exit_code) == ("dead", "timed out after 0.5 s", None)
    assert attempts(queue, job)[0]["outcome"] == "timed_out"
    assert queue.output(job.id, stream=1).startswith(b"before\n")
    assert queue.output(job.id, stream=2).startswith(b"error\n")
    assert survivors(queue, job) == []


def test_a_command_that_cleans_up_when_asked_to_end_has_the_time_for_it(queue: Queue) -> None:
    queue.config.set("kill_grace", "10m")
    job = run_one(queue, "trap 'echo tidy; exit 3' TERM; while :; do sleep 0.05; done", timeout=0.5, retries=0)
    assert (job.error, queue.output(job.id, stream=1)) == ("timed out after 0.5 s", b"tidy\n")


def test_ending_what_ignores_the_request_takes_no_computing(queue: Queue) -> None:
    queue.config.set("kill_grace", "3s")
    queue.add("( trap '' TERM; sleep 600; sleep 600 ) & echo over")
    used = float(drain(queue.home.path).stdout)
    assert used < 1.5, "the worker was busy while it waited"


class Background:
    """A background process of a job, which wrote its pid to a file; ended with the test."""

    def __init__(self, processes: Processes, path: Path) -> None:
        self.identity = identify(int(wait_for_file(path)))
        assert self.identity is not None, "it has ended already"
        processes.add(self.identity.pid)

    @property
    def lives(self) -> bool:
        assert self.identity is not None
        return is_alive(self.identity)


def test_a_background_process_may_outlive_its_job_if_that_is_allowed(
    queue: Queue, processes: Processes, tmp_path: Path
) -> None:
    queue.add(f"sleep 600 & echo $! >{tmp_path}/pid; echo over", allow_background=True)
    others = [queue.add("( sleep 600 & ); true") for _ in range(3)]
    drain(queue.home.path)
    assert Background(processes, tmp_path / "pid").lives
    assert [queue.get(job.id).state for job in others] == ["completed"] * 3
    assert [survivors(queue, job) for job in others] == [[]] * 3


def test_what_a_background_process_starts_later_is_not_taken_for_the_next_jobs(
    queue: Queue, processes: Processes, tmp_path: Path
) -> None:
    # The parent of the sleep leaves: the worker adopts it while another job runs.
    queue.add(
        f"( sleep 0.3; setsid sleep 600 >/dev/null 2>&1 & echo $! >{tmp_path}/pid ) >/dev/null 2>&1 &",
        allow_background=True,
    )
    queue.add(f"while [ ! -s {tmp_path}/pid ]; do sleep 0.02; done; sleep 0.1")
    drain(queue.home.path)
    assert Background(processes, tmp_path / "pid").lives


def test_a_timeout_ends_also_what_would_have_been_allowed_to_stay(queue: Queue) -> None:
    job = run_one(queue, "sleep 600 & sleep 600", timeout=0.3, retries=0, allow_background=True)
    assert job.error == "timed out after 0.3 s"
    assert survivors(queue, job) == []


def test_stopping_the_pool_leaves_an_allowed_background_process_and_nothing_else(
    queue: Queue, pool: RunningPool, processes: Processes, tmp_path: Path
) -> None:
    pid = pool.start("--count", "1")
    session = os.getsid(pid)
    job = queue.add(f"sleep 600 >/dev/null 2>&1 & echo $! >{tmp_path}/pid", allow_background=True)
    queue.wait(job.id, timeout=60)
    pool.run("stop")
    assert Background(processes, tmp_path / "pid").lives
    wait_until(
        lambda: (
            not [
                entry for entry in process.list_processes().values() if entry.session == session and not entry.is_zombie
            ]
        ),
        what="the fork server is gone too",
    )


def test_cancelling_a_running_job_ends_its_tree(home: str, queue: Queue, processes: Processes, tmp_path: Path) -> None:
    job = queue.add(f"setsid sleep 600 & echo >{tmp_path}/started; sleep 600")
    start_worker(processes, home, tmp_path / "log")
    wait_for_file(tmp_path / "started")
    queue.cancel(job.number)
    (found,) = queue.wait(job.id, timeout=60)
    assert (found.state, found.error) == ("cancelled", "cancelled")
    assert survivors(queue, job) == []
