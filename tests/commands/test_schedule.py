"""Jobs at a time, recurring jobs, why, events and prune, as a user asks for them."""

from __future__ import annotations

import datetime
import json
import sys

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.instants import parse_instant
from tests.commands.calling import Answer, bring, call, done, jobs, refused, state_of, states, store
from tests.support import run_cli

HAS_ZONES = sys.version_info >= (3, 9)


def schedule(home: str, *words: str) -> Answer:
    return done(home, "schedule", "true", *words)


# --- schedule, scheduled


@pytest.mark.parametrize(
    "words",
    [
        ["+30m"],
        ["+1d"],
        ["2h30m"],
        ["2035-11-10 02:00:00"],
        ["2035-11-10", "02:00:00"],
        ["2035-11-10T02:00:00Z"],
        ["tomorrow", "09:00"],
        ["fri", "18:00"],
        ["noon"],
    ],
)
def test_a_job_is_scheduled_and_the_time_is_reported_local_and_utc(home: str, words: list[str]) -> None:
    answer = schedule(home, *words, "--id", "x", "--priority", "3", "--tag", "t")
    assert "Job added: x" in answer.out
    (job,) = jobs(home)
    assert [job[name] for name in ("state", "priority", "tags")] == ["scheduled", 3, ["t"]]
    local = datetime.datetime.fromisoformat(job["run_at"].replace("Z", "+00:00")).astimezone()
    assert f"{local:%Y-%m-%d %H:%M:%S} ({job['run_at']}), in " in answer.out


@pytest.mark.parametrize("words", [[], ["someday"], ["25:00"], ["tomorrow", "and", "later"], ["-5m"]])
def test_a_time_that_cannot_be_read_is_refused(home: str, words: list[str]) -> None:
    refused(home, 2, "schedule", "--", "true", *words)
    assert jobs(home) == []


def test_add_takes_the_same_times(home: str) -> None:
    done(home, "add", "true", "--at", "tomorrow 09:00")
    done(home, "enqueue", '{"command": "true", "run_at": "tomorrow 09:00"}')
    assert len({job["run_at"] for job in jobs(home)}) == 1


def test_coming_jobs_are_listed_in_order(home: str) -> None:
    schedule(home, "+2h", "--id", "later")
    schedule(home, "+1h", "--id", "sooner")
    done(home, "cron", "add", "often", "* * * * *", "echo often")
    done(home, "cron", "add", "resting", "* * * * *", "echo never")
    done(home, "cron", "pause", "resting")
    bring(home, "failed")
    rows = done(home, "scheduled", "-o", "json").json()
    assert [(row["what"], row["id"]) for row in rows if row["id"] != "failed-1"] == [
        ("recurring", "often"),
        ("scheduled", "sooner"),
        ("scheduled", "later"),
    ]
    assert ("attempt 2", "failed-1") in [(row["what"], row["id"]) for row in rows]
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    answer = done(home, "scheduled", "--limit", "2")
    assert answer.err == "showing 2 of 4 times, all with --limit 0\n"


def test_nothing_to_come_is_said(home: str) -> None:
    assert done(home, "scheduled").err.startswith("nothing is scheduled")


# --- cron


def add(home: str, name: str = "tick", expression: str = "*/5 * * * *", *options: str) -> Answer:
    return done(home, "cron", "add", name, expression, "echo tick", *options)


def test_a_recurring_job_is_reported_in_words_with_its_next_time(home: str) -> None:
    done(home, "config", "set", "timezone", "UTC")
    answer = add(home)
    assert "every 5 minutes (UTC), */5 * * * *" in answer.out
    (row,) = done(home, "cron", "list", "--json").json()
    assert row["words"] == "every 5 minutes"
    assert row["next_at"].endswith(("0:00.000Z", "5:00.000Z"))
    assert (row["last_job"], row["catch_up"], row["overlap"], row["timezone"]) == (None, "last", "skip", "UTC")
    assert row["timezone_source"] == "home"
    assert "every 5 minutes" in done(home, "cron", "list").out


