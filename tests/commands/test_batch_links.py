"""Jobs that wait for batches, as a user adds, edits and ends them."""

from __future__ import annotations

import json

import pytest

from queuectl.engine.queue import Queue
from tests.commands.calling import done, ids, refused, state_of
from tests.commands.test_links import CIRCLE, waits_for


@pytest.fixture
def book(home: str) -> str:
    """A home where print waits for the batch book, in which are p1 and p2."""
    for page in ("p1", "p2"):
        done(home, "add", "true", "--id", page, "--batch", "book")
    done(home, "add", "true", "--id", "print", "--after", "batch:book")
    return home


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--after", "batch:book"], ["batch:book completed"]),
        (["--after-failed", "p1,batch:book"], ["batch:book failed", "p1 failed"]),
        (["--after", "batch:book", "--after-any", "batch:book"], ["batch:book completed"]),
        (["--after", "batch:book state:pending"], ["p1 completed", "p2 completed"]),
        (["--after", "batch:book,other"], ["p1 completed", "p2 completed"]),
    ],
)
def test_exactly_the_name_of_a_batch_is_one_link(book: str, options: list[str], expected: list[str]) -> None:
    done(book, "add", "true", "--id", "new", *options)
    assert waits_for(book, "new") == expected


@pytest.mark.parametrize(
    ("code", "words", "problem"),
    [
        (3, ["add", "true", "--after", "batch:none"], 'there is no batch "none"'),
        (2, ["add", "true", "--batch", "book", "--after", "batch:book"], f"{CIRCLE}(new) -> batch:book -> (new)"),
        (
            2,
            ["add", "true", "--id", "p3", "--batch", "book", "--after", "print"],
            f"{CIRCLE}p3 -> print -> batch:book -> p3",
        ),
        (2, ["edit", "p1", "--after", "batch:book"], f"{CIRCLE}p1 -> batch:book -> p1"),
        (2, ["edit", "p2", "--after-any", "print"], f"{CIRCLE}p2 -> print -> batch:book -> p2"),
        (
            2,
            ["add", "true", "--after", "batch:book", "--after-failed", "batch:book"],
            '"batch:book" cannot both be completed and have failed',
        ),
        (2, ["add", "true", "--after", ""], '--after names no job to wait for, got ""'),
        (2, ["add", "true", "--after-any", ","], '--after-any names no job to wait for, got ","'),
        (4, ["remove", "p1"], 'cannot remove job "p1": 1 job waits for its batch'),
    ],
)
def test_a_batch_that_cannot_be_waited_for_is_refused(book: str, code: int, words: list[str], problem: str) -> None:
    assert refused(book, code, *words).problems == [problem]
    assert ids(book) == ["print", "p2", "p1"]
    assert waits_for(book, "print") == ["batch:book completed"]


def test_a_refusal_to_remove_counts_few_of_those_that_wait(book: str) -> None:
    with Queue(book) as queue:
        queue.enqueue([{"command": "true", "after": "batch:book"}] * 100)
    problem = 'cannot remove job "p1": more than 100 jobs wait for its batch'
    assert refused(book, 4, "remove", "p1").problems == [problem]


def test_an_edit_lets_a_job_wait_for_a_batch(book: str) -> None:
    done(book, "add", "true", "--id", "new")
    done(book, "edit", "new", "--after-any", "batch:book")
    assert (waits_for(book, "new"), state_of(book, "new")) == (["batch:book any"], "blocked")
    assert "after_any none to batch:book" in done(book, "history", "new").out
    assert ids(book, "after:batch:book") == ["new", "print"]


def test_a_document_begins_a_batch_and_waits_for_it(home: str) -> None:
    graph: list[dict[str, object]] = [
        {"id": "c", "command": "true", "after": {"job": "batch:b", "when": "any"}},
        {"id": "a", "command": "true", "batch": "b"},
    ]
    done(home, "enqueue", json.dumps(graph))
    assert waits_for(home, "c") == ["batch:b any"]
    graph[1].update(after="c")
    answer = refused(home, 2, "enqueue", json.dumps(graph).replace('"b"', '"n"').replace("batch:b", "batch:n"))
    assert answer.problems == [f"{CIRCLE}c -> batch:n -> a -> c"]


@pytest.mark.parametrize(
    ("after", "problem"),
    [
        ({"job": "p1", "when": "never"}, 'after: when must be one of completed, any, failed, got "never"'),
        ([{"job": "p1", "when": []}], "after: when must be one of completed, any, failed, got []"),
        ([{"jobs": "p1"}], 'after: an object must be {"job": ..., "when": ...}, "when" may be left out'),
    ],
)
def test_an_object_in_after_is_refused_with_what_is_allowed(book: str, after: object, problem: str) -> None:
    assert refused(book, 2, "enqueue", json.dumps({"command": "true", "after": after})).problems == [problem]


def test_a_job_that_waits_for_a_batch_is_reported_with_it(book: str) -> None:
    assert "waits for:   batch:book (open)" in done(book, "show", "print").lines
    assert done(book, "show", "print", "--tree").lines[0] == "batch:book (open)"
    hint = "see what it waits for with: queuectl batch show book"
    assert (
        done(book, "why", "print").out.replace("\n  ", "|").strip()
        == f"print is blocked: it waits for batch:book (open)|{hint}"
    )
    lines = done(book, "batch", "show", "book").lines
    assert "then:       1 job waits for it" in lines and "what waits: queuectl list after:batch:book" in lines


def test_cancel_of_a_batch_names_what_is_stuck_behind_it(book: str) -> None:
    command = "queuectl cancel --with-children 'stuck:yes after:p1,p2,batch:book'"
    answer = done(book, "cancel", "p1,p2")
    assert answer.err == f"1 job that waits for what was cancelled is stuck; cancel it too with: {command}\n"
    again = "run what failed of it again: queuectl retry 'batch:book state:dead,cancelled'"
    assert again in done(book, "why", "print").out
    assert done(book, "add", "true", "--id", "new", "--after", "batch:book").err == (
        "batch:book is failed: new waits until all its jobs are completed\n"
    )
    assert done(book, "cancel", "--yes", "--with-children", "stuck:yes after:p1,p2,batch:book").out == (
        "2 jobs cancelled: print, new\n"
    )


def test_with_children_takes_what_waits_for_the_batch_of_a_job(book: str) -> None:
    assert done(book, "remove", "p1", "--with-children").out == "2 jobs removed: print, p1\n"


def test_a_batch_is_named_alike_wherever_jobs_wait_for_it(book: str) -> None:
    done(book, "add", "true", "--id", "new", "--after", "Batch:book")
    assert waits_for(book, "new") == ["batch:book completed"]
    assert sorted(done(book, "list", "after:Batch:book", "-o", "ids").lines) == ["new", "print"]
    assert done(book, "status", "Batch:book", "-o", "ids").out == "book\n"


def test_a_copy_waits_for_the_batch_too(book: str) -> None:
    done(book, "add", "--like", "print", "--id", "copy")
    assert waits_for(book, "copy") == ["batch:book completed"]
    assert "--after batch:book" in done(book, "show", "print").out
    shown = done(book, "show", "print", "--json").json()
    done(book, "enqueue", json.dumps({**shown, "id": "again"}))
    assert waits_for(book, "again") == ["batch:book completed"]
