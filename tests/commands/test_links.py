"""Jobs that wait for others, as a user adds, edits and ends them: what is said, and with which exit code."""

from __future__ import annotations

import json

import pytest

from tests.commands.calling import bring, call, done, ids, refused, state_of, store
from tests.store import building

CIRCLE = "these jobs would wait for each other: "


@pytest.fixture
def chain(home: str) -> str:
    """A home where b waits for a, c for b, and d for c."""
    done(home, "add", "true", "--id", "a", "--tag", "first", "--queue", "q-1")
    for child, parent in ("ba", "cb", "dc"):
        done(home, "add", "true", "--id", child, "--after", parent)
    return home


def waits_for(home: str, job: str) -> list[str]:
    """Return the parents of a job, each with how it must end."""
    parents = done(home, "show", job, "--json").json()["parents"]
    return [f"{parent['id']} {parent['when']}" for parent in parents]


def finish(home: str, state: str) -> None:
    """Let the job that is claimed next end in a state."""
    with store(home) as opened:
        assert building.finish(opened, building.claim(opened), state)


# What one waits for


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--after", "a"], ["a completed"]),
        (["--after-any", "a"], ["a any"]),
        (["--after-failed", "a"], ["a failed"]),
        (["--after", "a,b"], ["a completed", "b completed"]),
        (["--after", "a", "--after", "b"], ["a completed", "b completed"]),
        (["--after", "a", "--after-any", "b", "--after-failed", "c"], ["a completed", "b any", "c failed"]),
        (["--after", "a", "--after-any", "a"], ["a completed"]),
        (["--after", "last"], ["d completed"]),
        (["--after", "2-3"], ["b completed", "c completed"]),
        (["--after", "1"], ["a completed"]),
        (["--after", "queue:q-1"], ["a completed"]),
        (["--after", "state:pending,held,blocked !id:d"], ["a completed", "b completed", "c completed"]),
        (["--after", "id:a,c"], ["a completed", "c completed"]),
    ],
)
def test_a_job_waits_for_what_its_options_name(chain: str, options: list[str], expected: list[str]) -> None:
    done(chain, "add", "true", "--id", "new", *options)
    assert waits_for(chain, "new") == expected
    assert state_of(chain, "new") == "blocked"


def test_ids_with_colons_stand_between_commas_as_others_do(chain: str) -> None:
    for job in ("part:1", "part:2"):
        done(chain, "add", "true", "--id", job, "--hold")
    done(chain, "add", "true", "--id", "new", "--after", "part:1,part:2,a")
    assert waits_for(chain, "new") == ["a completed", "part:1 completed", "part:2 completed"]


@pytest.mark.parametrize(
    ("code", "options", "problem"),
    [
        (3, ["--after", "nobody"], 'no job with id "nobody"'),
        (3, ["--after", "a,nobody"], 'no job with id "nobody"'),
        (3, ["--after", "tag:none"], 'no job to wait for: "tag:none" finds none'),
        (2, ["--after", "state:odd"], 'there is no state "odd"'),
        (2, ["--after", "a", "--after-failed", "a"], '"a" cannot both be completed and have failed'),
        (2, ["--id", "new", "--after", "new"], '"new" cannot wait for itself'),
    ],
)
def test_what_cannot_be_waited_for_is_refused(chain: str, code: int, options: list[str], problem: str) -> None:
    assert refused(chain, code, "add", "true", *options).problems == [problem]
    assert ids(chain) == ["d", "c", "b", "a"]


def test_a_parent_that_was_pruned_is_named_with_when_that_was(home: str) -> None:
    bring(home, "completed")
    done(home, "prune", "--older-than", "0s", "--yes")
    (problem,) = refused(home, 3, "add", "true", "--after", "completed-1").problems
    assert problem.startswith('no job with id "completed-1" any more: it was pruned at 20')


@pytest.mark.slow
def test_a_job_waits_for_at_most_ten_thousand_others(home: str) -> None:
    with store(home) as opened:
        building.enqueue(opened, *[building.spec() for _ in range(10_001)])
    answer = refused(home, 2, "add", "true", "--after", "state:pending")
    assert answer.problems == ["a job can wait for at most 10000 others, got 10001"]
    done(home, "add", "true", "--id", "new", "--after", "1-10000")
    assert len(waits_for(home, "new")) == 500


