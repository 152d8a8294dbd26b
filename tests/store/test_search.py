"""Finding jobs: by reference, by filter, in pages."""

from __future__ import annotations

import random
import time

import pytest

from queuectl.model.errors import StoreUnavailable
from queuectl.model.job import COMPLETED, DEAD, FAILED, FINAL_STATES, PENDING, SCHEDULED, STATES, Outcome
from queuectl.store.search import SORTS, JobFilter
from tests.store.building import ALL_STATES, LATER, NOW, add, bring_to, claim, enqueue, finish, job, spec, write

SEED = time.time_ns()


def found(store, **wanted):
    return store.search.numbers(JobFilter(**wanted))


@pytest.fixture
def one_of_each(store):
    """A job in every state, the claimable one last; numbers by state."""
    order = [state for state in ALL_STATES if state != PENDING] + [PENDING]
    return {state: bring_to(store, state, queue=f"q{index % 2}") for index, state in enumerate(order)}


def test_without_a_filter_all_jobs_come_newest_first(store):
    enqueue(store, spec(), spec(), spec())
    assert found(store) == [3, 2, 1]
    assert store.search.numbers(JobFilter(), 2) == [3, 2]
    assert store.search.numbers(JobFilter(), 0) == []


@pytest.mark.parametrize("state", STATES)
def test_jobs_are_found_by_state(store, one_of_each, state):
    assert found(store, states=[state]) == [one_of_each[state]]
    assert store.search.count(JobFilter(states=[state])) == 1


@pytest.mark.parametrize("states", [FINAL_STATES, (SCHEDULED, FAILED), (PENDING, PENDING), STATES])
def test_jobs_are_found_by_several_states(store, one_of_each, states):
    assert set(found(store, states=states)) == {one_of_each[state] for state in states}
    assert store.search.count(JobFilter(states=states)) == len(set(states))


def test_a_state_that_does_not_exist_is_a_mistake(store):
    with pytest.raises(ValueError, match="no such state"):
        found(store, states=["pending' OR '1"])


def test_jobs_are_found_by_queue_and_state_together(store):
    enqueue(store, spec(queue="a"), spec(queue="b"), spec(queue="a", run_at=LATER))
    assert found(store, queues=["a"]) == [3, 1]
    assert found(store, queues=["a"], states=[PENDING]) == [1]
    assert found(store, queues=["c"]) == []
    assert store.search.count(JobFilter(queues=["a"])) == 2
    assert store.search.count(JobFilter(queues=["a"], states=[SCHEDULED])) == 1
    assert store.search.count(JobFilter(queues=["c"])) == 0


def test_a_tag_is_found_whole(store):
    enqueue(store, spec(tags=("a", "b.c")), spec(tags=("ab",)), spec(), spec(tags=("b", "a")))
    assert found(store, tags=["a"]) == [4, 1]
    assert found(store, tags=["b"]) == [4]
    assert found(store, tags=["b.c"]) == [1]
    assert found(store, tags=[""]) == found(store, tags=["c"]) == []
    assert store.search.count(JobFilter(tags=["a"])) == 2


def test_tags_must_all_be_there_and_queues_any(store):
    enqueue(store, spec(tags=("a", "b"), queue="x"), spec(tags=("a",), queue="y"), spec(tags=("b", "a"), queue="z"))
    assert found(store, tags=["a", "b"]) == found(store, tags=["b", "a"]) == [3, 1]
    assert found(store, queues=["x", "y"]) == [2, 1]
    assert found(store, queues=["x", "y", "none"], tags=["a", "b"]) == [1]
    assert store.search.count(JobFilter(queues=["z", "x"])) == 2
    assert store.search.count(JobFilter(queues=["z", "x"], tags=["a", "b"])) == 2


def test_jobs_are_counted_by_state_with_and_without_the_kept_counts(store, one_of_each):
    every = dict.fromkeys(STATES, 1)
    assert store.search.count_by_state(JobFilter()) == every
    assert store.search.count_by_state(JobFilter(search="")) == every
    assert list(store.search.count_by_state(JobFilter(states=[DEAD, FAILED]))) == [FAILED, DEAD]
    for wanted in ({"queues": ["q0"]}, {"queues": ["q0", "q1"], "states": [PENDING]}, {"queues": ["q9"]}):
        kept, scanned = (store.search.count_by_state(JobFilter(**wanted, search=text)) for text in (None, ""))
        assert kept == scanned
        assert sum(kept.values()) == len(found(store, **wanted))


def test_states_are_read_by_number_without_those_that_are_gone(store, one_of_each):
    states = store.search.states_of([*one_of_each.values(), 999])
    assert states == {number: state for state, number in one_of_each.items()}
    assert store.search.states_of([]) == {}


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
def test_a_text_is_searched_literally_in_commands_and_ids(store, text, expected):
    enqueue(store, spec("x 100%"), spec("x a_b"), spec("x c\\d"), spec("x 'é'"), spec("x", id="nightly"))
    assert found(store, search=text) == expected
    assert store.search.count(JobFilter(search=text)) == len(expected)


