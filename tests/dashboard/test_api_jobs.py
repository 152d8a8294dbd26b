"""Jobs over the API: lists, one job, adding, the verbs, output."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.dashboard.api.output import whole_characters
from queuectl.model.job import BLOCKED, COMPLETED, DEAD, HELD, PENDING, PROCESSING, STATES
from queuectl.model.outcome import Outcome
from queuectl.model.piece import STDERR, STDOUT, Piece
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import NOW, ORIGINS, add, bring_to, claim, employ, finish, spec, write

api = asking.api


def printed(api: Api, *pieces: Piece, size: int | None = None, is_ended: bool = True) -> None:
    """Add a job `p` whose attempt printed these pieces."""
    store = api.store
    add(store, id="p")
    claimed = claim(store)
    with store.writing():
        store.output.append(claimed.attempt_id, pieces, head_end=0, tail_start=0)
        if is_ended:
            store.jobs.finish(claimed, Outcome.exited(0), state=COMPLETED, run_at=NOW, duration=5, now=NOW)
            store.attempts.end(claimed.attempt_id, Outcome.exited(0), duration=5, output_size=size, now=NOW)


def text_of(answer: dict[str, Any], stream: str = "") -> str:
    return "".join(chunk["text"] for chunk in answer["chunks"] if stream in ("", chunk["stream"]))


def test_a_list_shows_jobs_with_what_may_be_done(api: Api) -> None:
    bring_to(api.store, DEAD, id="a", command="x" * 600, max_retries=0)
    (item,) = api.get("/jobs")["items"]
    assert item["allowed_actions"] == ["retry", "duplicate", "remove"]
    assert len(item["command"]) == 500 and item["command_cut"]
    assert item["created_at"] == "2026-01-01T00:00:00.000Z" and item["duration"] == item["elapsed"] == 0.005


@pytest.mark.parametrize("state", STATES)
def test_allowed_actions_are_those_that_succeed(api: Api, state: str) -> None:
    for verb in ("retry", "cancel", "release", "hold", "remove"):
        identifier = f"{verb}-{state}"
        bring_to(api.store, state, id=identifier)
        allowed = api.get(f"/jobs/{identifier}")["allowed_actions"]
        method, path = ("DELETE", "") if verb == "remove" else ("POST", f"/{verb}")
        answer = api.ask(method, f"/jobs/{identifier}{path}")
        assert (answer.status in (200, 204)) == (verb in allowed), (verb, answer.body)
        if verb not in allowed:
            assert (answer.status, answer.error["code"]) == (409, "conflict")
        for number in api.app.queue.find([identifier]) if verb != "remove" or verb not in allowed else ():
            for running in api.store.attempts.running(api.store.contexts):
                finish(api.store, running.claim)
            write(api.store, api.store.jobs.remove, number)


def test_a_job_is_added_as_the_command_line_adds_it(api: Api) -> None:
    body = {
        "command": "make",
        "id": "m",
        "queue": "q",
        "priority": 3,
        "retries": 1,
        "timeout": "5m",
        "cwd": "/tmp",
        "env": {"A": "1", "API_KEY": "s"},
        "tags": ["t"],
        "run_at": "+1h",
    }
    answer = api.ask("POST", "/jobs", body)
    assert answer.status == 201 and answer.headers["Location"] == "/api/v1/jobs/m"
    job = answer.json
    assert (job["state"], job["timeout"], job["max_retries"], job["run_at"]) == (
        "scheduled",
        300.0,
        1,
        "2026-01-01T01:00:00.000Z",
    )
    assert job["env"] == {"A": "1", "API_KEY": "***"}
    assert api.app.queue.get("m").env["API_KEY"] == "s"


@pytest.mark.parametrize("body", [None, {}, {"queue": "q"}])
def test_a_job_without_a_command_is_refused(api: Api, body: Any) -> None:
    answer = api.ask("POST", "/jobs", body)
    assert (answer.status, answer.error["field"]) == (422, "command")
    assert "command is missing" in answer.error["message"]


@pytest.mark.parametrize(
    "change, field",
    [
        ({"id": "a b"}, "id"),
        ({"command": 5}, "command"),
        ({"command": " "}, "command"),
        ({"queue": "a b"}, "queue"),
        ({"priority": "high"}, "priority"),
        ({"priority": 5000}, "priority"),
        ({"max_retries": -1}, "max_retries"),
        ({"retries": -1}, "retries"),
        ({"timeout": "soon"}, "timeout"),
        ({"timeout": -1}, "timeout"),
        ({"timeout_sec": 0}, "timeout_sec"),
        ({"run_at": "never"}, "run_at"),
        ({"hold": 1}, "hold"),
        ({"cwd": "here"}, "cwd"),
        ({"env": {"": ""}}, "env"),
        ({"tags": ["a b"]}, "tags"),
        ({"allow_background": None}, "allow_background"),
        ({"comand": "x"}, "comand"),
        ({"retries": 1, "max_retries": 1}, "max_retries"),
        ({"priority": "high", "timeout": "soon"}, "priority"),
        ({"timeout": "soon", "priority": "high"}, "timeout"),
    ],
)
def test_a_refusal_names_the_first_field_that_is_wrong(api: Api, change: dict[str, Any], field: str) -> None:
    answer = api.ask("POST", "/jobs", {"command": "x", **change})
    assert (answer.status, answer.error["field"]) == (422, field) and field in answer.error["message"]
    assert field != "comand" or "did you mean" in answer.error["message"]
    assert api.get("/jobs")["total"]["value"] == 0


def test_a_job_of_the_api_inherits_only_what_it_names(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.app.queue.config.set("inherit_env", "all")
    for name in ("DEBUG", "LANG", "DISPLAY"):
        monkeypatch.setenv(name, "x")
    one = api.post("/jobs", {"command": "true"}, 201)
    other = api.post("/jobs", {"command": "cat", "inherit_env": ["DEBUG"], "stdin": "é", "shell": "bash"}, 201)
    assert [(job["inherited"], job["umask"]) for job in (one, other)] == [([], None), (["DEBUG"], None)]
    assert (other["stdin_size"], other["shell"]) == (2, "bash")
    assert api.app.queue.stdin(other["id"]) == "é".encode()


def test_an_id_that_exists_is_a_conflict(api: Api) -> None:
    add(api.store, id="a")
    assert api.refused("POST", "/jobs", {"command": "x", "id": "a"}) == (409, "conflict")


def test_a_job_is_shown_with_everything(api: Api) -> None:
    store = api.store
    for _ in range(3):
        bring_to(store, COMPLETED, command="make")
    number = add(store, id="a", command="make", max_retries=1)
    finish(store, claim(store), "failed")
    write(store, store.jobs.promote, NOW, 10)
    finish(store, claim(store), DEAD, now=NOW + 1)
    found = api.get("/jobs/a")
    assert found["job"]["number"] == number and found["why"]["reason"].startswith("both attempts failed")
    assert [attempt["attempt"] for attempt in found["job"]["attempt_history"]] == [1, 2]
    assert found["history"][-1]["what"] == "attempt 2 exited" and found["history"][0]["what"] == "enqueued"
    assert [run["state"] for run in found["similar"]["runs"]] == [DEAD, DEAD, COMPLETED, COMPLETED, COMPLETED]
    assert found["similar"]["median"] == 0.005
    assert found["commands"]["retry"] == "queuectl retry a" and "cancel" not in found["commands"]


@pytest.mark.parametrize(
    "reference, status",
    [
        ("a", 200),
        ("1", 200),
        ("last", 200),
        ("ab", 200),
        ("zz", 404),
        ("99", 404),
        ("a,ab", 422),
        ("1-2", 422),
        ("job-", 422),
        ("é", 404),
        ("%61", 404),
    ],
)
def test_a_path_names_one_job(api: Api, reference: str, status: int) -> None:
    for identifier in ("a", "abc", "job-x", "job-y"):
        add(api.store, id=identifier)
    assert api.ask("GET", f"/jobs/{reference}").status == status


def test_a_verb_answers_with_the_job_as_it_is_then(api: Api) -> None:
    bring_to(api.store, DEAD, id="a", max_retries=0)
    assert api.post("/jobs/a/retry")["job"]["state"] == PENDING
    assert api.post("/jobs/a/cancel")["job"]["state"] == "cancelled"
    assert api.post("/jobs/a/retry", {"keep_attempts": True})["job"]["attempts"] == 0
    bring_to(api.store, HELD, id="h")
    released = api.post("/jobs/h/release")["allowed_actions"]
    assert released == ["cancel", "hold", "front", "edit", "duplicate", "remove"]
    assert api.ask("DELETE", "/jobs/h").status == 204
    assert api.refused("GET", "/jobs/h") == (404, "not_found")


def test_a_running_job_is_marked_to_be_cancelled(api: Api) -> None:
    employ(api.store)
    bring_to(api.store, PROCESSING, id="a")
    assert api.post("/jobs/a/cancel")["job"]["state"] == PROCESSING
    assert api.get("/jobs/a")["job"]["cancel_requested"] is True
    assert api.refused("DELETE", "/jobs/a") == (409, "conflict")


def test_what_a_verb_does_is_noted(api: Api) -> None:
    add(api.store, id="a")
    api.post("/jobs/a/cancel")
    (event,) = api.get("/events", what="cancel")["items"]
    assert event["job"] == "a" and event["by"].startswith("web[")


@pytest.mark.parametrize("body, field", [({"keep": True}, "keep"), ({"keep_attempts": "yes"}, "keep_attempts")])
def test_an_unknown_or_wrong_field_is_refused(api: Api, body: dict[str, Any], field: str) -> None:
    bring_to(api.store, COMPLETED, id="a")
    answer = api.ask("POST", "/jobs/a/retry", body)
    assert (answer.status, answer.error["field"]) == (422, field)


def test_a_read_only_dashboard_changes_nothing(home: str) -> None:
    api = Api(home, read_only=True)
    add(api.store, id="a")
    for method, path in (
        ("POST", "/jobs"),
        ("DELETE", "/jobs/a"),
        ("POST", "/jobs/a/cancel"),
        ("PATCH", "/config"),
        ("POST", "/workers/stop"),
        ("POST", "/jobs/actions/preview"),
        ("DELETE", "/schedules/x"),
    ):
        assert api.refused(method, path, {"command": "x"}) == (403, "read_only")
    assert api.get("/meta")["read_only"] and api.ids() == ["a"]
    api.close()


def test_unknown_paths_and_methods_are_refused(api: Api) -> None:
    for path in ("/nothing", "/jobs/", "/jobs/a/b/c", "//api/v2/jobs", "//", "/jobs//retry"):
        assert api.ask("GET", path).status == 404
    answer = api.ask("PUT", "/jobs")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert api.ask("GET", "/jobs/actions/preview").status in (404, 405)
    assert api.ask("DELETE", "/overview").headers["Allow"] == "GET, HEAD"


def test_parameters_are_checked(api: Api) -> None:
    for query in ({"limit": 0}, {"limit": 201}, {"limit": "x"}, {"limit": ""}, {"scan": "some"}, {"limits": 1}):
        assert api.refused("GET", "/jobs", **query) == (400, "bad_parameter")
    assert 'did you mean "limit"?' in api.ask("GET", "/jobs", limits=1).error["message"]
    assert api.refused("GET", "/suggest") == (400, "bad_parameter")


def test_output_comes_in_chunks_with_their_places(api: Api) -> None:
    printed(api, Piece(0, STDOUT, b"one\n"), Piece(4, STDERR, b"oh\n"), Piece(7, STDOUT, b"two\n"), size=11)
    found = api.get("/jobs/p/output")
    assert [(chunk["stream"], chunk["offset"], chunk["text"]) for chunk in found["chunks"]] == [
        ("stdout", 0, "one\n"),
        ("stderr", 4, "oh\n"),
        ("stdout", 7, "two\n"),
    ]
    assert (found["start"], found["end"], found["size"], found["eof"], found["missing"]) == (0, 11, 11, True, [])
    found = api.get("/jobs/p/output", stream="stderr")
    assert text_of(found) == "oh\n" and found["eof"]
    found = api.get("/jobs/p/output", offset=2, limit=4)
    assert text_of(found) == "e\noh" and (found["end"], found["eof"]) == (6, False)
    assert text_of(api.get("/jobs/p/output", tail=3)) == "wo\n"
    assert api.refused("GET", "/jobs/p/output", offset=12) == (416, "beyond_end")
    assert api.get("/jobs/p/output", offset=11)["eof"]
    assert api.ask("GET", "/jobs/p/output", attempt=2).error["message"] == "job p has no attempt 2, it has only 1"
    add(api.store)
    assert api.refused("GET", "/jobs/1-2/output") == (422, "invalid")


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7, 64])
def test_reading_on_from_the_end_gives_everything(api: Api, limit: int) -> None:
    whole = "aé€😀\n".encode() * 5
    printed(api, Piece(0, STDOUT, whole[:13]), Piece(13, STDOUT, whole[13:]), size=len(whole))
    end, found = 0, ""
    for _ in range(200):
        answer = api.get("/jobs/p/output", offset=end, limit=limit)
        assert answer["start"] == end and (answer["end"] > end or answer["eof"])
        found, end = found + text_of(answer), answer["end"]
        if answer["eof"]:
            break
    assert end == len(whole)
    assert found == whole.decode() or limit < 4


def test_half_a_character_waits_for_the_rest_while_the_job_runs(api: Api) -> None:
    printed(api, Piece(0, STDOUT, "x€".encode()[:3]), is_ended=False)
    found = api.get("/jobs/p/output")
    assert (text_of(found), found["end"], found["eof"]) == ("x", 1, False)
    assert not api.get("/jobs/p/output", offset=100)["chunks"]


@pytest.mark.parametrize(
    "data, kept",
    [
        (b"", 0),
        (b"a", 1),
        (b"\xe2\x82", 0),
        (b"a\xe2\x82", 1),
        ("€".encode(), 3),
        (b"\xff\xfe", 2),
        (b"\x80\x80\x80\x80\x80", 5),
        (b"a\xf0\x9f\x98", 1),
    ],
)
def test_whole_characters_are_counted(data: bytes, kept: int) -> None:
    assert whole_characters(data) == kept


def test_bytes_that_are_no_text_are_shown_escaped(api: Api) -> None:
    printed(api, Piece(0, STDOUT, b"a\xffb\xe2"), size=4)
    assert text_of(api.get("/jobs/p/output")) == "a\\xffb\\xe2"
    assert api.ask("GET", "/jobs/p/output", format="text").body == b"a\xffb\xe2"


def test_gaps_in_an_output_are_shown(api: Api) -> None:
    printed(api, Piece(0, STDOUT, b"head"), Piece(1000, STDOUT, b"tail"), size=1004)
    found = api.get("/jobs/p/output")
    assert found["missing"] == [{"start": 4, "end": 1000}] and text_of(found) == "headtail" and found["eof"]
    found = api.get("/jobs/p/output", offset=10, limit=5)
    assert (found["missing"], found["end"], found["chunks"]) == ([{"start": 10, "end": 1000}], 1000, [])
    answer = api.ask("GET", "/jobs/p/output", download=1)
    assert answer.body == b"head\n[... 996 bytes left out ...]\ntail"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="p-1.log"'


def test_a_job_that_has_not_run_has_no_output_yet(api: Api) -> None:
    add(api.store, id="a")
    found = api.get("/jobs/a/output")
    assert found["attempt"] is None and not found["eof"]
    assert api.refused("GET", "/jobs/a/output", attempt=1) == (404, "not_found")
    assert api.ask("GET", "/jobs/a/output", format="text").body == b""
    api.post("/jobs/a/cancel")
    assert api.get("/jobs/a/output")["eof"]


def test_an_attempt_is_chosen(api: Api) -> None:
    store = api.store
    add(store, id="a", max_retries=5)
    for word in (b"first", b"second"):
        claimed = claim(store)
        with store.writing():
            store.output.append(claimed.attempt_id, [Piece(0, STDOUT, word)], head_end=0, tail_start=0)
        finish(store, claimed, "failed")
        write(store, store.jobs.promote, NOW, 10)
    assert text_of(api.get("/jobs/a/output")) == "second"
    assert text_of(api.get("/jobs/a/output", attempt=1)) == "first"
    assert api.refused("GET", "/jobs/a/output", attempt=3) == (404, "not_found")


def test_a_blocked_job_is_listed_too(api: Api) -> None:
    bring_to(api.store, BLOCKED, id="a")
    write(api.store, api.store.jobs.enqueue, [spec()], origins=ORIGINS, actor="test", now=NOW)
    assert api.ids("state:blocked") == ["a"]


def test_the_name_of_a_number_is_not_taken_for_another_job(api: Api) -> None:
    bring_to(api.store, COMPLETED, id="2")
    bring_to(api.store, COMPLETED, id="other")
    assert api.post("/jobs/other/retry")["job"]["id"] == "other"