@pytest.mark.parametrize(
    ("option", "parent", "state", "note"),
    [
        ("--after", "completed", "pending", ""),
        ("--after", "dead", "blocked", "dead-1 is dead: new waits until dead-1 is retried\n"),
        ("--after", "cancelled", "blocked", "cancelled-1 is cancelled: new waits until cancelled-1 is retried\n"),
        ("--after-any", "completed", "pending", ""),
        ("--after-any", "dead", "pending", ""),
        ("--after-failed", "dead", "pending", ""),
        ("--after-failed", "completed", "cancelled", "new is cancelled: completed-1 is completed\n"),
        ("--after", "pending", "blocked", ""),
    ],
)
def test_a_parent_that_has_ended_already_decides_at_once(
    home: str, option: str, parent: str, state: str, note: str
) -> None:
    bring(home, parent)
    assert done(home, "add", "true", "--id", "new", option, f"{parent}-1").err == note
    assert state_of(home, "new") == state


def test_a_job_behind_a_stuck_one_is_stuck_and_says_so(home: str) -> None:
    bring(home, "dead")
    done(home, "add", "true", "--id", "b", "--after", "dead-1")
    said = done(home, "add", "true", "--id", "c", "--after", "b").err
    assert said == "b is stuck, and so c will not run; see why: queuectl why c\n"


# A document


def test_the_jobs_of_a_document_may_name_each_other_in_any_order(home: str) -> None:
    graph = [
        {"id": "c", "command": "true", "after": ["a", {"job": "b", "when": "any"}], "after_failed": "d"},
        {"id": "a", "command": "true"},
        {"id": "b", "command": "true", "after": "a"},
        {"id": "d", "command": "true"},
    ]
    done(home, "enqueue", json.dumps(graph))
    assert waits_for(home, "c") == ["a completed", "b any", "d failed"]
    assert waits_for(home, "b") == ["a completed"]


@pytest.mark.parametrize(
    ("after", "circle"),
    [
        ({"a": "a"}, '"a" cannot wait for itself'),
        ({"a": "b", "b": "a"}, f"{CIRCLE}a -> b -> a"),
        ({"a": "b", "b": "c", "c": "a"}, f"{CIRCLE}a -> b -> c -> a"),
        ({"x": "b", "b": "c", "c": "b"}, f"{CIRCLE}b -> c -> b"),
    ],
)
def test_a_document_whose_jobs_wait_for_each_other_is_refused_whole(
    home: str, after: dict[str, str], circle: str
) -> None:
    graph = [{"id": job, "command": "true", "after": parent} for job, parent in after.items()]
    assert refused(home, 2, "enqueue", json.dumps(graph)).problems == [circle]
    assert ids(home) == []


def test_a_document_says_which_of_its_jobs_will_not_run_but_not_of_too_many(home: str) -> None:
    bring(home, "dead")
    graph = [{"id": f"j{number}", "command": "true", "after": "dead-1"} for number in range(8)]
    *notes, last = done(home, "enqueue", json.dumps(graph)).err.splitlines()
    assert notes == [f"dead-1 is dead: j{number} waits until dead-1 is retried" for number in range(5)]
    assert last == "3 jobs more will not run either; see them with: queuectl list stuck:yes"


# Edits


@pytest.mark.parametrize(
    ("job", "parent", "problem"),
    [
        ("a", "a", '"a" cannot wait for itself'),
        ("a", "b", f"{CIRCLE}a -> b -> a"),
        ("a", "d", f"{CIRCLE}a -> d -> c -> b -> a"),
        ("b", "c,d", f"{CIRCLE}b -> c -> b"),
    ],
)
def test_an_edit_makes_no_circle(chain: str, job: str, parent: str, problem: str) -> None:
    before = waits_for(chain, job)
    assert refused(chain, 2, "edit", job, "--after", parent).problems == [problem]
    assert waits_for(chain, job) == before


@pytest.mark.parametrize(
    ("options", "expected", "state"),
    [
        (["--after", ""], [], "pending"),
        (["--after", "b"], ["b completed"], "blocked"),
        (["--after-any", "a"], ["a any"], "blocked"),
        (["--priority", "3"], ["c completed"], "blocked"),
    ],
)
def test_an_edit_replaces_what_a_job_waits_for(chain: str, options: list[str], expected: list[str], state: str) -> None:
    done(chain, "edit", "d", *options)
    assert (waits_for(chain, "d"), state_of(chain, "d")) == (expected, state)


