"""`cron add --file`: a schedule of several jobs, checked in full when it is added."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.fire import LONGEST_NAME, MOST_JOBS
from tests.commands.calling import call, done, ids, refused

GRAPH: list[dict[str, Any]] = [
    {"id": "pack", "command": "echo pack", "after": ["build", {"job": "test", "when": "any"}]},
    {"id": "build", "command": "echo build", "env": {"API_KEY": "hush", "A": "1"}},
    {"id": "test", "command": "echo test", "after_failed": "build", "queue": "slow"},
]


def add(home: str, jobs: object = GRAPH, *words: str, name: str = "site") -> Any:
    return done(
        home, "cron", "add", name, "@daily", "--file", "-", "-z", "UTC", *words, input=json.dumps(jobs).encode()
    )


def wrong(home: str, jobs: object, *words: str, name: str = "site") -> list[str]:
    """Return what is wrong with jobs; nothing is added."""
    text = jobs if isinstance(jobs, str) else json.dumps(jobs)
    answer = refused(home, 2, "cron", "add", name, "@daily", "-f", "-", *words, input=text.encode())
    assert done(home, "cron", "list", "--json").json() == []
    return answer.problems


@pytest.mark.parametrize("form", ["array", "lines", "object"])
def test_the_jobs_of_a_file_are_added_together_again_and_again(home: str, tmp_path: Path, form: str) -> None:
    jobs = GRAPH if form != "object" else GRAPH[1:2]
    lines = "// a comment\n" + "\n".join(map(json.dumps, jobs))
    path = tmp_path / "graph.json"
    path.write_text(lines if form != "array" else json.dumps(jobs), encoding="utf-8")
    for name, given in (("site", str(path)), ("at", f"@{path}")):
        assert done(home, "cron", "add", name, "@daily", "--file", given).lines[0] == f"Schedule added: {name}"
    answer = done(home, "cron", "run", "site")
    batch = answer.out.split()[-1]
    assert answer.out == f"{len(jobs)} job{'s' * (len(jobs) > 1)} added: batch {batch}\n"
    assert sorted(ids(home)) == sorted(f"{batch}-{job['id']}" for job in jobs)
    assert done(home, "cron", "run", "at", "-q").out.startswith("batch:at-")


def test_a_schedule_of_several_jobs_is_shown_with_them(home: str) -> None:
    told = ("jobs", "  ", "last", "over", "queue", "command")
    assert [line for line in add(home).lines if line.startswith(told)] == [
        "jobs:           3",
        "  pack:         echo pack  (after build; after any end of test)",
        "  build:        echo build",
        "  test:         echo test  (after a failure of build)",
        "last batch:     none yet",
        "overlap:        left out while the last batch has not ended",
    ]
    batch = done(home, "cron", "run", "site", "--json").json()["batch"]
    (row,) = done(home, "cron", "list", "--json").json()
    assert (row["runs"], row["command"], row["queue"]) == ("3 jobs: pack, build, test", None, None)
    assert (row["last_batch"], row["last_state"], row["last_job"]) == (batch, "open", None)
    assert done(home, "cron", "list").lines[1].endswith("3 jobs: pack, build, test")
    assert "3 jobs: pack, build, test" in done(home, "scheduled").out
    found = done(home, "cron", "show", "site", "--json").json()
    assert [job["id"] for job in found["jobs"]] == ["pack", "build", "test"]
    assert [job["id"] for job in found["last_jobs"]] == [f"{batch}-{name}" for name in ("test", "build", "pack")]
    assert found["jobs"][1]["env"] == {"API_KEY": "***", "A": "1"}
    assert "hush" not in done(home, "cron", "show", "site").out


def test_options_hold_for_each_of_the_jobs(home: str) -> None:
    add(home, GRAPH, "--queue", "night", "--retries", "1")
    found = done(home, "cron", "show", "site", "--json").json()["jobs"]
    assert {(job["queue"], job["max_retries"]) for job in found} == {("night", 1)}


def test_what_is_shown_can_be_given_again_with_its_secrets(home: str) -> None:
    add(home)
    shown = done(home, "cron", "show", "site", "--json").json()["jobs"]
    shown[1]["command"] = "echo built"
    done(home, "cron", "edit", "site", "--file", "-", input=json.dumps(shown).encode())
    with Queue(home) as queue:
        (_, build, _) = queue.schedules.get("site").jobs or []
        assert (build.command, build.env) == ("echo built", {"API_KEY": "hush", "A": "1"})
        assert [event.detail for event in queue.events.page(1)[0]] == ["site: 3 jobs to 3 jobs"]
    assert done(home, "cron", "show", "site", "--json").json()["jobs"] == shown
    answer = add(home, shown, name="other")
    assert "left out, since the value is not there: API_KEY" in answer.err
    other = refused(home, 2, "cron", "edit", "other", "-f", "-", input=json.dumps(shown).encode())
    assert other.problems == ["stdin: job 2: env: give the value of API_KEY, which *** stands for"]


def test_all_that_is_wrong_is_reported_at_once(home: str) -> None:
    jobs = [
        {"id": "a", "command": "x", "after": ["job-1", "bild"], "batch": "z", "at": "+3m"},
        {"id": "b", "command": ""},
        {"id": "b", "comand": "y", "expires": "2h", "run_at": "+1h"},
        {"id": "build", "command": "x"},
        {"command": "x", "after_any": "17"},
    ]
    assert wrong(home, jobs) == [
        "stdin: job 1: a job of a schedule has no batch: each time of the schedule makes a batch of its own",
        "stdin: job 3: a job of a schedule has no expires: give the schedule the option --expires",
        "stdin: job 3: a job of a schedule has no run_at: its time is that of the schedule; it can wait for others "
        "with after",
        'stdin: job 1: unknown field "at"',
        'stdin: job 2: command must not be empty, got ""',
        'stdin: job 3: unknown field "comand" (did you mean "command"?)',
        "stdin: job 3: command is missing",
        'stdin: job 3: id "b" appears twice',
        'stdin: job 1: after "job-1" is not the id of another of these jobs',
        'stdin: job 1: after "bild" is not the id of another of these jobs (did you mean "build"?)',
        'stdin: job 5: after_any "17" is not the id of another of these jobs',
    ]


@pytest.mark.parametrize(
    ("jobs", "problem"),
    [
        ([{"id": "a", "command": "x", "after": "b"}, {"id": "b", "command": "x", "after_any": "a"}], "a -> b -> a"),
        ([{"id": "a", "command": "x", "after": "a"}], '"a" cannot wait for itself'),
        (
            [{"id": "a", "command": "x"}, {"command": "x", "after": "a", "after_failed": "a"}],
            "stdin: job 2: a cannot both be completed and have failed",
        ),
        ([{"command": "x", "after": "state:dead"}], 'after "state:dead" is not the id of another of these jobs'),
        ([{"command": "x", "after": "last"}], 'after "last" is not the id of another of these jobs'),
        ([{"id": "ab", "command": "x"}, {"command": "x", "after": "abc"}], '(did you mean "ab"?)'),
        ([{"id": "i" * 103, "command": "x"}], "id must have at most 102 characters here"),
        ([{"id": "last", "command": "x"}], "must not read like a number"),
        ([{"command": "x", "max_fails": 1}, {"command": "x", "max_fails": 2}], "max_fails is that of the whole batch"),
        ([{"command": "x", "after": {"a": 1}}], 'an object must be {"job"'),
        ([], "stdin has no jobs"),
        ([7], "a job must be a JSON object"),
        ('[{"command": "x"', "not valid JSON"),
        ([{"command": "x"}] * (MOST_JOBS + 1), f"jobs must be 1 to {MOST_JOBS} jobs, got {MOST_JOBS + 1}"),
    ],
)
def test_jobs_that_no_time_could_add_are_refused(home: str, jobs: object, problem: str) -> None:
    (found,) = wrong(home, jobs)
    assert problem in found


def test_a_name_that_leaves_no_room_for_a_time_is_refused(home: str) -> None:
    (problem,) = wrong(home, GRAPH, name="n" * (LONGEST_NAME + 1))
    assert f"at most {LONGEST_NAME} characters" in problem
    add(home, name="n" * LONGEST_NAME)
    done(home, "cron", "run", "n" * LONGEST_NAME)


def test_jobs_of_today_cannot_be_waited_for(home: str) -> None:
    done(home, "add", "true", "--id", "today")
    (problem,) = wrong(home, [{"command": "x", "after": "today"}])
    assert 'after "today" is not the id of another of these jobs' in problem


@pytest.mark.parametrize("words", [["true", "--file", "graph.json"], []])
def test_a_schedule_has_either_a_command_or_jobs(home: str, words: list[str]) -> None:
    answer = refused(home, 2, "cron", "add", "site", "@daily", *words)
    assert answer.problems == ["give either a command, or several jobs with --file"]


def test_an_edit_that_does_not_fit_is_refused_with_what_does(home: str) -> None:
    add(home)
    done(home, "cron", "add", "one", "@daily", "true")
    answer = refused(home, 2, "cron", "edit", "site", "--priority", "5")
    assert answer.problems == ["schedule site has several jobs, each with a priority of its own"]
    assert answer.hint.endswith("cron edit site --file FILE")
    text = json.dumps(GRAPH).encode()
    answer = refused(home, 2, "cron", "edit", "one", "--file", "-", input=text)
    assert answer.problems == ["schedule one has a command, it cannot have several jobs"]
    assert answer.hint.endswith("cron edit one --command 'COMMAND'")
    done(home, "cron", "edit", "site", "--overlap", "queue", "--expires", "2h")
    found = done(home, "cron", "show", "site", "--json").json()
    assert (found["overlap"], found["expires"], len(found["jobs"])) == ("queue", 7200, 3)
    assert "2h after it is added" in done(home, "cron", "show", "site").out


def test_a_file_that_is_missing_or_wrong_changes_nothing(home: str, tmp_path: Path) -> None:
    add(home)
    before = done(home, "cron", "show", "site", "--json").json()["jobs"]
    refused(home, 2, "cron", "edit", "site", "--file", str(tmp_path / "none.json"))
    refused(home, 2, "cron", "edit", "site", "--file", "-", "--overlap", "queue", input=b'{"command": ""}')
    found = done(home, "cron", "show", "site", "--json").json()
    assert (found["jobs"], found["overlap"]) == (before, "skip")


def test_it_is_removed_like_any_other_and_its_jobs_stay(home: str) -> None:
    add(home)
    done(home, "cron", "run", "site")
    done(home, "cron", "remove", "site")
    assert len(ids(home, "schedule:site")) == 3
    assert call(home, "cron", "show", "site").code == 3


def test_python_takes_the_same_jobs(home: str) -> None:
    with Queue(home) as queue:
        added = queue.schedules.add("site", "@daily", jobs=GRAPH)
        assert (added.is_graph, added.command, added.runs) == (True, None, "3 jobs: pack, build, test")
        first = queue.schedules.run("site")
        assert queue.batches.get(str(first.batch)).jobs == 3
        assert [job.id for job in queue.list(f"batch:{first.batch}", sort="number")] == [
            f"{first.batch}-{name}" for name in ("pack", "build", "test")
        ]
