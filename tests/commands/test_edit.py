"""`edit` and `hold`: jobs that wait are changed or kept back, all others are left alone."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.errors import InvalidInput
from queuectl.model.job import STATES, WAITING_STATES
from tests.commands.calling import bring, call, done, ids, jobs, refused, state_of, store
from tests.store.building import bring_to


def shown(home: str, reference: str) -> dict[str, Any]:
    found: dict[str, Any] = done(home, "show", reference, "--json").json()
    return found


def test_everything_can_be_changed_at_once(home: str) -> None:
    done(home, "add", "make", "--id", "m", "--tag", "old", "--env", "A=1", "--hold")
    options = "--queue builds --priority -5 --retries 0 --timeout none --cwd / --tags a,b --at 2031-05-06T07:08:09Z"
    answer = done(home, "edit", "m", "--command", "make -j4", *options.split())
    assert answer.out == "Job edited: m\n"
    assert "2031-05-06T07:08:09.000Z" in answer.err
    found = shown(home, "m")
    assert {
        name: found[name]
        for name in ("command", "queue", "priority", "max_retries", "timeout", "cwd", "tags", "run_at", "state", "env")
    } == {
        "command": "make -j4",
        "queue": "builds",
        "priority": -5,
        "max_retries": 0,
        "timeout": None,
        "cwd": "/",
        "tags": ["a", "b"],
        "run_at": "2031-05-06T07:08:09.000Z",
        "state": "held",
        "env": {"A": "1"},
    }


@pytest.mark.parametrize(
    "words, column, before, after",
    [
        (["--tags", ""], "tags", ["t"], []),
        (["--priority", "0"], "priority", 3, 0),
        (["--in", "1h"], "state", "pending", "scheduled"),
        (["--on-failure", ""], "on_failure", "tell", None),
        (["--on-failure", "None"], "on_failure", "tell", "none"),
    ],
)
def test_one_thing_is_changed_alone(home: str, words: list[str], column: str, before: Any, after: Any) -> None:
    done(home, "add", "true", "--id", "x", "--tag", "t", "--priority", "3", "--on-failure", "tell")
    old = shown(home, "x")
    done(home, "edit", "x", *words)
    new = shown(home, "x")
    assert (old[column], new[column]) == (before, after)
    changed = {name for name in old if old[name] != new[name]}
    assert changed - {"updated_at", "run_at"} == {column}


def test_a_time_that_has_come_makes_a_job_claimable(home: str) -> None:
    done(home, "add", "true", "--id", "x", "--in", "1h")
    done(home, "edit", "x", "--at", "now")
    assert state_of(home, "x") == "pending"


@pytest.mark.parametrize("state", sorted(set(STATES) - set(WAITING_STATES)))
@pytest.mark.parametrize("verb", ["edit", "hold"])
def test_a_job_that_does_not_wait_is_left_alone(home: str, state: str, verb: str) -> None:
    bring(home, state)
    before = jobs(home)
    answer = refused(home, 4, verb, f"{state}-1", *(["--priority", "9"] if verb == "edit" else []))
    assert answer.problems == [f'cannot {verb} job "{state}-1": it is {state}']
    assert jobs(home) == before


def test_several_jobs_are_edited_and_those_that_cannot_be_are_named(home: str) -> None:
    bring(home, "completed", "pending", "held")
    answer = call(home, "edit", "1-3", "--priority", "9", "--json")
    assert answer.code == 1
    assert answer.json() == {
        "count": 2,
        "done": ["pending-1", "held-1"],
        "refused": [
            {
                "id": "completed-1",
                "state": "completed",
                "message": 'cannot edit job "completed-1": it is completed',
            }
        ],
        "notes": [],
    }
    found = done(home, "edit", "-", "--queue", "slow", input=b"pending-1\nheld-1\n")
    assert found.out == "2 jobs edited: pending-1, held-1\n"
    assert sorted(ids(home, "--queue", "slow")) == ["held-1", "pending-1"]


@pytest.mark.parametrize(
    "words, problem",
    [
        ([], "nothing to change"),
        (["--priority", "1001"], "priority must be a whole number between -1000 and 1000"),
        (["--queue", "a b", "--retries", "-1"], "queue must be"),
        (["--command", " "], "command must not be empty"),
        (["--in", "1h", "--at", "now"], "either --in or --at"),
        (["--cwd", "/nowhere/at/all"], "cwd must be a directory that exists"),
        (["--at", "2031-02-30"], "--at is"),
        (["--tags", "a,b!"], "tag"),
        (["--state", "dead"], "unknown option"),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_mistake_is_named_and_nothing_is_changed(home: str, words: list[str], problem: str, dry_run: bool) -> None:
    done(home, "add", "true", "--id", "x")
    before = jobs(home)
    answer = refused(home, 2, "edit", "x", *words, *(["--dry-run"] if dry_run else []))
    assert any(problem in line for line in answer.problems), answer
    assert jobs(home) == before


def test_jobs_must_be_named(home: str) -> None:
    assert "no jobs given" in refused(home, 2, "edit", "--priority", "1").err
    refused(home, 3, "edit", "nope", "--priority", "1")


def test_a_policy_is_that_of_the_settings_again(home: str) -> None:
    own = ["--kill-grace", "9", "--kill-signal", "INT", "--fail-on", "3", "--backoff", "1s"]
    done(home, "add", "true", "--id", "x", *own)
    done(home, "edit", "x", *(word if at % 2 == 0 else "default" for at, word in enumerate(own)))
    (job,) = jobs(home)
    assert {job[name] for name in ("kill_grace", "kill_signal", "fail_on", "backoff")} == {None}


def test_a_dry_run_only_says_which(home: str) -> None:
    done(home, "add", "true", "--id", "x")
    answer = done(home, "edit", "x", "--priority", "9", "--dry-run", "-o", "ids")
    assert answer.lines == ["x"] and shown(home, "x")["priority"] == 0
    assert done(home, "hold", "--all", "--dry-run", "-o", "ids").lines == ["x"] and state_of(home, "x") == "pending"


def test_a_job_keeps_the_attempt_that_it_waits_for(home: str) -> None:
    bring(home, "failed")
    answer = refused(home, 2, "edit", "failed-1", "--retries", "0")
    assert answer.problems == ['--retries must be at least 1 for job "failed-1": it waits for attempt 2']
    done(home, "edit", "failed-1", "--retries", "1")
    assert (shown(home, "failed-1")["state"], shown(home, "failed-1")["max_retries"]) == ("failed", 1)
    refused(home, 2, "edit", "failed-1", "--retries", "0", "--dry-run")


def test_a_running_job_is_refused_and_does_not_keep_others_from_being_edited(home: str) -> None:
    bring(home, "processing", "pending")
    answer = call(home, "edit", "processing-1", "pending-1", "--retries", "0")
    assert (answer.code, answer.out) == (1, "Job edited: pending-1\n")
    assert answer.err == 'cannot edit job "processing-1": it is processing\n'


def test_a_job_that_has_used_its_attempts_already_may_keep_its_retries(home: str) -> None:
    with store(home) as opened:
        bring_to(opened, "dead", id="x", max_retries=0)
    done(home, "retry", "x", "--keep-attempts")
    assert shown(home, "x")["attempts"] == 1
    done(home, "edit", "x", "--retries", "0", "--priority", "3")
    assert shown(home, "x")["priority"] == 3


def test_the_note_says_that_a_held_job_waits_for_its_release(home: str) -> None:
    done(home, "add", "true", "--id", "x", "--hold")
    assert done(home, "edit", "x", "--at", "now").err.endswith("now, once it is released\n")


@pytest.mark.parametrize("words", [("schedule", "true", "+2h"), ("add", "true", "--in", "2h")])
def test_a_held_job_that_has_a_time_shows_it(home: str, words: tuple[str, ...]) -> None:
    answer = done(home, *words, "--hold", "--id", "x")
    run_at = shown(home, "x")["run_at"]
    assert f"({run_at}), in 2h, once it is released\n" in answer.out
    assert [line for line in done(home, "show", "x").lines if line.startswith("runs at:") and "released" in line]
    done(home, "add", "true", "--hold", "--id", "y")
    assert "runs at" not in done(home, "show", "y").out


def test_the_history_tells_what_it_was(home: str) -> None:
    done(home, "add", "old", "--id", "x", "--timeout", "90", "--tag", "t")
    done(home, "edit", "x", "--command", "new", "--priority", "5", "--timeout", "none", "--tags", "")
    done(home, "edit", "x", "--priority", "5")
    rows = done(home, "history", "x", "--json").json()
    assert [(row["what"], row["detail"]) for row in rows] == [
        ("enqueued", ""),
        ("edit", 'command "old" to "new", priority 0 to 5, timeout 1m30s to none, tags t to none'),
        ("edit", "nothing new"),
    ]


def test_the_history_keeps_a_long_command_and_one_that_was_not_edited(home: str) -> None:
    long = "echo " + "x" * 500
    done(home, "add", long, "--id", "x")
    done(home, "edit", "x", "--priority", "3", "--at", "now")
    rows = done(home, "history", "x", "--json").json()
    assert [row["what"] for row in rows] == ["enqueued", "edit"] and rows[0]["detail"] == long
    done(home, "edit", "x", "--command", "true")
    assert f'command "{long}" to "true"' in done(home, "history", "x", "--json").json()[-1]["detail"]


def test_holding_by_filter_means_those_that_wait(home: str) -> None:
    bring(home, "completed", "failed", "pending", "held")
    done(home, "add", "true", "--in", "1h", "--id", "later")
    assert done(home, "hold", "--all").out.startswith("3 jobs held")
    assert state_of(home, "later") == "held"
    done(home, "release", "later")
    assert state_of(home, "later") == "scheduled"


def test_from_python(home: str) -> None:
    with Queue(home) as queue:
        job = queue.add("true", id="x")
        assert queue.edit("x", retries=7, run_at=None).done == ["x"]
        assert queue.get("x").max_retries == 7
        change = queue.hold(job.number, queue.add("true", hold=True).id)
        assert change.done == ["x"] and repr(change) == "<Change: 1 done, 1 refused>"
        wrong: list[dict[str, Any]] = [{}, {"self": 1}, {"id": "y"}, {"env": {}}, {"priority": 1, "nope": 2}]
        for fields in wrong:
            with pytest.raises(InvalidInput):
                queue.edit("x", **fields)
        assert queue.get("x").priority == 0
