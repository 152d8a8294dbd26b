"""Commands about locks and the limits of batches, and what status and show say of both."""

from __future__ import annotations

import pytest

from queuectl.model.job import PROCESSING
from tests.commands.calling import call, done, refused, store
from tests.store.building import bring_to, claim, take

WAYS_IN = {
    "add": (["add", "true", "--lock", "gpu", "--lock", "net"], b""),
    "commas": (["add", "true", "--lock", "gpu,net"], b""),
    "add from stdin": (["add", "-", "--lock", "gpu", "--lock", "net"], b"true\n"),
    "schedule": (["schedule", "true", "+1h", "--lock", "gpu", "--lock", "net"], b""),
    "enqueue": (["enqueue", '{"command": "true", "locks": ["gpu", "net"]}'], b""),
    "enqueue with options": (["enqueue", '{"command": "true", "lock": "x"}', "--lock", "gpu", "--lock", "net"], b""),
}


@pytest.mark.parametrize("words, stdin", WAYS_IN.values(), ids=WAYS_IN)
def test_a_job_is_given_locks_by_every_way_in_and_shows_them(home: str, words: list[str], stdin: bytes) -> None:
    done(home, *words, input=stdin)
    assert done(home, "list", "lock:gpu", "--columns", "id,locks", "-o", "csv").lines[1:] == ['"job-1","gpu,net"']
    assert done(home, "show", "last", "--json").json()["locks"] == ["gpu", "net"]
    assert "gpu,net" in done(home, "show", "last").out
    done(home, "enqueue", done(home, "show", "last", "--json").out, "--id", "again")
    assert done(home, "list", "lock:net", "-o", "ids").lines == ["again", "job-1"]


def test_a_job_that_waits_is_given_other_locks_or_none(home: str) -> None:
    done(home, "add", "true", "--lock", "gpu")
    done(home, "edit", "last", "--locks", "net,disk")
    assert [lock["name"] for lock in done(home, "lock", "list", "--json").json()] == ["disk", "net"]
    done(home, "edit", "last", "--locks", "")
    assert done(home, "lock", "list", "--json").json() == []
    assert "give it one with: queuectl add --lock NAME 'COMMAND'" in done(home, "lock", "list").err


def test_a_recurring_job_keeps_its_locks(home: str) -> None:
    done(home, "cron", "add", "nightly", "@daily", "true", "--lock", "gpu")
    assert done(home, "cron", "show", "nightly", "--json").json()["locks"] == ["gpu"]
    done(home, "cron", "edit", "nightly", "--locks", "net")
    assert "net" in done(home, "cron", "show", "nightly").out
    done(home, "cron", "run", "nightly")
    assert done(home, "list", "lock:net", "-o", "ids").lines == ["job-1"]


def test_a_lock_is_limited_and_listed_with_its_holders(home: str) -> None:
    with store(home) as opened:
        bring_to(opened, PROCESSING, id="one", locks=("gpu",))
    done(home, "add", "true", "--lock", "gpu")
    (found,) = done(home, "lock", "list", "--json").json()
    assert found == {"name": "gpu", "state": "taken", "slots": 1, "running": 1, "waiting": 1, "holders": ["one"]}
    limited = done(home, "lock", "limit", "gpu", "2")
    assert (limited.out, limited.err) == ("Lock gpu: at most 2 jobs at a time\n", "")
    assert done(home, "lock", "list").lines[1].split() == ["gpu", "free", "2", "1", "1", "one"]
    assert done(home, "lock", "limit", "disk", "3").err == "no job needs lock disk yet\n"
    assert done(home, "lock", "limit", "disk", "1", "--json").json()["slots"] == 1
    assert done(home, "lock", "list", "-o", "ids").lines == ["gpu"]


