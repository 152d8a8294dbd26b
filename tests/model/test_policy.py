"""What an attempt's end means for its job: which list decides, and what the lists may hold."""

from __future__ import annotations

import pytest

from queuectl.model import policy
from queuectl.model.outcome import Outcome
from queuectl.model.policy import FAIL, OK, RETRY, SNOOZE, Policy, overlaps
from queuectl.model.settings import Settings

SEGV = Outcome.signalled(11, "SIGSEGV")
USR1 = Outcome.signalled(10, "SIGUSR1")
TIMED_OUT = Outcome.timed_out(1)
EXIT = Outcome.exited


def verdict(outcome: Outcome, **lists: str) -> str:
    return Policy.of_options(lists, Settings({})).verdict(outcome)[0]


@pytest.mark.parametrize(
    "outcome, lists, expected",
    [
        (EXIT(1), {}, RETRY),
        (SEGV, {}, RETRY),
        (TIMED_OUT, {}, RETRY),
        (EXIT(24), {"ok_codes": "24"}, OK),
        (EXIT(24), {"ok_codes": "0,20-30"}, OK),
        (EXIT(31), {"ok_codes": "0,20-30"}, RETRY),
        (TIMED_OUT, {"ok_codes": "timeout"}, OK),
        (EXIT(75), {"snooze_on": "75"}, SNOOZE),
        (EXIT(3), {"fail_on": "3,127"}, FAIL),
        (EXIT(127), {"fail_on": "3,127"}, FAIL),
        (EXIT(4), {"fail_on": "3,127"}, RETRY),
        # With a list of those that are tried again, any other exit code is the end; signals and timeouts are not.
        (EXIT(2), {"retry_on": "1,2,64-78"}, RETRY),
        (EXIT(78), {"retry_on": "1,2,64-78"}, RETRY),
        (EXIT(79), {"retry_on": "1,2,64-78"}, FAIL),
        (SEGV, {"retry_on": "1"}, RETRY),
        (TIMED_OUT, {"retry_on": "1"}, RETRY),
        (SEGV, {"retry_on": "1", "fail_on": "signal"}, FAIL),
        (TIMED_OUT, {"retry_on": "1", "fail_on": "timeout"}, FAIL),
        # A signal by its name, whether the kernel or a shell tells of it.
        (SEGV, {"fail_on": "SEGV"}, FAIL),
        (USR1, {"fail_on": "SEGV"}, RETRY),
        (Outcome.signalled(6, "SIGABRT"), {"fail_on": "IOT"}, FAIL),
        (EXIT(139), {"fail_on": "SEGV"}, FAIL),
        (EXIT(139), {"fail_on": "signal"}, FAIL),
        (EXIT(138), {"fail_on": "SEGV"}, RETRY),
        (EXIT(200), {"fail_on": "signal"}, RETRY),
        (SEGV, {"fail_on": "139"}, FAIL),
        (Outcome.signalled(100, "signal 100"), {"fail_on": "signal"}, FAIL),
        # The order.
        (SEGV, {"ok_codes": "signal", "fail_on": "SEGV"}, OK),
        (SEGV, {"fail_on": "SEGV", "retry_on": "signal"}, FAIL),
        # What says nothing about the command is never judged.
        (Outcome.lost("gone"), {"fail_on": "signal,timeout,1-255", "retry_on": "1"}, RETRY),
        (Outcome.released(), {"ok_codes": "signal", "retry_on": "1"}, RETRY),
        (Outcome.not_started("no such directory"), {"fail_on": "1-255", "retry_on": "1"}, RETRY),
        # An empty list of a job stands in place of that of the settings.
        (EXIT(3), {"retry_on": "none"}, RETRY),
    ],
)
def test_the_first_list_that_has_an_end_decides(outcome: Outcome, lists: dict[str, str], expected: str) -> None:
    assert verdict(outcome, **lists) == expected


@pytest.mark.parametrize("text, delay", [("75", 300_000), ("1,75:10m", 600_000), ("70-80:1s", 1_000)])
def test_a_snooze_has_its_own_time_or_five_minutes(text: str, delay: int) -> None:
    assert Policy.of_options({"snooze_on": text}, Settings({})).verdict(EXIT(75)) == (SNOOZE, delay)


def test_a_job_that_snoozed_too_often_is_judged_by_the_other_lists() -> None:
    snoozing = Policy.of_options({"snooze_on": "75"}, Settings({}))
    assert snoozing.verdict(EXIT(75), can_snooze=False)[0] == RETRY
    strict = Policy.of_options({"snooze_on": "75", "retry_on": "1"}, Settings({}))
    assert strict.verdict(EXIT(75), can_snooze=False)[0] == FAIL


def test_an_option_of_the_job_stands_in_place_of_the_setting() -> None:
    settings = Settings({"fail_on": "3", "retry_on": "1"})
    assert Policy.of_options({}, settings).verdict(EXIT(3))[0] == FAIL
    assert Policy.of_options({"fail_on": "4"}, settings).verdict(EXIT(1))[0] == RETRY
    assert Policy.of_options({"fail_on": "none", "retry_on": "none"}, settings).verdict(EXIT(3))[0] == RETRY