@pytest.mark.parametrize(
    "words, said",
    [
        (["x", "30 2 30 2 *", "true"], "30 February never comes"),
        (["x", "* * * *", "true"], "not five fields but 4"),
        (["x", "61 * * * *", "true"], "minute must be between 0 and 59"),
        (["x", "@dayly", "true"], 'did you mean "@daily"?'),
        (["a b", "@daily", "true"], "name must be 1 to 64"),
        (["x", "@daily", ""], "command must not be empty"),
        (["x", "@daily", "true", "--priority", "5000"], "priority must be a whole number"),
        (["x", "@daily", "true", "--timezone", "Mars/Olympus"], "--timezone must be local, UTC or a zone"),
        (["x", "@daily", "true", "--catch-up", "some"], "must be one of none, last, all"),
        (["x", "@daily", "true", "--overlap", "kill"], "must be one of skip, queue"),
    ],
)
def test_a_wrong_schedule_is_refused_with_the_reason(home: str, words: list[str], said: str) -> None:
    assert any(said in problem for problem in refused(home, 2, "cron", "add", *words).problems)
    assert done(home, "cron", "list", "--json").json() == []


def test_of_a_wrong_expression_the_part_that_is_wrong_is_named_alone(home: str) -> None:
    (problem,) = refused(home, 2, "cron", "add", "x", "60 * * * *", "true").problems
    assert problem == 'expression is no cron expression: minute must be between 0 and 59, got "60"'


def test_a_name_is_taken_once(home: str) -> None:
    add(home)
    refused(home, 4, "cron", "add", "tick", "@daily", "true")
    done(home, "cron", "remove", "tick", "--yes")
    add(home)


def test_a_named_zone_is_used_where_this_python_has_zones(home: str) -> None:
    words = ["cron", "add", "tea", "0 17 * * *", "true", "--timezone", "Europe/London"]
    if not HAS_ZONES:
        assert "Python 3.9" in refused(home, 2, *words).err
        return
    done(home, *words)
    rows = done(home, "cron", "next", "tea", "-n", "400", "--json").json()
    assert {row["utc"][11:16] for row in rows} == {"16:00", "17:00"}
    assert done(home, "cron", "list", "--json").json()[0]["timezone"] == "Europe/London"


def cron(home: str, *words: str, tz: str) -> tuple[str, str]:
    """Run a `cron` command in a zone; return what it printed on both streams."""
    answer = run_cli(home, "cron", *words, env={"TZ": tz, "QUEUECTL_TIMEZONE": None})
    assert answer.returncode == 0, answer.stderr
    return answer.stdout, answer.stderr


@pytest.mark.skipif(not HAS_ZONES, reason="this Python has no named zones")
def test_a_home_keeps_the_zone_of_its_first_schedule_and_tells_it_everywhere(home: str) -> None:
    out, err = cron(home, "add", "tick", "51 6 * * *", "true", tz="Asia/Tokyo")
    assert "at 06:51 every day (Asia/Tokyo)" in out and "Asia/Tokyo, that of the home" in out
    assert "cron expressions go by" not in err
    (row,) = json.loads(cron(home, "list", "--json", tz="UTC")[0])
    assert (row["timezone"], row["timezone_source"], row["next_at"][11:16]) == ("Asia/Tokyo", "home", "21:51")
    assert "(Asia/Tokyo)" in cron(home, "show", "tick", tz="UTC")[0]
    assert cron(home, "next", "tick", "-n", "1", "-o", "ids", tz="UTC")[0].strip() == row["next_at"]
    out, err = cron(home, "add", "later", "51 6 * * *", "true", tz="UTC")
    assert "at 06:51 every day (Asia/Tokyo)" in out
    assert 'cron expressions go by Asia/Tokyo in this home, this process is in "UTC"' in err
    for verb in ("pause", "resume"):
        cron(home, verb, "tick", tz="America/New_York")
    assert json.loads(cron(home, "list", "--json", tz="UTC")[0])[1]["next_at"] == row["next_at"]
    assert "cron expressions go by Asia/Tokyo" in run_cli(home, "status", env={"TZ": "UTC"}).stdout
    assert "cron expressions" not in run_cli(home, "status", env={"TZ": "Asia/Tokyo"}).stderr


@pytest.mark.skipif(not HAS_ZONES, reason="this Python has no named zones")
def test_a_reset_zone_is_that_of_this_machine_while_schedules_need_one(home: str) -> None:
    done(home, "config", "set", "timezone", "Asia/Tokyo")
    add(home)
    answer = run_cli(home, "config", "reset", "timezone", "-o", "csv", env={"TZ": "Europe/Paris"})
    assert '"Europe/Paris"' in answer.stdout
    assert done(home, "config", "get", "timezone").out == "Europe/Paris\n"
    answer = run_cli(home, "config", "set", "timezone", "none", env={"TZ": "UTC"})
    assert answer.stdout == "timezone = UTC\n"
    assert "Mars/Base" in refused(home, 2, "config", "set", "timezone", "Mars/Base").err


