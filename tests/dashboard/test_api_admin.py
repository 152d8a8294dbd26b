"""Workers, settings, suggestions, what the pages are made of, and what needs attention, over the API."""

from __future__ import annotations

import os
import threading
from typing import Any, Iterator

import pytest

from queuectl.dashboard.api import workers as workers_api
from queuectl.dashboard.api.answers import LEFT_OUT
from queuectl.dashboard.api.workers import Work
from queuectl.engine.machine.identity import Identity
from queuectl.model.clock import SYSTEM_CLOCK
from queuectl.model.errors import DaemonUnavailable
from queuectl.model.fields import FILTERS, JOB_FIELDS
from queuectl.model.job import COMPLETED, DEAD, FAILED, GONE, HELD, PENDING, PROCESSING, SCHEDULED
from queuectl.model.verbs import VERBS
from queuectl.store.lockfile import LockFile
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import NOW, add, bring_to, write
from tests.support import wait_until

api = asking.api
MINUTE = 60_000


@pytest.fixture
def real(home: str) -> Iterator[Api]:
    """The API of a home whose workers are real; they are stopped at the end."""
    made = Api(home, clock=SYSTEM_CLOCK)
    yield made
    made.app.queue.workers.stop(force=True)
    made.close()


def test_meta_says_what_fields_a_job_has_and_which_of_them_a_list_holds(api: Api) -> None:
    add(api.store, id="a")
    fields = {field["name"]: field for field in api.get("/meta")["fields"]}
    assert list(fields) == [field.name for field in JOB_FIELDS]
    assert {name for name, field in fields.items() if field["kept"]} == set(api.get("/jobs")["items"][0]) - {
        "allowed_actions",
        "command_cut",
        "elapsed",
        "reference",
    } | set(LEFT_OUT)
    listed = {name for name, field in fields.items() if field["listed"]}
    assert set(api.get("/jobs")["items"][0]) - listed == {"allowed_actions", "command_cut", "elapsed", "reference"}
    assert (fields["tags"]["option"], fields["tags"]["edit_option"]) == ("--tag", "--tags")
    assert fields["cwd"]["default"] == os.getcwd()
    assert fields["state"]["given"] is False and fields["command"]["required"] is True


def test_meta_says_what_there_is(api: Api, home: str) -> None:
    found = api.get("/meta")
    assert found["home"] == home and found["server_time"] == found["started_at"] == "2026-01-01T00:00:00.000Z"
    assert found["limits"]["page"] == 200


def test_meta_has_the_words_for_states_and_verbs(api: Api) -> None:
    found = api.get("/meta")
    assert [state["name"] for state in found["states"][:3]] == ["processing", FAILED, PENDING]
    assert {state["name"] for state in found["states"] if state["is_final"]} == {COMPLETED, DEAD, "cancelled"}
    verbs = {verb["name"]: verb for verb in found["verbs"]}
    assert list(verbs) == list(VERBS)
    assert verbs["release"]["states"] == [HELD] and verbs["remove"]["question"] == "Remove {id} with its output?"


def test_an_overview_of_an_empty_home_is_quiet(api: Api) -> None:
    found = api.get("/overview")
    assert found["total"] == 0 and found["alerts"] == [] and found["running"] == []
    assert len(found["series"]["dead"]) == 60 and found["storage"]["database"] > 0


def test_an_overview_shows_what_runs_fails_and_comes(api: Api) -> None:
    store = api.store
    for _ in range(3):
        bring_to(store, COMPLETED, command="make")
    bring_to(store, DEAD, id="bad", max_retries=0)
    bring_to(store, FAILED, id="again")
    bring_to(store, SCHEDULED, id="later")
    bring_to(store, "processing", id="now", command="make")
    bring_to(store, PENDING)
    api.clock.advance(20 * MINUTE)
    lock = LockFile(store.home.worker_lock(1))
    assert lock.acquire()
    found = api.get("/overview")
    lock.close()
    assert [job["id"] for job in found["running"]] == ["now"]
    assert (found["running"][0]["elapsed"], found["running"][0]["usual"]) == (1200.0, 0.005)
    assert [failure["id"] for failure in found["failures"]] == ["again", "bad"]
    assert [row["id"] for row in found["next_scheduled"]] == ["again", "later"]
    assert [alert["code"] for alert in found["alerts"]] == ["no_workers", "dead_jobs"]
    assert found["oldest_pending_age"] == 1200.0