# Ends


def test_cancel_says_how_many_are_stuck_then_and_how_to_cancel_them(chain: str) -> None:
    answer = done(chain, "cancel", "b")
    command = "queuectl cancel --with-children 'stuck:yes after:b'"
    assert answer.err == f"2 jobs that wait for what was cancelled are stuck; cancel them too with: {command}\n"
    assert ids(chain, "stuck:yes") == ["d", "c"]
    done(chain, "cancel", "--yes", "--with-children", "stuck:yes after:b")
    assert ids(chain, "state:cancelled") == ["d", "c", "b"]


def test_cancel_with_children_cancels_the_chain(chain: str) -> None:
    answer = done(chain, "cancel", "b", "--with-children")
    assert (answer.out, answer.err) == ("3 jobs cancelled: d, c, b\n", "")
    assert state_of(chain, "a") == "pending"


def test_cancel_with_children_of_a_job_that_has_ended_cancels_what_is_left(chain: str) -> None:
    finish(chain, "dead")
    assert done(chain, "cancel", "a", "--with-children").out == "3 jobs cancelled: d, c, b\n"
    refused(chain, 4, "cancel", "a", "--with-children")


def test_what_a_verb_would_do_with_children_is_shown_and_asked_whole(chain: str) -> None:
    answer = done(chain, "cancel", "b", "--with-children", "--dry-run", "-o", "ids")
    assert (answer.lines, answer.err) == (["d", "c", "b"], "3 jobs, nothing was changed\n")
    asked = refused(chain, 2, "cancel", "id:b", "--with-children")
    assert asked.problems == ["this would cancel 3 jobs, so it needs a confirmation"]
    finish(chain, "dead")
    asked = refused(chain, 2, "dlq", "remove", "--with-children")
    assert asked.problems == ["this would remove 4 jobs, so it needs a confirmation"]


def test_remove_leaves_what_others_wait_for_unless_they_go_too(chain: str) -> None:
    answer = refused(chain, 4, "remove", "b")
    assert answer.problems == ['cannot remove job "b": 1 job waits for it']
    assert answer.hint == "remove them too: queuectl remove --with-children b"
    assert done(chain, "remove", "b", "--with-children").out == "3 jobs removed: d, c, b\n"
    assert ids(chain) == ["a"]


def test_remove_takes_a_job_whose_children_have_ended(chain: str) -> None:
    done(chain, "cancel", "d")
    assert done(chain, "remove", "c").out == "Job removed: c\n"


def test_the_retry_of_a_dead_parent_revives_the_chain(chain: str) -> None:
    finish(chain, "dead")
    assert ids(chain, "stuck:yes") == ["d", "c", "b"]
    assert done(chain, "retry", "a").err == ""
    assert ids(chain, "stuck:yes") == []
    finish(chain, "completed")
    assert state_of(chain, "b") == "pending"


def test_the_retry_of_a_completed_parent_runs_nothing_else_and_says_what_does(chain: str) -> None:
    finish(chain, "completed")
    finish(chain, "completed")
    answer = done(chain, "retry", "a")
    found = "after:a state:completed,dead"
    assert answer.err == f"what ran after a does not run again; run it again with: queuectl retry '{found}'\n"
    assert (state_of(chain, "b"), state_of(chain, "c")) == ("completed", "pending")
    assert done(chain, "retry", found).out == "Job queued again: b\n"
    assert state_of(chain, "b") == "blocked"


def test_the_retry_of_a_completed_job_that_nothing_waited_for_says_nothing(home: str) -> None:
    bring(home, "completed")
    assert done(home, "retry", "completed-1").err == ""


# What is told


def test_wait_for_a_stuck_job_returns_at_once(chain: str) -> None:
    finish(chain, "dead")
    answer = call(chain, "wait", "b")
    helps = "run a again: queuectl retry a; or let it wait for nothing: queuectl edit b --after ''"
    assert answer.code == 1
    assert answer.err == f"b: it is stuck: a (dead), and must be completed first; {helps}\n"
    assert call(chain, "wait", "d", "a").code == 1


@pytest.mark.parametrize("option", ["--follow", "--wait"])
def test_add_of_a_stuck_job_waits_for_no_end(home: str, option: str) -> None:
    bring(home, "dead")
    answer = call(home, "add", "true", "--id", "new", "--after", "dead-1", option)
    assert answer.code == 1
    assert answer.err.startswith("dead-1 is dead: new waits until dead-1 is retried\n")
    assert "new is stuck" in answer.err or "new: it is stuck" in answer.err


