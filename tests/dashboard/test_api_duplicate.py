"""A job like another one, by the API: what it has, and what is given in place of that."""

from __future__ import annotations

import pytest

from queuectl import Queue
from queuectl.model.job import PENDING
from tests.dashboard import asking
from tests.dashboard.asking import Api

api = asking.api


def test_a_duplicate_is_a_new_job_with_the_same_settings(api: Api) -> None:
    api.app.queue.add(
        "make", id="a", queue="q", priority=4, retries=7, timeout=90, tags=["t"], cwd="/tmp", env={"TOKEN": "secret"}
    )
    answer = api.ask("POST", "/jobs/a/duplicate")
    copy = answer.json["job"]
    assert answer.status == 201 and answer.headers["Location"].endswith(copy["id"])
    same = {"queue": "q", "priority": 4, "max_retries": 7, "timeout": 90.0, "tags": ["t"], "state": PENDING}
    assert {name: copy[name] for name in same} == same
    assert copy["env"] == {"TOKEN": "***"} and api.app.queue.get(copy["id"]).env == {"TOKEN": "secret"}


def test_a_duplicate_has_what_is_given_in_place_of_the_others_and_shown_secrets_stay(api: Api) -> None:
    api.app.queue.add("make", id="a", retries=7, tags=["t"], hold=True, env={"TOKEN": "secret", "A": "***"})
    assert api.get("/jobs/a")["copy"]["env"] == {"TOKEN": "***", "A": "***"}
    given = {"retries": 2, "tags": [], "hold": False, "env": {"TOKEN": "***", "KEY": "***", "A": "b"}}
    copy = api.post("/jobs/a/duplicate", given, 201)["job"]
    assert (copy["max_retries"], copy["tags"], copy["state"], copy["command"]) == (2, [], PENDING, "make")
    assert api.app.queue.get(copy["id"]).env == {"TOKEN": "secret", "KEY": "***", "A": "b"}
    assert api.ask("POST", "/jobs/a/duplicate", {"priority": "high"}).status == 422
    assert api.ask("POST", "/jobs/a/duplicate", {"id": "a"}).status == 409
    assert api.ask("POST", "/jobs/a/duplicate", {"retries": 1, "max_retries": 1}).status == 422


def test_a_duplicate_has_what_the_caller_of_the_other_gave_and_reads_the_same(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBUG", "mine")
    monkeypatch.setenv("PATH", "/of/the/caller")
    with Queue(api.app.queue.home.path) as caller:
        caller.add("cat", id="a", inherit_env="DEBUG", stdin=b"\0in")
    monkeypatch.setenv("PATH", "/of/the/dashboard")
    monkeypatch.setenv("DEBUG", "of the dashboard")
    copies = [api.post("/jobs/a/duplicate", given, 201)["job"] for given in ({}, {"stdin": "new"})]
    one = api.app.queue.store.hooks.origin_of(copies[0]["number"])
    assert (one.path, one.inherited["DEBUG"]) == ("/of/the/caller", "mine")
    assert copies[0]["umask"] == api.app.queue.get("a").umask is not None
    assert [api.app.queue.stdin(copy["id"]) for copy in copies] == [b"\0in", b"new"]
    named = api.post("/jobs/a/duplicate", {"inherit_env": "PATH,DEBUG"}, 201)["job"]
    other = api.app.queue.store.hooks.origin_of(named["number"])
    assert (other.path, dict(other.inherited)) == ("/of/the/dashboard", {"DEBUG": "of the dashboard"})


def test_what_a_duplicate_gets_is_what_another_job_is_added_with(api: Api) -> None:
    api.app.queue.add("-x\t| y", id="a", timeout=None, hold=True, run_at="2095-01-02T03:04:05Z", tags=["t"])
    view = api.get("/jobs/a")
    made = api.get(f"/jobs/{api.post('/jobs', view['copy'], 201)['id']}")
    assert made["copy"] == view["copy"] and made["commands"]["duplicate"] == view["commands"]["duplicate"]