def test_a_job_that_was_found_without_room_is_shown_as_parked(home: str) -> None:
    with store(home) as opened:
        bring_to(opened, PROCESSING, id="one", locks=("gpu",), batch="b", batch_limit=1)
    done(home, "add", "true", "--lock", "gpu", "--id", "locked")
    done(home, "add", "true", "--batch", "b", "--id", "full")
    assert done(home, "list", "parked:yes", "-o", "ids").lines == []
    with store(home) as opened:
        assert take(opened) is None
    assert done(home, "list", "parked:yes", "-o", "ids").lines == ["full", "locked"]
    rows = done(home, "list", "--columns", "id,state").lines[1:]
    assert rows == ["full    pending (parked)", "locked  pending (parked)", "one     processing"]
    assert "parked:      lock gpu has no room" in done(home, "show", "locked").lines
    assert "parked:      batch b has no room" in done(home, "show", "full").lines
    assert done(home, "show", "full", "--json").json()["parked"] == "batch:b"


def test_a_batch_is_limited_when_it_is_begun_and_later(home: str) -> None:
    done(home, "add", "true", "--batch", "b%4")
    done(home, "add", "true", "--batch", "b")
    assert "limit:      4 at a time" in done(home, "batch", "show", "b").lines
    answer = call(home, "add", "true", "--batch", "b", "--batch-limit", "5")
    assert answer.code == 4 and "batch b has batch_limit 4, it cannot be 5" in answer.err
    assert answer.hint.endswith("change it with: queuectl batch limit b 5")
    assert done(home, "batch", "limit", "b", "5").out == "Batch b: at most 5 jobs at a time\n"
    assert done(home, "batch", "list", "--json").json()[0]["slots"] == 5
    assert done(home, "batch", "limit", "b", "none", "--json").json()["slots"] is None
    assert "limit:" not in done(home, "batch", "show", "b").out


@pytest.mark.parametrize(
    ("words", "code", "problem", "hint"),
    [
        (("lock", "limit", "gpu", "0"), 2, "between 1 and 10000, got 0", "to let none run: queuectl hold lock:gpu"),
        (("lock", "limit", "gpu", "none"), 2, "limit must be a whole number between 1 and 10000", ""),
        (("lock", "limit", "a b", "2"), 2, "name must be 1 to 64", ""),
        (("batch", "limit", "b", "0"), 2, "10000, or none, got 0", "to let none run: queuectl hold batch:b"),
        (("batch", "limit", "b", "x"), 2, "limit must be a whole number between 1 and 10000, or none", ""),
        (("batch", "limit", "c", "2"), 3, 'there is no batch "c"', ""),
        (("add", "true", "--lock", "a b"), 2, 'lock "a b" must be 1 to 64', ""),
        (("add", "true", "--lock", ",".join(map("l{}".format, range(17)))), 2, "must be a list of at most 16", ""),
        (("list", "lock:é"), 2, "lock: must be 1 to 64", ""),
    ],
)
def test_an_invalid_lock_or_limit_is_refused(
    home: str, words: tuple[str, ...], code: int, problem: str, hint: str
) -> None:
    done(home, "add", "true", "--batch", "b")
    answer = refused(home, code, *words)
    assert problem in answer.problems[0] and hint in answer.hint
    assert done(home, "list", "-o", "ids").lines == ["job-1"] and done(home, "lock", "list", "--json").json() == []


def test_status_counts_the_jobs_that_wait_for_a_lock(home: str) -> None:
    for _ in range(3):
        done(home, "add", "true", "--lock", "gpu")
    assert "waiting for a lock" not in done(home, "status").out
    with store(home) as opened:
        claim(opened)
        assert take(opened) is None
    assert "  pending:           2  (2 waiting for a lock)" in done(home, "status").lines
    assert done(home, "status", "--json").json()["waiting_for_locks"] == 2


def test_status_counts_the_jobs_whose_batch_is_full(home: str) -> None:
    done(home, "add", "-", "--batch", "films%1", input=b"true\n" * 3)
    with store(home) as opened:
        claim(opened)
        assert take(opened) is None
    assert "  pending:           2  (2 waiting for others of their batch)" in done(home, "status").lines
    found = done(home, "status", "--json").json()
    assert (found["waiting_for_locks"], found["waiting_for_batches"]) == (0, 2)
