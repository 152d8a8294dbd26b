"""Finding jobs by a filter: which, how many, in which order."""

from __future__ import annotations

import random
import time
from typing import Any, Sequence

import pytest

from queuectl.model.filter import Filter, of_options
from queuectl.model.filterparse import LONGEST_VALUE, MOST_VALUES, parse
from queuectl.model.job import COMPLETED, DEAD, FAILED, FINAL_STATES, PENDING, SCHEDULED, STATES, Job
from queuectl.model.sorts import SORT_KEYS
from queuectl.store import Store
from tests.store.building import ALL_STATES, LATER, NOW, add, bring_to, claim, enqueue, finish, spec

SEED = time.time_ns()


def wanted(
    states: Sequence[str] = (), queues: Sequence[str] = (), tags: Sequence[str] = (), search: str | None = None
) -> Filter:
    return parse(of_options(state=states, queue=queues, tag=tags, search=search), NOW)


def found(store: Store, *, sort: str = "-number", **fields: Any) -> list[int]:
    return store.find.numbers(wanted(**fields), sort)


@pytest.fixture
def one_of_each(store: Store) -> dict[str, int]:
    """A job in every state, the claimable one last; numbers by state."""
    order = [state for state in ALL_STATES if state != PENDING] + [PENDING]
    return {state: bring_to(store, state, queue=f"q{index % 2}") for index, state in enumerate(order)}


def test_without_a_filter_all_jobs_come_newest_first(store: Store) -> None:
    enqueue(store, spec(), spec(), spec())
    assert found(store) == [3, 2, 1]
    assert store.find.numbers(Filter(), limit=2) == [3, 2]
    assert store.find.numbers(Filter(), limit=0) == []


@pytest.mark.parametrize("state", STATES)
def test_jobs_are_found_by_state(store: Store, one_of_each: dict[str, int], state: str) -> None:
    assert found(store, states=[state]) == [one_of_each[state]]
    assert store.find.count(wanted(states=[state])) == 1


@pytest.mark.parametrize("states", [FINAL_STATES, (SCHEDULED, FAILED), (PENDING, PENDING), STATES])
def test_jobs_are_found_by_several_states(store: Store, one_of_each: dict[str, int], states: tuple[str, ...]) -> None:
    assert set(found(store, states=states)) == {one_of_each[state] for state in states}
    assert store.find.count(wanted(states=states)) == len(set(states))


def test_a_state_that_does_not_exist_is_a_mistake(store: Store) -> None:
    with pytest.raises(ValueError, match="no such state"):
        Filter(["pending' OR '1"])


def test_jobs_are_found_by_queue_and_state_together(store: Store) -> None:
    enqueue(store, spec(queue="a"), spec(queue="b"), spec(queue="a", run_at=LATER))
    assert found(store, queues=["a"]) == [3, 1]
    assert found(store, queues=["a"], states=[PENDING]) == [1]
    assert found(store, queues=["c"]) == []
    assert store.find.count(wanted(queues=["a"])) == 2
    assert store.find.count(wanted(queues=["a"], states=[SCHEDULED])) == 1
    assert store.find.count(wanted(queues=["c"])) == 0


def test_a_tag_is_found_whole(store: Store) -> None:
    enqueue(store, spec(tags=("a", "b.c")), spec(tags=("ab",)), spec(), spec(tags=("b", "a")))
    assert found(store, tags=["a"]) == [4, 1]
    assert found(store, tags=["b"]) == [4]
    assert found(store, tags=["b.c"]) == [1]
    assert found(store, tags=["b."]) == found(store, tags=["c"]) == []
    assert store.find.count(wanted(tags=["a"])) == 2


def test_tags_must_all_be_there_and_queues_any(store: Store) -> None:
    enqueue(store, spec(tags=("a", "b"), queue="x"), spec(tags=("a",), queue="y"), spec(tags=("b", "a"), queue="z"))
    assert found(store, tags=["a", "b"]) == found(store, tags=["b", "a"]) == [3, 1]
    assert found(store, queues=["x", "y"]) == [2, 1]
    assert found(store, queues=["x", "y", "none"], tags=["a", "b"]) == [1]
    assert store.find.count(wanted(queues=["z", "x"])) == 2
    assert store.find.count(wanted(queues=["z", "x"], tags=["a", "b"])) == 2


