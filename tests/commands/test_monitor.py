"""`status`, `metrics`, `time` and `worker status`: figures checked against known jobs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.job import COMPLETED, DEAD, FAILED, STATES
from queuectl.model.outcome import Outcome
from queuectl.store import Store
from tests import support
from tests.commands.calling import await_state, bring, call, done, refused, store
from tests.store import building

NOW = building.NOW


def _ended(opened: Store, state: str, *, run_time: int, wait_time: int, number: int) -> None:
    """Add a job that waited and ran for so long, through the store's own verbs."""
    start = SYSTEM_CLOCK.wall() - number * 1_000_000
    building.add(opened, id=f"j{number}", now=start)
    claimed = building.claim(opened, now=start + wait_time)
    end = start + wait_time + run_time
    outcome = Outcome.exited(0 if state == COMPLETED else 1)
    with opened.writing():
        assert opened.jobs.finish(claimed, outcome, state=state, run_at=end, duration=run_time, now=end)
        assert opened.attempts.end(claimed.attempt_id, outcome, duration=run_time, output_size=0, now=end)
        opened.stats.count_attempt("default", state, run_time=run_time, wait_time=wait_time, now=end)


@pytest.fixture
def measured(home: str) -> dict[str, Any]:
    """The metrics of a home with jobs that ran 1 to 10 s: eight completed, one failed, one dead."""
    with store(home) as opened:
        for number in range(1, 11):
            state = {9: FAILED, 10: DEAD}.get(number, COMPLETED)
            _ended(opened, state, run_time=number * 1_000, wait_time=number * 10, number=number)
    metrics: dict[str, Any] = done(home, "metrics", "--json").json()
    return metrics


def test_run_and_wait_times_are_those_of_the_jobs(measured: dict[str, Any]) -> None:
    assert measured["run_time"] == {
        "average": 5.5,
        "minimum": 1,
        "maximum": 10,
        "p50": 5,
        "p90": 9.2,
        "p95": 9.6,
        "p99": 9.92,
    }
    assert measured["wait_time"] == {
        "average": 0.055,
        "minimum": 0.01,
        "maximum": 0.1,
        "p50": 0.05,
        "p90": 0.092,
        "p95": 0.096,
        "p99": 0.099,
    }
    assert measured["timed_attempts"] == 10


def test_rates_and_counts_are_those_of_the_jobs(measured: dict[str, Any]) -> None:
    assert measured["success_rate"] == 0.8889
    assert measured["attempts"] == {"finished": 8, "failed": 1, "dead": 1}
    assert measured["depth"] == 1
    assert {state: count for state, count in measured["jobs"].items() if count} == {
        "completed": 8,
        "failed": 1,
        "dead": 1,
    }
    assert (measured["workers"]["total"], measured["utilization"]) == (0, None)


def test_times_and_rates_outlive_the_jobs(home: str) -> None:
    with store(home) as opened:
        _ended(opened, COMPLETED, run_time=1_000, wait_time=1, number=1)
    done(home, "remove", "--all", "--yes")
    metrics = done(home, "metrics", "--json").json()
    assert sum(metrics["jobs"].values()) == 0
    assert (metrics["run_time"]["maximum"], metrics["timed_attempts"], metrics["success_rate"]) == (1, 1, 1.0)


def test_times_are_those_of_the_last_day(home: str) -> None:
    with store(home) as opened:
        for hours in (1, 25):
            now = SYSTEM_CLOCK.wall() - hours * 3_600_000
            building.write(opened, opened.stats.count_attempt, "q", DEAD, run_time=hours * 1_000, wait_time=1, now=now)
    metrics = done(home, "metrics", "--json").json()
    assert (metrics["timed_attempts"], metrics["run_time"]["maximum"]) == (1, 1)


def test_the_queue_depth_says_how_many_jobs_wait_for_their_time(home: str) -> None:
    bring(home, "failed", "pending")
    assert "queue depth:     2\n" in done(home, "metrics").out
    done(home, "schedule", "true", "+1d")
    assert "queue depth:     3, 1 of them scheduled\n" in done(home, "metrics").out


def test_metrics_of_an_empty_home_say_nothing_wrong(home: str) -> None:
    text = done(home, "metrics").out
    assert "success rate:    - of all" in text
    assert "Traceback" not in text
    assert done(home, "metrics", "--json").json()["run_time"] is None


def test_status_counts_every_state_and_queue(home: str) -> None:
    states = ("dead", "completed", "failed", "cancelled", "processing", "scheduled", "held", "blocked", "pending")
    bring(home, *states)
    found = done(home, "status", "--json").json()
    assert found["jobs"] == dict.fromkeys(STATES, 1)
    assert found["total"] == 9
    assert found["queues"] == {f"q-{state}": {state: 1} for state in states}
    assert (found["home"], found["workers"]["total"]) == (home, 0)
    assert (found["pool"]["running"], found["pool"]["pid"], found["pool"]["groups"]) == (False, None, [])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", found["scheduler"]["next_due_at"])


def test_status_says_of_each_queue_what_keeps_its_jobs_from_starting(home: str) -> None:
    bring(home, "processing")
    assert "queue q-processing" not in done(home, "status").out
    done(home, "queue", "limit", "q-processing", "1")
    assert "queue q-processing: 1 processing (full: 1 of 1 run)" in done(home, "status").lines
    done(home, "queue", "drain", "q-processing")
    done(home, "pause", "q-processing", "--reason", "game")
    expected = "queue q-processing: 1 processing (paused: game; full: 1 of 1 run; takes no new jobs)"
    assert expected in done(home, "status").lines


