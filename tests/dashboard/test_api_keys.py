"""Keys over the API: in the body, and in the header `Idempotency-Key`."""

from __future__ import annotations

import pytest

from queuectl.model.job import COMPLETED
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import claim, finish

api = asking.api


def test_a_request_that_is_sent_again_adds_nothing(api: Api) -> None:
    api.headers = {"idempotency-key": "5f-1"}
    first = api.ask("POST", "/jobs", {"command": "make"})
    again = api.ask("POST", "/jobs", {"command": "make"})
    assert (first.status, again.status) == (201, 200)
    assert first.json == again.json and first.headers["Location"] == again.headers["Location"]
    assert api.store.counts.by_state() == {"pending": 1}


def test_it_adds_nothing_for_a_day_after_the_end(api: Api) -> None:
    api.headers = {"idempotency-key": "5f-1"}
    api.ask("POST", "/jobs", {"command": "make"})
    finish(api.store, claim(api.store), COMPLETED, now=api.clock.wall())
    api.clock.advance(86_399_999)
    assert api.ask("POST", "/jobs", {"command": "make"}).status == 200
    api.clock.advance(2)
    assert api.ask("POST", "/jobs", {"command": "make"}).status == 201


def test_a_key_of_another_command_is_refused(api: Api) -> None:
    api.headers = {"idempotency-key": "5f-1"}
    api.ask("POST", "/jobs", {"command": "make"})
    answer = api.ask("POST", "/jobs", {"command": "make clean"})
    assert (answer.status, answer.error["code"]) == (422, "key_reused") and "job-1" in answer.error["message"]


@pytest.mark.parametrize("header", ["", " ", "x" * 256])
def test_a_header_that_is_no_key_is_refused(api: Api, header: str) -> None:
    api.headers = {"idempotency-key": header}
    assert api.ask("POST", "/jobs", {"command": "make"}).status == 400
    assert api.store.counts.by_state() == {}


def test_a_key_stands_in_one_place(api: Api) -> None:
    api.headers = {"idempotency-key": "a"}
    assert api.ask("POST", "/jobs", {"command": "make", "key": "b"}).status == 422


def test_a_key_in_the_body_answers_with_the_job_that_has_it(api: Api) -> None:
    api.ask("POST", "/jobs", {"command": "make", "key": "a"})
    answer = api.ask("POST", "/jobs", {"command": "make again", "key": "a"})
    assert (answer.status, answer.json["command"]) == (200, "make")
    assert api.ask("POST", "/jobs", {"command": "make", "key": "a", "if_exists": "error"}).status == 409
    assert api.ask("POST", "/jobs", {"command": "other", "key": "a", "if_exists": "replace"}).status == 201
