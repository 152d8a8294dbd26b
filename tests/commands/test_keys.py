"""Keys of jobs: added once, no matter who adds them, and what `--if-exists` does about it."""

from __future__ import annotations

import json

import pytest

from queuectl import Conflict, Queue
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.job import CANCELLED, COMPLETED, PENDING, PROCESSING
from tests.commands.calling import bring, call, done, ids, refused, states, store
from tests.store.building import claim, finish, take
from tests.store.together import run_together
from tests.support import Processes

ADDERS, ADDS = 10, 5
ADDER = """
import sys
from queuectl import Queue

queue = Queue(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    print(queue.add(f"echo {number}", key=f"key {number}").id, flush=True)
"""


def test_a_job_is_not_added_while_another_has_its_key(home: str) -> None:
    done(home, "add", "echo first", "--key", "a b")
    answer = done(home, "add", "echo second", "--key", "a b")
    assert answer.lines == ['Nothing added: job-1 has the key "a b" already, it is pending']
    assert done(home, "add", "x", "--key", "a b", "-q").lines == ["job-1"]
    assert done(home, "add", "x", "--key", "a b", "--json").json()["id"] == "job-1"
    assert ids(home) == ["job-1"] and ids(home, 'key:"a b"') == ["job-1"]


def test_fifty_adders_at_once_add_each_key_once(home: str, processes: Processes) -> None:
    Queue(home).settings()
    told = run_together(processes, ADDER, [[home, str(ADDS)]] * ADDERS)
    assert len(set(told)) == 1 and len(told[0].split()) == ADDS
    assert sorted(ids(home)) == sorted(told[0].split())


@pytest.mark.parametrize("state", [PENDING, "scheduled", "held", "blocked", "failed"])
def test_one_that_waits_is_replaced(home: str, state: str) -> None:
    bring(home, state)
    with Queue(home) as queue:
        queue.store.database  # noqa: B018
    with store(home) as opened, opened.writing():
        opened.database.change("UPDATE jobs SET key = 'a' WHERE number = 1")
    done(home, "add", "echo again", "--key", "a", "--if-exists", "replace", "--id", "new")
    assert states(home)["new"] == PENDING
    with Queue(home) as queue:
        old = queue.get(1)
        assert old.state == CANCELLED
        assert "replaced" in done(home, "history", old.id).out


def test_one_that_runs_is_not_replaced(home: str) -> None:
    done(home, "add", "x", "--key", "a")
    with store(home) as opened:
        take(opened)
    problem = refused(home, 4, "add", "y", "--key", "a", "--if-exists", "replace").err
    assert 'job-1 has the key "a" already, and runs' in problem and "queuectl cancel job-1" in problem
    assert states(home) == {"job-1": PROCESSING}


def test_a_key_that_is_taken_can_be_an_error(home: str) -> None:
    done(home, "add", "x", "--key", "a")
    refused(home, 4, "add", "y", "--key", "a", "--if-exists", "error")
    refused(home, 4, "enqueue", '[{"command": "free"}, {"command": "y", "key": "a", "if_exists": "error"}]')
    assert ids(home) == ["job-1"]


def test_jobs_that_are_added_together_may_have_the_same_key(home: str) -> None:
    document = [{"command": "x", "key": "a", "id": "one"}, {"command": "y", "key": "a", "id": "two"}]
    child = {"command": "z", "id": "child", "after": ["two"]}
    answer = done(home, "enqueue", json.dumps([*document, child]))
    assert answer.lines == ["2 jobs added"] and "1 job not added: one has the key already" in answer.err
    assert done(home, "show", "child", "--json").json()["after"] == ["one"]
    again = done(home, "enqueue", json.dumps([*document, {"command": "z", "after": ["two"]}]), "-q")
    assert again.lines[:2] == ["one", "one"]
    assert done(home, "show", "last", "--json").json()["after"] == ["one"]


