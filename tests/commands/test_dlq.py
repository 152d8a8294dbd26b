"""The dead letter queue: looking at it, trying again, and throwing away."""

from __future__ import annotations

import pytest

from queuectl.model.outcome import Outcome
from tests.commands.calling import bring, call, done, ids, refused, state_of, states, store
from tests.store import building

OUTCOMES = (
    ("a", "make", Outcome.exited(1)),
    ("b", "make", Outcome.exited(1)),
    ("c", "curl x", Outcome.exited(7)),
    ("d", "make", Outcome.signalled(9, "SIGKILL")),
    ("e", "sleep 99", Outcome.timed_out(1.5)),
    ("f", "pwd", Outcome.not_started("no such directory: /x")),
)


@pytest.fixture
def dead(home: str) -> str:
    """A home with six dead jobs, one job that completed and one that waits."""
    with store(home) as opened:
        for place, (name, command, outcome) in enumerate(OUTCOMES):
            building.add(opened, command, id=name, max_retries=0)
            assert building.finish(opened, building.claim(opened), "dead", outcome, now=building.NOW + place)
    bring(home, "completed", "pending")
    return home


def test_the_newest_dead_job_comes_first(dead: str) -> None:
    rows = done(dead, "dlq", "list", "--json").json()
    assert [row["id"] for row in rows] == ["f", "e", "d", "c", "b", "a"]
    assert [row["error"] for row in rows[:4]] == [
        "cannot start: no such directory: /x",
        "timed out after 1.5 s",
        "killed by SIGKILL",
        "exit code 7",
    ]
    assert [row["id"] for row in done(dead, "dlq", "list", "--limit", "2", "--json").json()] == ["f", "e"]


def test_verbose_shows_more_columns(dead: str) -> None:
    short, long = (done(dead, "dlq", "list", *words).lines[0].split() for words in ((), ("--verbose",)))
    assert short == ["ID", "ATTEMPTS", "FINISHED_AT", "EXIT_CODE", "ERROR", "COMMAND"]
    assert set(short) < set(long)


def test_an_empty_one_is_said_on_stderr(home: str) -> None:
    for words in (["list"], ["stats"]):
        answer = done(home, "dlq", *words)
        assert (answer.out, answer.err) == ("", "the dead letter queue is empty\n")
    for words in (["retry"], ["remove"], ["retry", "--yes"]):
        assert done(home, "dlq", *words).code == 0


def test_stats_group_by_error_and_by_command(dead: str) -> None:
    answer = done(dead, "dlq", "stats", "--json")
    rows = answer.json()
    errors = {
        row["value"]: (row["count"], row["exit_code"], row["signal"]) for row in rows if row["pattern"] == "error"
    }
    assert errors == {
        "exit code 1": (2, 1, None),
        "exit code 7": (1, 7, None),
        "killed by SIGKILL": (1, None, 9),
        "timed out after 1.5 s": (1, None, None),
        "cannot start: no such directory: /x": (1, None, None),
    }
    commands = {row["value"]: row["count"] for row in rows if row["pattern"] == "command"}
    assert commands == {"make": 3, "curl x": 1, "sleep 99": 1, "pwd": 1}
    assert rows[0]["count"] == 2
    assert all(row["last_at"].endswith("Z") and set(row["sample_ids"]) <= set("abcdef") for row in rows)
    assert answer.err == "6 dead jobs\n"


def test_stats_group_by_the_last_line_of_stderr_and_by_commands_without_numbers(workers: str) -> None:
    for number in (7, 8):
        done(workers, "add", f"echo out; echo start >&2; echo 'line {number} is bad' >&2; exit 3", "-r", "0")
    done(workers, "add", "exit 4", "-r", "0")
    call(workers, "wait", "--all")
    rows = done(workers, "dlq", "stats", "--json").json()
    found = {(row["pattern"], row["value"]): row["count"] for row in rows if row["pattern"] != "error"}
    assert found == {
        ("stderr", "line N is bad"): 2,
        ("command", "echo out; echo start >&2; echo 'line N is bad' >&2; exit 3"): 2,
        ("command", "exit 4"): 1,
    }


def test_a_dead_job_is_retried_by_id_without_a_question(dead: str) -> None:
    assert done(dead, "dlq", "retry", "a", "c").out == "2 jobs queued again: a, c\n"
    assert (state_of(dead, "a"), state_of(dead, "b")) == ("pending", "dead")


def test_all_dead_jobs_are_retried_without_a_question(dead: str) -> None:
    assert done(dead, "dlq", "retry").out.startswith("6 jobs queued again: a, b, c, d, e and 1 more")
    assert set(states(dead).values()) == {"pending", "completed"}
    assert done(dead, "dlq", "list", "-o", "ids").out == ""


def test_keep_attempts_gives_one_attempt_more(workers: str) -> None:
    done(workers, "add", "exit 1", "-r", "1", "--id", "j")
    assert call(workers, "wait", "j").code == 1
    done(workers, "dlq", "retry", "j", "--keep-attempts")
    assert call(workers, "wait", "j").code == 1
    assert done(workers, "show", "j", "--json").json()["attempts"] == 3
    done(workers, "dlq", "retry", "j")
    assert call(workers, "wait", "j").code == 1
    job = done(workers, "show", "j", "--json").json()
    assert (job["attempts"], len(job["attempt_history"])) == (2, 5)


def test_all_dead_jobs_are_removed_with_yes_only(dead: str) -> None:
    assert "pass --yes" in refused(dead, 2, "dlq", "remove").hint
    assert len(ids(dead, "--state", "dead")) == 6


def test_dead_jobs_are_removed_by_id_and_in_bulk(dead: str) -> None:
    assert done(dead, "dlq", "remove", "a").out == "Job removed: a\n"
    assert done(dead, "dlq", "remove", "--yes").out == "5 jobs removed: b, c, d, e, f\n"
    assert sorted(states(dead)) == ["completed-1", "pending-1"]
    assert done(dead, "status", "--json").json()["jobs"]["dead"] == 0


@pytest.mark.parametrize("verb", ["retry", "remove"])
def test_a_job_that_is_not_dead_is_left_alone(dead: str, verb: str) -> None:
    before = states(dead)
    answer = refused(dead, 4, "dlq", verb, "a", "completed-1", "--yes")
    assert answer.problems == ['job "completed-1" is not in the dead letter queue: it is completed']
    refused(dead, 3, "dlq", verb, "a", "nope", "--yes")
    assert states(dead) == before


def test_ids_come_from_stdin_too(dead: str) -> None:
    assert done(dead, "dlq", "retry", "-", input=b"a\nb  c\n").out == "3 jobs queued again: a, b, c\n"


def test_a_small_group_by_text_names_all_of_its_jobs(home: str) -> None:
    with store(home) as opened:
        for command in ("./run 1", "./run 22", "./run 1 --fast", "7", *["many"] * 51):
            building.bring_to(opened, "dead", command=command)
    rows = done(home, "dlq", "stats", "--json").json()
    groups = {row["value"]: row["ids"] for row in rows if row["pattern"] == "command"}
    assert groups == {"many": [], "./run N": ["job-2", "job-1"], "./run 1 --fast": ["job-3"], "7": ["job-4"]}
    assert done(home, "list", 'id:"job-2","job-1"', "-q").lines == ["job-2", "job-1"]
