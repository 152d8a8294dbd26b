"""`wait`, `cancel`, `retry`, `release` and `remove`: by id and by filter."""

from __future__ import annotations

import signal
import subprocess
from typing import List

import pytest

from queuectl.model.job import FINAL_STATES, STATES, sources
from tests import support
from tests.commands.calling import await_state, bring, call, done, ids, refused, state_of, states
from tests.support import run_cli

BESIDE = ("dead", "completed", "failed", "cancelled", "processing", "scheduled", "held", "blocked", "pending")
REFUSED_BY = {
    "cancel": FINAL_STATES,
    "retry": tuple(set(STATES) - set(sources("retry"))),
    "release": tuple(set(STATES) - {"held"}),
    "remove": ("processing",),
}


@pytest.fixture
def full(home: str) -> str:
    """A home with a job in each state."""
    bring(home, *BESIDE)
    return home


@pytest.mark.parametrize(
    ("verb", "state"), [(verb, state) for verb, found in REFUSED_BY.items() for state in sorted(found)]
)
def test_a_verb_that_does_not_fit_the_state_is_a_conflict(full: str, verb: str, state: str) -> None:
    words = ["--yes"] if verb == "remove" else []
    answer = refused(full, 4, verb, f"{state}-1", *words)
    assert answer.problems == [f'cannot {verb} job "{state}-1": it is {state}']
    assert "ID" not in answer.hint
    assert state_of(full, f"{state}-1") == state


@pytest.mark.parametrize(
    ("verb", "state", "after"),
    [
        *[("cancel", state, "cancelled") for state in sources("cancel") if state != "processing"],
        *[("retry", state, "pending") for state in sources("retry")],
        ("release", "held", "pending"),
    ],
)
def test_a_verb_brings_a_job_to_its_next_state(full: str, verb: str, state: str, after: str) -> None:
    answer = done(full, verb, f"{state}-1")
    assert f"{state}-1" in answer.out
    assert state_of(full, f"{state}-1") == after


@pytest.mark.parametrize("state", sorted(set(STATES) - {"processing"}))
def test_remove_deletes_a_job_in_any_state_but_a_running_one(full: str, state: str) -> None:
    assert done(full, "remove", f"{state}-1", "--yes").out == f"Job removed: {state}-1\n"
    refused(full, 3, "show", f"{state}-1")


@pytest.mark.parametrize(
    ("verb", "meant"),
    [
        ("cancel", set(STATES) - set(FINAL_STATES)),
        ("retry", {"dead", "failed"}),
        ("release", {"held"}),
        ("remove", set(FINAL_STATES)),
    ],
)
def test_all_means_those_that_the_verb_is_for(full: str, verb: str, meant: set[str]) -> None:
    answer = done(full, verb, "--all", "--dry-run", "-o", "ids")
    assert set(answer.lines) == {f"{state}-1" for state in meant}
    assert "nothing was changed" in answer.err
    assert states(full) == {f"{state}-1": state for state in BESIDE}


@pytest.mark.parametrize(
    "words", [["--state", "dead"], ["--queue", "q-dead"], ["--tag", "dead"], ["--all", "--tag", "dead"]]
)
def test_a_filter_chooses_the_jobs(full: str, words: List[str]) -> None:
    assert done(full, "retry", *words, "--yes").out == "Job queued again: dead-1\n"
    assert state_of(full, "failed-1") == "failed"


def test_an_explicit_state_includes_what_cannot_be_changed_and_says_so(full: str) -> None:
    answer = call(full, "cancel", "--state", "dead,held", "--yes")
    assert answer.code == 1
    assert answer.out == "Job cancelled: held-1\n"
    assert answer.err == 'cannot cancel job "dead-1": it is dead\n'
    rows = call(full, "retry", "held-1", "dead-1", "pending-1", "--json").json()
    assert rows == [
        {"id": "held-1", "result": "queued again"},
        {"id": "dead-1", "result": "queued again"},
        {"id": "pending-1", "result": "refused: pending"},
    ]


@pytest.mark.parametrize(
    ("words", "question"),
    [
        (["cancel", "--state", "pending"], "cancel 1 job needs a confirmation"),
        (["retry", "--all"], "retry 2 jobs needs a confirmation"),
        (["remove", "--all"], "remove 3 jobs needs a confirmation"),
        (["remove", "dead-1"], "remove 1 job needs a confirmation"),
    ],
)
def test_without_a_terminal_a_change_in_bulk_needs_yes(full: str, words: List[str], question: str) -> None:
    answer = refused(full, 2, *words)
    assert (answer.problems, answer.hint) == ([question], "pass --yes")
    assert states(full) == {f"{state}-1": state for state in BESIDE}


