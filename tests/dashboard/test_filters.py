"""The filter language in the API: what finds what, and what is refused where."""

from __future__ import annotations

import pytest

from queuectl.model.fields import FILTERS
from queuectl.model.filter import example
from queuectl.model.job import COMPLETED, DEAD, FAILED, HELD, OPEN_STATES, SCHEDULED, STATES
from queuectl.model.outcome import Outcome
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import NOW, add, bring_to, claim, finish

api = asking.api
HOUR = 3_600_000


@pytest.fixture
def filled(api: Api) -> Api:
    """Jobs a to h, each in another state."""
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
        ("!state:dead,completed,pending", "e:1 d c"),
        ("state:open", "f e:2 e:1 d c"),
        ("!state:open", "b a"),
        ("state:held state:dead,failed", "d c a"),
        ("state:open !state:held,pending", "e:1 c"),
        ("state:dead !state:dead", ""),
        ("state:dead state:completed", "b a"),
        ("queue:mail", "b a"),
        ("queue:mail,web", "e:1 c b a"),
        ("queue:mail queue:web", "e:1 c b a"),
        ("!queue:mail !queue:web", "f e:2 d"),
        ("!queue:mail,web", "f e:2 d"),
        ("tag:nightly", "c a"),
        ("tag:nightly,web", "c a"),
        ("tag:nightly tag:web", "c"),
        ("tag:nightly !tag:web", "a"),
        ("!tag:nightly queue:mail", "b"),
        ("tag:night", ""),
        ("id:a", "a"),
        ("id:e:*", "e:2 e:1"),
        ("id:a id:b", "b a"),
        ("!id:e:* state:pending,scheduled", "f"),
        ("exit:0", "b"),
        ("exit:1", "c a"),
        ("exit:>=1", "c a"),
        ("exit:0..5", "c b a"),
        ("exit:0,1", "c b a"),
        ("!exit:1 !state:pending", "e:1 d b"),
        ("exit:0 exit:1", "c b a"),
        ("tries:>0", "c b a"),
        ("tries:=0", "f e:2 e:1 d"),
        ("priority:>=7", "d"),
        ("priority:<0", "e:2"),
        ("priority:-3", "e:2"),
        ("priority:-5..-1,7", "e:2 d"),
        ("created:<2h", "f e:1 d c b a"),
        ("created:>2h", "e:2"),
        ("created:2h..5h", "e:2"),
        ("created:>2h created:<2h", "f e:2 e:1 d c b a"),
        ("started:<2h", "c b a"),
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
        ("!echo queue:default", "f"),
        ("100%", "b"),
        ("d_j", "d"),
        ("eX", "c"),
        ("http://example.org", "c"),
        ('"state:dead"', ""),
        ("text:words", "e:2"),
        ("text:two text:words", "e:2"),
        ("text:sleep,two", "e:2 e:1"),
        ('text:"sleep,two"', ""),
        ('text:"two words"', "e:2"),
        ("make queue:mail state:dead tag:nightly exit:1 tries:1 worker:1", "a"),
    ],
)
def test_a_filter_finds(filled: Api, text: str, found: str) -> None:
    assert filled.ids(text) == found.split()


@pytest.mark.parametrize(
    "text, found",
    [
        ("signal:KILL", "g"),
        ("signal:sigkill,SEGV", "g"),
        ("signal:9", "g"),
        ("signal:SEGV", ""),
        ("!signal:KILL", "t e"),
        ('error:"exit code"', "e"),
        ("error:CODE error:kill", "e g"),
        ('!error:"exit code"', "t g"),
        ('error:"timed out after 5 s"', "t"),
        ("error:100%", ""),
    ],
)
def test_a_filter_finds_how_jobs_failed(api: Api, text: str, found: str) -> None:
    for name, outcome in (
        ("g", Outcome.signalled(9, "SIGKILL")),
        ("e", Outcome.exited(1)),
        ("t", Outcome.timed_out(5)),
    ):
        add(api.store, id=name)
        assert finish(api.store, claim(api.store), DEAD, outcome)
    assert api.ids(text) == sorted(found.split(), key="teg".index)