def test_the_rates_are_of_the_last_minutes(api: Api) -> None:
    for back in range(8):
        with api.store.writing():
            for _ in range(6):
                api.store.stats.count_attempt("q", COMPLETED, run_time=1, wait_time=1, now=NOW - back * MINUTE)
    api.clock.advance(MINUTE // 2)
    found = api.get("/overview")
    assert found["per_minute"] == 6.6
    assert found["series"]["finished"][-9:] == [0, 6, 6, 6, 6, 6, 6, 6, 6]


def sample(api: Api, ago: int, pending: int, *, processing: int = 0, oldest_age: int = 0) -> None:
    write(
        api.store,
        api.store.backlog.add,
        pending=pending,
        processing=processing,
        oldest_age=oldest_age,
        now=NOW - ago * MINUTE,
    )


def test_the_backlog_of_a_new_home_is_not_known(api: Api) -> None:
    found = api.get("/overview")["backlog"]
    assert found == {"start": "2025-12-31T23:01:00.000Z", "step": 60, "pending": [None] * 60, "oldest_age": [None] * 60}


def test_the_backlog_is_zero_after_a_zero_and_unknown_where_nobody_looked(api: Api) -> None:
    sample(api, 50, 7, oldest_age=1500)
    sample(api, 49, 0, processing=2)
    sample(api, 47, 0)
    sample(api, 40, 3, oldest_age=61_000)
    sample(api, 0, 4)
    found = api.get("/overview")["backlog"]
    # The first minute is 59 minutes ago.
    assert found["pending"] == [None] * 9 + [7, 0, None] + [0] * 7 + [3] + [None] * 39 + [4]
    assert found["oldest_age"] == [None] * 9 + [1.5, 0, None] + [0] * 7 + [61] + [None] * 39 + [0]


@pytest.mark.parametrize("pending, then", [(0, 0), (2, None)])
def test_what_was_before_the_hour_decides_how_it_begins(api: Api, pending: int, then: Any) -> None:
    sample(api, 300, pending)
    sample(api, 57, 1)
    assert api.get("/overview")["backlog"]["pending"] == [then, then, 1] + [None] * 57


def short_of_processes(api: Api) -> None:
    """Register this process as a worker that can start nothing."""
    own = Identity.own()
    facts = {"pid": own.pid, "pid_start": own.start, "boot": own.boot, "queues": "", "now": NOW}
    number = write(api.store, api.store.workers.add, **facts)
    write(api.store, api.store.workers.set_trouble, number, "Resource temporarily unavailable")


@pytest.mark.parametrize(
    "change, code",
    [
        (lambda api: api.app.queue.add("x"), "no_workers"),
        (
            lambda api: api.post("/schedules", {"name": "s", "expression": "@daily", "command": "x"}, 201),
            "no_scheduler",
        ),
        (
            lambda api: write(api.store, api.store.workers.add, pid=1, pid_start="", boot="", queues="", now=NOW),
            "lost_workers",
        ),
        (lambda api: short_of_processes(api), "shortage"),
    ],
)
def test_what_is_wrong_is_an_alert(api: Api, change: Any, code: str) -> None:
    change(api)
    (alert,) = api.get("/overview")["alerts"]
    assert alert["code"] == code and alert["text"]


def test_workers_are_started_scaled_and_stopped(real: Api) -> None:
    found = real.post("/workers", {"count": 1, "queues": ["default"]}, 201)
    assert found["pool"]["running"] and [worker["queues"] for worker in found["items"]] == [["default"]]
    job = real.post("/jobs", {"command": "echo hello"}, 201)
    real.app.queue.wait(job["id"], timeout=60)
    assert real.get(f"/jobs/{job['id']}/output")["chunks"][0]["text"] == "hello\n"
    answer = real.ask("POST", "/workers/scale", {"count": 2})
    assert answer.status in (200, 202)
    wait_until(lambda: len(real.get("/workers")["items"]) == 2)
    stopped = real.ask("POST", "/workers/stop", {})
    assert stopped.status in (200, 202) and stopped.json["pid"] == found["pool"]["pid"]
    wait_until(lambda: not real.get("/workers")["pool"]["running"])
    assert real.post("/workers/stop") == {"stopped": False, "pid": None, "done": True}


def test_workers_have_their_own_limits(real: Api) -> None:
    assert real.refused("POST", "/workers", {"count": 1, "max_load": "0"}) == (422, "invalid")
    real.post("/workers", {"count": 1, "max_load": "9999", "min_memory": "none"}, 201)
    assert real.app.queue.store.meta.limits_of("") == {"max_load": "9999", "min_memory": "none"}


def test_groups_of_workers_are_started_scaled_and_stopped_alone(real: Api) -> None:
    real.post("/workers", {"count": 1, "queues": ["b", "a"]}, 201)
    found = real.post("/workers", {"count": 2, "queues": ["c"]}, 201)
    assert found["pool"]["groups"] == [{"queues": ["a", "b"], "target": 1}, {"queues": ["c"], "target": 2}]
    assert found["pool"]["target"] == 3 and [worker["queues"] for worker in found["items"]] == [
        ["a", "b"],
        ["c"],
        ["c"],
    ]
    assert real.refused("POST", "/workers/scale", {"count": 1}) == (422, "invalid")
    real.post("/workers/scale", {"count": 1, "queues": ["c"]})
    assert [group["target"] for group in real.get("/workers")["pool"]["groups"]] == [1, 1]
    assert real.refused("POST", "/workers", {"count": 10, "queues": ["c"]}) == (422, "invalid")
    assert real.post("/workers/stop", {"queues": ["a", "b"]})["done"]
    assert [worker["queues"] for worker in real.get("/workers")["items"]] == [["c"]]
    real.post("/workers", {"count": 1, "queues": ["*"]}, 201)
    assert real.post("/workers/stop", {"queues": ["*"]})["done"]
    assert [worker["queues"] for worker in real.get("/workers")["items"]] == [["c"]]
    assert real.refused("POST", "/workers/stop", {"queues": ["*", "c"]}) == (422, "invalid")
    assert real.post("/workers/stop", {"queues": ["nobody"]}) == {"stopped": False, "pid": None, "done": True}


@pytest.mark.slow
def test_stopping_does_not_wait_for_a_long_job_and_a_second_stop_does_not_force(
    real: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_api, "PATIENCE_SECONDS", 0.2)
    real.post("/workers", {"count": 1}, 201)
    job = real.post("/jobs", {"command": "sleep 600"}, 201)
    wait_until(lambda: real.app.queue.get(job["id"]).state == "processing")
    for _ in range(2):
        assert real.post("/workers/stop", {}, 202)["done"] is False
    assert real.app.queue.get(job["id"]).state == "processing"
    answer = real.ask("POST", "/workers/stop", {"force": True})
    assert answer.status in (200, 202)
    wait_until(lambda: not real.get("/workers")["pool"]["running"])
    assert real.app.queue.get(job["id"]).state == PENDING
    wait_until(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("dashboard")])