@pytest.mark.parametrize(
    "own, default, left",
    [
        ({"fail_on": "1"}, {"retry_on": "1,2"}, {"retry_on": "2"}),
        ({"fail_on": "70"}, {"snooze_on": "3,64-78:10m"}, {"snooze_on": "3,64-69:10m,71-78:10m"}),
        ({"ok_codes": "64-77"}, {"retry_on": "64-78"}, {"retry_on": "78"}),
        ({"retry_on": "SEGV"}, {"fail_on": "139,SEGV,timeout"}, {"fail_on": "timeout"}),
        ({"retry_on": "1"}, {"fail_on": "1"}, {"fail_on": "none"}),
        ({"fail_on": "3"}, {"fail_on": "4", "ok_codes": None}, {}),
        ({}, {"fail_on": "4"}, {"fail_on": "4"}),
        ({"fail_on": "none"}, {"retry_on": "1"}, {"retry_on": "1"}),
    ],
)
def test_a_list_of_the_job_takes_its_ends_from_the_defaults(
    own: dict[str, str], default: dict[str, str | None], left: dict[str, str]
) -> None:
    assert policy.yielding(default, own) == left
    assert overlaps({**left, **own}) is None


def test_a_list_of_the_job_decides_before_an_earlier_one_of_the_settings() -> None:
    settings = Settings({"ok_codes": "1-3"})
    assert Policy.of_options({"fail_on": "2"}, settings).verdict(EXIT(2))[0] == FAIL
    assert Policy.of_options({"fail_on": "2"}, settings).verdict(EXIT(3))[0] == OK


def test_the_words_say_what_each_list_means() -> None:
    lists = {"ok_codes": "24", "snooze_on": "75,76:1m", "fail_on": "3,SEGV", "retry_on": "none"}
    assert Policy.of_options(lists, Settings({})).words == [
        "24 counts as a success",
        "75 means again in 5m, without using up an attempt",
        "76 means again in 1m, without using up an attempt",
        "3,SEGV leaves it dead at once",
    ]
    only = Policy.of_options({"retry_on": "1"}, Settings({})).words
    assert only == ["1 is retried, and any other exit code leaves it dead at once"]
    assert Policy.of_options({"backoff": "10s,1m"}, Settings({})).words == ["the wait between attempts is 10s,1m"]
    assert Policy.of_options({}, Settings({})).words == []
    both = Policy.of_options({"fail_on": "1"}, Settings({"retry_on": "1,2"})).words
    assert [text.partition(" ")[0] for text in both] == ["1", "2"]


@pytest.mark.parametrize(
    "value, kept",
    [
        (None, None),
        ("", None),
        ("default", None),
        ("none", "none"),
        (" NONE ", "none"),
        (3, "3"),
        ("3", "3"),
        (" 1, 2 ,64-78", "1,2,64-78"),
        ("1,\t2\n", "1,2"),
        (["1", 2], "1,2"),
        ("1,1", "1"),
        ("Timeout,SIGNAL,sigsegv,hup", "timeout,signal,SEGV,HUP"),
        ("255", "255"),
    ],
)
def test_a_list_is_kept_in_one_form(value: object, kept: str | None) -> None:
    assert policy.check_codes(value, 0) == kept
    assert policy.check_ok_codes(value, 0) == kept
    assert policy.check_snoozes(value, 0) == kept


BAD = [
    "256",
    "-1",
    "1-",
    "-",
    "3-1",
    "1,,2",
    ",",
    "1;2",
    "1 2",
    "1 -3",
    "x",
    "SIGNOTHING",
    "1:5m",
    1.5,
    True,
    {},
    "1," * 600,
    "1 2",
    "6 4-78",
    "0x1",
    "+1",
]


@pytest.mark.parametrize("value", [*BAD, "0", "0-3"])
def test_any_other_list_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be exit codes and ranges from 1 to 255"):
        policy.check_codes(value, 0)
    if value in BAD:
        with pytest.raises(ValueError, match="must be exit codes and ranges from 0 to 255"):
            policy.check_ok_codes(value, 0)


@pytest.mark.parametrize("value", ["75:", "75:soon", "75:0", "75:31d", ":5m", "75:5m:1", "0:5m"])
def test_a_snooze_with_an_impossible_time_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="and perhaps :DELAY behind each"):
        policy.check_snoozes(value, 0)


@pytest.mark.parametrize(
    "value, name",
    [("INT", "INT"), ("sighup", "HUP"), (10, "USR1"), *((none, None) for none in ("none", "default", None))],
)
def test_a_signal_is_kept_by_its_name(value: object, name: str | None) -> None:
    assert policy.check_signal(value, 0) == name


@pytest.mark.parametrize("value", ["KILL", "STOP", "CONT", 9, 0, 400, "nothing", True, 1.5, []])
def test_a_signal_that_no_process_can_take_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be a signal that a process can take"):
        policy.check_signal(value, 0)


@pytest.mark.parametrize(
    "given, problem",
    [
        ({"ok_codes": "1-3", "fail_on": "3"}, "3 is in ok_codes and in fail_on"),
        ({"snooze_on": "75:1m", "retry_on": "64-78"}, "75 is in snooze_on and in retry_on"),
        ({"fail_on": "SEGV", "retry_on": "139"}, "139 is in fail_on and in retry_on"),
        ({"fail_on": "timeout", "ok_codes": "timeout"}, "timeout is in ok_codes and in fail_on"),
        ({"fail_on": "SEGV", "retry_on": "signal"}, None),
        ({"fail_on": "none", "retry_on": "none"}, None),
        ({"fail_on": "3", "retry_on": None}, None),
    ],
)
def test_an_end_in_two_lists_is_named(given: dict[str, str], problem: str | None) -> None:
    assert overlaps(given) == problem
