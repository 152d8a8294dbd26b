"""What a new job may be called, and what it may run."""

from __future__ import annotations

from typing import Sequence

import pytest

from queuectl.model.errors import InvalidInput
from queuectl.model.spec import JobSpec
from tests.model.specs import NOW, SURROGATE, parse, refused

# Names


@pytest.mark.parametrize("value", ["7", "007", "3-9", "last", "state:dead", "ID:x", "tag:", "batch:1", "host:a"])
def test_an_id_that_reads_like_a_reference_or_a_filter_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput, match="must not read like a number") as raised:
        parse(id=value)
    assert raised.value.field == "id"


@pytest.mark.parametrize(
    "value",
    [
        "a",
        "7a",
        "Z",
        "a" * 128,
        "a.b_c:d-e",
        "0-",
        "0-a",
        "Last",
        "last-1",
        "3-9x",
        "1.5",
        "state",
        "e:state:1",
        "job:1",
        None,
    ],
)
def test_an_id_is_taken(value: str | None) -> None:
    assert parse(id=value).id == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a" * 129,
        "-a",
        ".",
        "..",
        "_a",
        ":a",
        "a b",
        "a/b",
        "a\n",
        "a\0",
        "é",
        "а",
        "a" + SURROGATE,
        "a,b",
        7,
        True,
        ["a"],
        b"a",
    ],
)
def test_an_id_is_refused(value: object) -> None:
    assert "must be 1 to 128 of A-Z a-z 0-9 . _ : -" in refused("id", value)


@pytest.mark.parametrize("value", ["a", "7", "a" * 64, "a.b_c-d"])
def test_a_name_is_taken(value: str) -> None:
    assert parse(queue=value).queue == value
    assert parse(tags=[value]).tags == (value,)


@pytest.mark.parametrize("value", ["", "a" * 65, "-a", ".a", "_a", "a:b", "a b", "a,b", "é", "a\n", SURROGATE, 7, None])
def test_a_name_is_refused(value: object) -> None:
    assert "must be 1 to 64 of A-Z a-z 0-9 . _ -" in refused("queue", value)
    assert "must be 1 to 64 of A-Z a-z 0-9 . _ -" in refused("tags", [value])


@pytest.mark.parametrize("value", [[], ["a"], ("a", "b"), [f"t{n}" for n in range(16)]])
def test_tags_are_taken(value: Sequence[str]) -> None:
    assert parse(tags=value).tags == tuple(value)


def test_a_tag_that_comes_twice_is_kept_once_and_in_order() -> None:
    assert parse(tags=["b", "a", "b"]).tags == ("b", "a")


@pytest.mark.parametrize("value", [[f"t{n}" for n in range(17)], "a", {"a": 1}, None, {"a"}, 1])
def test_tags_are_refused(value: object) -> None:
    assert refused("tags", value) == "tags: must be a list of at most 16 names"


# The command


@pytest.mark.parametrize(
    "value", ["x", " x ", "a\nb\tc", "echo é \u2028", "x" * 65_536, "é" * 32_768, "\U0001f600" * 16_384, "\x01"]
)
def test_a_command_is_taken_as_it_is(value: str) -> None:
    assert parse(command=value).command == value


@pytest.mark.parametrize(
    "value, rule",
    [
        ("", "must not be empty"),
        (" \t\n\u00a0", "must not be empty"),
        ("a\0b", "must not contain a NUL character"),
        ("\0", "must not contain a NUL character"),
        ("a" + SURROGATE, "must be valid Unicode, it holds a lone surrogate"),
        ("x" * 65_537, "must be at most 65536 bytes long"),
        ("é" * 32_768 + "x", "must be at most 65536 bytes long"),
        ("\U0001f600" * 16_384 + "x", "must be at most 65536 bytes long"),
        (None, "must be a text"),
        (7, "must be a text"),
        (["true"], "must be a text"),
        (b"true", "must be a text"),
    ],
)
def test_a_command_is_refused(value: object, rule: str) -> None:
    assert rule in refused("command", value)


def test_a_long_value_is_cut_where_it_is_shown() -> None:
    shown = refused("command", "x" * 70_000)
    assert ', got "' + "x" * 80 in shown and len(shown) < 160


def test_a_missing_command_is_a_problem() -> None:
    with pytest.raises(InvalidInput) as caught:
        JobSpec.parse({}, max_retries=3, timeout=None, cwd="/", now=NOW)
    assert caught.value.problems == ["command is missing"]