def test_filters_combine(store):
    enqueue(
        store,
        spec("build", queue="q", tags=("t",)),
        spec("build", queue="q"),
        spec("build", tags=("t",)),
        spec("test", queue="q", tags=("t",)),
    )
    wanted = JobFilter(states=[PENDING], queues=["q"], tags=["t"], search="build")
    assert store.search.numbers(wanted) == [1]
    assert store.search.count(wanted) == 1


# Order


@pytest.mark.parametrize("column", SORTS)
def test_jobs_are_sorted_by_any_column_both_ways_and_ties_by_number(store, column):
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

    def key(one):
        value = getattr(one, column)
        return (value is not None, value if value is not None else 0, one.number)

    expected = [one.number for one in sorted(jobs, key=key)]
    assert found(store, sort=column) == expected
    assert found(store, sort="-" + column) == expected[::-1]


def test_an_order_that_does_not_exist_is_a_mistake(store):
    with pytest.raises(KeyError):
        found(store, sort="number; DROP TABLE jobs")


# By reference


def test_a_job_is_found_by_its_exact_id(store):
    enqueue(store, spec(id="a"), spec(id="ab"))
    assert store.search.number_of("ab") == 2
    assert store.search.number_of("A") is None and store.search.number_of("") is None


def test_ids_are_found_by_their_beginning(store):
    enqueue(store, *[spec(id=name) for name in ("b", "ab", "a", "a.b", "B", "a-1", "az")])
    assert store.search.by_prefix("a", 9) == [("a", 3), ("a-1", 6), ("a.b", 4), ("ab", 2), ("az", 7)]
    assert store.search.by_prefix("a", 2) == [("a", 3), ("a-1", 6)]
    assert store.search.by_prefix("az", 9) == [("az", 7)]
    assert store.search.by_prefix("c", 9) == []


def test_newest_ids_and_the_last_number(store):
    assert store.search.last() is None and store.search.recent_ids(5) == []
    enqueue(store, spec(id="a"), spec(id="b"), spec(id="c"))
    assert store.search.last() == 3
    assert store.search.recent_ids(2) == ["c", "b"]


def test_numbers_of_a_range_are_those_that_exist(store):
    enqueue(store, *[spec() for _ in range(5)])
    write(store, store.jobs.remove, 3)
    assert store.search.in_range(2, 4) == [2, 4]
    assert store.search.in_range(5, 99) == [5]
    assert store.search.in_range(4, 2) == []
    assert [store.search.exists(number) for number in (2, 3, 0, -1)] == [True, False, False, False]


def test_jobs_come_in_the_order_of_their_numbers_as_asked_without_those_that_are_gone(store):
    enqueue(store, *[spec() for _ in range(1_200)])
    numbers = list(range(1_200, 0, -1))
    write(store, store.jobs.remove, 600)
    found = [one.number for one in store.search.jobs([*numbers, 5_000])]
    assert found == [number for number in numbers if number != 600]
    assert store.search.jobs([]) == []
    assert [one.number for one in store.search.jobs([2, 1, 2])] == [2, 1, 2]


def test_details_name_the_enqueuer_and_the_attempt(store):
    number = add(store)
    claimed = claim(store)
    write(store, store.jobs.cancel, number, NOW)
    details = store.search.details(number)
    assert (details["created_by"], details["attempt_id"], details["last_attempt"], details["cancel_requested"]) == (
        "test",
        claimed.attempt_id,
        1,
        1,
    )


# The dead letter queue


def die(store, command, outcome, now):
    add(store, command)
    finish(store, claim(store), DEAD, outcome, now=now)


def test_dead_jobs_are_grouped_by_how_they_failed_and_by_command(store):
    die(store, "x", Outcome.exited(1), NOW)
    die(store, "y", Outcome.exited(1), LATER)
    die(store, "x", Outcome.signalled(9, "SIGKILL"), NOW)
    finish_failed = add(store, "x")
    finish(store, claim(store), FAILED)
    assert job(store, finish_failed).state == FAILED
    assert [tuple(row) for row in store.search.dead_by_error(9)] == [
        (1, None, "exit code 1", 2, LATER, "job-1"),
        (None, 9, "killed by SIGKILL", 1, NOW, "job-3"),
    ]
    assert [tuple(row) for row in store.search.dead_by_command(9)] == [("x", 2, NOW, "job-1"), ("y", 1, LATER, "job-2")]
    assert len(store.search.dead_by_error(1)) == len(store.search.dead_by_command(1)) == 1


def test_a_question_that_sqlite_cannot_answer_is_an_error_of_the_store(store):
    with pytest.raises(StoreUnavailable):
        store.database.rows("SELECT nonsense FROM jobs")
