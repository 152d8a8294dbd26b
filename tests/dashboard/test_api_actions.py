"""Actions on many jobs: what was shown is what is done, or nothing is."""

from __future__ import annotations

import re
import shlex
import threading
from collections import Counter
from typing import Any

import pytest

from queuectl.dashboard.api import actions as actions_api
from queuectl.model.job import CANCELLED, COMPLETED, DEAD, FAILED, HELD, PENDING, PROCESSING, STATES
from queuectl.model.outcome import Outcome
from queuectl.model.verbs import PLAIN_VERBS
from tests.commands.calling import done
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import add, bring_to, claim, finish, state_of, write

api = asking.api


def preview(api: Api, action: str, **what: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.post("/jobs/actions/preview", {"action": action, **what})
    return found


def body_of(shown: dict[str, Any], **more: object) -> dict[str, Any]:
    """Return the body of a commit."""
    return {"selection": shown["selection"], "confirm_count": shown["count"], **more}


def commit(api: Api, shown: dict[str, Any], **flags: bool) -> dict[str, Any]:
    found: dict[str, Any] = api.post("/jobs/actions/commit", body_of(shown, **flags))
    return found


def commit_refused(api: Api, shown: dict[str, Any], **more: object) -> tuple[int, str]:
    return api.refused("POST", "/jobs/actions/commit", body_of(shown, **more))


def states(api: Api) -> list[str]:
    return [job.state for job in api.app.queue.list(sort="number")]


def test_a_preview_changes_nothing_and_a_commit_does_what_it_showed(api: Api) -> None:
    for _ in range(12):
        bring_to(api.store, DEAD, max_retries=0, queue="mail")
    bring_to(api.store, DEAD, max_retries=0, queue="web")
    shown = preview(api, "retry", filter="state:dead queue:mail")
    assert (shown["count"], len(shown["sample"]), shown["left_out"], shown["more"]) == (12, 10, {}, False)
    assert shown["command"] == "queuectl retry 'state:dead queue:mail'"
    assert shown["expires_at"] == "2026-01-01T00:10:00.000Z" and states(api) == [DEAD] * 13
    done = commit(api, shown)
    assert (done["count"], len(done["done"]), done["refused"]) == (12, 12, [])
    assert states(api) == [PENDING] * 12 + [DEAD]


def test_jobs_are_named_by_ids_too(api: Api) -> None:
    for identifier in ("a", "b", "c"):
        add(api.store, id=identifier)
    shown = preview(api, "cancel", ids=["a", "2", "a"])
    assert shown["count"] == 2 and shown["command"] == "queuectl cancel a b"
    assert commit(api, shown)["done"] == ["a", "b"]
    assert api.refused("POST", "/jobs/actions/preview", {"action": "cancel", "ids": ["zz"]}) == (404, "not_found")


def test_jobs_that_the_action_does_not_fit_are_counted(api: Api) -> None:
    for state in (COMPLETED, DEAD, HELD, PROCESSING):
        bring_to(api.store, state)
    shown = preview(api, "release", filter="state:held,completed,dead,processing")
    assert shown["count"] == 1 and shown["left_out"] == {"completed": 1, "dead": 1, "processing": 1}
    assert preview(api, "hold", ids=[])["command"] is None
    shown = preview(api, "release", ids=["1", "2"])
    assert (shown["count"], shown["selection"], shown["sample"], shown["command"]) == (0, None, [], None)
    assert preview(api, "release", filter="state:dead")["command"] is None


KEEP = {"keep_attempts": True}


@pytest.mark.parametrize(
    "previewed, committed, attempts",
    [({}, {}, 0), (KEEP, {}, 1), ({}, KEEP, 1), (KEEP, {"keep_attempts": False}, 0), (KEEP, KEEP, 1)],
)
def test_a_flag_of_the_verb_is_given_to_the_preview_or_to_the_commit(
    api: Api, previewed: dict[str, bool], committed: dict[str, bool], attempts: int
) -> None:
    bring_to(api.store, DEAD, max_retries=0)
    shown = preview(api, "retry", ids=["1"], **previewed)
    assert shown["command"] == "queuectl retry job-1" + (" --keep-attempts" if previewed else "")
    commit(api, shown, **committed)
    assert [job.attempts for job in api.app.queue.list()] == [attempts]


def test_a_flag_of_another_verb_is_refused(api: Api) -> None:
    bring_to(api.store, DEAD, max_retries=0)
    answer = api.ask("POST", "/jobs/actions/preview", {"action": "remove", "ids": ["1"], **KEEP})
    assert (answer.status, answer.error["message"]) == (422, "remove has no flag keep_attempts")
    assert commit_refused(api, preview(api, "remove", ids=["1"]), **KEEP) == (422, "invalid")
    assert states(api) == [DEAD]


@pytest.mark.parametrize("empty", ["", " ", "\t\n"])
def test_an_empty_filter_never_means_all(api: Api, empty: str) -> None:
    add(api.store)
    assert api.refused("POST", "/jobs/actions/preview", {"action": "remove", "filter": empty}) == (422, "bad_filter")


@pytest.mark.parametrize(
    "body, status, code",
    [
        ({"action": "remove"}, 422, "invalid"),
        ({"action": "remove", "ids": [], "filter": "x"}, 422, "invalid"),
        ({"action": "explode", "filter": "x"}, 422, "invalid"),
        ({"filter": "x"}, 422, "invalid"),
        ({"action": "remove", "filter": "stat:x"}, 422, "bad_filter"),
        ({"action": "remove", "ids": [1]}, 422, "invalid"),
        ({"action": "remove", "ids": ["state:pending"]}, 404, "not_found"),
        ({"action": "remove", "ids": ["1", "!tag:x"]}, 404, "not_found"),
        ({"action": "remove", "ids": "a"}, 422, "invalid"),
        ({"action": "remove", "filter": "x", "limit": 0}, 422, "invalid"),
        ({"action": "remove", "filter": "x", "all": True}, 422, "invalid"),
    ],
)
def test_a_wrong_preview_is_refused(api: Api, body: dict[str, Any], status: int, code: str) -> None:
    assert api.refused("POST", "/jobs/actions/preview", body) == (status, code)


def test_a_limit_takes_the_newest_and_says_that_there_are_more(api: Api) -> None:
    for _ in range(5):
        add(api.store)
    shown = preview(api, "cancel", filter="state:pending", limit=2)
    # The command would take the others too.
    assert (shown["count"], shown["more"], shown["command"]) == (2, True, None)
    assert commit(api, shown)["done"] == ["job-5", "job-4"]


def test_a_commit_skips_jobs_that_started_or_went_in_between_and_does_the_rest(api: Api) -> None:
    for _ in range(4):
        add(api.store)
    shown = preview(api, "cancel", filter="state:pending")
    write(api.store, api.store.jobs.remove, 2)
    claim(api.store)
    done = commit(api, shown)
    assert (shown["count"], done["done"]) == (4, ["job-4", "job-3"])
    assert [(left["state"], left["message"]) for left in done["refused"]] == [
        (PROCESSING, 'job "job-1" is processing by now')
    ]
    assert states(api) == [PROCESSING, CANCELLED, CANCELLED]


@pytest.mark.parametrize("what", [{"ids": ["1", "2"]}, {"filter": "queue:default"}])
def test_a_commit_takes_running_jobs_where_running_ones_were_shown(api: Api, what: dict[str, Any]) -> None:
    for _ in range(2):
        add(api.store)
    claim(api.store)
    shown = preview(api, "cancel", **what)
    claim(api.store)
    assert commit(api, shown)["count"] == 2


def test_a_commit_for_which_nothing_is_left_does_nothing(api: Api) -> None:
    add(api.store)
    shown = preview(api, "cancel", filter="state:pending")
    claim(api.store)
    assert commit(api, shown)["count"] == 0
    assert states(api) == [PROCESSING]


def test_a_job_that_came_later_is_not_touched(api: Api) -> None:
    bring_to(api.store, DEAD, max_retries=0)
    shown = preview(api, "remove", filter="state:dead")
    later = bring_to(api.store, DEAD, max_retries=0)
    assert commit(api, shown)["count"] == 1
    assert state_of(api.store, later) == DEAD


def test_another_count_than_was_shown_is_refused(api: Api) -> None:
    add(api.store)
    shown = preview(api, "cancel", filter="state:pending")
    assert commit_refused(api, shown, confirm_count=2) == (409, "selection_changed")
    assert states(api) == [PENDING]


def test_a_selection_is_good_for_one_commit_and_ten_minutes(api: Api) -> None:
    add(api.store)
    shown = preview(api, "cancel", filter="state:pending")
    commit(api, shown)
    assert commit_refused(api, shown) == (410, "selection_expired")
    add(api.store)
    shown = preview(api, "cancel", filter="state:pending")
    api.clock.advance(10 * 60_000)
    assert commit_refused(api, shown) == (410, "selection_expired")
    assert commit_refused(api, shown, selection="guess")[0] == 410


def test_a_selection_of_another_home_is_refused(api: Api, home: str) -> None:
    other = Api(home + "-other")
    add(api.store)
    add(other.store)
    assert commit_refused(other, preview(api, "cancel", filter="state:pending")) == (410, "selection_expired")
    other.close()


def test_so_many_selections_are_kept_and_the_oldest_goes(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions_api, "MOST_SELECTIONS", 3)
    monkeypatch.setattr(actions_api, "SELECTIONS", actions_api.Selections())
    add(api.store)
    shown = [preview(api, "cancel", filter="state:pending") for _ in range(4)]
    assert len({each["selection"] for each in shown}) == 4
    assert commit_refused(api, shown[0])[0] == 410
    assert commit(api, shown[1])["count"] == 1


@pytest.mark.parametrize(
    "action, state, after",
    [
        ("retry", DEAD, PENDING),
        ("cancel", PENDING, CANCELLED),
        ("release", HELD, PENDING),
        ("hold", PENDING, HELD),
        ("remove", COMPLETED, None),
    ],
)
def test_each_action_is_committed(api: Api, action: str, state: str, after: str | None) -> None:
    bring_to(api.store, state, max_retries=0)
    assert commit(api, preview(api, action, ids=["1"])) == {"count": 1, "done": ["job-1"], "refused": [], "notes": []}
    assert states(api) == ([] if after is None else [after])


def test_of_two_commits_at_once_one_is_done(api: Api) -> None:
    for _ in range(20):
        bring_to(api.store, DEAD, max_retries=0)
    shown = preview(api, "retry", filter="state:dead")
    statuses: list[int] = []

    def press() -> None:
        try:
            statuses.append(api.ask("POST", "/jobs/actions/commit", body_of(shown)).status)
        finally:
            api.close()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 410, 410, 410]