def test_jobs_are_counted_by_state_with_and_without_the_kept_counts(store: Store, one_of_each: dict[str, int]) -> None:
    every = dict.fromkeys(STATES, 1)
    assert store.find.count_by_state(Filter()) == every
    assert store.find.count_by_state(wanted(search="true")) == every
    assert list(store.find.count_by_state(wanted(states=[DEAD, FAILED]))) == [FAILED, DEAD]
    asked: list[dict[str, Any]] = [
        {"queues": ["q0"]},
        {"queues": ["q0", "q1"], "states": [PENDING]},
        {"queues": ["q9"]},
    ]
    for fields in asked:
        kept, scanned = (store.find.count_by_state(wanted(**fields, search=text)) for text in (None, "true"))
        assert kept == scanned
        assert sum(kept.values()) == len(found(store, **fields))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("100%", [1]),
        ("%", [1]),
        ("_", [2]),
        ("a_b", [2]),
        ("\\", [3]),
        ("c\\d", [3]),
        ("'", [4]),
        ("nightly", [5]),
        ("NIGHT", [5]),
        ("x", [5, 4, 3, 2, 1]),
        ("", [5, 4, 3, 2, 1]),
        ("é", [4]),
        ("a%b", []),
        ("?", []),
    ],
)
def test_a_text_is_searched_literally_in_commands_and_ids(store: Store, text: str, expected: list[int]) -> None:
    enqueue(store, spec("x 100%"), spec("x a_b"), spec("x c\\d"), spec("x 'é'"), spec("x", id="nightly"))
    assert found(store, search=text) == expected
    assert store.find.count(wanted(search=text)) == len(expected)


def test_filters_combine(store: Store) -> None:
    enqueue(
        store,
        spec("build", queue="q", tags=("t",)),
        spec("build", queue="q"),
        spec("build", tags=("t",)),
        spec("test", queue="q", tags=("t",)),
    )
    both = wanted(states=[PENDING], queues=["q"], tags=["t"], search="build")
    assert store.find.numbers(both) == [1]
    assert store.find.count(both) == 1


# Order


@pytest.mark.parametrize("column", SORT_KEYS)
def test_jobs_are_sorted_by_any_column_both_ways_and_ties_by_number(store: Store, column: str) -> None:
    print(f"seed {SEED}")
    source = random.Random(SEED)
    for number in range(12):
        add(
            store,
            source.choice(["a", "b"]),
            now=NOW + source.randint(0, 2),
            queue=source.choice("xy"),
            priority=source.randint(0, 2),
            id=source.choice("abc") + str(number),
        )
    for state in (COMPLETED, FAILED, DEAD):
        finish(store, claim(store, now=LATER + source.randint(0, 2)), state, now=LATER)
    jobs = store.search.jobs(range(1, 13))

    def key(one: Job) -> tuple[bool, int | str, int]:
        value = getattr(one, column)
        return (value is not None, value if value is not None else 0, one.number)

    expected = [one.number for one in sorted(jobs, key=key)]
    assert found(store, sort=column) == expected
    assert found(store, sort="-" + column) == expected[::-1]


def test_an_order_that_does_not_exist_is_a_mistake(store: Store) -> None:
    with pytest.raises(ValueError):
        found(store, sort="number; DROP TABLE jobs")


@pytest.mark.parametrize(
    ("key", "value"), [("id", "x-{}"), ("id", "x-{}*"), ("tag", "t{}"), ("text", "none {}"), ("exit", ">{}")]
)
def test_a_filter_may_have_as_many_values_as_it_may(store: Store, key: str, value: str) -> None:
    add(store, id="x-7", tags=("t7",))
    add(store, id="y")
    values = ",".join(f'"{value.format(place)}"' for place in range(1, MOST_VALUES + 1))
    here = [] if key in ("text", "exit") else [1]
    assert store.find.numbers(parse(f"{key}:{values}", NOW)) == here
    assert store.find.numbers(parse(f"!{key}:{values}", NOW)) == [number for number in (2, 1) if number not in here]


def test_the_longest_text_can_be_looked_for(store: Store) -> None:
    longest = "\U0010ffff" * LONGEST_VALUE
    add(store, command=longest)
    assert found(store, search=longest) == [1]
    assert found(store, search="%" * LONGEST_VALUE) == []
