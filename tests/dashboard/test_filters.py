"""The filter language: what finds what, and what is refused where."""

from __future__ import annotations

from typing import Any, List

import pytest

from queuectl.dashboard.api.filters import parse, words
from queuectl.dashboard.http.message import HttpError
from queuectl.model.job import COMPLETED, DEAD, FAILED, HELD, SCHEDULED
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import NOW, add, bring_to

api = asking.api
HOUR = 3_600_000


@pytest.fixture
def filled(api: Api) -> Api:
    """Jobs a to h, each in a state of its own."""
    store = api.store
    bring_to(store, DEAD, id="a", command="make test", queue="mail", tags=("nightly",), max_retries=0)
    bring_to(store, COMPLETED, id="b", command="echo 100% done", queue="mail")
    bring_to(store, FAILED, id="c", command="curl http://example.org/x", queue="web", tags=("nightly", "web"))
    bring_to(store, HELD, id="d", command="echo held_job", priority=7)
    bring_to(store, SCHEDULED, id="e:1", command="sleep 5", queue="web")
    add(store, id="e:2", command="echo two words", priority=-3, now=NOW - 3 * HOUR)
    add(store, id="f", command="ls")
    return api


@pytest.mark.parametrize(
    "text, found",
    [
        ("", "f e:2 e:1 d c b a"),
        ("state:dead", "a"),
        ("state:dead,completed", "b a"),
        ("-state:dead,completed,pending", "e:1 d c"),
        ("state:open", "f e:2 e:1 d c"),
        ("-state:open", "b a"),
        ("state:open state:dead,failed", "c"),
        ("state:dead state:completed", ""),
        ("queue:mail", "b a"),
        ("queue:mail,web", "e:1 c b a"),
        ("-queue:mail -queue:web", "f e:2 d"),
        ("tag:nightly", "c a"),
        ("-tag:nightly queue:mail", "b"),
        ("tag:night", ""),
        ("id:a", "a"),
        ("id:e:*", "e:2 e:1"),
        ("-id:e:* state:pending,scheduled", "f"),
        ("exit:0", "b"),
        ("exit:1", "c a"),
        ("exit:>=1", "c a"),
        ("exit:0..5", "c b a"),
        ("exit:0,1", "c b a"),
        ("-exit:1 -state:pending", "e:1 d b"),
        ("tries:>0", "c b a"),
        ("tries:=0", "f e:2 e:1 d"),
        ("priority:>=7", "d"),
        ("priority:<0", "e:2"),
        ("priority:-3", "e:2"),
        ("created:<2h", "f e:1 d c b a"),
        ("created:>2h", "e:2"),
        ("created:<2026-01-01T00:00:00Z", "e:2"),
        ("finished:<1h", "b a"),
        ("duration:<1s", "c b a"),
        ("duration:>1s", ""),
        ("worker:1", "c b a"),
        ("worker:2", ""),
        ("schedule:nightly", ""),
        ("echo", "e:2 d b"),
        ("echo two", "e:2"),
        ('"echo two"', "e:2"),
        ("two echo", "e:2"),
        ('"two echo"', ""),
        ("-echo queue:default", "f"),
        ("100%", "b"),
        ("d_j", "d"),
        ("eX", "c"),
        ("http://example.org", "c"),
        ('"state:dead"', ""),
        ("text:words", "e:2"),
        ('text:"two words"', "e:2"),
        ("make queue:mail state:dead tag:nightly exit:1 tries:1 worker:1", "a"),
    ],
)
def test_a_filter_finds(filled: Api, text: str, found: str) -> None:
    assert filled.ids(text) == found.split()


@pytest.mark.parametrize(
    "text, position, suggestion",
    [
        ("stat:dead", 0, "state"),
        ("echo  quue:mail", 6, "queue"),
        ("state:ded", 0, "dead"),
        ("-state:peding", 0, "pending"),
        ("foo:bar", 0, None),
        ("state:", 0, None),
        ("queue:,", 0, None),
        ("exit:x", 0, None),
        ("a tries:>", 2, None),
        ("tries:3..", 0, None),
        ("exit:--1", 0, None),
        ("priority:1e3", 0, None),
        ("created:2h", 0, None),
        ("created:<soon", 0, None),
        ("created:<2026-02-31", 0, None),
        ("duration:>tomorrow", 0, None),
        ('x "y z', 2, None),
        ("id:*", 0, None),
        ("id:a*b*", 0, None),
        ('""', 0, None),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(
    api: Api, text: str, position: int, suggestion: str | None
) -> None:
    answer = api.ask("GET", "/jobs", q=text)
    assert (answer.status, answer.error["code"]) == (400, "bad_filter")
    assert (answer.error["position"], answer.error["suggestion"]) == (position, suggestion)
    assert answer.error["field"] == "q"


def test_a_suggestion_is_told_to_people_too(api: Api) -> None:
    assert 'did you mean "state"?' in api.ask("GET", "/jobs", q="stte:dead").error["message"]


@pytest.mark.parametrize("text", ["\ud800", "a\0b"])
def test_a_filter_that_is_no_text_is_refused(text: str) -> None:
    with pytest.raises(HttpError):
        parse(text, NOW)


def test_too_many_words_are_refused() -> None:
    parse("a " * 50, NOW)
    with pytest.raises(HttpError, match="50 words"):
        parse("a " * 51, NOW)


@pytest.mark.parametrize(
    "text, found",
    [
        ("a b", [("", "a"), ("", "b")]),
        ('"a b"c', [("", "a bc")]),
        ('tag:"a b"', [("tag", "a b")]),
        ("TAG:x", [("tag", "x")]),
        ("a:b:c", [("a", "b:c")]),
        ("1:2", [("", "1:2")]),
        ('"-x"', [("", "-x")]),
        ("-", [("", "-")]),
    ],
)
def test_words_are_split(text: str, found: List[Any]) -> None:
    assert [(word.name, word.value) for word in words(text)] == found


def test_a_sort_is_for_the_states_that_have_it(filled: Api) -> None:
    assert filled.ids(sort="finished") == ["b", "a"]
    assert filled.ids(sort="run_at") == ["c", "e:1"]
    assert filled.ids(sort="priority") == ["f", "e:2"]
    assert filled.ids("state:failed,pending", sort="run_at") == ["c"]
    assert filled.refused("GET", "/jobs", q="state:pending", sort="finished") == (400, "bad_sort")
    assert filled.refused("GET", "/jobs", sort="duration") == (400, "bad_parameter")


def test_every_qualifier_can_be_negated(filled: Api) -> None:
    everything = set(filled.ids())
    for text in (
        "queue:mail",
        "tag:web",
        "id:a",
        "exit:1",
        "tries:0",
        "priority:0",
        "created:<2h",
        "updated:<2h",
        "finished:<2h",
        "duration:<1s",
        "worker:1",
        "schedule:x",
        "text:echo",
        "state:dead",
    ):
        found, others = set(filled.ids(text)), set(filled.ids("-" + text))
        assert found | others == everything and not found & others, text
