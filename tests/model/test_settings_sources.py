"""Where the values of settings come from, and how they are found and held."""

from __future__ import annotations

from typing import Any

import pytest

from queuectl.model.errors import InvalidInput
from queuectl.model.setting import Setting
from queuectl.model.settings import SETTINGS, Settings, find, resolve

NAMES = [setting.name for setting in SETTINGS]


# Names


@pytest.mark.parametrize(
    "given, name",
    [
        ("max_retries", "max_retries"),
        ("max-retries", "max_retries"),
        ("MAX_RETRIES", "max_retries"),
        (" Max-Retries ", "max_retries"),
        ("timeout_seconds", "timeout"),
        ("worker-timeout", "timeout"),
        ("job_lock_timeout", "lease"),
        ("Cleanup-Completed-After-Hours", "retain_completed_hours"),
    ],
)
def test_a_setting_is_found_by_its_names(given: str, name: str) -> None:
    assert find(given).name == name


def test_an_unknown_setting_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InvalidInput) as caught:
        find("max-retrys")
    assert caught.value.message == 'unknown setting "max-retrys" (did you mean "max_retries"?)'
    assert "config show" in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["", "?", "x" * 10_000])
def test_a_name_like_no_setting_is_refused_without_a_guess(name: str) -> None:
    with pytest.raises(InvalidInput, match="^unknown setting") as caught:
        find(name)
    assert "did you mean" not in caught.value.message


# Where values come from


def by_name(rows: list[tuple[Setting, Any, str]]) -> dict[str, tuple[Any, str]]:
    return {setting.name: (value, source) for setting, value, source in rows}


def test_the_environment_overrides_the_home_which_overrides_the_default() -> None:
    rows = resolve({"max_retries": "5", "timeout": "none"}, {"QUEUECTL_MAX_RETRIES": "7", "QUEUECTL_LEASE": "1m"})
    assert [setting for setting, _, _ in rows] == list(SETTINGS)
    values = by_name(rows)
    assert values["max_retries"] == (7, "environment")
    assert values["lease"] == (60_000, "environment")
    assert values["timeout"] == (None, "home")
    assert values["retry_delay"] == (2_000, "default")


def test_a_home_keeps_what_all_its_processes_must_share_whatever_the_environment_says() -> None:
    environ = {"QUEUECTL_TIMEZONE": "Asia/Tokyo"}
    assert by_name(resolve({"timezone": "Europe/Berlin"}, environ))["timezone"] == ("Europe/Berlin", "home")
    assert by_name(resolve({}, environ))["timezone"] == ("Asia/Tokyo", "environment")


def test_a_variable_must_have_the_canonical_name_and_a_value() -> None:
    environ = {"QUEUECTL_WORKER_TIMEOUT": "1", "queuectl_timeout": "1", "TIMEOUT": "1", "QUEUECTL_TIMEOUT": ""}
    values = by_name(resolve({}, environ))
    assert values["timeout"] == (300_000, "default")


def test_a_stored_name_that_is_not_a_setting_is_left_alone() -> None:
    assert by_name(resolve({"from_the_future": "1"}, {})) == by_name(resolve({}, {}))


def test_a_bad_variable_is_refused_with_its_name() -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve({}, {"QUEUECTL_MAX_RETRIES": "many"})
    assert caught.value.message == (
        'max_retries must be a whole number between 0 and 100, got "many" '
        "(from QUEUECTL_MAX_RETRIES in the environment)"
    )
    assert caught.value.hint == "unset QUEUECTL_MAX_RETRIES"
    assert caught.value.field == "max_retries"


def test_a_bad_stored_value_is_refused_with_how_to_get_rid_of_it() -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve({"lease": "never"}, {})
    assert "(from the settings of the home)" in caught.value.message
    assert caught.value.hint == "queuectl config reset lease"


def test_a_good_variable_hides_a_bad_stored_value() -> None:
    assert by_name(resolve({"lease": "never"}, {"QUEUECTL_LEASE": "5"}))["lease"] == (5_000, "environment")


# Settings


def test_settings_hold_what_is_given_and_defaults_for_the_rest() -> None:
    held = Settings({"max_retries": 0, "timeout": None, "job-lock-timeout": 9_000})
    defaults = {setting.name: setting.default for setting in SETTINGS}
    assert vars(held) == {**defaults, "max_retries": 0, "timeout": None, "lease": 9_000}


def test_every_setting_is_a_declared_attribute_and_nothing_else_is() -> None:
    assert list(Settings.__annotations__) == NAMES
    assert set(vars(Settings({}))) == set(NAMES)


def test_resolved_values_become_settings() -> None:
    rows = resolve({"output_limit": "64K"}, {"QUEUECTL_WEBHOOK_EVENTS": "failed,dead"})
    held = Settings({setting.name: value for setting, value, _ in rows})
    assert held.output_limit == 65_536
    assert held.webhook_events == ("failed", "dead")


def test_settings_are_read_only() -> None:
    held = Settings({})
    with pytest.raises(AttributeError, match="read-only"):
        held.lease = 1
    with pytest.raises(AttributeError, match="read-only"):
        del held.lease
    assert held.lease == 30_000


def test_settings_refuse_an_unknown_name() -> None:
    with pytest.raises(InvalidInput, match="unknown setting"):
        Settings({"leese": 1})
