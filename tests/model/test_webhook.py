"""Webhooks: what they are sent, and how it is signed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from queuectl.model.settings import EVENTS
from queuectl.model.webhook import (
    WAITS,
    Event,
    Webhook,
    body_of,
    check_events,
    check_secret,
    digest,
    headers,
    message,
    signature,
    wait_after,
)
from queuectl.model.when import HOUR
from tests.store.building import NOW
from tests.support import ROOT

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def event(**values: object) -> Event:
    return Event.of({**dict.fromkeys(Event.__annotations__), "id": 1, "event": "dead", "at": NOW, **values})


def test_a_signature_is_that_of_the_published_example() -> None:
    """Of the libraries of https://www.standardwebhooks.com."""
    found = signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', SECRET)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_headers_name_the_message_and_sign_it_if_there_is_a_secret() -> None:
    found = headers("msg_1", b"{}", None, NOW + 999)
    assert found == {
        "Content-Type": "application/json",
        "webhook-id": "msg_1",
        "webhook-timestamp": str(NOW // 1000),
    }
    signed = headers("msg_1", b"{}", SECRET, NOW)
    assert signed == {**found, "webhook-signature": signature("msg_1", NOW // 1000, b"{}", SECRET)}


def test_a_message_describes_the_job_in_data_and_in_words() -> None:
    found = message(event(job="a", number=3, command="make", error="exit code 2", tags=",x,y,", duration=1500))
    assert (found["type"], found["text"]) == ("job.dead", "a is dead: exit code 2 (make)")
    assert found["timestamp"] == "2026-01-01T00:00:00.000Z"
    data = found["data"]
    assert isinstance(data, dict) and (data["tags"], data["duration"], data["number"]) == (["x", "y"], 1.5, 3)
    assert json.loads(body_of(found)) == found


def test_an_event_of_the_home_has_no_job() -> None:
    found = message(event(event="idle"))
    assert (found["type"], found["data"]) == ("idle", {})


def test_a_digest_says_how_many_there_were() -> None:
    found = digest({"dead": 2, "idle": 1}, NOW)
    assert found["data"] == {"events": {"dead": 2, "idle": 1}} and "3 events" in str(found["text"])


def test_waits_grow_to_an_hour() -> None:
    assert [wait_after(failures) // 1000 for failures in range(1, 9)] == [1, 5, 30, 300, 1800, 3600, 3600, 3600]
    assert WAITS[-1] == HOUR


@pytest.mark.parametrize("text", [SECRET, f" {SECRET}\n"])
def test_a_secret_is_taken(text: str) -> None:
    assert check_secret(text) == SECRET


@pytest.mark.parametrize("text", ["", "hush", "whsec_", "whsec_aHVzaA==", "whsec_" + "é" * 40, "whsec_" + "A" * 200])
def test_an_invalid_secret_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes") as caught:
        check_secret(text)
    assert text in ("", "whsec_") or text not in str(caught.value)


def test_events_are_put_in_order() -> None:
    assert check_events(["idle", "dead", "dead"]) == ("dead", "idle")
    assert check_events(["all", "dead"]) == EVENTS
    for wrong in ([], ["ded"], ["dead", ""]):
        with pytest.raises(ValueError, match="must be one or more of"):
            check_events(wrong)


@pytest.mark.parametrize(
    "url, shown",
    [
        ("https://example.com", "https://example.com"),
        ("https://example.com/", "https://example.com/"),
        ("https://example.com/services/T0/B0/xyz", "https://example.com/***"),
        ("http://example.com:81?token=x", "http://example.com:81/***"),
    ],
)
def test_a_path_that_may_be_a_secret_is_not_shown(url: str, shown: str) -> None:
    values = {**dict.fromkeys(Webhook.__annotations__), "url": url}
    assert Webhook.of(values).address == shown


def test_the_receiver_in_the_docs_accepts_only_a_genuine_message() -> None:
    page = (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8")
    code = page.partition("<!-- signature -->\n```python\n")[2].partition("```")[0]
    scope: dict[str, Any] = {}
    exec(compile(code, "docs/notifications.md", "exec"), scope)
    body = body_of(message(event(event="idle")))
    sent = headers("msg_1", body, SECRET, NOW)
    assert scope["is_genuine"](sent, body, SECRET)
    assert not scope["is_genuine"](sent, body + b" ", SECRET)
    assert not scope["is_genuine"]({**sent, "webhook-id": "msg_2"}, body, SECRET)
