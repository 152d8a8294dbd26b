"""`cancel`, `retry`, `hold`, `release` and `remove`: by id and by filter, and which of them ask."""

from __future__ import annotations

import re
from typing import Any

import pytest

from queuectl.commands.jobs import actions
from queuectl.engine.waiting import Waiting
from queuectl.frontends.cli import FrontEnd
from queuectl.model.job import FINAL_STATES, STATES, WAITING_STATES, sources
from tests.commands.calling import await_output, await_state, bring, call, done, ids, refused, state_of, states, store
from tests.store import building
from tests.support import run_cli

BESIDE = ("dead", "completed", "failed", "cancelled", "processing", "scheduled", "held", "blocked", "pending")
REFUSED_BY = {
    "cancel": FINAL_STATES,
    "retry": tuple(set(STATES) - set(sources("retry"))),
    "release": tuple(set(STATES) - {"held"}),
    "front": tuple(set(STATES) - set(sources("front"))),
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
    answer = refused(full, 4, verb, f"{state}-1")
    what = f'put job "{state}-1" in front' if verb == "front" else f'{verb} job "{state}-1"'
    is_there = {"cancel": "cancelled", "retry": "pending", "release": "pending"}.get(verb) == state
    assert answer.problems == [f"cannot {what}: it is {state}{' already' * is_there}"]
    assert "ID" not in answer.hint
    assert state_of(full, f"{state}-1") == state


@pytest.mark.parametrize(
    ("verb", "state", "after"),
    [
        *[("cancel", state, "cancelled") for state in sources("cancel") if state != "processing"],
        *[("retry", state, "pending") for state in sources("retry")],
        *[("front", state, state) for state in sources("front")],
        ("release", "held", "pending"),
    ],
)
def test_a_verb_brings_a_job_to_its_next_state(full: str, verb: str, state: str, after: str) -> None:
    if verb == "front":
        done(full, "add", "true", "--priority", "5", "--queue", f"q-{state}")
    answer = done(full, verb, f"{state}-1")
    assert f"{state}-1" in answer.out
    assert state_of(full, f"{state}-1") == after


@pytest.mark.parametrize("state", sorted(set(STATES) - {"processing"}))
def test_remove_deletes_a_job_in_any_state_but_a_running_one(full: str, state: str) -> None:
    assert done(full, "remove", f"{state}-1").out == f"Job removed: {state}-1\n"
    refused(full, 3, "show", f"{state}-1")


@pytest.mark.parametrize(
    ("verb", "meant"),
    [
        ("cancel", set(STATES) - set(FINAL_STATES)),
        ("retry", {"dead", "failed"}),
        ("front", set(WAITING_STATES)),
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
def test_a_filter_chooses_the_jobs(full: str, words: list[str]) -> None:
    assert done(full, "retry", *words).out == "Job queued again: dead-1\n"
    assert state_of(full, "failed-1") == "failed"


def test_an_explicit_state_includes_what_cannot_be_changed_and_says_so(full: str) -> None:
    answer = call(full, "cancel", "--state", "dead,held", "--yes")
    assert answer.code == 1
    assert answer.out == "Job cancelled: held-1\n"
    assert answer.err == 'cannot cancel job "dead-1": it is dead\n'
    change = call(full, "retry", "held-1", "dead-1", "pending-1", "--json").json()
    (refusal,) = change.pop("refused")
    assert change == {"count": 2, "done": ["held-1", "dead-1"], "notes": []}
    assert (refusal["id"], refusal["state"]) == ("pending-1", "pending")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "question"),
    [
        (["cancel", "--state", "pending"], "this would cancel 1 job, so it needs a confirmation"),
        (["cancel", "state:open"], "this would cancel 6 jobs, so it needs a confirmation"),
        (["remove", "--all"], "this would remove 3 jobs, so it needs a confirmation"),
        (["remove", "--tag", "dead"], "this would remove 1 job, so it needs a confirmation"),
        (["dlq", "remove"], "this would remove 1 dead job, so it needs a confirmation"),
    ],
)
def test_what_destroys_asks_before_it_takes_what_a_filter_found(full: str, words: list[str], question: str) -> None:
    answer = refused(full, 2, *words)
    assert (answer.problems, answer.hint) == ([question], "pass --yes")
    assert states(full) == {f"{state}-1": state for state in BESIDE}
    done(full, *words, "--dry-run") if words[0] != "dlq" else None
    assert done(full, *words, "--yes").code == 0


def test_what_changed_while_a_question_was_open_is_left_and_counted(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with store(home) as opened:
        for _ in range(4):
            building.add(opened)

        def agree(self: FrontEnd, question: str) -> bool:
            asked.append(question)
            building.claim(opened)
            building.write(opened, opened.jobs.remove, 2)
            building.add(opened)
            return True

        asked: list[str] = []
        monkeypatch.setattr(FrontEnd, "confirm", agree)
        answer = done(home, "cancel", "state:pending")
    assert asked == ["cancel 4 jobs"]
    assert (answer.lines, answer.err) == (["2 jobs cancelled: job-3, job-4"], "2 had begun or ended meanwhile\n")
    assert list(states(home).values()) == ["processing", "cancelled", "cancelled", "pending"]


@pytest.mark.parametrize(
    ("words", "input"),
    [
        (["cancel", "pending-1"], b""),
        (["cancel", "held-1", "blocked-1"], b""),
        (["remove", "1-2"], b""),
        (["remove", "last"], b""),
        (["remove", "-"], b"dead-1 completed-1"),
        (["dlq", "remove", "dead-1"], b""),
    ],
)
def test_of_jobs_that_were_named_nobody_is_asked(full: str, words: list[str], input: bytes) -> None:
    assert done(full, *words, input=input).err == ""
    assert states(full) != {f"{state}-1": state for state in BESIDE}


@pytest.mark.parametrize("words", [["retry"], ["hold"], ["release"], ["front"], ["retry", "--state", "cancelled"]])
def test_what_only_starts_or_stops_jobs_never_asks(full: str, words: list[str]) -> None:
    assert re.match(r"(Job|\d jobs) (queued again|held|released|put in front)", done(full, *words, "--all").out)


@pytest.mark.parametrize(
    "verb", ["cancel", "retry", "hold", "release", "front", "remove", "edit", "dlq retry", "dlq remove"]
)
def test_every_verb_accepts_yes(full: str, verb: str) -> None:
    fits = {"retry": "dead", "release": "held", "remove": "dead", "dlq retry": "dead", "dlq remove": "dead"}
    change = ["--priority", "1"] if verb == "edit" else []
    if verb == "front":
        done(full, "add", "true", "--priority", "5", "--queue", "q-pending")
    done(full, *verb.split(), f"{fits.get(verb, 'pending')}-1", *change, "--yes")


def test_a_dry_run_shows_no_job_that_would_be_refused(full: str) -> None:
    answer = done(full, "cancel", "state:dead,completed,held", "--dry-run", "-o", "ids")
    assert answer.lines == ["held-1"]
    assert sorted(answer.err.splitlines()) == [
        "1 job, nothing was changed",
        "cannot cancel 1 completed job",
        "cannot cancel 1 dead job",
    ]
    assert done(full, "edit", "dead-1", "--priority", "1", "--dry-run", "-o", "ids").lines == []


def test_a_filter_tells_what_it_left_out(full: str) -> None:
    again = done(full, "retry", "--all", "--dry-run", "-o", "ids")
    assert (
        again.err == "2 jobs, nothing was changed\n1 completed, 1 cancelled left out; add 'state:completed,cancelled'\n"
    )
    assert done(full, "retry", "--tag", "completed").err == "1 completed left out; add 'state:completed'\n"
    assert done(full, "retry", "--state", "completed").out == "Job queued again: completed-1\n"
    assert done(full, "retry", "cancelled-1").err == ""
    left = done(full, "remove", "--tag", "held", "--yes")
    assert (left.out, left.err) == ("0 jobs removed\n", "1 held left out; add 'state:held'\n")
    assert done(full, "remove", "--tag", "processing", "--yes").err == ""


def test_tags_add_up_and_states_and_queues_are_any_of_those(home: str) -> None:
    with store(home) as opened:
        for name, tags, queue in (
            ("a", ("x", "y"), "p"),
            ("b", ("x",), "q"),
            ("c", ("y",), "r"),
            ("d", ("y", "x"), "q"),
        ):
            building.add(opened, id=name, tags=tags, queue=queue)
    assert ids(home, "-t", "x", "-t", "y") == ["d", "a"]
    assert ids(home, "-Q", "p", "-Q", "q", "-t", "x") == ["d", "b", "a"]
    done(home, "hold", "-Q", "p", "-Q", "r")
    assert ids(home, "-s", "held", "-s", "dead") == ["c", "a"]
    assert ids(home, "--state", "open", "-t", "y", "-t", "x") == ["d", "a"]
    assert done(home, "cancel", "-t", "x", "-t", "y", "--dry-run", "-o", "ids").lines == ["a", "d"]
    assert done(home, "cancel", "-t", "x", "-t", "y", "--yes").out == "2 jobs cancelled: a, d\n"
    assert done(home, "remove", "-t", "x", "-t", "y", "--yes").out == "2 jobs removed: a, d\n"
    assert states(home) == {"b": "pending", "c": "held"}


def test_a_word_for_states_is_a_filter(full: str) -> None:
    assert done(full, "retry", "state:dead,failed").out == "2 jobs queued again: dead-1, failed-1\n"
    wrong = refused(full, 2, "cancel", "state:pendin")
    assert wrong.problems == ['there is no state "pendin" (did you mean "pending"?)']
    assert refused(full, 2, "cancel", "state:held", "held-1").problems == ["give either ids or a filter, not both"]


@pytest.mark.parametrize("verb", ["wait", "cancel", "retry", "release", "remove"])
def test_no_jobs_named_is_a_mistake(full: str, verb: str) -> None:
    assert "no jobs given" in refused(full, 2, verb).err
    assert "not both" in refused(full, 2, verb, "1", "--all").err
    refused(full, 3, verb, "1", "nope")
    assert states(full) == {f"{state}-1": state for state in BESIDE}


@pytest.mark.parametrize("verb", ["cancel", "retry", "hold", "release", "front", "remove"])
def test_a_filter_that_finds_nothing_is_no_error(home: str, verb: str) -> None:
    answer = call(home, verb, "--all", "--tag", "none")
    assert answer.code == 0, answer


def test_keep_attempts_gives_one_more_attempt(full: str) -> None:
    done(full, "retry", "dead-1", "--keep-attempts")
    done(full, "retry", "cancelled-1")
    dead, cancelled = (done(full, "show", name, "--json").json() for name in ("dead-1", "cancelled-1"))
    assert (dead["attempts"], cancelled["attempts"]) == (1, 0)


def test_a_running_job_is_cancelled_with_all_it_started(workers: str) -> None:
    done(workers, "add", "echo begun; sleep 600 & wait", "--id", "long")
    await_output(workers, "long", "begun\n")
    assert done(workers, "cancel", "long").out == "Job cancelled: long\n"
    assert state_of(workers, "long") == "cancelled"
    assert done(workers, "logs", "long").out == "begun\n"


def test_cancel_waits_as_long_as_the_most_patient_job_may_take_to_end(
    workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience: list[float] = []

    class Patient(Waiting):
        def __init__(self, *arguments: Any, timeout: float) -> None:
            patience.append(timeout)
            super().__init__(*arguments, timeout=timeout)

    monkeypatch.setattr(actions, "Waiting", Patient)
    for name, grace in (("patient", "10m"), ("quick", "1s")):
        done(workers, "add", "echo on; sleep 60", "--id", name, "--kill-grace", grace)
        await_output(workers, name, "on\n")
    done(workers, "cancel", "patient", "quick")
    assert patience == [600 + actions.END_SECONDS]


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