@pytest.mark.parametrize("verb", ["wait", "cancel", "retry", "release", "remove"])
def test_no_jobs_named_is_a_mistake(full: str, verb: str) -> None:
    assert "which jobs?" in refused(full, 2, verb).err
    assert "not both" in refused(full, 2, verb, "1", "--all").err
    refused(full, 3, verb, "1", "nope", *(["--yes"] if verb == "remove" else []))
    assert states(full) == {f"{state}-1": state for state in BESIDE}


@pytest.mark.parametrize("verb", ["cancel", "retry", "release", "remove", "wait"])
def test_a_filter_that_finds_nothing_is_no_error(home: str, verb: str) -> None:
    answer = call(home, verb, "--all", "--tag", "none")
    assert answer.code == 0, answer


def test_keep_attempts_gives_one_more_attempt(full: str) -> None:
    done(full, "retry", "dead-1", "--keep-attempts")
    done(full, "retry", "cancelled-1")
    dead, cancelled = (done(full, "show", name, "--json").json() for name in ("dead-1", "cancelled-1"))
    assert (dead["attempts"], cancelled["attempts"]) == (1, 0)


@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -TERM $$", 143), ("sleep 9", 1)])
def test_wait_for_one_job_returns_its_own_code(workers: str, command: str, code: int) -> None:
    done(workers, "add", command, "--retries", "0", "--timeout", "0.5", "--id", "one")
    answer = call(workers, "wait", "one")
    assert answer.code == code
    assert answer.lines[0].split()[0] == "ID"


def test_wait_for_several_is_1_if_one_did_not_complete(workers: str) -> None:
    done(workers, "add", "true", "-q")
    done(workers, "add", "exit 9", "-r", "0")
    done(workers, "add", "true")
    assert call(workers, "wait", "1-3").code == 1
    assert call(workers, "wait", "1,3").code == 0
    assert call(workers, "wait", "--tag", "none").code == 0


def test_wait_gives_up_with_124_and_the_job_goes_on(workers: str) -> None:
    done(workers, "add", "sleep 60", "--id", "long")
    answer = call(workers, "wait", "long", "--timeout", "0.1", "--json")
    assert answer.code == 124
    assert answer.error()["code"] == "wait_timeout"
    await_state(workers, "long", "processing")


def test_wait_says_when_nobody_works(home: str) -> None:
    done(home, "add", "true")
    answer = call(home, "wait", "1", "--timeout", "0")
    assert answer.code == 124
    assert "no workers are running; start them with: queuectl worker start" in answer.err


def test_wait_ends_when_the_job_is_removed(home: str, processes: support.Processes) -> None:
    done(home, "add", "true", "--hold")
    waiting = processes.start_cli(
        home, "wait", "1", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert waiting.stderr.readline().startswith(b"no workers")
    assert waiting.stderr.readline().startswith(b"waiting 0%")
    done(home, "remove", "1", "--yes")
    assert waiting.wait(30) == 3
    assert b"1 of the jobs waited for were removed" in waiting.stderr.read()


def test_a_running_job_is_cancelled_with_all_it_started(workers: str) -> None:
    done(workers, "add", "echo begun; sleep 600 & wait", "--id", "long")
    await_state(workers, "long", "processing")
    assert done(workers, "cancel", "long").out == "Job cancelled: long\n"
    assert state_of(workers, "long") == "cancelled"
    assert done(workers, "logs", "long").out == "begun\n"


def test_cancel_without_waiting_returns_at_once(workers: str) -> None:
    done(workers, "add", "trap '' TERM; sleep 600", "--id", "stubborn")
    await_state(workers, "stubborn", "processing")
    done(workers, "cancel", "stubborn", "--no-wait")
    await_state(workers, "stubborn", "cancelled")


def test_a_retried_job_runs_again_and_keeps_its_history(workers: str) -> None:
    assert run_cli(workers, "add", "echo $QUEUECTL_ATTEMPT; exit 1", "-r", "1", "--id", "j", "--wait").returncode == 1
    done(workers, "retry", "j")
    assert call(workers, "wait", "j").code == 1
    job = done(workers, "show", "j", "--json").json()
    assert [attempt["attempt"] for attempt in job["attempt_history"]] == [1, 2, 3, 4]
    assert done(workers, "logs", "j").out == "4\n"


def test_a_released_job_runs(workers: str) -> None:
    done(workers, "add", "true", "--hold", "--id", "h")
    done(workers, "release", "h")
    assert call(workers, "wait", "h").code == 0


def test_ctrl_c_ends_waiting_with_130_and_no_traceback(home: str, processes: support.Processes) -> None:
    done(home, "add", "true", "--hold")
    waiting = processes.start_cli(
        home, "wait", "1", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    waiting.stderr.readline()
    waiting.stderr.readline()
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(30) == 130
    assert b"Traceback" not in waiting.stderr.read()
    assert ids(home, "--state", "held") == ["job-1"]
