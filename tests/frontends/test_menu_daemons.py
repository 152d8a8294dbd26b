"""The menu's schedules, scheduler and dashboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.calling import done, jobs, states
from tests.frontends.talking import Talk


def test_a_job_is_scheduled(home: str) -> None:
    talk = Talk(home, "9", "./backup.sh", "someday", "+2h30m", "y", "nightly", "", "", "", "", "0")
    assert "when is not a time" in talk.out
    assert talk.commands == ["queuectl schedule --id nightly ./backup.sh +2h30m"]
    assert jobs(home)[0]["state"] == "scheduled"


def test_several_jobs_that_recur_are_added_from_a_file(home: str, tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_text('[{"id": "a", "command": "true"}, {"command": "true", "after": "a"}]', encoding="utf-8")
    talk = Talk(home, "10", "7", "3", "site", "@daily", str(path), "UTC", "", "", "0", "0")
    assert talk.commands == [f"queuectl cron add --file {path} --timezone UTC site @daily"]
    assert "jobs:           2" in talk.out


def test_a_recurring_job_is_added_shown_paused_and_removed(home: str) -> None:
    form = ["2", "clean", "'*/5 * * * *'", "./clean.sh", "Nowhere/Atall", "UTC", "", "all", "queue"]
    talk = Talk(home, "10", "7", *form, *"1412344506100")
    assert talk.code == 0
    assert talk.commands == [
        "queuectl cron add --timezone UTC --overlap queue clean '*/5 * * * *' ./clean.sh",
        "queuectl cron list",
        "queuectl cron show clean",
        "queuectl cron next clean",
        "queuectl cron run clean",
        "queuectl cron pause clean",
        "queuectl cron resume clean",
        "queuectl cron remove clean",
        "queuectl scheduled",
        "queuectl scheduler status",
    ]
    assert "timezone" in talk.out
    assert len(jobs(home)) == 1


def test_the_scheduler_is_started_and_stopped(home: str) -> None:
    talk = Talk(home, "10", "3", "2", "", "1", "5", "4", "0", "0")
    assert talk.commands == [
        "queuectl scheduler start --auto --workers 2",
        "queuectl scheduler status",
        "queuectl scheduler logs --tail 30",
        "queuectl scheduler stop",
    ]
    assert "Scheduler (running)" in talk.out or "mode:       auto, up to 2 workers" in talk.out


@pytest.mark.slow
def test_the_dashboard_is_started_and_stopped(home: str) -> None:
    done(home, "config", "set", "dashboard_port", "1")
    talk = Talk(home, "11", "2", "1", "0", "yes", "2", "3", "0", "0")
    assert talk.commands == [
        "queuectl dashboard status",
        "queuectl dashboard start --detach --port 0 --read-only",
        "queuectl dashboard status",
        "queuectl dashboard stop",
    ]
    assert talk.out.count("Dashboard: http://127.0.0.1:") == 2
    assert "Dashboard stopped" in talk.out


def test_everything_is_paused_with_a_reason_and_resumed(home: str) -> None:
    talk = Talk(home, "14", "Pause", "", "lunch", "0", "14", "Resume", "1", "0", "0")
    assert "same as: queuectl pause --reason lunch" in talk.out and "everything is paused: lunch" in talk.out
    assert ") Queues, batches and locks (paused)" in talk.out
    assert "Resumed: everything" in talk.out and talk.code == 0


def test_a_queue_is_limited_paused_resumed_and_cleared(home: str) -> None:
    done(home, "add", "true", "--queue", "mail", "--hold")
    talk = Talk(home, "14", "Queue mail", "Limit", "2", "Rate", "10/m", "Pause", "", "", "Resume", "Cancel", "y", "0")
    for said in ("Queue mail: at most 2 jobs", "Queue mail: 10/m", "Queue mail is paused", "Resumed: queue mail"):
        assert said in talk.out
    assert talk.code == 0 and states(home) == {"job-1": "cancelled"}


def test_a_lock_and_a_batch_are_limited(home: str) -> None:
    done(home, "add", "true", "--lock", "gpu", "--batch", "book")
    talk = Talk(home, "14", "List locks (1)", "Limit a lock", "gpu", "2", "Limit a batch", "book", "3", "0", "0")
    for said in ("Lock gpu: at most 2 jobs at a time", "Batch book: at most 3 jobs at a time"):
        assert said in talk.out
    assert "same as: queuectl lock limit gpu 2" in talk.out and talk.code == 0
