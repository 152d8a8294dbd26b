"""Commands about webhooks; what is sent is tested with the sender."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from queuectl import Queue
from tests.commands.calling import call, done, refused, store
from tests.store.building import add, claim, finish

URL = "https://chat.example.com/hooks/abc"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def test_a_webhook_is_added_and_shown_without_what_may_be_secret(home: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    done(home, "webhook", "add", "chat", URL, "--events", "idle,dead", "--secret-file", str(tmp_path / "secret"))
    done(home, "webhook", "add", "ci", URL, "--secret-file", "-", input=SECRET.encode())
    for words in (["webhook", "list"], ["webhook", "show", "chat"], ["webhook", "list", "--json"], ["events"]):
        out = done(home, *words).out
        assert "abc" not in out and SECRET[6:] not in out
    found = done(home, "webhook", "show", "chat", "--json").json()
    address = "https://chat.example.com/***"
    expected = {"address": address, "events": ["dead", "idle"], "signed": True, "state": "active"}
    assert {name: found[name] for name in expected} == expected


def test_without_events_it_gets_those_of_dead_jobs(home: str) -> None:
    done(home, "webhook", "add", "chat", URL)
    done(home, "webhook", "add", "all", URL, "--events", "all")
    events = [webhook["events"] for webhook in done(home, "webhook", "list", "--json").json()]
    assert events == [["completed", "failed", "dead", "cancelled", "idle"], ["dead"]]


@pytest.mark.parametrize(
    "words, problem",
    [
        (["a b", URL], "webhook"),
        (["a", "ftp://x"], "url must be an http or https URL"),
        (["a", "https://u:p@example.com/"], "without a user name"),
        (["a", "https://"], "url must be"),
        (["a", "none"], "url must be"),
        (["a", "https://example.com:0/"], "url must be"),
        (["a", "https://exämple.com/"], "url must be"),
        (["a", "https://example.com/" + "a" * 9_000], "url must be"),
        (["a", URL, "--events", "ded"], "events must be one or more of"),
        (["a", URL, "--events", ""], "events must be one or more of"),
        (["a", "http://127.0.0.1:80/"], "127.0.0.1 is a private address"),
        (["a", "http://localhost/"], "localhost is a private address"),
        (["a", "http://[::1]/"], "::1 is a private address"),
        (["a", URL, "--secret-file", "/nowhere"], "cannot read /nowhere"),
        (["settings", URL], "the webhook of the setting"),
    ],
)
def test_a_mistake_is_refused_and_nothing_is_added(home: str, words: list[str], problem: str) -> None:
    assert problem in refused(home, 2, "webhook", "add", *words).err
    assert done(home, "webhook", "list", "--json").json() == []


def test_a_wrong_secret_is_refused_without_showing_it(home: str) -> None:
    err = refused(home, 2, "webhook", "add", "a", URL, "--secret-file", "-", input=b"hush").err
    assert "whsec_" in err and "hush" not in err


def test_a_name_is_given_once(home: str) -> None:
    done(home, "webhook", "add", "a", URL)
    refused(home, 4, "webhook", "add", "a", URL)
    refused(home, 3, "webhook", "show", "b")
    refused(home, 3, "webhook", "remove", "b")


def test_one_is_paused_and_resumed_and_removed(home: str) -> None:
    done(home, "webhook", "add", "a", URL)
    done(home, "webhook", "pause", "a")
    refused(home, 4, "webhook", "pause", "a")
    assert done(home, "webhook", "show", "a", "--json").json()["state"] == "paused"
    done(home, "webhook", "resume", "a")
    refused(home, 4, "webhook", "resume", "a")
    done(home, "webhook", "remove", "a")
    assert "there are no webhooks" in done(home, "webhook", "list").err


def test_a_test_tells_how_it_ended(home: str) -> None:
    done(home, "webhook", "add", "a", "http://127.0.0.1:1/", "--allow-private")
    answer = call(home, "webhook", "test", "a")
    assert (answer.code, answer.out) == (1, "Webhook a: Connection refused\n")
    assert done(home, "webhook", "deliveries", "a", "--json").json()[0]["error"] == "Connection refused"


def test_the_settings_make_change_and_remove_a_webhook(home: str) -> None:
    done(home, "config", "set", "webhook_url", URL)
    done(home, "config", "set", "webhook_events", "dead,idle")
    (found,) = done(home, "webhook", "list", "--json").json()
    assert (found["name"], found["events"]) == ("settings", ["dead", "idle"])
    told = done(home, "events").out
    assert "webhook_url = https://chat.example.com/***" in told and "hooks/abc" not in told
    done(home, "config", "set", "webhook_events", "all")
    (found,) = done(home, "webhook", "list", "--json").json()
    assert found["events"] == ["completed", "failed", "dead", "cancelled", "idle"]
    assert "config reset webhook_url" in refused(home, 4, "webhook", "remove", "settings").err
    done(home, "config", "reset", "webhook_url")
    assert done(home, "webhook", "list", "--json").json() == []


def test_the_webhook_of_the_settings_has_no_private_address(home: str) -> None:
    """Nothing could allow it there, so that all of its messages would fail."""
    refusal = refused(home, 2, "config", "set", "webhook_url", "http://localhost:8080/").err
    assert "localhost is a private address" in refusal and "--allow-private" in refusal
    assert done(home, "webhook", "list", "--json").json() == []
    assert done(home, "config", "get", "webhook_url").out == "none\n"


def test_status_tells_of_one_that_fails_or_is_gone(home: str) -> None:
    done(home, "webhook", "add", "a", URL)
    with store(home) as opened:
        add(opened)
        finish(opened, claim(opened), "dead")
        webhook = opened.webhooks.get("a")
        assert webhook is not None
        with opened.writing():
            opened.webhooks.fail(webhook, opened.clock.wall(), opened.clock.wall())
    assert "webhook a has failed for" in done(home, "status").out
    with Queue(home) as queue, queue.store.writing():
        queue.store.webhooks.pause("a", "it answered 410: it is gone", 1)
    assert "webhook a is paused: it answered 410" in done(home, "status").out


def test_waiting_can_end_with_a_message_on_the_desktop(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "notify-send"
    program.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >"{tmp_path}/said"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with store(home) as opened:
        add(opened)
        finish(opened, claim(opened), "completed")
    done(home, "wait", "1", "--notify")
    assert (tmp_path / "said").read_text() == "--app-name=queuectl|--|QueueCTL|1 job done: 1 completed|"


def test_a_message_that_cannot_be_shown_is_reported(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with store(home) as opened:
        add(opened)
        finish(opened, claim(opened), "completed")
    assert "neither notify-send nor osascript" in done(home, "wait", "1", "--notify").err
