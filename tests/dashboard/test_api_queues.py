"""Queues, locks and batches over the API: shown, limited, paused."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.job import COMPLETED, DEAD, FAILED, HELD
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import NOW, add, bring_to

api = asking.api
MINUTE = 60_000


def test_queues_are_shown_with_depth_age_and_rate(api: Api) -> None:
    add(api.store, queue="mail")
    bring_to(api.store, HELD, queue="web")
    with api.store.writing():
        for state in (COMPLETED, COMPLETED, DEAD, FAILED):
            api.store.stats.count_attempt("mail", state, run_time=1, wait_time=1, now=NOW)
    api.clock.advance(MINUTE)
    mail, web = api.get("/queues")["items"]
    assert (mail["queue"], mail["depth"], mail["oldest_pending_age"], mail["jobs"]) == ("mail", 1, 60.0, {"pending": 1})
    assert (mail["ended_hour"], mail["failed_hour"], mail["dead_hour"], mail["per_minute"]) == (3, 1, 1, 0.6)
    assert mail["eta"] == 100.0
    assert (web["queue"], web["depth"], web["oldest_pending_age"], web["eta"]) == ("web", 0, None, None)


def test_a_queue_is_limited_and_paused(api: Api) -> None:
    add(api.store, queue="mail")
    found = api.ask("PATCH", "/queues/mail", {"slots": 2, "rate": "10/m", "paused": True, "until": "+1h"}).json
    assert (found["state"], found["slots"], found["rate"]) == ("paused", 2, "10/m")
    assert api.ask("PATCH", "/queues/mail", {"slots": None, "paused": False}).json["slots"] is None
    assert api.ask("PATCH", "/queues/mail", {"draining": True}).json["state"] == "draining"
    assert api.refused("POST", "/jobs", {"command": "true", "queue": "mail"}) == (409, "conflict")
    (listed,) = api.get("/queues")["items"]
    assert (listed["queue"], listed["rate"], listed["draining"], listed["depth"]) == ("mail", "10/m", True, 1)


def test_a_lock_is_shown_with_its_holders_and_limited(api: Api) -> None:
    bring_to(api.store, "processing", id="now", locks=("gpu",))
    add(api.store, locks=("gpu",))
    (gpu,) = api.get("/locks")["items"]
    assert gpu == {"name": "gpu", "state": "taken", "slots": 1, "running": 1, "waiting": 1, "holders": ["now"]}
    assert api.ask("PATCH", "/locks/gpu", {"slots": 2}).json == {**gpu, "state": "free", "slots": 2}
    api.post("/jobs", {"command": "true", "lock": "net"}, 201)
    assert api.ids("lock:net") == ["job-3"]


def test_a_batch_is_limited(api: Api) -> None:
    api.post("/jobs", {"command": "true", "batch": "b%4"}, 201)
    assert api.get("/batches/b")["slots"] == 4
    assert api.ask("PATCH", "/batches/b", {"slots": 2}).json["slots"] == 2
    assert api.ask("PATCH", "/batches/b", {"slots": None}).json["slots"] is None


@pytest.mark.parametrize("path", ["/queues", "/queues/default"])
def test_the_end_of_a_pause_lets_go_on_what_it_has_suspended(api: Api, path: str) -> None:
    bring_to(api.store, "processing", id="now")
    api.ask("PATCH", path, {"paused": True, "running": True})
    with Queue(api.store.home.path) as queue:
        assert queue.get("now").is_suspended
        api.ask("PATCH", path, {"paused": False})
        assert not queue.get("now").is_suspended


def test_everything_is_paused_with_a_reason(api: Api) -> None:
    answer = api.ask("PATCH", "/queues", {"paused": True, "reason": "game"}).json
    assert [(pause["queue"], pause["reason"]) for pause in answer["pauses"]] == [(None, "game")]
    overview = api.get("/overview")
    assert overview["pauses"] == answer["pauses"]
    assert api.ask("PATCH", "/queues", {"paused": False}).json["pauses"] == []


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        ("/queues", {}, (422, "invalid")),
        ("/queues", {"paused": False, "running": True}, (422, "invalid")),
        ("/queues/mail", {}, (422, "invalid")),
        ("/queues/mail", {"slots": 2, "rate": "fast"}, (422, "invalid")),
        ("/queues/mail", {"slots": 0}, (422, "invalid")),
        ("/queues/mail", {"rate": "fast"}, (422, "invalid")),
        ("/queues/mail", {"until": "+1h", "limit": 3}, (422, "invalid")),
        ("/queues/mail", {"slots": 2, "until": "+1h"}, (422, "invalid")),
        ("/queues/mail", {"slots": 2, "paused": False}, (409, "conflict")),
        ("/queues/no%20name", {"slots": 1}, (422, "invalid")),
        ("/locks/gpu", {}, (422, "invalid")),
        ("/locks/gpu", {"slots": None}, (422, "invalid")),
        ("/locks/gpu", {"slots": 0}, (422, "invalid")),
        ("/locks/no%20name", {"slots": 1}, (422, "invalid")),
        ("/batches/b", {}, (422, "invalid")),
        ("/batches/b", {"slots": "many"}, (422, "invalid")),
        ("/batches/b", {"slots": 1}, (404, "not_found")),
    ],
)
def test_what_they_cannot_be_given_is_refused(
    api: Api, path: str, body: dict[str, Any], refusal: tuple[int, str]
) -> None:
    assert api.refused("PATCH", path, body) == refusal
    assert api.get("/queues") == {"items": [], "pauses": []} and api.get("/locks") == {"items": []}
