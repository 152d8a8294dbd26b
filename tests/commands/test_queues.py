"""Commands about queues: limits, rates, pauses, drains."""

from __future__ import annotations

import pytest

from queuectl.model.job import PROCESSING
from tests.commands.calling import call, done, refused, store
from tests.store.building import bring_to


def test_a_queue_is_limited_and_shown(home: str) -> None:
    done(home, "add", "true", "-Q", "mail")
    assert done(home, "queue", "limit", "mail", "2").out == "Queue mail: at most 2 jobs at a time\n"
    assert done(home, "queue", "rate", "mail", "100/h:20").out == "Queue mail: 100/h:20 may start\n"
    (found,) = done(home, "queue", "list", "--json").json()
    expected = {"queue": "mail", "state": "open", "pending": 1, "slots": 2, "rate": "100/h:20"}
    assert {name: found[name] for name in expected} == expected
    done(home, "queue", "limit", "mail", "none")
    done(home, "queue", "rate", "mail", "none")
    found = done(home, "queue", "show", "mail", "--json").json()
    assert (found["slots"], found["rate"]) == (None, None)


def test_a_name_that_no_job_has_is_reported(home: str) -> None:
    assert done(home, "queue", "limit", "mail", "2").err == "no job is in queue mail yet\n"
    assert "no job is in queue news yet" in done(home, "pause", "news").err


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (("queue", "limit", "mail", "x"), 2, "between 1 and 10000, or none"),
        (("queue", "limit", "mail", "0"), 2, "between 1 and 10000, or none"),
        (("queue", "limit", "mail", "-1"), 2, "between 1 and 10000, or none"),
        (("queue", "rate", "mail", "10"), 2, "the rate must be a number and a unit"),
        (("queue", "set", "mail", "cwd", "/"), 2, "key must be one of max_retries, timeout, priority"),
        (("queue", "show", "mail"), 3, 'there is no queue "mail"'),
        (("queue", "clear", "mail"), 3, 'there is no queue "mail"'),
        (("queue", "resume", "mail"), 4, "queue mail is not paused"),
        (("resume", "default"), 4, "queue default is not paused"),
        (("resume", "mail"), 3, 'no job with id "mail"'),
        (("pause", "--for", "1h", "--until", "18:00"), 2, "give either --for or --until, not both"),
        (("pause", "--until", "2020-01-01"), 2, "which has passed"),
        (("pause", "job-1"), 2, "pause takes queues, and job-1 is a job"),
        (("pause", "1"), 2, "pause takes queues, and 1 is a job"),
    ],
)
def test_what_cannot_be_done_with_queues_is_refused(home: str, words: tuple[str, ...], code: int, problem: str) -> None:
    done(home, "add", "true", "--hold")
    assert problem in refused(home, code, *words).problems[0]


def test_everything_is_paused_and_resumed(home: str) -> None:
    done(home, "add", "true", "-Q", "mail")
    assert done(home, "pause", "--reason", "game").out == "Everything is paused: game\n"
    assert f"home:      {home} (paused: game)" in done(home, "status").lines
    assert done(home, "why", "last").lines == ["job-1 is pending: everything is paused: game", "  queuectl resume"]
    assert done(home, "queue", "list").err == "everything is paused: game: queuectl resume\n"
    done(home, "queue", "pause", "mail", "--for", "1h")
    answer = done(home, "resume", "mail")
    assert answer.out == "Resumed: queue mail\n"
    assert answer.err == "everything is still paused: game; end that with: queuectl resume\n"
    assert done(home, "resume", "--json").json() == [{"queue": None}]
    assert done(home, "resume").err == "nothing was paused\n"


def test_a_pause_tells_programs_until_when_it_lasts(home: str) -> None:
    (found,) = done(home, "pause", "mail", "--until", "2099-01-01T00:00:00Z", "--schedules", "--json").json()
    assert (found["queue"], found["until"], found["schedules"]) == ("mail", "2099-01-01T00:00:00.000Z", True)
    status = done(home, "status", "--json").json()
    assert status["pauses"] == [found]
    assert [alert["level"] for alert in status["alerts"] if alert["code"] == "paused"] == ["info"]


def test_a_drained_queue_takes_no_new_jobs(home: str) -> None:
    done(home, "add", "true", "-Q", "mail")
    done(home, "queue", "drain", "mail")
    answer = refused(home, 4, "add", "true", "-Q", "mail")
    assert answer.hint == "let it take jobs again with: queuectl queue resume mail"
    done(home, "queue", "resume", "mail")
    done(home, "add", "true", "-Q", "mail")