def test_the_next_times_are_listed(home: str) -> None:
    add(home, "tick", "30 9 * * 1", "--timezone", "UTC")
    rows = done(home, "cron", "next", "tick", "-n", "3", "--json").json()
    days = [datetime.datetime.fromisoformat(row["utc"].replace("Z", "+00:00")) for row in rows]
    assert [(day.weekday(), day.hour, day.minute) for day in days] == [(0, 9, 30)] * 3
    assert {later - earlier for earlier, later in zip(days, days[1:])} == {datetime.timedelta(days=7)}
    assert len(done(home, "cron", "next", "tick").lines) == 6


def test_a_recurring_job_is_run_by_hand(home: str) -> None:
    add(home, "tick", "@yearly", "--queue", "night", "--priority", "7", "--retries", "1", "--timeout", "9", "-e", "A=b")
    answer = done(home, "cron", "run", "tick")
    (job,) = jobs(home)
    assert answer.out == "Job added: job-1\n"
    expected = {"command": "echo tick", "queue": "night", "priority": 7, "max_retries": 1, "timeout": 9}
    expected.update(env={"A": "b"}, schedule="tick")
    assert {name: job[name] for name in expected} == expected
    (row,) = done(home, "cron", "list", "--json").json()
    assert (row["last_state"], row["last_job"], row["last_fired_at"]) == ("pending", "job-1", None)


def test_a_recurring_job_is_paused_and_resumed(home: str) -> None:
    add(home, "tick", "*/5 * * * *", "--timezone", "UTC")
    done(home, "cron", "pause", "tick")
    (row,) = done(home, "cron", "list", "--json").json()
    assert (row["paused"], row["next_at"]) == (True, None)
    assert "paused: every 5 minutes (UTC)" in done(home, "cron", "show", "tick").out
    refused(home, 4, "cron", "pause", "tick")
    done(home, "cron", "resume", "tick")
    refused(home, 4, "cron", "resume", "tick")
    assert done(home, "cron", "list", "--json").json()[0]["next_at"]


@pytest.mark.parametrize("verb", ["show", "next", "run", "pause", "resume", "remove", "edit"])
def test_a_schedule_that_is_not_there_is_not_found(home: str, verb: str) -> None:
    add(home)
    answer = refused(home, 3, "cron", verb, "tik", *(["--queue", "slow"] if verb == "edit" else []))
    assert 'did you mean "tick"?' in answer.problems[0]


def test_removing_leaves_the_jobs(home: str) -> None:
    add(home)
    done(home, "cron", "run", "tick")
    done(home, "cron", "remove", "tick")
    assert done(home, "cron", "list").err.startswith("there are no schedules")
    assert jobs(home)[0]["schedule"] == "tick"


def test_secrets_of_a_schedule_are_masked(home: str) -> None:
    add(home, "tick", "@daily", "-e", "API_TOKEN=hush")
    for words in (["cron", "list", "--json"], ["cron", "show", "tick"], ["cron", "show", "tick", "--json"]):
        assert "hush" not in done(home, *words).out


# --- why


@pytest.mark.parametrize(
    "state, reason, hint",
    [
        ("pending", "neither workers nor a scheduler are running; 0 jobs are before it", "queuectl worker start"),
        ("scheduled", "neither workers nor a scheduler are running", "queuectl worker start"),
        ("failed", "attempt 1 of 4 failed (exit code 1)", "queuectl worker start"),
        ("held", "it waits until it is released", "queuectl release held-1"),
        ("blocked", "it waits for job-", ""),
        ("processing", "its worker is gone; it is recovered when workers or the", "queuectl worker start"),
        ("dead", "attempt 1 of 4 left it dead at once: exit code 1", "queuectl retry dead-1"),
        ("completed", "it succeeded", ""),
        ("cancelled", "it was cancelled by a user", "queuectl retry cancelled-1"),
    ],
)
def test_every_state_is_explained(home: str, state: str, reason: str, hint: str) -> None:
    (identifier,) = bring(home, state)
    answer = done(home, "why", identifier)
    assert answer.out.startswith(f"{identifier} is {state}: ")
    assert reason in answer.out
    assert hint in answer.out
    found = done(home, "why", identifier, "--json").json()
    assert (found["id"], found["state"]) == (identifier, state)


def test_why_counts_the_jobs_before_it(home: str) -> None:
    for priority in ("0", "5", "0", "0"):
        done(home, "add", "true", "--priority", priority)
    assert "3 jobs are before it" in done(home, "why", "4").out
    assert "1 job is before it" in done(home, "why", "1").out
    assert "0 jobs are before it" in done(home, "why", "2").out