@pytest.mark.parametrize(
    "text, position, suggestion",
    [
        ("stat:dead", 0, "state"),
        ("echo  quue:mail", 6, "queue"),
        ("state:ded", 6, "dead"),
        ("state:dead,hold", 11, "held"),
        ("!state:peding", 7, "pending"),
        ("a !stat:dead", 3, "state"),
        ("-tag:x", 0, "!tag:x"),
        ("a -state:dead,held b", 2, "!state:dead,held"),
        ('x -text:"a b"', 2, '!text:"a b"'),
        ("a !", 2, None),
        ("signal:SIGNAL", 7, None),
        ('error:""', 6, None),
        ("foo:bar", 0, None),
        ("state:", 0, None),
        ("queue:,", 0, None),
        ("exit:x", 5, None),
        ("a tries:>", 8, None),
        ("tries:3..", 6, None),
        ("exit:--1", 5, None),
        ("priority:1e3", 9, None),
        ("created:2h", 8, None),
        ("created:<soon", 8, None),
        ("created:<2026-02-31", 8, None),
        ("duration:>tomorrow", 9, None),
        ('x "y z', 2, None),
        ("id:*", 3, None),
        ("id:a*b*", 3, None),
        ('""', 0, None),
    ],
)
def test_an_unclear_filter_is_refused_with_its_place(
    api: Api, text: str, position: int, suggestion: str | None
) -> None:
    answer = api.ask("GET", "/jobs", q=text)
    assert (answer.status, answer.error["code"]) == (422, "bad_filter")
    assert (answer.error["position"], answer.error["suggestion"]) == (position, suggestion)
    assert answer.error["field"] == "q"


def test_the_message_has_the_suggestion_too(api: Api) -> None:
    assert 'did you mean "state"?' in api.ask("GET", "/jobs", q="stte:dead").error["message"]


def test_a_sort_is_for_the_states_that_have_it(filled: Api) -> None:
    assert filled.ids(sort="finished") == ["b", "a"]
    assert filled.ids(sort="run_at") == ["c", "e:1"]
    assert filled.ids(sort="priority") == ["f", "e:2"]
    assert filled.ids("state:failed,pending", sort="run_at") == ["c"]
    assert filled.refused("GET", "/jobs", q="state:pending", sort="finished") == (400, "bad_sort")
    assert filled.refused("GET", "/jobs", sort="duration") == (400, "bad_parameter")


@pytest.mark.parametrize("key", FILTERS)
def test_every_key_can_be_turned_around(filled: Api, key: str) -> None:
    everything = set(filled.ids())
    found, others = set(filled.ids(example(key))), set(filled.ids("!" + example(key)))
    assert found | others == everything and not found & others


@pytest.mark.parametrize(
    ("text", "states", "rest", "sorts"),
    [
        ("", list(STATES), "", ["newest", "oldest"]),
        ("state:dead", ["dead"], "", ["newest", "oldest", "finished"]),
        ("STATE:dead,completed", ["completed", "dead"], "", ["newest", "oldest", "finished"]),
        ('state:"pending" queue:mail', ["pending"], "queue:mail", ["newest", "oldest", "priority"]),
        ("state:dead state:failed", ["failed", "dead"], "", ["newest", "oldest"]),
        ("state:failed,scheduled", ["failed", "scheduled"], "", ["newest", "oldest", "run_at"]),
        ("state:open !state:open", [], "", ["newest", "oldest", "finished", "run_at", "priority"]),
        ('"two state:dead" !tag:x', list(STATES), 'text:"two state:dead" !tag:x', ["newest", "oldest"]),
        ("state:open", list(OPEN_STATES), "", ["newest", "oldest"]),
    ],
)
def test_a_page_says_what_the_filter_asks_for(
    api: Api, text: str, states: list[str], rest: str, sorts: list[str]
) -> None:
    read = api.get("/jobs", q=text)["filter"]
    assert sorted(read["states"]) == sorted(states)
    assert (read["rest"], read["sorts"]) == (rest, sorts)
