"""A job: its states, how an attempt can end, and what follows from that."""

from __future__ import annotations

import copy
import pickle
from typing import Any, Callable

import pytest

from queuectl.model import job as model
from queuectl.model.job import (
    CANCELLED,
    COMPLETED,
    DEAD,
    FAILED,
    FINAL_STATES,
    PENDING,
    PROCESSING,
    STATES,
    TRANSITIONS,
    WAITING_STATES,
    Job,
    sources,
)
from queuectl.model.kinds import masked
from queuectl.model.outcome import OUTCOMES, Outcome, verb_after


def a_job(**changes: Any) -> Job:
    lists = dict.fromkeys(("inherited", "tags", "locks", "after", "after_any", "after_failed"), ())
    given = {"id": "a", "number": 1, "command": "true", "state": PENDING, "env": {}, **lists, **changes}
    return Job(**{**dict.fromkeys(Job.FIELDS), **given})


def test_every_state_is_waiting_running_or_final() -> None:
    assert sorted(WAITING_STATES + (PROCESSING,) + FINAL_STATES) == sorted(STATES)


def test_transitions_lead_from_every_state_to_a_state() -> None:
    assert {state for state, _ in TRANSITIONS} == set(STATES) >= set(TRANSITIONS.values())


def test_a_final_state_is_left_by_a_retry_only() -> None:
    assert {verb for state, verb in TRANSITIONS if state in FINAL_STATES} == {"retry"}


def test_every_state_that_is_not_final_can_be_cancelled() -> None:
    assert set(sources("cancel")) == set(STATES) - set(FINAL_STATES)


def test_only_a_pending_job_can_be_claimed() -> None:
    assert sources("claim") == (PENDING,)


def test_sources_come_in_the_order_of_states() -> None:
    assert sources("retry") == (FAILED, COMPLETED, DEAD, CANCELLED)
    assert sources("dance") == ()


EXIT_1, TIMED_OUT, STARTLESS = Outcome.exited(1), Outcome.timed_out(1.5), Outcome.not_started("no such directory")
KILLED, LOST = Outcome.signalled(9, "SIGKILL"), Outcome.lost("its worker is gone")
FAILURES = [EXIT_1, TIMED_OUT, STARTLESS, KILLED, LOST]


@pytest.mark.parametrize(
    "outcome, kind, exit_code, signal, error",
    [
        (Outcome.exited(0), "exited", 0, None, None),
        (Outcome.exited(255), "exited", 255, None, "exit code 255"),
        (KILLED, "signalled", None, 9, "killed by SIGKILL"),
        (TIMED_OUT, "timed_out", None, None, "timed out after 1.5 s"),
        (Outcome.timed_out(300.0), "timed_out", None, None, "timed out after 300 s"),
        (Outcome.cancelled(), "cancelled", None, None, "cancelled"),
        (STARTLESS, "not_started", None, None, "cannot start: no such directory"),
        (LOST, "lost", None, None, "its worker is gone"),
        (Outcome.released(), "released", None, None, "worker stopped"),
    ],
)
def test_an_outcome_says_how_it_ended(
    outcome: Outcome, kind: str, exit_code: int | None, signal: int | None, error: str | None
) -> None:
    assert (outcome.kind, outcome.exit_code, outcome.signal, outcome.error) == (kind, exit_code, signal, error)
    assert kind in OUTCOMES
    assert outcome.succeeded == (exit_code == 0)


def state_after(outcome: Outcome, attempts: int, max_retries: int = 3, *, cancel: bool = False) -> str:
    verb = verb_after(outcome, attempts=attempts, max_retries=max_retries, cancel_requested=cancel)
    return TRANSITIONS[PROCESSING, verb]


@pytest.mark.parametrize("cancel", [False, True])
@pytest.mark.parametrize("attempts", [1, 99])
def test_a_success_stands_even_if_a_cancellation_came_too_late(attempts: int, cancel: bool) -> None:
    assert state_after(Outcome.exited(0), attempts, cancel=cancel) == COMPLETED


@pytest.mark.parametrize("outcome", FAILURES, ids=repr)
def test_a_failure_is_tried_again_until_the_retries_are_used_up(outcome: Outcome) -> None:
    states = [state_after(outcome, attempts) for attempts in (1, 2, 3, 4, 5)]
    assert states == [FAILED, FAILED, FAILED, DEAD, DEAD]
    assert state_after(outcome, 1, max_retries=0) == DEAD


@pytest.mark.parametrize("outcome", [*FAILURES, Outcome.released(), Outcome.cancelled()], ids=repr)
def test_a_failure_after_a_requested_cancellation_is_cancelled(outcome: Outcome) -> None:
    assert state_after(outcome, 1, cancel=True) == CANCELLED


def test_a_cancelled_attempt_is_not_tried_again_and_a_released_job_goes_back_even_from_its_last_attempt() -> None:
    assert state_after(Outcome.cancelled(), 1) == CANCELLED
    assert state_after(Outcome.released(), 4) == PENDING


def test_every_verb_after_an_attempt_is_a_transition() -> None:
    snoozed = Outcome.exited(75).snoozed("again in 5m")
    outcomes = [*FAILURES, Outcome.exited(0), Outcome.cancelled(), Outcome.released(), snoozed]
    verbs = {
        verb_after(outcome, attempts=attempts, max_retries=1, cancel_requested=cancel)
        for outcome in outcomes
        for attempts in (1, 2)
        for cancel in (False, True)
    }
    assert verbs == {verb for (state, verb), target in TRANSITIONS.items() if state == PROCESSING != target}


def test_a_job_cannot_be_changed() -> None:
    job = a_job()
    with pytest.raises(AttributeError, match="read-only: cannot set state"):
        job.state = COMPLETED
    assert job.state == PENDING


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda job: pickle.loads(pickle.dumps(job))])
def test_a_job_can_be_copied_and_given_to_another_process(again: Callable[[Job], Job]) -> None:
    job = a_job(tags=("a",), env={"A": "1"})
    other = again(job)
    assert type(other) is Job and [getattr(other, name) for name in Job.FIELDS] == [
        getattr(job, name) for name in Job.FIELDS
    ]


@pytest.mark.parametrize("state", STATES)
def test_a_job_knows_whether_it_is_final(state: str) -> None:
    assert a_job(state=state).is_final == (state in (COMPLETED, DEAD, CANCELLED))


def test_a_job_shows_its_id_state_and_the_start_of_its_command() -> None:
    assert repr(a_job(command="x" * 100)) == f"<Job a pending: '{'x' * 60}'>"


def test_a_job_as_a_dict_has_all_fields_and_no_secrets() -> None:
    job = a_job(env={"API_TOKEN": "hush", "LANG": "C"}, tags=("x", "y"))
    values = job.as_dict()
    assert list(values) == list(Job.FIELDS)
    assert values["env"] == {"API_TOKEN": "***", "LANG": "C"}
    assert values["tags"] == ["x", "y"]
    assert job.env == {"API_TOKEN": "hush", "LANG": "C"}


def test_secrets_are_masked_and_nothing_else_is() -> None:
    secret = ("AWS_SECRET", "api_key", "GH_TOKEN", "DB_PASSWORD", "PASSWD", "Credentials", "AUTH")
    plain = dict.fromkeys(("LANG", "PATH", "HOME", "COUNT"), "shown")
    assert masked({**dict.fromkeys(secret, "hush"), **plain}) == {**dict.fromkeys(secret, "***"), **plain}


def test_the_diagram_names_every_verb() -> None:
    assert all(verb in (model.__doc__ or "") for _, verb in TRANSITIONS)