@pytest.mark.parametrize(
    "text, command",
    [
        ("state:dead", "state:dead"),
        ("state:dead,failed tag:x", "state:dead,failed tag:x"),
        ("queue:mail", "queue:mail"),
        ("!state:dead", "!state:dead"),
        ("state:dead exit:1", "state:dead exit:1"),
        ("state:dead state:failed", "state:dead state:failed"),
        ("make state:dead", "text:make state:dead"),
        ('"echo b" state:completed', 'text:"echo b" state:completed'),
        ("queue:a,mail tag:x !tag:y", "queue:a,mail tag:x !tag:y"),
    ],
)
def test_the_command_that_is_shown_finds_the_same_jobs(api: Api, text: str, command: str) -> None:
    bring_to(api.store, DEAD, id="a", command="make", queue="mail", tags=("x",), max_retries=0)
    bring_to(api.store, COMPLETED, id="b", command="echo b", queue="mail", tags=("x", "y"))
    bring_to(api.store, FAILED, id="c", command="true", tags=("x",))
    shown = preview(api, "retry", filter=text)
    assert shown["command"] == f"queuectl retry '{command}'"
    found = done(api.app.queue.home.path, *shlex.split(shown["command"])[1:], "--dry-run", "-o", "ids").lines
    assert set(found) == {job["id"] for job in shown["sample"]} != set()


