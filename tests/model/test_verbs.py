"""The table of verbs, and that everything else which has verbs has the same ones."""

from __future__ import annotations

import inspect

import pytest

from queuectl import Queue
from queuectl.commands.grammar.registry import load
from queuectl.dashboard.api import routes  # noqa: F401  (declares the routes)
from queuectl.dashboard.api.route import BASE, TABLE
from queuectl.model.job import BLOCKED, HELD, PENDING, PROCESSING, STATE_TABLE, STATES, TRANSITIONS, Job
from queuectl.model.verbs import PLAIN_VERBS, VERBS, Verb, allowed_verbs

INTERNAL = {"claim", "succeed", "fail", "bury", "requeue", "snooze", "promote", "unblock", "postpone"}
NO_TRANSITION = {"duplicate", "remove"}
PLAIN = pytest.mark.parametrize("verb", PLAIN_VERBS, ids=lambda verb: verb.name)


def test_users_have_every_verb_that_leads_from_a_state_but_the_internal_ones() -> None:
    assert {verb for _, verb in TRANSITIONS} == (set(VERBS) - NO_TRANSITION) | INTERNAL


def test_any_job_can_be_duplicated_and_all_except_running_ones_removed() -> None:
    assert VERBS["duplicate"].states == STATES
    assert set(STATES) - set(VERBS["remove"].states) == {PROCESSING}


def a_job(state: str, suspended_by: str | None = None) -> Job:
    values = {**dict.fromkeys(Job.FIELDS), "state": state, "suspended_by": suspended_by}
    return Job(**{**values, "suspended_at": None if suspended_by is None else 1})


@pytest.mark.parametrize("state", STATES)
def test_the_verbs_of_a_state_come_in_the_order_of_the_table(state: str) -> None:
    fitting = [name for name, verb in VERBS.items() if state in verb.states and name != "resume"]
    assert allowed_verbs(a_job(state)) == fitting


@pytest.mark.parametrize(
    "by, expected",
    [(None, ["cancel", "suspend"]), ("user", ["cancel", "resume"]), ("pause", ["cancel", "suspend", "resume"])],
)
def test_the_verbs_of_a_running_job_depend_on_who_suspended_it(by: str | None, expected: list[str]) -> None:
    assert [name for name in allowed_verbs(a_job(PROCESSING, by)) if name != "duplicate"] == expected


@pytest.mark.parametrize(
    "verb, job, reason, hint",
    [
        ("suspend", a_job(PROCESSING), None, None),
        ("suspend", a_job(PROCESSING, "user"), "it is suspended already", "it goes on with: queuectl resume"),
        ("resume", a_job(PROCESSING), "it is not suspended", None),
        ("suspend", a_job(PENDING), "it is pending", "keep it from starting with: queuectl hold"),
        ("suspend", a_job(BLOCKED), "it is blocked", "keep it from starting with: queuectl hold"),
        ("suspend", a_job(HELD), "it is held", None),
        ("hold", a_job(HELD), "it is held already", "let it run with: queuectl release"),
        ("release", a_job(BLOCKED), "it is blocked", "see what it waits for with: queuectl why"),
        ("resume", a_job(HELD), "it is held", "let it run with: queuectl release"),
        ("front", a_job(PROCESSING), "it is processing", None),
        ("remove", a_job(PROCESSING), "it is processing", "cancel it first: queuectl cancel"),
    ],
    ids=[
        "it fits",
        "suspended",
        "running",
        "waiting",
        "blocked",
        "waiting for a user",
        "held twice",
        "not held",
        "held",
        "of no use once cancelled",
        "of use once cancelled",
    ],
)
def test_a_verb_says_why_it_does_not_fit_a_job_and_what_helps(
    verb: str, job: Job, reason: str | None, hint: str | None
) -> None:
    assert VERBS[verb].misfit(job) == reason
    assert reason is None or VERBS[verb].hint(job) == hint


def test_what_a_filter_means_is_what_the_verb_fits() -> None:
    assert [name for name, verb in VERBS.items() if not set(verb.means) <= set(verb.states)] == []


def test_no_two_verbs_have_one_key() -> None:
    keys = [verb.key for verb in VERBS.values() if verb.key]
    assert len(keys) == len(set(keys))


@PLAIN
def test_a_plain_verb_is_a_method_in_python_with_its_flags(verb: Verb) -> None:
    method = getattr(Queue, verb.name)
    signature = inspect.signature(method)
    flags: dict[str, object] = {
        name: found.default for name, found in signature.parameters.items() if found.kind is found.KEYWORD_ONLY
    }
    assert method.__doc__ and signature.return_annotation == "Change"
    assert flags == {flag.name: False for flag in verb.flags}


@PLAIN
def test_a_plain_verb_is_a_command_with_its_flags(verb: Verb) -> None:
    command = load()[verb.name]
    # Resume says what it does to queues, too.
    assert verb.help.startswith(f"{command.help}.") or verb.name == "resume"
    assert {flag.option for flag in verb.flags} <= {arg.long_name for arg in command.args}


@PLAIN
def test_a_plain_verb_is_a_request_for_one_job_and_an_action_on_many(verb: Verb) -> None:
    wanted = ("DELETE", f"{BASE}/jobs/{{id}}") if verb.deletes else ("POST", f"{BASE}/jobs/{{id}}/{verb.name}")
    (found,) = [route for route in TABLE if (route.method, route.path) == wanted]
    assert [field.name for field in (*found.query, *found.body)] == [flag.name for flag in verb.flags]
    (preview,) = [route for route in TABLE if route.path == f"{BASE}/jobs/actions/preview"]
    assert verb.name in preview.body[0].kind.schema["enum"]


def test_each_state_has_its_own_rank() -> None:
    assert sorted(state.rank for state in STATE_TABLE.values()) == list(range(len(STATES)))
