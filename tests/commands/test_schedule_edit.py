"""`cron edit`: what is given changes, the rest and the jobs that were made stay."""

from __future__ import annotations

import pytest

from queuectl.engine.queue import Queue
from tests.commands.calling import done, refused


def add(home: str, expression: str, *options: str) -> None:
    done(home, "cron", "add", "tick", expression, "echo tick", "--timezone", "UTC", *options)


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        (["--expression", "0 9 * * *"], {"expression": "0 9 * * *", "words": "at 09:00 every day"}),
        (["--catch-up", "all", "--overlap", "queue"], {"catch_up": "all", "overlap": "queue"}),
        (["--timezone", "local"], {"timezone_source": "home"}),
        (
            ["--command", "make -j", "--queue", "slow", "-p", "5"],
            {"command": "make -j", "runs": "make -j", "queue": "slow", "priority": 5},
        ),
        (["--retries", "9", "--timeout", "none", "--cwd", "/"], {"max_retries": 9, "timeout": None, "cwd": "/"}),
        (["--queue", "default"], {}),
    ],
)
def test_a_schedule_is_edited_and_keeps_what_is_not_given(
    home: str, words: list[str], changed: dict[str, object]
) -> None:
    add(home, "30 8 * * mon-fri", "-e", "API_TOKEN=hush", "--catch-up", "last")
    before = done(home, "cron", "show", "tick", "--json").json()
    done(home, "cron", "run", "tick")
    answer = done(home, "cron", "edit", "tick", *words)
    assert answer.lines[0] == "Schedule changed: tick"
    after = done(home, "cron", "show", "tick", "--json").json()
    # The zone of the home may be another one.
    moved = {"expression": {"next_at", "next_times"}, "timezone_source": {"timezone", "next_at", "next_times"}}
    may_differ = {"last_job", "last_state", "last_jobs"}.union(*(moved.get(key, ()) for key in changed))
    assert {key for key in before if before[key] != after[key]} - may_differ == set(changed)
    assert {key: after[key] for key in changed} == changed
    assert after["next_at"] != before["next_at"] or "expression" not in changed
    with Queue(home) as queue:
        assert queue.schedules.get("tick").env == {"API_TOKEN": "hush"}
        (last, *_) = queue.events.page(1)[0]
        made = queue.get("last")
    assert (last.what, made.command, made.queue) == ("schedule changed", "echo tick", "default")


def test_events_name_what_changed_about_a_schedule(home: str) -> None:
    add(home, "@daily")
    done(home, "cron", "edit", "tick", "--expression", "@hourly", "--queue", "slow")
    assert '"@daily" to "@hourly", queue default to slow' in done(home, "events", "--limit", "1").out
    done(home, "cron", "edit", "tick", "--queue", "slow")
    assert "tick: nothing new" in done(home, "events", "--limit", "1").out


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--expression", "x"],
        ["--timezone", "Mars"],
        ["--overlap", "x"],
        ["--queue", "a b"],
        ["--command", ""],
        ["--env", "A=b"],
        ["--hold"],
        ["--fail-on", "24"],
    ],
)
def test_a_wrong_change_of_a_schedule_is_refused_and_changes_nothing(home: str, words: list[str]) -> None:
    add(home, "@daily", "--ok-codes", "24")
    before = done(home, "cron", "list", "--json").json()
    refused(home, 2, "cron", "edit", "tick", *words)
    assert done(home, "cron", "list", "--json").json() == before


def test_a_code_in_two_lists_of_a_schedule_is_refused(home: str) -> None:
    add(home, "@daily", "--snooze-on", "4:1s")
    assert "4 is in snooze_on and in retry_on" in refused(home, 2, "cron", "edit", "tick", "--retry-on", "3-5").err
    done(home, "cron", "edit", "tick", "--retry-on", "3-5", "--snooze-on", "75")


def test_a_paused_schedule_stays_paused_when_it_is_edited(home: str) -> None:
    add(home, "@daily")
    done(home, "cron", "pause", "tick")
    done(home, "cron", "edit", "tick", "--expression", "@hourly")
    (row,) = done(home, "cron", "list", "--json").json()
    assert (row["paused"], row["next_at"], row["expression"]) == (True, None, "@hourly")
    done(home, "cron", "resume", "tick")
    (row,) = done(home, "cron", "list", "--json").json()
    assert ":00:00.000Z" in row["next_at"]
