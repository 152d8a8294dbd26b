"""Batches as users see them: added to from every way in, read, stopped and resumed."""

from __future__ import annotations

from typing import Any, Iterator

import pytest

from queuectl import Queue
from queuectl.commands.home.batches import rate_text
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.errors import Conflict, InvalidInput, NotFound
from queuectl.model.when import HOUR
from tests.commands.calling import call, done, refused
from tests.store import building
from tests.support import run_cli


@pytest.fixture
def queue(home: str) -> Iterator[Queue]:
    with Queue(home) as opened:
        yield opened


WAYS_IN = {
    "add": (["add", "true", "--batch", "b"], b""),
    "add from stdin": (["add", "-", "--batch", "b"], b"true\n"),
    "schedule": (["schedule", "true", "+1h", "--batch", "b"], b""),
    "enqueue": (["enqueue", '{"command": "true", "batch": "b"}'], b""),
    "enqueue with an option": (["enqueue", '{"command": "true"}', "--batch", "b"], b""),
}


@pytest.mark.parametrize("words, stdin", WAYS_IN.values(), ids=WAYS_IN)
def test_a_job_joins_a_batch_by_every_way_in(home: str, queue: Queue, words: list[str], stdin: bytes) -> None:
    queue.add("true", batch="b")
    done(home, *words, input=stdin)
    assert queue.batches.get("b").jobs == 2 and queue.get("last").batch == "b"


@pytest.mark.parametrize("max_fails", [3, "10%"])
def test_the_limit_of_dead_jobs_belongs_to_the_batch(home: str, queue: Queue, max_fails: Any) -> None:
    done(home, "add", "true", "--batch", "b", "--max-fails", str(max_fails))
    queue.add("true", batch="b", max_fails=max_fails)
    assert queue.batches.get("b").max_fails == str(max_fails)
    answer = call(home, "add", "true", "--batch", "b", "--max-fails", "4")
    assert answer.code == 4 and f"batch b has max_fails {max_fails}, it cannot be 4" in answer.err
    with pytest.raises(Conflict, match="it cannot be 5%"):
        queue.add("true", batch="b", max_fails="5%")