@pytest.mark.parametrize(
    "body, field",
    [
        ({"count": 11}, "count"),
        ({"count": 0}, "count"),
        ({"count": "2"}, "count"),
        ({"queues": ["a b"]}, "queues"),
        ({"queues": [1]}, "queues"),
        ({"counts": 1}, "counts"),
    ],
)
def test_what_cannot_be_started_is_refused(api: Api, body: dict[str, Any], field: str) -> None:
    answer = api.ask("POST", "/workers", body)
    assert (answer.status, answer.error["field"]) == (422, field)


def test_scaling_without_workers_is_refused(real: Api) -> None:
    assert real.refused("POST", "/workers/scale", {"count": 2}) == (409, "daemon_unavailable")
    assert real.refused("POST", "/workers/scale", {}) == (422, "invalid")


def test_what_a_thread_raises_reaches_the_request(real: Api) -> None:
    def fail() -> None:
        raise DaemonUnavailable("gone")

    with pytest.raises(DaemonUnavailable, match="gone"):
        Work(real.app.queue, fail).is_done(real.app.clock)


def test_settings_are_shown_and_changed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUEUECTL_LEASE", "60")
    found = {item["name"]: item for item in api.get("/config")["items"]}
    assert (found["lease"]["value"], found["lease"]["source"]) == ("60s", "environment")
    answer = api.ask(
        "PATCH",
        "/config",
        {
            "max_retries": 5,
            "worker-timeout": "10m",
            "retry_jitter": 0.25,
            "output_limit": 1_234_567,
            "webhook_events": "dead,failed",
        },
    )
    found = {item["name"]: item for item in answer.json["items"]}
    changed = ("max_retries", "timeout", "retry_jitter", "output_limit", "webhook_events")
    assert [found[key]["value"] for key in changed] == ["5", "600s", "0.25", "1234567", "failed,dead"]
    assert found["max_retries"]["source"] == "home"
    answer = api.ask("PATCH", "/config", {"max_retries": None})
    assert {item["name"]: item for item in answer.json["items"]}["max_retries"]["source"] == "default"