def test_what_waits_in_a_queue_is_cancelled_when_that_is_confirmed(home: str) -> None:
    done(home, "add", "true", "-Q", "mail", "--id", "a")
    done(home, "add", "true", "-Q", "mail", "--id", "b", "--hold")
    done(home, "add", "true", "--id", "c")
    assert "would cancel 2 waiting jobs" in refused(home, 2, "queue", "clear", "mail").problems[0]
    done(home, "queue", "clear", "mail", "--yes")
    found = {job["id"]: job["state"] for job in done(home, "list", "--json").json()}
    assert found == {"a": "cancelled", "b": "cancelled", "c": "pending"}


def test_a_queue_gives_its_jobs_defaults(home: str) -> None:
    done(home, "queue", "set", "encode", "timeout", "2h")
    done(home, "add", "true", "-Q", "encode")
    assert done(home, "show", "last", "--json").json()["timeout"] == 7200


def test_a_queue_cannot_have_a_code_in_two_lists(home: str) -> None:
    done(home, "queue", "set", "mail", "fail_on", "1-3")
    problem = '2 is in fail_on and in retry_on for queue "mail"'
    assert problem in refused(home, 2, "queue", "set", "mail", "retry_on", "2").err
    assert done(home, "queue", "show", "mail", "--json").json()["defaults"] == {"fail_on": "1-3"}
    done(home, "queue", "set", "mail", "fail_on", "default")
    done(home, "queue", "set", "mail", "retry_on", "2")


def test_waiting_for_a_job_of_a_paused_queue_says_so(home: str) -> None:
    done(home, "add", "true", "-Q", "mail")
    done(home, "pause", "mail", "--reason", "game")
    answer = call(home, "wait", "job-1", "--timeout", "0.1")
    assert answer.code == 124
    assert "job-1 waits: queue mail is paused: game; resume with: queuectl resume mail" in answer.err


def test_a_drain_leaves_what_is_paused_and_says_so(home: str) -> None:
    done(home, "add", "true", "-Q", "mail")
    done(home, "add", "true", "--id", "other")
    done(home, "pause", "mail")
    answer = call(home, "worker", "start", "--no-detach", "--drain", "--count", "1")
    assert answer.code == 4
    assert "1 job of paused queues is left; see the pauses with: queuectl queue list" in answer.err
    assert done(home, "show", "other", "--json").json()["state"] == "completed"


def suspended(home: str) -> dict[str, bool]:
    return {job["id"]: job["suspended_at"] is not None for job in done(home, "list", "--json").json()}


def test_a_pause_suspends_what_runs_and_resume_lets_it_go_on(home: str) -> None:
    with store(home) as opened:
        for name in ("mail", "web"):
            bring_to(opened, PROCESSING, queue=name, id=name + "-1")
    assert "1 job is suspended" in done(home, "pause", "mail", "--running").err
    assert suspended(home) == {"mail-1": True, "web-1": False}
    answer = done(home, "resume", "mail")
    assert answer.out == "Resumed: queue mail\n" and answer.err == "1 job goes on\n"
    assert suspended(home) == {"mail-1": False, "web-1": False}


def test_resume_without_an_argument_leaves_what_a_user_has_suspended(home: str) -> None:
    with store(home) as opened:
        for name in ("mail", "web"):
            bring_to(opened, PROCESSING, queue=name, id=name + "-1")
    done(home, "suspend", "web-1")
    done(home, "pause", "--running")
    assert suspended(home) == {"mail-1": True, "web-1": True}
    done(home, "resume")
    assert suspended(home) == {"mail-1": False, "web-1": True}
    done(home, "resume", "web-1")
    assert suspended(home) == {"mail-1": False, "web-1": False}


def test_a_word_that_is_a_paused_queue_and_a_suspended_job_is_refused(home: str) -> None:
    with store(home) as opened:
        bring_to(opened, PROCESSING, queue="mail", id="mail")
        bring_to(opened, PROCESSING, queue="mail", id="other")
    done(home, "pause", "mail")
    done(home, "suspend", "mail", "other")
    answer = refused(home, 2, "resume", "mail")
    assert answer.problems == ["mail is a paused queue and a suspended job"]
    assert answer.hint == "for the queue: queuectl queue resume mail"
    assert refused(home, 2, "resume", "mail", "other").problems == ["give either queues or jobs, not both"]
    done(home, "queue", "resume", "mail")
    assert suspended(home) == {"mail": True, "other": True}
    done(home, "resume", "mail")
    assert suspended(home) == {"mail": False, "other": True}
