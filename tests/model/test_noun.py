"""A noun writes a thing by its keys, whatever holds them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from queuectl.model.kinds import DURATION, TEXT, TIME, VARIABLES, Kind, integer, one_of
from queuectl.model.noun import Noun, many, maybe, table

NOON = 1_767_268_800_000
STEP = Noun("step", at=TIME, took=maybe(DURATION))


@pytest.mark.parametrize("thing", [{"at": NOON, "took": 1_500}, SimpleNamespace(at=NOON, took=1_500)])
def test_a_thing_is_a_dict_or_has_attributes(thing: object) -> None:
    assert STEP.json(thing) == {"at": "2026-01-01T12:00:00.000Z", "took": 1.5}
    assert STEP.part(thing, "took") == 1_500


def test_what_has_no_key_is_left_out_and_what_has_one_must_be_there() -> None:
    assert STEP.json({"at": NOON, "took": None, "more": 1}) == {"at": "2026-01-01T12:00:00.000Z", "took": None}
    with pytest.raises(KeyError):
        STEP.json({"at": NOON})


@pytest.mark.parametrize(
    "kind, given, kept",
    [
        (maybe(TEXT), None, None),
        (maybe(many(TEXT)), None, None),
        (many(TEXT, 2), ["a", "b"], ["a", "b"]),
        (many(DURATION), ["1s", 2], [1_000, 2_000]),
        (one_of("a", "b"), "b", "b"),
        (integer(1, 3), 3, 3),
    ],
)
def test_what_is_given_is_checked_as_what_holds_it_says(kind: Kind, given: object, kept: object) -> None:
    assert kind.check(given, NOON) == kept


@pytest.mark.parametrize(
    "kind, given, rule",
    [
        (TEXT, None, "must be a text"),
        (maybe(TEXT), 1, "must be a text"),
        (many(TEXT), "a", "must be a list"),
        (many(TEXT, 1), ["a", "b"], "must be a list of at most 1"),
        (many(TEXT), ["a", 1], "must be a list in which each must be a text"),
        (one_of("a", "b"), "c", "must be one of a, b"),
        (one_of("a"), ["a"], "must be one of a"),
        (integer(1, 3), True, "must be a whole number between 1 and 3"),
    ],
)
def test_what_is_not_allowed_is_refused_with_the_rule(kind: Kind, given: object, rule: str) -> None:
    with pytest.raises(ValueError) as caught:
        kind.check(given, NOON)
    assert str(caught.value) == rule


def test_a_kind_that_differs_in_some_parts_leaves_the_other_as_it_is() -> None:
    other = TEXT.but(example="x", is_free=False)
    assert (other.name, other.example, other.is_free) == ("text", "x", False)
    assert TEXT.is_free and TEXT.example != "x"
    with pytest.raises(AttributeError):
        TEXT.but(exmaple="x")


@pytest.mark.parametrize(
    "kind, value, written",
    [
        (many(STEP), ({"at": 0, "took": 0},), [{"at": "1970-01-01T00:00:00.000Z", "took": 0}]),
        (table(DURATION), {"a": 2_000, "b": 1}, {"a": 2, "b": 0.001}),
        (maybe(STEP), None, None),
        (maybe(many(TEXT)), None, None),
        (maybe(many(TEXT)), ("a",), ["a"]),
        (many(maybe(DURATION)), [None, 1_000], [None, 1]),
        (one_of("a", "b"), "b", "b"),
        (VARIABLES, {"API_KEY": "x", "LANG": "C"}, {"API_KEY": "***", "LANG": "C"}),
        (DURATION, 1_234.4, 1.234),
    ],
)
def test_what_holds_others_writes_each_of_them(kind: Kind, value: Any, written: Any) -> None:
    assert kind.json(value) == written