@pytest.mark.parametrize(
    "body, field",
    [
        ({"max_retries": 2, "timeout": "soon"}, "timeout"),
        ({"max_retries": 2, "max_retrys": 1}, "max_retrys"),
        ({"max_retries": 2, "max-retries": 3}, "max-retries"),
        ({"timeout": "1m", "worker-timeout": "2m"}, "worker-timeout"),
        ({"max_retries": 101}, "max_retries"),
        ({"max_retries": True}, "max_retries"),
        ({"max_retries": [1]}, "max_retries"),
        ({"max_retries": 1.5}, "max_retries"),
        ({"max_retries": 2, "timezone": "Mars/Olympus"}, "timezone"),
        ({}, None),
    ],
)
def test_wrong_settings_change_nothing(api: Api, body: dict[str, Any], field: str | None) -> None:
    answer = api.ask("PATCH", "/config", body)
    assert (answer.status, answer.error["field"]) == (422, field)
    assert all(item["source"] == "default" for item in api.get("/config")["items"])


def test_suggestions_are_bounded_and_begin_as_asked(api: Api) -> None:
    api.app.queue.enqueue(
        [
            {"command": "x", "id": f"id-{number}", "tags": [f"tag{number % 3}"], "queue": f"q{number % 2}"}
            for number in range(30)
        ]
    )
    api.post("/schedules", {"name": "s", "expression": "@daily", "command": "x"}, 201)

    def values(field: str, prefix: str = "") -> list[str]:
        return [item["value"] for item in api.get("/suggest", field=field, prefix=prefix)["items"]]

    assert values("state", "pe") == ["pending"] and values("state", "o") == ["open"] and values("queue") == ["q0", "q1"]
    assert values("tag", "tag1") == ["tag1"] and values("schedule", "s") == ["s"] and values("worker") == []
    assert len(values("id")) == 20 and values("id", "id-29") == ["id-29"] and values("id", "é") == []
    assert "exit" in values("filter", "e") and values("filter") == sorted(FILTERS)
    assert values("setting", "max_r") == ["max_retries", "max_retry_delay"]
    assert api.get("/suggest", field="queue")["items"][0]["count"] == 15
    assert api.get("/suggest", field="state", prefix="open")["items"][0]["count"] == 30
    api.app.queue.enqueue([{"command": "x", "id": f"of-{name}", "batch": name} for name in ("films", "book")])
    assert values("after", "of-b") == ["of-book"] and values("after", "batch:f") == ["batch:films"]


@pytest.mark.parametrize("lives", [False, True])
def test_a_job_says_whether_its_worker_is_gone(api: Api, lives: bool) -> None:
    bring_to(api.store, PROCESSING, id="cut")
    lock = LockFile(api.store.home.worker_lock(1))
    assert not lives or lock.acquire()
    (listed,) = api.get("/jobs")["items"]
    shown = api.get("/jobs/cut")
    for job in (listed, shown["job"]):
        assert (job["error"], job["state"]) == (None if lives else GONE, PROCESSING)
        assert (job["duration"] is None) != lives
    assert (listed["elapsed"] is None) != lives
    assert (shown["why"]["reason"] == GONE) != lives
    overview = api.get("/overview")
    assert ("lost_workers" in [alert["code"] for alert in overview["alerts"]]) != lives
    assert [job["id"] for job in overview["running"]] == ["cut"] * lives
    assert f"queuectl_gone_jobs {int(not lives)}\n" in api.ask("GET", "//metrics").body.decode()
    lock.close()
