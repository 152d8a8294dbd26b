"""A suspended job: every screen says so, what has been done already is refused, and filters find it."""

from __future__ import annotations

import re
from typing import Iterator

import pytest

from queuectl.engine.queue import Queue
from queuectl.store.home import Home
from queuectl.store.lockfile import LockFile
from tests.commands.calling import bring, call, done, refused
from tests.store.building import bring_to
from tests.support import wait_until

SCREENS = {
    "list": "suspended by a user",
    "list --json": '"suspended_by": "user"',
    "list suspended:yes -o ids": "processing-1",
    "show last": "state:       processing: suspended by a user",
    "show last --json": '"suspended_by": "user"',
    "why last": "processing-1 is processing: suspended for",
    "status": "(1 suspended)",
    "status --json": '"suspended": 1',
    "resume --all --dry-run -o ids": "processing-1",
    "history last": "suspend",
}


@pytest.fixture
def running(home: str) -> Iterator[str]:
    """A home with a job that is processing, by a worker that lives as far as its lock says."""
    bring(home, "processing")
    lock = LockFile(Home(home).worker_lock(1))
    assert lock.acquire()
    yield home
    lock.close()


@pytest.mark.parametrize("line, said", SCREENS.items())
def test_every_screen_says_that_a_job_is_suspended(running: str, line: str, said: str) -> None:
    assert said not in call(running, *line.split()).out
    assert done(running, "suspend", "last").out == "Job suspended: processing-1\n"
    assert said in done(running, *line.split()).out


def test_a_pause_counts_only_jobs_that_run_among_those_that_go_on(running: str) -> None:
    assert done(running, "pause").err == "1 running job goes on\n"
    assert done(running, "pause", "elsewhere").err == "no job is in queue elsewhere yet\n"
    done(running, "suspend", "last")
    assert done(running, "pause").err == ""


def test_why_says_for_how_long_and_what_lets_it_go_on(running: str) -> None:
    done(running, "suspend", "last")
    with Queue(running) as queue:
        reason = queue.reports.why(queue.get("last"))
    assert reason.reason.startswith("suspended for ") and reason.reason.endswith(" by a user")
    assert reason.hint == "it goes on with: queuectl resume processing-1"


def test_why_says_which_pause_has_suspended_it_and_until_when(running: str) -> None:
    done(running, "pause", "--running", "--until", "2035-11-10", "--reason", "game")
    assert (
        done(running, "why", "last").lines[0].endswith(" by a pause: everything is paused until 2035-11-10 00:00: game")
    )
    done(running, "resume", "last")
    done(running, "suspend", "last")
    assert done(running, "why", "last").lines[0].endswith(" by a user")


def test_what_has_been_done_already_is_refused_with_what_helps(running: str) -> None:
    assert 'cannot resume job "processing-1": it is not suspended\n' in refused(running, 4, "resume", "last").err
    done(running, "suspend", "last")
    answer = refused(running, 4, "suspend", "last")
    assert 'cannot suspend job "processing-1": it is suspended already\n' in answer.err
    assert "it goes on with: queuectl resume processing-1" in answer.err
    assert done(running, "resume", "last").out == "Job resumed: processing-1\n"
    assert "it is not suspended" in refused(running, 4, "resume", "last").err


def test_wait_for_a_suspended_job_says_how_to_resume_it(running: str) -> None:
    done(running, "suspend", "last")
    said = call(running, "wait", "last", "--timeout", "0.1").err
    assert "processing-1: suspended for " in said and "it goes on with: queuectl resume processing-1\n" in said


@pytest.mark.parametrize("verb", ["suspend", "resume"])
def test_a_job_that_waits_cannot_be_suspended(home: str, verb: str) -> None:
    done(home, "add", "true")
    assert f'cannot {verb} job "job-1": it is pending\n' in refused(home, 4, verb, "last").err


def test_a_filter_finds_only_what_a_verb_can_be_used_on(running: str) -> None:
    answer = done(running, "resume", "--all")
    assert (answer.out, answer.err) == ("0 jobs resumed\n", "1 job was not suspended\n")
    assert done(running, "suspend", "--all").out == "Job suspended: processing-1\n"
    answer = done(running, "suspend", "--all")
    assert (answer.out, answer.err) == ("0 jobs suspended\n", "1 job was suspended already\n")
    with Queue(running) as queue:
        bring_to(queue.store, "processing", id="other")
    answer = done(running, "suspend", "--all")
    assert (answer.out, answer.err) == ("Job suspended: other\n", "1 job was suspended already\n")
    assert done(running, "list", "suspended:no", "-o", "ids").out == ""


def test_show_says_for_how_long_it_had_been_suspended(running: str) -> None:
    assert "plus" not in done(running, "show", "last").out
    with Queue(running) as queue:
        queue.suspend("last")
        wait_until(lambda: queue.clock.wall() > (queue.get("last").suspended_at or 0))
        queue.resume("last")
    assert re.search(r"duration: .* so far, plus \d.*s suspended\n", done(running, "show", "last").out)


def test_history_says_for_how_long_it_was_suspended_and_by_whom(running: str) -> None:
    with Queue(running, actor="somebody") as queue:
        queue.suspend("last")
        queue.resume("last")
        steps = [
            (step.what, step.detail.split()[:1], step.by.partition("[")[0])
            for step in queue.logs.history(queue.get("last"))
        ]
    assert steps[-2:] == [("suspend", [], "somebody"), ("resume", ["after"], "somebody")]
