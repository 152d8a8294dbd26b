"""Where and with what a new job runs: its directory, its variables, its flags."""

from __future__ import annotations

from typing import Any

import pytest

from tests.model.specs import SURROGATE, parse, refused


@pytest.mark.parametrize("value", ["/", "/a b/é", "/" + "x" * 4_095, "/" + "é" * 2_047 + "x", "C:\\x", "C:/x"])
def test_a_directory_is_taken(value: str) -> None:
    assert parse(cwd=value).cwd == value


@pytest.mark.parametrize("value", ["", "a", "./a", "~", "~/a", None, 7, ["/"]])
def test_a_directory_that_is_not_absolute_is_refused(value: object) -> None:
    assert "must be an absolute path" in refused("cwd", value)


@pytest.mark.parametrize("value", ["/a\0b", "/" + SURROGATE, "/" + "x" * 4_096, "/" + "é" * 2_048])
def test_a_directory_that_no_system_has_is_refused(value: str) -> None:
    assert "must be valid Unicode without NUL and at most 4096 bytes long" in refused("cwd", value)


LARGE = {f"V{n}": "x" * 32_768 for n in range(3)}
LAST = 131_072 - sum(len(name) + len(value) + 2 for name, value in LARGE.items()) - len("LAST") - 2


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"A": ""},
        {"_": "x"},
        {"a1_": "é\n"},
        {"A" * 128: "x"},
        {"A": "x" * 32_768},
        {"A": "é" * 16_384},
        {f"V{n}": "" for n in range(100)},
        {**LARGE, "LAST": "x" * LAST},
        {"QUEUECTL": "x"},
        {"queuectl_x": "x"},
    ],
    ids=lambda value: f"{len(value)} variables",
)
def test_variables_are_taken(value: dict[str, str]) -> None:
    env = parse(env=value).env
    assert env == value and env is not value


@pytest.mark.parametrize(
    "value, rule",
    [
        ({"A" * 129: "x"}, "must be letters, digits and _, at most 128"),
        ({"1A": "x"}, "must be letters, digits and _, at most 128"),
        ({"": "x"}, "must be letters, digits and _, at most 128"),
        ({"A=B": "x"}, "must be letters, digits and _, at most 128"),
        ({"É": "x"}, "must be letters, digits and _, at most 128"),
        ({"A\0": "x"}, "must be letters, digits and _, at most 128"),
        ({7: "x"}, "must be letters, digits and _, at most 128"),
        ({"QUEUECTL_HOME": "x"}, "names starting with QUEUECTL_ are reserved"),
        ({"A": "a\0b"}, "variable A must be a text without NUL"),
        ({"A": SURROGATE}, "variable A must be valid Unicode"),
        ({"A": 1}, "variable A must be a text without NUL"),
        ({"A": None}, "variable A has no value, write A=VALUE"),
        ({"A": "x" * 32_769}, "variable A must be at most 32768 bytes long"),
        ({"A": "é" * 16_384 + "x"}, "variable A must be at most 32768 bytes long"),
        ({f"V{n}": "" for n in range(101)}, "must have at most 100 variables"),
        ({**LARGE, "LAST": "x" * (LAST + 1)}, "must be at most 131072 bytes in all"),
        ([], "must be an object of texts"),
        (None, "must be an object of texts"),
        ("A=B", "must be an object of texts"),
    ],
)
def test_variables_are_refused(value: object, rule: str) -> None:
    assert rule in refused("env", value)


def test_the_value_of_a_variable_is_not_shown() -> None:
    assert "hush" not in refused("env", {"TOKEN": "hush\0"})
    assert "hush" not in refused("env", {"TOKEN": "hush" * 10_000})


@pytest.mark.parametrize("field", ["hold", "allow_background"])
def test_a_flag_is_true_or_false(field: str) -> None:
    assert [getattr(parse(**{field: value}), field) for value in (True, False)] == [True, False]
    wrong: list[Any] = [0, 1, "true", "yes", None, []]
    for value in wrong:
        assert "must be true or false" in refused(field, value)