@pytest.mark.parametrize("text", ["queue:default", "!state:dead", "state:open,cancelled"])
@pytest.mark.parametrize("verb", [verb.name for verb in PLAIN_VERBS])
def test_a_filter_means_the_same_jobs_in_api_command_and_python(api: Api, verb: str, text: str) -> None:
    suspended = bring_to(api.store, PROCESSING)
    assert api.app.queue.suspend(suspended).count == 1
    for state in sorted(STATES, key=PENDING.__eq__):
        bring_to(api.store, state)
    shown = preview(api, verb, filter=text)
    command = done(api.app.queue.home.path, verb, text, "--dry-run", "-o", "ids")
    change = api.app.queue.apply(verb, text)
    if verb == "front":
        # All that wait in their queue are found: they are in front of the others, of which there are none.
        assert change.already == len(shown["sample"]) == len(command.lines) and change.done == []
        return
    assert sorted(job["id"] for job in shown["sample"]) == sorted(change.done) != []
    assert set(command.lines) == set(change.done)
    told = {
        state: int(count) for count, state in re.findall(r"(\d+) (\w+)(?=[^;\n]* left out| jobs?$)", command.err, re.M)
    }
    refused = Counter(refused.state for refused in change.refused)
    assert shown["left_out"] == told and refused.items() <= told.items()