def test_one_of_several_with_the_same_key_cannot_have_an_id_alone(home: str) -> None:
    document = '[{"command": "x", "key": "a"}, {"command": "y", "key": "a", "id": "two"}]'
    assert "and only the second has an id" in refused(home, 4, "enqueue", document).err


@pytest.mark.parametrize("if_exists", ["replace", "error"])
def test_one_of_several_new_ones_cannot_replace_another(home: str, if_exists: str) -> None:
    document = [{"command": command, "key": "a", "if_exists": if_exists} for command in "xy"]
    assert 'two of these jobs have the key "a"' in refused(home, 4, "enqueue", json.dumps(document)).err
    assert ids(home) == []


def test_retry_says_who_has_the_key_and_passes_over_such_jobs(home: str) -> None:
    done(home, "add", "x", "--key", "a", "--retries", "0")
    done(home, "add", "y", "--retries", "0")
    with store(home) as opened:
        for _ in range(2):
            finish(opened, claim(opened), "dead")
    done(home, "add", "x", "--key", "a")
    assert 'job-3 has its key "a", and is pending' in refused(home, 4, "retry", "job-1").err
    answer = call(home, "retry", "state:dead")
    assert states(home) == {"job-1": "dead", "job-2": PENDING, "job-3": PENDING}
    assert "job-3 has its key" in answer.err


def test_a_key_is_kept_after_the_end_for_as_long_as_was_said(home: str) -> None:
    done(home, "add", "x", "--key", "a", "--key-for", "1h")
    with store(home) as opened:
        finish(opened, claim(opened), COMPLETED, now=SYSTEM_CLOCK.wall())
    assert "it is completed" in done(home, "add", "x", "--key", "a").out
    done(home, "add", "x", "--key", "a", "--if-exists", "replace")
    assert states(home) == {"job-1": COMPLETED, "job-2": PENDING}


def test_waiting_for_one_that_exists_waits_for_the_other(home: str) -> None:
    done(home, "add", "x", "--key", "a", "--key-for", "1h")
    with store(home) as opened:
        finish(opened, claim(opened), COMPLETED, now=SYSTEM_CLOCK.wall())
    assert "job-1" in done(home, "add", "x", "--key", "a", "--wait").out


@pytest.mark.parametrize(
    "words, problem",
    [
        (["--key", ""], "key must be a text that is not empty"),
        (["--key", "a\nb"], "printable"),
        (["--key", "a" * 256], "255"),
        (["--if-exists", "error"], "if_exists belongs to a key"),
        (["--key-for", "1h"], "key_for belongs to a key"),
        (["--key", "a", "--if-exists", "maybe"], "must be one of skip, replace, error"),
    ],
)
def test_what_makes_no_sense_is_refused(home: str, words: list[str], problem: str) -> None:
    assert problem in refused(home, 2, "add", "x", *words).err


def test_a_schedule_takes_no_key(home: str) -> None:
    refused(home, 2, "cron", "add", "nightly", "@daily", "x", "--key", "a")
    document = json.dumps([{"id": "a", "command": "x", "key": "a"}]).encode()
    problem = refused(home, 2, "cron", "add", "nightly", "@daily", "--file", "-", input=document).err
    assert "a job of a schedule has no key: --overlap" in problem


def test_python_returns_the_job_that_is_there(home: str) -> None:
    with Queue(home) as queue:
        first = queue.add("x", key="a")
        assert queue.add("y", key="a").number == first.number
        assert queue.add("y", key="a", if_exists="replace").number == 2
        with pytest.raises(Conflict):
            queue.add("z", key="a", if_exists="error")
        skipped: list[str] = []
        assert queue.enqueue([{"command": "z", "key": "a"}], on_skipped=skipped.extend) == skipped == ["job-2"]


def test_a_job_cannot_replace_the_one_that_it_waits_for(home: str) -> None:
    done(home, "add", "true", "--key", "k")
    answer = refused(home, 4, "add", "true", "--key", "k", "--if-exists", "replace", "--after", "job-1")
    assert "a job cannot replace the one that it waits for" in answer.err
    assert states(home) == {"job-1": PENDING}