@pytest.mark.parametrize(
    "fields, said",
    [
        ({"max_fails": 3}, "max_fails belongs to a batch, give a batch as well"),
        ({"batch": "a b"}, "batch must be 1 to 64"),
        ({"batch": "b", "max_fails": 0}, "max_fails must be a whole number between 1 and 1000000"),
        ({"batch": "b", "max_fails": "0%"}, "max_fails must be a whole number"),
        ({"batch": "b", "max_fails": "101%"}, "max_fails must be a whole number"),
        ({"batch": "b", "max_fails": "10%%"}, "max_fails must be a whole number"),
        ({"batch": "b", "max_fails": 2.5}, "max_fails must be a whole number"),
        ({"batch": "b", "max_fails": True}, "max_fails must be a whole number"),
        ({"batch": "b", "max_fails": "many"}, "or a percentage such as 10%"),
        ({"batch_limit": 3}, "batch_limit belongs to a batch, give a batch as well"),
        ({"batch": "b", "batch_limit": 0}, "batch_limit must be a whole number between 1 and 10000"),
        ({"batch": "b%0"}, "batch_limit must be a whole number between 1 and 10000"),
        ({"batch": "b%" + "9" * 5000}, "batch_limit must be a whole number between 1 and 10000"),
        ({"batch": "b%two"}, "batch_limit must be a whole number between 1 and 10000"),
    ],
)
def test_an_invalid_batch_or_limit_is_refused(queue: Queue, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        queue.enqueue([{"command": "true", **fields}])


def test_the_json_of_a_job_in_a_batch_and_of_one_in_none_can_be_added_again(home: str, queue: Queue) -> None:
    queue.add("true", batch="b")
    queue.add("true")
    for number in ("1", "2"):
        done(home, "enqueue", done(home, "show", number, "--json").out, "--id", f"copy-{number}")
    assert [queue.get(f"copy-{number}").batch for number in (1, 2)] == ["b", None]


def test_a_batch_shows_how_far_it_is(home: str, queue: Queue) -> None:
    queue.enqueue([{"command": "true", "batch": "b", "max_fails": "50%", "retries": 0}] * 4)
    # Until its last end: that is later than now.
    soon = SYSTEM_CLOCK.wall() + HOUR
    with building.open_store(home) as store:
        building.finish(store, building.claim(store, now=soon), "completed", now=soon + 1_000)
        building.finish(store, building.claim(store, now=soon), "dead", now=soon + 2_000)
    shown = done(home, "batch", "show", "b").out
    for line in (
        "batch:      b",
        "state:      open",
        "progress:   [###############...............] 50% 2/4",
        "jobs:       2 pending, 1 completed, 1 dead",
        "max fails:  50%",
        "rate:       1.0 jobs a second",
        "time left:  about 2s",
        "its jobs:   queuectl list batch:b",
    ):
        assert line in shown.splitlines()
    found = done(home, "batch", "show", "b", "--json").json()
    assert (found["jobs"], found["ended"], found["dead"], found["state"]) == (4, 2, 1, "open")
    assert found["states"] == {"pending": 2, "completed": 1, "dead": 1} and found["max_fails"] == "50%"
    assert done(home, "batch", "list", "--json").json() == [found]


def test_batches_are_listed_newest_first_up_to_a_limit(home: str, queue: Queue) -> None:
    assert "begin one with: queuectl add --batch NAME" in done(home, "batch", "list").err
    queue.enqueue([{"command": "true", "batch": name} for name in ("a", "b", "c", "a")])
    assert done(home, "batch", "list", "-o", "ids").out.split() == ["c", "b", "a"]
    answer = done(home, "batch", "list", "--limit", "2")
    assert "showing 2 of 3 batches, all with --limit 0" in answer.err
    assert [batch.name for batch in queue.batches.all(1)] == ["c"]


def test_a_name_of_no_batch_leads_to_the_one_that_was_meant(home: str, queue: Queue) -> None:
    queue.add("true", batch="nightly")
    answer = call(home, "batch", "show", "nightli")
    assert answer.code == 3 and 'there is no batch "nightli" (did you mean "nightly"?)' in answer.err
    with pytest.raises(NotFound):
        queue.batches.get("é")


def test_the_bare_name_of_a_batch_leads_to_its_filter(home: str, queue: Queue) -> None:
    queue.add("true", batch="nightly")
    answer = refused(home, 3, "wait", "nightly")
    assert (answer.problems, answer.hint) == (['no job with id "nightly"'], "the batch of this name is batch:nightly")
    for name in ("night", "é"):
        assert "see all jobs" in refused(home, 3, "wait", name).hint


def test_the_hint_about_another_limit_fits_both_ways_to_give_it(home: str, queue: Queue) -> None:
    queue.add("true", batch="films", batch_limit=2)
    for words in (["--batch", "films%3"], ["--batch", "films", "--batch-limit", "3"]):
        hint = refused(home, 4, "add", "true", *words).hint
        assert hint.startswith("leave the limit out, or give another batch; change it with: ")


def test_a_stopped_batch_says_so_and_what_lets_it_go_on(home: str, queue: Queue) -> None:
    queue.enqueue([{"command": "true", "batch": "b", "max_fails": 1}] * 3)
    queue.add("true", id="later", batch="b", hold=True)
    with building.open_store(home) as store:
        building.finish(store, building.claim(store), "dead")
        assert building.take(store) is None
        building.write(store, store.jobs.cancel_stopped, building.NOW, 9, actor="test")
    shown = done(home, "batch", "show", "b").out
    assert "state:      stopped after 1 dead job\n" in shown
    assert "go on with: queuectl retry 'batch:b state:dead,cancelled'" in shown
    why = done(home, "why", "later").out
    assert "later is cancelled: batch b was stopped after 1 dead job" in why and "by a user" not in why
    (step,) = [row for row in done(home, "history", "later", "--json").json() if row["what"] == "cancelled"]
    assert (step["detail"], step["by"]) == ("batch b was stopped after 1 dead job", "test")
    as_called = run_cli(home, "batch", "show", "b", env={"QUEUECTL_PROGRAM": "python3 main.py"}).stdout
    assert "go on with: python3 main.py retry 'batch:b " in as_called
    answer = call(home, "add", "true", "--batch", "b")
    assert answer.code == 4 and "queuectl retry 'batch:b state:dead,cancelled'" in answer.err
    done(home, "retry", "batch:b state:dead,cancelled")
    assert queue.batches.get("b").state == "open" and queue.batches.get("b").states == {"pending": 4}


def test_a_batch_with_dead_jobs_says_what_runs_them_again(home: str, queue: Queue) -> None:
    queue.enqueue([{"command": "true", "batch": "b", "max_retries": 0}] * 2)
    assert "retry dead" not in done(home, "batch", "show", "b").out
    building.finish(queue.store, building.claim(queue.store), "dead")
    assert "retry dead: queuectl retry 'batch:b state:dead'" in done(home, "batch", "show", "b").lines


def test_jobs_that_wait_in_vain_do_not_keep_a_batch_open(home: str, queue: Queue) -> None:
    queue.add("false", id="parent", retries=0)
    queue.add("true", id="child", batch="b", after=["parent"])
    assert queue.batches.get("b").state == "open"
    building.finish(queue.store, building.claim(queue.store), "dead")
    found = queue.batches.get("b")
    assert (found.state, found.stuck, found.ended, found.states) == ("failed", 1, 0, {"blocked": 1})
    shown = done(home, "batch", "show", "b").out
    assert {"stuck:      1", "stuck jobs: queuectl list 'batch:b stuck:yes'"} <= {*shown.splitlines()}
    assert done(home, "list", "batch:b stuck:yes", "-o", "ids").out == "child\n"
    queue.retry("parent")
    assert (queue.batches.get("b").state, queue.batches.get("b").stuck) == ("open", 0)


def test_every_verb_takes_a_batch_by_its_filter(home: str, queue: Queue) -> None:
    queue.enqueue([{"command": "true", "batch": "b"}] * 3)
    queue.add("true", id="other")
    done(home, "hold", "batch:b")
    assert queue.batches.get("b").states == {"held": 3}
    done(home, "cancel", "batch:b", "--yes")
    assert call(home, "wait", "batch:b").code == 1
    done(home, "remove", "batch:b", "--yes")
    assert queue.batches.all() == [] and queue.counts() == {"pending": 1}


@pytest.mark.parametrize(
    "per_hour, text", [(3_600, "1.0 jobs a second"), (150, "2.5 jobs a minute"), (59.96, "60.0 jobs an hour")]
)
def test_a_rate_is_reported_in_the_largest_unit_that_fits(per_hour: float, text: str) -> None:
    assert rate_text(per_hour) == text


def test_status_of_a_batch_is_what_batch_show_tells(home: str, queue: Queue) -> None:
    queue.add("true", batch="b")
    queue.add("true")
    for words in ([], ["--json"], ["-q"]):
        assert done(home, "status", "batch:b", *words) == done(home, "batch", "show", "b", *words)
    assert "batch:" not in done(home, "status").out


@pytest.mark.parametrize(
    ("word", "code", "problem"),
    [
        ("batch:none", 3, 'there is no batch "none"'),
        ("b", 2, 'batch must be batch:NAME, or nothing for the whole home, got "b"'),
        ("batch:", 2, 'batch must be batch:NAME, or nothing for the whole home, got "batch:"'),
        ("queue:b", 2, 'batch must be batch:NAME, or nothing for the whole home, got "queue:b"'),
    ],
)
def test_status_of_an_unknown_batch_is_refused(home: str, queue: Queue, word: str, code: int, problem: str) -> None:
    queue.add("true", batch="b")
    answer = refused(home, code, "status", word)
    assert answer.problems[0].startswith(problem)