def test_logs_of_a_stuck_job_are_followed_to_their_end(chain: str) -> None:
    finish(chain, "dead")
    assert call(chain, "logs", "-f", "b").out == ""


def test_wait_says_what_a_job_waits_for(chain: str) -> None:
    answer = call(chain, "wait", "c", "--timeout", "0")
    assert answer.code == 124
    assert answer.err.startswith("c: it waits for b (blocked)\n")


@pytest.mark.parametrize(
    ("end", "job", "line"),
    [
        (None, "b", "waits for:   a (pending)"),
        (None, "b", "then:        c"),
        (None, "a", "then:        b"),
        ("dead", "b", "state:       blocked (stuck)"),
        ("dead", "b", "waits for:   a (dead)"),
        ("dead", "c", "waits for:   b (stuck)"),
        ("completed", "b", "waited for:  a (completed)"),
    ],
)
def test_show_names_parents_and_children(chain: str, end: str | None, job: str, line: str) -> None:
    if end is not None:
        finish(chain, end)
    assert line in done(chain, "show", job).lines


def test_show_says_for_which_end_a_job_waits(chain: str) -> None:
    done(chain, "add", "true", "--id", "x", "--after-any", "a", "--after-failed", "b")
    assert "waits for:   a to end (pending), b to fail (blocked)" in done(chain, "show", "x").lines
    assert "then:        c, x (waits for it to fail)" in done(chain, "show", "b").lines


def test_show_names_a_few_of_many_children(chain: str) -> None:
    for number in range(7):
        done(chain, "add", "true", "--id", f"n{number}", "--after", "d")
    assert "then:        n0, n1, n2, n3, n4 and 2 more" in done(chain, "show", "d").lines


@pytest.mark.parametrize(
    ("end", "job", "reason"),
    [
        (None, "b", "b is blocked: it waits for a (pending)\n  see what it waits for with: queuectl why a\n"),
        (
            "dead",
            "b",
            "b is blocked: it is stuck: a (dead), and must be completed first\n"
            "  run a again: queuectl retry a\n  or let it wait for nothing: queuectl edit b --after ''\n",
        ),
        (
            "dead",
            "c",
            "c is blocked: it is stuck: b (stuck), and must be completed first\n"
            "  see why: queuectl why b\n  or let it wait for nothing: queuectl edit c --after ''\n",
        ),
    ],
)
def test_why_says_what_a_job_waits_for_and_what_helps(chain: str, end: str | None, job: str, reason: str) -> None:
    if end is not None:
        finish(chain, end)
    assert done(chain, "why", job).out == reason


def test_why_names_all_parents_to_run_again(home: str) -> None:
    bring(home, "dead", "cancelled", "pending")
    done(home, "add", "true", "--id", "b", "--after", "1-3")
    assert done(home, "why", "b").lines[:2] == [
        "b is blocked: it is stuck: dead-1 (dead), cancelled-1 (cancelled), and must be completed first",
        "  run them again: queuectl retry dead-1,cancelled-1",
    ]


def test_status_counts_stuck_jobs_until_they_are_revived(chain: str) -> None:
    text = "3 jobs are stuck: what they wait for has ended otherwise"
    assert text not in call(chain, "status").out
    finish(chain, "dead")
    assert text in call(chain, "status").out
    done(chain, "edit", "b", "--after", "")
    assert "are stuck" not in call(chain, "status").out


def test_history_says_why_a_job_was_cancelled_by_its_link(home: str) -> None:
    bring(home, "completed")
    done(home, "add", "true", "--id", "new", "--after-failed", "completed-1")
    assert "completed-1 is completed" in done(home, "history", "new").out
    assert "state:       cancelled: completed-1 is completed" in done(home, "show", "new").lines


def test_a_scheduled_job_that_will_be_stuck_says_so_when_it_is_added(home: str) -> None:
    bring(home, "dead")
    answer = done(home, "schedule", "true", "in 1h", "--id", "later", "--after", "dead-1")
    assert "dead-1 is dead: later waits until dead-1 is retried" in answer.err
    assert "; then it waits for dead-1 (dead)" in done(home, "why", "later").out