def test_status_shows_all_states_and_how_long_attempts_take(home: str) -> None:
    assert "average duration" not in done(home, "status").out
    with store(home) as opened:
        for number in (1, 2):
            _ended(opened, COMPLETED, run_time=number * 1_000, wait_time=1, number=number)
    answer = done(home, "status")
    counts = dict(line.split(":") for line in answer.lines if line.startswith("  "))
    assert {state.strip(): int(count) for state, count in counts.items()} == {**dict.fromkeys(STATES, 0), COMPLETED: 2}
    assert "average duration: 1.5s, of the attempts of the last day" in answer.lines
    assert done(home, "status", "--json").json()["average_duration"] == 1.5


def test_status_says_what_needs_attention(home: str) -> None:
    bring(home, "dead")
    done(home, "add", "true")
    answer = done(home, "status")
    assert answer.lines[-3:] == [
        "alerts:    2",
        "  error:      1 job waits, but neither workers nor a scheduler are running: queuectl worker start",
        "  info:       1 job is dead: queuectl dlq list",
    ]
    assert (answer.err, "workers:   none" in answer.out) == ("", True)
    done(home, "add", "true")
    waiting, dead = done(home, "status", "--json").json()["alerts"]
    assert waiting["text"].startswith("2 jobs wait, but") and waiting["level"] == "error"
    assert dead == {"code": "dead_jobs", "level": "info", "text": "1 job is dead", "command": "queuectl dlq list"}


def test_the_age_of_the_oldest_pending_job_is_in_seconds(home: str) -> None:
    with store(home) as opened:
        building.add(opened, now=NOW)
    for command in ("status", "metrics"):
        age = done(home, command, "--json").json()["oldest_pending_age"]
        wall = SYSTEM_CLOCK.wall()
        assert 0 <= (wall - NOW) / 1000 - age < 60


def test_worker_status_without_workers_is_6(home: str) -> None:
    answer = call(home, "worker", "status")
    assert (answer.code, answer.out) == (6, "")
    assert answer.err == "no workers are running; start them with: queuectl worker start\n"
    assert call(home, "worker", "status", "--json").json() == []


def test_worker_status_shows_health(workers: str) -> None:
    done(workers, "add", "sleep 600", "--id", "long")
    await_state(workers, "long", "processing")
    rows = done(workers, "worker", "status", "--json").json()
    assert sorted(row["state"] for row in rows) == ["busy", "idle"]
    busy = next(row for row in rows if row["state"] == "busy")
    assert (busy["job"], busy["command"], busy["jobs_done"]) == ("long", "sleep 600", 0)
    assert support.identify(busy["pid"]) is not None
    assert 1 << 20 < busy["memory"] < 1 << 28
    assert 0 <= busy["elapsed"] < 60
    assert 0 <= busy["uptime"] < 60
    assert busy["heartbeat_at"].endswith("Z")
    metrics = done(workers, "metrics", "--json").json()
    assert (metrics["workers"]["total"], metrics["workers"]["busy"], metrics["utilization"]) == (2, 1, 0.5)
    assert "workers:   2 (1 busy)" in done(workers, "status").out
    table = done(workers, "worker", "status").lines
    columns = "WORKER PID STATE JOB ELAPSED JOBS_DONE HEARTBEAT_AT MEMORY UPTIME COMMAND"
    assert table[0].split() == columns.split()
    assert re.search(r" busy +long +[\d.]+m?s ", table[1] + table[2])


@pytest.mark.parametrize("words", [["worker", "scale", "2"], ["worker", "restart"]])
def test_a_pool_that_is_not_there_cannot_be_changed(home: str, words: list[str]) -> None:
    answer = refused(home, 6, *words)
    assert answer.problems == ["no workers are running"]
    assert "queuectl worker start" in answer.hint


def test_stopping_no_workers_is_done(home: str) -> None:
    assert done(home, "worker", "stop").out == "no workers were running\n"


@pytest.mark.parametrize("verb", ["stop", "restart"])
def test_a_time_for_jobs_and_their_end_at_once_exclude_each_other(home: str, verb: str) -> None:
    answer = refused(home, 2, "worker", verb, "--timeout", "5", "--force")
    assert answer.problems == ["give either --timeout or --force, not both"]


@pytest.mark.parametrize("words", [["start", "--count", "11"], ["scale", "11"]])
def test_more_workers_than_allowed_are_refused(home: str, words: list[str]) -> None:
    bring(home, "pending")
    answer = refused(home, 2, "worker", *words)
    assert answer.problems == ["at most 10 workers are allowed, got 11"]
    assert answer.hint == "allow more with: queuectl config set max_workers 11"


@pytest.mark.parametrize("count", ["0", "-1", "x", "257", "1.5"])
def test_a_number_of_workers_is_a_small_integer(home: str, count: str) -> None:
    refused(home, 2, "worker", "start", f"--count={count}")


def test_worker_logs_without_a_log_say_so(home: str) -> None:
    assert "there is no log yet" in done(home, "worker", "logs").err


def test_time_is_local_and_utc_and_names_what_is_due(home: str) -> None:
    assert "nothing is scheduled" in done(home, "time").out
    done(home, "add", "true", "--at", "2099-01-02T03:04:05Z")
    found = done(home, "time", "--json").json()
    assert found["next_due_at"] == "2099-01-02T03:04:05.000Z"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["utc"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", found["local"])
