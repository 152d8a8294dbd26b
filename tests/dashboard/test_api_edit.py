"""PATCH of a job: what waits can be changed, by the rules of the command line."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.model.job import STATES, WAITING_STATES
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import add, bring_to, contents, finish

api = asking.api


def test_only_what_is_given_changes(api: Api) -> None:
    add(api.store, id="a", env={"API_KEY": "s"}, tags=("t",))
    before = api.app.queue.get("a").as_dict()
    answer = api.ask(
        "PATCH",
        "/jobs/a",
        {"command": "make", "priority": 5, "timeout": "5m", "run_at": "+1h", "retries": 9, "cwd": "/srv", "queue": "q"},
    )
    assert answer.status == 200 and "edit" in answer.json["allowed_actions"]
    assert answer.json["job"] == {
        **before,
        "command": "make",
        "priority": 5,
        "timeout": 300.0,
        "max_retries": 9,
        "run_at": "2026-01-01T01:00:00.000Z",
        "state": "scheduled",
        "cwd": "/srv",
        "queue": "q",
    }
    assert api.app.queue.get("a").env == {"API_KEY": "s"}


def test_null_means_no_limit_and_at_once(api: Api) -> None:
    bring_to(api.store, "scheduled", id="a", tags=("t",))
    job = api.ask("PATCH", "/jobs/a", {"timeout": None, "run_at": None, "tags": []}).json["job"]
    assert (job["timeout"], job["state"], job["tags"]) == (None, "pending", [])


@pytest.mark.parametrize(
    "body, field",
    [
        ({"priority": 1001}, "priority"),
        ({"nope": 1}, "nope"),
        ({"id": "b"}, "id"),
        ({"env": {}}, "env"),
        ({"command": ""}, "command"),
        ({"cwd": "relative"}, "cwd"),
        ({"priority": 1, "tags": "x"}, "tags"),
        ({}, None),
        ({"self": 1}, "self"),
        ({"retries": 1, "max_retries": 2}, "max_retries"),
        ({"run_at": 5}, "run_at"),
    ],
)
def test_a_wrong_change_names_its_field_and_changes_nothing(api: Api, body: Any, field: str | None) -> None:
    add(api.store, id="a")
    before = contents(api.store)
    answer = api.ask("PATCH", "/jobs/a", body)
    assert (answer.status, answer.error["field"]) == (422, field), answer.body
    assert contents(api.store) == before


@pytest.mark.parametrize("state", STATES)
def test_what_does_not_wait_is_a_conflict(api: Api, state: str) -> None:
    number = bring_to(api.store, state, id="a")
    answer = api.ask("PATCH", "/jobs/a", {"priority": 9})
    assert answer.status == (200 if state in WAITING_STATES else 409)
    assert api.app.queue.get("a").priority == (9 if state in WAITING_STATES else 0)
    for running in api.store.attempts.running(api.store.contexts):
        finish(api.store, running.claim)
    assert api.app.queue.get("a").number == number


def test_no_such_job(api: Api) -> None:
    assert api.refused("PATCH", "/jobs/nope", {"priority": 1}) == (404, "not_found")
    add(api.store, id="a")
    add(api.store, id="b")
    assert api.refused("PATCH", "/jobs/a,b", {"priority": 1}) == (422, "invalid")
