"""`config`: every setting, its aliases, ranges and where its value comes from."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.model.setting import Setting
from queuectl.model.settings import SETTINGS, find
from tests.commands.calling import call, done, refused
from tests.support import run_cli

OTHER = {
    "int": "7",
    "duration": "33s",
    "float": "1",
    "bytes": "3MiB",
    "host": "localhost",
    "url": "http://example.org/x",
    "list": "failed,dead",
    "zone": "UTC",
    "shell": "/opt/my shell",
    "inherit": "none,CUDA_*",
    "successes": "0,24",
    "codes": "3,SEGV",
    "snoozes": "75:10m",
    "backoff": "linear:10s",
    "signal": "INT",
    "command": "notify-send QueueCTL 'it is over'",
}
NAMES = [setting.name for setting in SETTINGS]
SHOWN = [setting.name for setting in SETTINGS]


def rows(home: str) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in done(home, "config", "show", "--json").json()}


def test_every_setting_is_shown_with_its_default_and_range(home: str) -> None:
    found = rows(home)
    assert list(found) == SHOWN
    assert all(
        row["value"] == row["default"] and row["source"] == "default" and row["allowed"] and row["help"]
        for row in found.values()
    )
    assert found["timeout"]["aliases"] == list(find("timeout").aliases)
    assert found["max_retries"]["environment"] == "QUEUECTL_MAX_RETRIES"


def test_config_and_config_list_are_config_show(home: str) -> None:
    shown = done(home, "config", "show").out
    assert done(home, "config").out == done(home, "config", "list").out == shown
    assert done(home, "config", "-o", "ids").lines == SHOWN


@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_a_setting_is_set_read_and_reset(home: str, setting: Setting) -> None:
    text = OTHER[setting.kind]
    answer = done(home, "config", "set", setting.name, text)
    assert answer.out == f"{setting.name} = {text}\n"
    assert done(home, "config", "get", setting.name).out == f"{text}\n"
    assert done(home, "config", "get", setting.name, "-q").out == f"{text}\n"
    assert rows(home)[setting.name]["source"] == "home"
    done(home, "config", "reset", setting.name)
    found = done(home, "config", "get", setting.name, "--json").json()
    assert (found["value"], found["source"]) == (setting.show(setting.default), "default")


def test_a_name_alone_shows_a_setting_and_a_value_behind_it_sets_it(home: str) -> None:
    assert done(home, "config", "max_retries", "5").out == "max_retries = 5\n"
    assert done(home, "config", "MAX-retries").out == "5\n"
    assert done(home, "config", "default_max_retries", "-o", "json").json()["source"] == "home"
    assert done(home, "config", "max_retries=6").out == "max_retries = 6\n"
    assert done(home, "config", "get", "max_retries").out == "6\n"
    assert "between 0 and 100" in refused(home, 2, "config", "max_retries", "-1").err
    assert 'unknown setting "max_retriess"' in refused(home, 2, "config", "max_retriess").err
    assert 'unexpected "2"' in refused(home, 2, "config", "max_retries", "1", "2").err
    done(home, "config", "unset", "max_retries")
    assert done(home, "config", "max_retries").out == "3\n"


@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_every_alias_dashes_and_capitals_name_the_same_setting(home: str, setting: Setting) -> None:
    for name in (setting.name, *setting.aliases):
        for spelling in (name, name.upper(), name.replace("_", "-")):
            found = done(home, "config", "get", spelling, "--json").json()
            assert found["name"] == setting.name


@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_the_environment_overrides_the_home_and_says_so(home: str, setting: Setting) -> None:
    text = OTHER[setting.kind]
    done(home, "config", "set", setting.name, setting.show(setting.default))
    shown = run_cli(home, "config", "get", setting.name, "--json", env={setting.environment: text}).stdout
    assert f'"value": "{text}"' in shown
    assert '"source": "environment"' in shown


def test_setting_what_the_environment_overrides_is_noted(home: str) -> None:
    answer = run_cli(home, "config", "set", "timeout", "5m", env={"QUEUECTL_TIMEOUT": "1m"})
    assert (answer.stdout, answer.stderr) == (
        "timeout = 300s\n",
        "QUEUECTL_TIMEOUT is set in the environment and overrides it\n",
    )


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("max_retries", "101", "a whole number between 0 and 100"),
        ("max_retries", "1.5", "a whole number"),
        ("max-retries", "-1", "between 0 and 100"),
        ("max_retries", "", "between"),
        ("timeout", "0", "between 0.1 and 2592000 seconds, or none"),
        ("timeout", "31d", "between 0.1"),
        ("backoff_base", "0.5", "a number between 1 and 10"),
        ("retry_jitter", "nan", "between 0 and 1"),
        ("output_limit", "1", "between 1KiB and 1GiB"),
        ("worker_count", "0", "between 1 and 256"),
        ("lease", "1s", "between 2 and 3600"),
        ("dashboard_port", "65536", "between 1 and 65535"),
        ("dashboard_host", "a b", "a host name or an IP address"),
        ("webhook_url", "ftp://x", "an http or https URL without a user name, or none"),
        ("webhook_events", "ded", "completed, failed, dead, cancelled"),
        ("retain_completed_hours", "x", "a number between 0 and 876000 hours, or none"),
        ("max_retries", "٣", "a whole number"),
    ],
)
def test_a_bad_value_is_refused_with_the_range(home: str, name: str, value: str, allowed: str) -> None:
    answer = refused(home, 2, "config", "set", name, *(["--", value] if value.startswith("-") else [value]))
    assert allowed in answer.err
    assert f'got "{value}"' in answer.err
    assert all(row["source"] == "default" for row in rows(home).values())


@pytest.mark.parametrize("words", [["get", "max_retrys"], ["set", "max_retrys", "1"], ["reset", "max_retrys"]])
def test_an_unknown_setting_is_named_with_the_nearest(home: str, words: list[str]) -> None:
    answer = call(home, "config", *words)
    assert answer.code in (2, 3)
    assert answer.problems == ['unknown setting "max_retrys" (did you mean "max_retries"?)']


def test_a_bad_value_in_the_environment_says_where_it_is(home: str) -> None:
    for words in (["config", "show"], ["add", "true"]):
        answer = run_cli(home, *words, env={"QUEUECTL_TIMEOUT": "soon"})
        assert answer.returncode == 2
        assert "QUEUECTL_TIMEOUT in the environment" in answer.stderr
        assert "unset QUEUECTL_TIMEOUT" in answer.stderr


def test_an_empty_variable_counts_as_not_set(home: str) -> None:
    assert run_cli(home, "config", "get", "timeout", env={"QUEUECTL_TIMEOUT": ""}).stdout == "300s\n"


def test_reset_of_all_needs_yes(home: str) -> None:
    assert done(home, "config", "reset").err == "no setting was set\n"
    done(home, "config", "set", "timeout", "5s")
    done(home, "config", "set", "lease", "9s")
    answer = refused(home, 2, "config", "reset")
    assert (answer.problems, answer.hint) == (["this would reset 2 settings, so it needs a confirmation"], "pass --yes")
    assert done(home, "config", "reset", "--yes", "--json").json() == [
        {"name": "timeout", "value": "300s"},
        {"name": "lease", "value": "30s"},
    ]
    assert all(row["source"] == "default" for row in rows(home).values())


def test_settings_are_the_defaults_of_new_jobs_and_a_flag_wins(home: str) -> None:
    done(home, "config", "set", "max_retries", "9")
    done(home, "config", "set", "worker-timeout", "none")
    done(home, "add", "true")
    job = done(home, "show", "last", "--json").json()
    assert (job["max_retries"], job["timeout"]) == (9, None)
    answer = run_cli(home, "add", "true", "--retries", "1", env={"QUEUECTL_MAX_RETRIES": "5", "QUEUECTL_TIMEOUT": "7"})
    assert "retries:  1" in answer.stdout
    assert "timeout:  7s" in answer.stdout


@pytest.mark.parametrize(
    "words", [["max_retries", "5"], ["max-retries=5"], ["--max-retries", "5"], ["--default-max-retries=5"]]
)
def test_a_setting_is_set_in_every_form(home: str, words: list[str]) -> None:
    assert done(home, "config", "set", *words).out == "max_retries = 5\n"
    assert done(home, "config", "get", "max_retries").out == "5\n"


@pytest.mark.parametrize(
    ("words", "problem", "key"),
    [
        ([], "config set needs KEY and VALUE", "KEY"),
        (["timeout"], "config set needs VALUE", "timeout"),
        (["timeout", "5", "--max-retries", "5"], "config set sets one setting at a time", "KEY"),
        (["--timeout", "5", "--max-retries", "5"], "config set sets one setting at a time", "KEY"),
    ],
)
def test_less_or_more_than_one_setting_is_refused(home: str, words: list[str], problem: str, key: str) -> None:
    answer = refused(home, 2, "config", "set", *words)
    assert (answer.problems, answer.hint) == ([problem], f"queuectl config set {key} VALUE")
    assert rows(home)["max_retries"]["source"] == "default"


def test_without_a_name_all_settings_are_shown(home: str) -> None:
    assert done(home, "config", "get", "--json").json() == done(home, "config", "show", "--json").json()
