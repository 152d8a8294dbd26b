"""A job whose worker is gone: nothing shows it as running, and a cancellation does not wait for a worker."""

from __future__ import annotations

from typing import Iterator

import pytest

from queuectl.engine.lookout import Lookout
from queuectl.engine.queue import Queue
from queuectl.model.job import GONE
from queuectl.store.home import Home
from queuectl.store.lockfile import LockFile
from tests.commands.calling import bring, call, done, refused

STEPS = "recovered when workers or the scheduler run"


@pytest.fixture
def gone(home: str) -> str:
    """A home with a job that is processing, by a worker that nobody knows any more."""
    bring(home, "processing")
    return home


@pytest.fixture
def running(gone: str) -> Iterator[str]:
    """The same home while that worker lives: it holds its lock."""
    lock = LockFile(Home(gone).worker_lock(1))
    assert lock.acquire()
    yield gone
    lock.close()


SCREENS = ("list", "list -o json", "show last", "show last --json", "why last", "status", "status --json")


@pytest.mark.parametrize("line", SCREENS)
def test_every_screen_says_that_the_worker_is_gone(gone: str, line: str) -> None:
    assert GONE in done(gone, *line.split()).out


@pytest.mark.parametrize("line", SCREENS)
def test_no_screen_says_so_of_a_job_that_runs(running: str, line: str) -> None:
    assert STEPS not in done(running, *line.split()).out


def test_only_a_job_that_runs_has_a_duration_so_far(running: str) -> None:
    assert done(running, "show", "last", "--json").json()["duration"] > 0
    assert "so far" in done(running, "show", "last").out
    assert "has been running it" in done(running, "why", "last").out


def test_a_job_whose_worker_is_gone_has_no_duration(gone: str) -> None:
    assert done(gone, "show", "last", "--json").json()["duration"] is None
    assert "attempt 1:   its worker is gone" in done(gone, "show", "last").out


def test_a_live_view_notices_a_worker_that_goes_without_a_word(gone: str) -> None:
    lock = LockFile(Home(gone).worker_lock(1))
    assert lock.acquire()
    with Queue(gone) as queue:
        lookout = Lookout(queue)
        assert [job.is_gone for job in lookout.look().jobs] == [False]
        lock.close()
        (job,) = lookout.look().jobs
        assert job.is_gone
        assert job.elapsed(queue.clock.wall()) is None


@pytest.mark.parametrize("words", [["wait", "last", "--timeout", "0.1"], ["wait", "--all", "--timeout", "0.1"]])
def test_wait_reports_it_once(gone: str, words: list[str]) -> None:
    answer = call(gone, *words)
    assert answer.code == 124
    assert answer.err.count(f"processing-1: {GONE}: queuectl worker start") == 1


def test_cancelling_takes_it_back_where_nobody_else_does(gone: str) -> None:
    answer = done(gone, "cancel", "last")
    assert (answer.out, answer.err) == ("Job cancelled: processing-1\n", "")
    assert done(gone, "show", "last", "--json").json()["state"] == "cancelled"


def test_cancelling_leaves_a_job_that_runs_to_its_worker(running: str) -> None:
    done(running, "cancel", "last", "--no-wait")
    assert done(running, "show", "last", "--json").json()["state"] == "processing"


# What waits for other reasons


@pytest.mark.parametrize(
    ("added", "waits", "said"),
    [
        (["--hold --id a"], "a", "a is held; let it run with: queuectl release a\n"),
        (["--hold --id a", "--hold --id b"], "--all", "a, b are held; let them run with: queuectl release a b\n"),
        (["--id mine"], "mine", "mine waits: no workers are running; start them with: queuectl worker start"),
    ],
)
def test_wait_reports_held_and_unserved_jobs_once(home: str, added: list[str], waits: str, said: str) -> None:
    for options in added:
        done(home, "add", "true", *options.split())
    assert call(home, "wait", waits, "--timeout", "0.1").err.count(said) == 1


def test_who_waits_for_many_held_jobs_is_given_no_command_that_lets_others_go(home: str) -> None:
    done(home, "add", "-", "--hold", "--tag", "mine", input=b"true\n" * 6)
    done(home, "add", "true", "--hold")
    answer = call(home, "wait", "tag:mine", "--timeout", "0.1")
    assert "and 1 more are held\n" in answer.err and "queuectl release" not in answer.err


# What leaves a trace


def test_background_processes_that_were_ended_leave_a_trace(workers: str) -> None:
    done(workers, "add", "sleep 600 & echo", "--id", "one")
    done(workers, "add", "true", "--id", "none")
    assert call(workers, "wait", "one", "none").code == 0
    (step,) = [row for row in done(workers, "history", "one", "--json").json() if row["what"] == "background ended"]
    assert step["detail"].startswith("1 process left running was ended: ")
    for words in (["show", "one"], ["why", "one"]):
        assert step["detail"] in done(workers, *words).out
    for words in (["show", "none"], ["why", "none"], ["history", "none"]):
        assert "left running" not in done(workers, *words).out


@pytest.mark.parametrize(
    ("end", "what"),
    [
        (["prune", "--state", "completed", "--older-than", "0s", "--yes"], "pruned"),
        (["remove", "completed-1"], "removed"),
    ],
)
@pytest.mark.parametrize("command", ["show", "why", "history"])
def test_a_job_that_went_leaves_a_trace(home: str, command: str, end: list[str], what: str) -> None:
    bring(home, "completed", "pending")
    done(home, *end)
    (problem,) = refused(home, 3, command, "completed-1").problems
    assert problem.startswith(f'no job with id "completed-1" any more: it was {what} at ')
    assert "any more" not in refused(home, 3, command, "complete-1").err


def test_a_job_without_an_id_of_its_own_is_traced_by_its_number(home: str) -> None:
    done(home, "add", "true")
    done(home, "remove", "1")
    assert "no job with number 1 any more: it was removed at " in refused(home, 3, "show", "1").err
    assert "any more" not in refused(home, 3, "show", "2").err


def test_an_id_that_is_used_again_is_the_new_job(home: str) -> None:
    for _ in range(2):
        done(home, "add", "true", "--id", "same")
        assert done(home, "show", "same").code == 0
        done(home, "remove", "same")