def test_a_filter_without_states_never_removes_a_job_that_waits(api: Api) -> None:
    bring_to(api.store, CANCELLED)
    add(api.store)
    shown = preview(api, "remove", filter="queue:default")
    assert (shown["count"], shown["left_out"]) == (1, {PENDING: 1})
    commit(api, shown)
    assert states(api) == [PENDING]
    assert preview(api, "remove", filter="queue:default state:pending")["count"] == 1


def dead(api: Api, code: int, **fields: Any) -> int:
    number = add(api.store, max_retries=0, **fields)
    finish(api.store, claim(api.store), DEAD, Outcome.exited(code))
    return number


def test_dead_jobs_are_grouped_by_how_they_failed(api: Api) -> None:
    for _ in range(7):
        dead(api, 2, command="make")
    killed = add(api.store, max_retries=0)
    finish(api.store, claim(api.store), DEAD, Outcome.signalled(9, "SIGKILL"))
    found = api.get("/dlq/groups")
    first, second = found["by_error"]
    assert found["dead"] == 8
    assert (first["exit_code"], first["value"], first["count"], first["sample_ids"]) == (
        2,
        "exit code 2",
        7,
        ["job-7", "job-1"],
    )
    assert (second["exit_code"], second["signal"], second["sample_ids"]) == (None, 9, [f"job-{killed}"])
    assert [row["count"] for row in found["by_command"]] == [7, 1]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"exit_code": 1},
        {"exit_code": "1", "signal": None, "error": None},
        {"exit_code": 1, "signal": None, "error": None, "x": 1},
    ],
)
def test_a_group_must_be_named_completely(api: Api, body: dict[str, Any]) -> None:
    assert api.refused("POST", "/dlq/groups/preview", {"action": "remove", **body}) == (422, "invalid")


GROUP = {"exit_code": 2, "signal": None, "error": "exit code 2"}


def test_a_group_is_previewed_and_the_commit_does_what_was_shown(api: Api) -> None:
    for code in (2, 2, 1, 2):
        dead(api, code)
    found = api.post("/dlq/groups/preview", {"action": "remove", **GROUP})
    assert (found["count"], found["left_out"], found["more"]) == (3, {}, False)
    assert found["command"] == "queuectl dlq remove job-1 job-2 job-4"
    assert commit(api, found)["done"] == ["job-1", "job-2", "job-4"]
    found = api.post("/dlq/groups/preview", {"action": "remove", **GROUP})
    # Without ids the command would mean every dead job.
    assert (found["count"], found["selection"], found["command"]) == (0, None, None)
    assert api.refused("POST", "/dlq/groups/preview", {"action": "cancel", **GROUP}) == (422, "invalid")


def test_jobs_whose_commands_differ_in_numbers_are_acted_on_without_those_that_only_hold_their_words(api: Api) -> None:
    for command in ("cp a1 N", "cp a22 N", "make; cp a3 N", "cp a4 N2", "cp a5 M"):
        add(api.store, command=command, max_retries=0)
        finish(api.store, claim(api.store), DEAD, Outcome.exited(1))
    found = api.post("/dlq/commands/preview", {"action": "remove", "like": "job-1"})
    assert (found["count"], found["command"]) == (2, "queuectl dlq remove job-1 job-2")
    assert api.refused("POST", "/dlq/commands/preview", {"action": "remove", "like": "job-9"})[0] == 404


def test_a_large_group_has_a_command_that_names_exactly_its_jobs(api: Api) -> None:
    for code in (2, 2, 2, 1, 2, 2, 1, 2):
        dead(api, code)
    dead(api, 1, id="8")  # An id goes before a number.
    dead(api, 1, id="5-6")
    command = api.post("/dlq/groups/preview", {"action": "retry", **GROUP})["command"]
    assert command == "queuectl dlq retry 1-3 job-5 job-6 job-8"
    kept = api.post("/dlq/groups/preview", {"action": "retry", **GROUP, **KEEP})["command"]
    assert kept == f"{command} --keep-attempts"
    references = shlex.split(command)[3:]
    assert sorted(api.app.queue.find(references)) == [1, 2, 3, 5, 6, 8]


def test_a_group_of_too_many_scattered_jobs_has_no_command(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions_api, "LONGEST_LINE", 28)
    for code in (2, 1, 2, 1, 2, 1, 2, 1, 2):
        dead(api, code)
    dead(api, 2)
    assert api.post("/dlq/groups/preview", {"action": "retry", **GROUP})["command"] is None
    monkeypatch.setattr(actions_api, "LONGEST_LINE", 32)
    assert api.post("/dlq/groups/preview", {"action": "retry", **GROUP})["command"] == "queuectl dlq retry 1 3 5 7 9-10"
