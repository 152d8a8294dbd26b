"""Schedules through the API, and what it tells of the hours to come."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from queuectl.dashboard.api import schedules as schedules_api
from queuectl.model.job import FAILED
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import NOW, add, bring_to

api = asking.api
MINUTE = 60_000


SCHEDULE = {
    "name": "report",
    "expression": "30 8 * * mon-fri",
    "command": "make report",
    "timezone": "UTC",
    "queue": "q",
    "retries": 1,
    "timeout": "2m",
    "env": {"KEY": "x"},
}


def test_a_schedule_lives(api: Api) -> None:
    answer = api.ask("POST", "/schedules", SCHEDULE)
    assert answer.status == 201 and answer.headers["Location"] == "/api/v1/schedules/report"
    made = answer.json
    assert (made["words"], made["next_at"]) == ("at 08:30 on weekdays", "2026-01-01T08:30:00.000Z")
    assert (made["timeout"], made["env"], len(made["next_times"]), made["last_jobs"]) == (120.0, {"KEY": "***"}, 5, [])
    assert api.refused("POST", "/schedules", SCHEDULE) == (409, "conflict")
    job = api.post("/schedules/report/run", status=201)["job"]
    assert (job["schedule"], job["queue"]) == ("report", "q")
    found = api.get("/schedules/report")
    assert (found["last_job"], found["last_state"]) == (job["id"], "pending")
    assert [run["id"] for run in found["last_jobs"]] == [job["id"]] == api.ids("schedule:report")
    assert api.post("/schedules/report/pause")["next_at"] is None
    assert api.refused("POST", "/schedules/report/pause") == (409, "conflict")
    assert api.post("/schedules/report/resume")["paused"] is False
    assert api.get("/schedules")["items"][0]["name"] == "report"
    assert api.get("/scheduled")["items"][0] == {
        "at": "2026-01-01T08:30:00.000Z",
        "what": "recurring",
        "id": "report",
        "command": "make report",
    }
    assert api.ask("DELETE", "/schedules/report").status == 204
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/run"), ("POST", "/pause"), ("POST", "/resume")):
        assert api.refused(method, f"/schedules/report{path}") == (404, "not_found")


def test_a_schedule_is_changed_and_keeps_what_is_not_given(api: Api) -> None:
    made = api.post("/schedules", SCHEDULE, status=201)
    answer = api.ask("PATCH", "/schedules/report", {"expression": "@hourly", "queue": "slow", "retries": 2})
    assert answer.status == 200
    found = answer.json
    assert {key for key in found if found[key] != made[key]} == {
        *("expression", "words", "next_at", "next_times"),
        *("queue", "max_retries"),
    }
    assert (found["next_at"], found["queue"]) == ("2026-01-01T01:00:00.000Z", "slow")
    assert api.refused("PATCH", "/schedules/nope", {"queue": "slow"}) == (404, "not_found")


@pytest.mark.parametrize(
    "change, field",
    [
        ({}, None),
        ({"name": "other"}, "name"),
        ({"expression": "x"}, "expression"),
        ({"timezone": "Mars"}, "timezone"),
        ({"catch_up": "some"}, "catch_up"),
        ({"overlap": None}, "overlap"),
        ({"env": {}}, "env"),
        ({"run_at": "+1h"}, "run_at"),
        ({"priority": "x"}, "priority"),
        ({"queue": "slow", "command": ""}, "command"),
        ({"self": "x"}, "self"),
    ],
)
def test_a_wrong_change_names_its_field_and_changes_nothing(
    api: Api, change: dict[str, Any], field: str | None
) -> None:
    api.post("/schedules", SCHEDULE, status=201)
    before = api.get("/schedules")
    answer = api.ask("PATCH", "/schedules/report", change)
    assert (answer.status, answer.error["field"], len(answer.error["problems"])) == (422, field, 1), answer.body
    assert api.get("/schedules") == before


@pytest.mark.parametrize(
    "change, word",
    [
        ({"name": None}, "name"),
        ({"name": "a b"}, "name"),
        ({"expression": "x"}, "cron"),
        ({"timezone": "Mars"}, "zone"),
        ({"catch_up": "some"}, "catch_up"),
        ({"id": "x"}, "id"),
        ({"run_at": "+1h"}, "run_at"),
        ({"command": ""}, "command"),
        ({"priority": "x"}, "priority"),
        ({"expression": 5}, "expression"),
        ({"overlap": None}, "overlap"),
        ({"self": "x"}, "self"),
    ],
)
def test_a_wrong_schedule_is_refused(api: Api, change: dict[str, Any], word: str) -> None:
    answer = api.ask("POST", "/schedules", {**SCHEDULE, **change})
    assert answer.status == 422 and word in answer.error["message"]
    assert answer.error["field"] == next(iter(change))
    assert api.get("/schedules")["items"] == []


def test_a_schedule_may_have_any_name(api: Api) -> None:
    for name in ("preview", "times", "run"):
        api.post("/schedules", {**SCHEDULE, "name": name}, 201)
        assert api.get(f"/schedules/{name}")["name"] == name


def test_times_of_the_next_hours_are_shown_up_to_a_bound(api: Api) -> None:
    for name, expression in (
        ("often", "* * * * *"),
        ("fives", "*/5 * * * *"),
        ("daily", "30 8 * * *"),
        ("yearly", "0 0 1 6 *"),
        ("paused", "@hourly"),
    ):
        api.post("/schedules", {"name": name, "expression": expression, "command": "x", "timezone": "UTC"}, 201)
    api.post("/schedules/paused/pause")
    add(api.store, id="later", run_at=NOW + 5 * 60 * MINUTE, command="y" * 600)
    add(api.store, id="next-week", run_at=NOW + 7 * 24 * 60 * MINUTE)
    bring_to(api.store, FAILED, id="again")

    found = api.get("/scheduled/times")
    assert (found["now"], found["until"]) == ("2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z")
    told = {row["name"]: (len(row["times"]), row["more"]) for row in found["recurring"]}
    assert told == {"often": (300, True), "fives": (288, False), "daily": (1, False)}
    assert found["recurring"][-1] == {
        "name": "daily",
        "words": "at 08:30 every day",
        "more": False,
        "times": ["2026-01-01T08:30:00.000Z"],
    }
    assert [(job["id"], job["what"], len(job["command"])) for job in found["jobs"]][1] == ("later", "scheduled", 500)
    assert [job["what"] for job in found["jobs"]] == ["attempt 2", "scheduled"]
    assert (found["more_jobs"], found["more_schedules"]) == (False, 0)
    assert [row["name"] for row in api.get("/scheduled/times", hours=1)["recurring"]] == ["often", "fives"]
    assert api.refused("GET", "/scheduled/times", hours=0) == (400, "bad_parameter")


def test_times_of_many_schedules_and_jobs_are_cut_and_say_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("MOST_TIMES", 5), ("MOST_IN_ALL", 6), ("MOST_SCHEDULES", 2)):
        monkeypatch.setattr(schedules_api, name, value)
    for name in ("a", "b", "c"):
        api.post("/schedules", {"name": name, "expression": "@hourly", "command": "x", "timezone": "UTC"}, 201)
    for number in range(7):
        add(api.store, id=f"later-{number}", run_at=NOW + (number + 1) * MINUTE)
    found = api.get("/scheduled/times")
    assert [(row["name"], len(row["times"]), row["more"]) for row in found["recurring"]] == [
        ("a", 3, True),
        ("b", 3, True),
    ]
    assert (found["more_schedules"], len(found["jobs"]), found["more_jobs"]) == (1, 5, True)


def test_a_preview_says_what_an_expression_means(api: Api) -> None:
    found = api.get("/cron/preview", cron="0 12 * * *", tz="UTC", n=2)
    assert found["words"] == "at 12:00 every day"
    assert [row["utc"] for row in found["next_times"]] == ["2026-01-01T12:00:00.000Z", "2026-01-02T12:00:00.000Z"]
    assert found["next_times"][0]["in"] == "in 12h"


@pytest.mark.parametrize(
    "query, field",
    [({"cron": "61 * * * *"}, "cron"), ({"cron": ""}, "cron"), ({"cron": "@daily", "tz": "Mars/Base"}, "tz")],
)
def test_a_preview_of_nonsense_says_why(api: Api, query: dict[str, str], field: str) -> None:
    answer = api.ask("GET", "/cron/preview", **query)
    assert (answer.status, answer.error["field"]) == (422, field)
    assert answer.error["message"]


@pytest.mark.skipif(sys.version_info < (3, 9), reason="this Python has no named zones")
def test_a_schedule_goes_by_the_zone_of_the_home_and_another_zone_is_an_alert(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUEUECTL_TIMEZONE", "UTC")
    api.ask("PATCH", "/config", {"timezone": "Asia/Tokyo"})
    made = api.post("/schedules", {**SCHEDULE, "timezone": "local"}, status=201)
    assert (made["timezone"], made["timezone_source"], made["next_at"]) == ("Asia/Tokyo", "home", made["next_times"][0])
    assert made["next_at"].endswith("T23:30:00.000Z") and made["problem"] is None
    (preview,) = api.get("/cron/preview", cron=SCHEDULE["expression"], tz="local", n=1)["next_times"]
    assert preview["utc"] == made["next_at"]
    alerts = api.get("/overview")["alerts"]
    assert [alert["command"] for alert in alerts if alert["code"] == "timezone"] == ["queuectl config set timezone UTC"]
    api.ask("PATCH", "/config", {"timezone": "UTC"})
    assert api.get("/schedules/report")["next_at"].endswith("T08:30:00.000Z")


@pytest.mark.skipif(sys.version_info < (3, 9), reason="this Python has no named zones")
def test_a_schedule_whose_zone_is_not_known_shows_its_stored_time_and_the_reason(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = api.post("/schedules", {**SCHEDULE, "timezone": "Europe/London"}, status=201)
    monkeypatch.setitem(sys.modules, "zoneinfo", None)
    found = api.get("/schedules/report")
    assert (found["next_times"], found["words"]) == ([made["next_at"]], "at 08:30 on weekdays")
    assert found["problem"].startswith("the time zone Europe/London is not known here: needs Python 3.9")
    assert api.get("/scheduled/times", hours=168)["recurring"][0]["times"] == [made["next_at"]]


GRAPH = [
    {"id": "pack", "command": "echo pack", "after": ["build"]},
    {"id": "build", "command": "echo build", "env": {"KEY": "x"}},
]


def test_a_schedule_of_several_jobs_lives(api: Api) -> None:
    made = api.post("/schedules", {"name": "site", "expression": "@daily", "jobs": GRAPH}, status=201)
    assert (made["runs"], made["command"], made["cwd"]) == ("2 jobs: pack, build", None, None)
    assert [(job["id"], job["after"], job["env"]) for job in made["jobs"]] == [
        ("pack", ["build"], {}),
        ("build", [], {"KEY": "***"}),
    ]
    job = api.post("/schedules/site/run", status=201)["job"]
    assert (job["id"], job["state"]) == (f"{job['batch']}-pack", "blocked")
    (row,) = api.get("/schedules")["items"]
    assert (row["last_batch"], row["last_state"], "jobs" in row) == (job["batch"], "open", False)
    changed = api.ask("PATCH", "/schedules/site", {"jobs": made["jobs"][1:]}).json
    assert changed["runs"] == "1 job: build"
    assert api.app.queue.schedules.get("site").specs[0].env == {"KEY": "x"}
    assert api.get("/scheduled")["items"][0]["command"] == "1 job: build"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"jobs": GRAPH, "command": "true"}, "command cannot be given with jobs"),
        ({"jobs": GRAPH, "queue": "q"}, "queue cannot be given with jobs"),
        ({"jobs": []}, "jobs must be 1 to 10000 jobs, got 0"),
        ({"jobs": "true"}, "jobs must be a list of objects"),
        ({"jobs": {"command": "true"}}, "jobs must be a list of objects"),
        ({"jobs": [1]}, "jobs must be a list of objects"),
        ({"jobs": [{"command": "true", "batch": "b"}]}, "job 1: a job of a schedule has no batch"),
        ({"jobs": [{"command": "true", "env": {"A_KEY": "***"}}]}, "job 1: env: give the value of A_KEY"),
        ({}, "command is missing, give one, or jobs"),
    ],
)
def test_several_jobs_that_are_wrong_are_refused(api: Api, given: dict[str, Any], message: str) -> None:
    answer = api.ask("POST", "/schedules", {"name": "site", "expression": "@daily", **given})
    assert answer.status == 422 and message in answer.json["error"]["message"]
    assert api.get("/schedules")["items"] == []