def test_why_knows_workers_that_take_other_queues_or_are_busy(home: str) -> None:
    done(home, "worker", "start", "--count", "1", "--queue", "mail")
    done(home, "add", "true", "--id", "other")
    assert "no worker takes jobs of queue default" in done(home, "why", "other").out
    done(home, "add", "sleep 600", "--id", "long", "--queue", "mail")
    with Queue(home) as queue:
        from tests.support import wait_until

        wait_until(lambda: queue.get("long").state == "processing")
    done(home, "add", "true", "--id", "behind", "--queue", "mail")
    # Another group's worker has nothing to do, and is of no use to it.
    done(home, "worker", "start", "--count", "1", "--queue", "quiet")
    said = done(home, "why", "behind").out
    assert "the only worker is busy; 0 jobs are before it" in said and "queuectl worker scale 2 --queue mail" in said
    done(home, "worker", "stop", "--force")


# --- events


def test_events_show_what_was_done_by_whom(home: str) -> None:
    done(home, "add", "true", "--id", "x", "--hold")
    done(home, "release", "x")
    done(home, "config", "set", "timezone", "utc")
    add(home)
    rows = done(home, "events", "--json").json()
    assert [(row["what"], row["job"], row["detail"]) for row in rows] == [
        ("enqueued", None, "x"),
        ("release", "x", "was held"),
        ("setting", None, "timezone = UTC"),
        ("schedule added", None, "tick: */5 * * * *"),
    ]
    assert all(row["by"].startswith("cli[") for row in rows)
    assert len(done(home, "events", "--limit", "2").lines) == 3


def test_events_are_followed(home: str, processes: object) -> None:
    import subprocess

    done(home, "add", "true", "--id", "x")
    feed = processes.start_cli(home, "events", "-f", stdout=subprocess.PIPE, text=True)  # type: ignore[attr-defined]
    assert feed.stdout.readline().split("  ")[1:3] == ["enqueued", "x"]
    done(home, "cancel", "x")
    assert "cancel  x  was pending" in feed.stdout.readline()


# --- prune: the jobs that `bring` has ended, it has ended in January 2026


def test_only_what_has_ended_long_ago_is_pruned(home: str) -> None:
    bring(home, "completed", "dead", "cancelled", "pending", "held")
    answer = done(home, "prune", "--dry-run", "-o", "ids")
    assert answer.lines == ["completed-1"]
    assert done(home, "prune", "--dry-run").err.endswith("1 job, nothing was changed\n")
    assert done(home, "prune", "--yes").out == "1 job pruned\n"
    assert set(states(home)) == {"dead-1", "cancelled-1", "pending-1", "held-1"}
    assert done(home, "prune", "--older-than", "1h", "--state", "dead,cancelled", "--yes").out == "2 jobs pruned\n"
    assert set(states(home)) == {"pending-1", "held-1"}
    assert done(home, "prune", "--yes").out == "0 jobs pruned\n"


def test_jobs_that_ended_recently_stay(home: str) -> None:
    bring(home, "completed")
    with store(home) as opened, opened.writing():
        now = parse_instant("now", Queue(home).clock.wall())
        opened.database.change("UPDATE jobs SET finished_at = ?", (now - 3_600_000,))
    assert done(home, "prune", "--yes").out == "0 jobs pruned\n"
    assert done(home, "prune", "--older-than", "2h", "--yes").out == "0 jobs pruned\n"
    assert done(home, "prune", "--older-than", "30m", "--yes").out == "1 job pruned\n"


@pytest.mark.parametrize("words", [["--state", "pending"], ["--state", "nonsense"], ["--older-than", "old"], []])
def test_what_cannot_be_pruned_is_refused(home: str, words: list[str]) -> None:
    bring(home, "completed")
    refused(home, 2, "prune", *words)
    assert state_of(home, "completed-1") == "completed"


def test_without_retention_an_age_is_asked_for(home: str) -> None:
    done(home, "config", "set", "retain_completed_hours", "none")
    answer = refused(home, 2, "prune", "--yes")
    assert "the age is missing" in answer.problems[0]
    assert call(home, "prune", "--older-than", "1d", "--yes").code == 0


def test_a_time_before_the_command_is_answered_with_the_line_to_type(home: str) -> None:
    assert refused(home, 2, "schedule", "+1h", "echo hi").hint == "queuectl schedule 'echo hi' +1h"
