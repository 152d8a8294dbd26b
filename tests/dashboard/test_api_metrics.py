"""Charts and tables of what happened, and what the API costs with many jobs."""

from __future__ import annotations

import time
from typing import Any

import pytest

from queuectl.model.job import COMPLETED, DEAD, FAILED, HELD
from queuectl.model.outcome import Outcome
from queuectl.store import dead, events, recent, stats, timings
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import NOW, add, bring_to, claim, enqueue, finish, open_store, spec

api = asking.api
MINUTE = 60_000
MANY = 100_000
# Of the processor, so that a busy machine does not matter; without an index it takes seconds.
BUDGET_SECONDS = 0.5


def happened(
    api: Api,
    minutes_ago: int,
    state: str = COMPLETED,
    queue: str = "q",
    run: int = 1000,
    wait: int = 200,
    count: int = 1,
) -> None:
    with api.store.writing():
        for _ in range(count):
            api.store.stats.count_attempt(queue, state, run_time=run, wait_time=wait, now=NOW - minutes_ago * MINUTE)


def test_a_series_counts_what_ended_and_leaves_gaps(api: Api) -> None:
    happened(api, 8, count=3)
    happened(api, 8, DEAD, run=5000)
    happened(api, 2, FAILED)
    found = api.get("/metrics/series", **{"from": "-10m"})
    assert (found["from"], found["to"], found["step"]) == ("2025-12-31T23:50:00.000Z", "2026-01-01T00:01:00.000Z", 60)
    (line,) = found["series"]
    assert line["queue"] is None
    assert line["finished"] == [None, None, 3, 0, 0, 0, 0, 0, 0, 0, 0]
    assert line["dead"] == [None, None, 1, 0, 0, 0, 0, 0, 0, 0, 0]
    assert line["failed"] == [None, None, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert line["run_time"] == [None, None, 2.0, None, None, None, None, None, 1.0, None, None]
    assert line["wait_time"][2] == 0.2


def test_the_future_is_not_known(api: Api) -> None:
    happened(api, 1)
    found = api.get("/metrics/series", **{"from": "-2m", "to": "+3m"})["series"][0]
    assert found["finished"] == [None, 1, 0, None, None, None]


def test_nothing_is_known_of_a_new_home(api: Api) -> None:
    found = api.get("/metrics/series")["series"]
    assert len(found) == 1 and set(found[0]["finished"]) == {None}


def test_a_series_is_for_one_queue_or_for_each(api: Api) -> None:
    happened(api, 1, queue="a")
    happened(api, 1, queue="b", count=2)
    query = {"from": "-2m"}
    assert [sum(filter(None, line["finished"])) for line in api.get("/metrics/series", **query)["series"]] == [3]
    (one,) = api.get("/metrics/series", queue="b", **query)["series"]
    assert one["queue"] == "b" and sum(filter(None, one["finished"])) == 2
    each = api.get("/metrics/series", by="queue", **query)["series"]
    assert [(line["queue"], sum(filter(None, line["finished"]))) for line in each] == [("a", 1), ("b", 2)]


@pytest.mark.parametrize("since", ["-1h", "-6h", "-1d", "-7d", "-30d", "-1000d", "1970-01-01T00:00:00Z", "-3m"])
@pytest.mark.parametrize("points", [3, 60, 120, 500])
def test_there_are_never_more_points_than_asked_for(api: Api, since: str, points: int) -> None:
    for back in (0, 50, 5_000, 40_000):
        happened(api, back)
    found = api.get("/metrics/series", points=points, **{"from": since})
    values = found["series"][0]["finished"]
    assert 1 <= len(values) <= points and found["step"] % 60 == 0
    if since.startswith("-1000") or since.startswith("1970"):
        assert sum(filter(None, values)) == 4


@pytest.mark.parametrize(
    "query",
    [
        {"from": "soon"},
        {"from": "-x"},
        {"from": "now", "to": "-1h"},
        {"points": 501},
        {"points": 2},
        {"by": "state"},
        {"from": "2025-02-30"},
    ],
)
def test_a_wrong_range_is_refused(api: Api, query: dict[str, Any]) -> None:
    assert api.refused("GET", "/metrics/series", **query) == (400, "bad_parameter")


def percentiles(api: Api, **query: object) -> Any:
    return api.get("/metrics/series", **{"from": "-20m", **query})["percentiles"]


def test_percentiles_are_of_steps_of_five_minutes_at_least(api: Api) -> None:
    happened(api, 12, run=40, wait=4, count=9)
    happened(api, 11, run=800)
    happened(api, 0, run=2_000, wait=30_000)
    found = percentiles(api)
    assert (found["from"], found["to"], found["step"]) == ("2025-12-31T23:40:00.000Z", "2026-01-01T00:05:00.000Z", 300)
    (line,) = found["series"]
    assert line["run_time"] == {
        "p50": [None, 0.04, None, None, 2.0],
        "p95": [None, 0.8, None, None, 2.0],
        "p99": [None, 0.8, None, None, 2.0],
    }
    assert line["wait_time"]["p50"] == [None, 0.004, None, None, 30.0]


def test_percentiles_follow_a_longer_step(api: Api) -> None:
    happened(api, 200, count=3)
    happened(api, 0)
    found = api.get("/metrics/series", points=5, **{"from": "-6h"})
    assert found["step"] == found["percentiles"]["step"] == 7_200
    assert found["percentiles"]["from"] == found["from"] and found["percentiles"]["to"] == found["to"]
    (line,) = found["percentiles"]["series"]
    assert [value is not None for value in line["run_time"]["p50"]] == [
        value not in (None, 0) for value in found["series"][0]["finished"]
    ]


def test_percentiles_are_for_the_queues_that_the_series_are_for(api: Api) -> None:
    happened(api, 1, queue="a", run=40)
    happened(api, 1, queue="b", run=800, count=3)
    (both,) = percentiles(api)["series"]
    assert both["queue"] is None and both["run_time"]["p50"][-2] == 0.8
    (one,) = percentiles(api, queue="a")["series"]
    assert one["queue"] == "a" and one["run_time"]["p50"][-2] == 0.04
    each = percentiles(api, by="queue")["series"]
    assert [(line["queue"], line["run_time"]["p50"][-2]) for line in each] == [("a", 0.04), ("b", 0.8)]
    assert percentiles(api, queue="none")["series"][0]["run_time"]["p99"] == [None] * 5


def compared(api: Api, **query: object) -> Any:
    """Return (finished, failed, dead) of the range and of the same time before."""
    found = api.get("/metrics/series", **{"from": "-10m", **query})
    return [
        None if part is None else tuple(part[name] for name in ("finished", "failed", "dead"))
        for part in (found["totals"], found["previous"])
    ]


def test_a_range_is_compared_with_the_same_time_before(api: Api) -> None:
    for minute in range(40):
        happened(api, minute)
        happened(api, minute, FAILED, queue="b")
    happened(api, 10, DEAD, count=5)
    happened(api, 20, DEAD, count=7)
    assert compared(api) == [(10, 10, 0), (10, 10, 5)]
    assert compared(api, queue="b") == [(0, 10, 0), (0, 10, 0)]
    assert compared(api, to="-10m", **{"from": "-20m"}) == [(10, 10, 5), (10, 10, 7)]
    found = api.get("/metrics/series", **{"from": "-10m"})
    assert (found["previous"]["from"], found["previous"]["to"]) == (
        "2025-12-31T23:40:00.000Z",
        "2025-12-31T23:50:00.000Z",
    )
    assert (found["totals"]["from"], found["totals"]["to"]) == (found["previous"]["to"], "2026-01-01T00:00:00.000Z")


def test_there_is_nothing_to_compare_with_unless_all_of_it_is_known(api: Api) -> None:
    assert compared(api) == [(0, 0, 0), None]
    happened(api, 18)
    assert compared(api) == [(0, 0, 0), None]
    happened(api, 19, count=2)
    assert compared(api) == [(0, 0, 0), (3, 0, 0)]
    assert compared(api, **{"from": "1970-01-01T00:00:00Z"}) == [(3, 0, 0), None]


def test_commands_that_stand_out_are_named(api: Api) -> None:
    store = api.store
    for _ in range(3):
        bring_to(store, COMPLETED, command="fast")
    for _ in range(2):
        bring_to(store, DEAD, command="breaks", max_retries=0)
    add(store, command="slow")
    claimed = claim(store)
    with store.writing():
        store.jobs.finish(claimed, Outcome.exited(0), state=COMPLETED, run_at=NOW, duration=9000, now=NOW)
        store.attempts.end(claimed.attempt_id, Outcome.exited(0), duration=9000, output_size=0, now=NOW)
    found = api.get("/metrics/top", limit=2)
    assert [row["command"] for row in found["slowest"]][0] == "slow" and len(found["slowest"]) == 2
    assert (found["slowest"][0]["average"], found["slowest"][0]["sample_id"]) == (9.0, "job-6")
    (row,) = found["failing"]
    assert (row["command"], row["failed"], row["attempts"]) == ("breaks", 2, 2)
    assert [row["command"] for row in api.get("/metrics/top", sample=1)["slowest"]] == ["slow"]


def test_a_summary_has_times_rates_and_exit_codes(api: Api) -> None:
    assert api.get("/metrics/summary")["run_time"] is None
    bring_to(api.store, COMPLETED)
    bring_to(api.store, DEAD, max_retries=0)
    happened(api, 0)
    found = api.get("/metrics/summary")
    assert found["timed_attempts"] == 1 and found["run_time"]["p50"] == 1.0 and found["success_rate"] == 1.0
    assert [(row["exit_code"], row["attempts"]) for row in found["outcomes"]] == [(0, 1), (1, 1)]


# What is asked, its parameters, and how it must find its rows.
PLANS = {
    "a series": (stats.SERIES, (1, 0, 9), "PRIMARY KEY (minute>? AND minute<?)"),
    "timings": (timings.SERIES, (1, 0, 9), "PRIMARY KEY (slot>? AND slot<?)"),
    "the slowest commands": (recent.SLOWEST, (9, 9), "jobs USING INTEGER PRIMARY KEY"),
    "the most failing commands": (recent.MOST_FAILING, (9, 9), "jobs USING INTEGER PRIMARY KEY"),
    "the last failures": (recent.FAILURES, (9, 9), "jobs USING INTEGER PRIMARY KEY"),
    "runs of a command": (recent.SAME_COMMAND, (9, "x", 9), "jobs USING INTEGER PRIMARY KEY"),
    "durations of commands": (recent.DURATIONS.format("?,?"), (9, "x", "y"), "jobs USING INTEGER PRIMARY KEY"),
    "a group of dead jobs": (dead.DLQ_GROUP, (1, None, "x"), "jobs_finished"),
    "a page of events": (events.PAGE, (9, 9, "", 9), "events USING INTEGER PRIMARY KEY"),
    "the end of a window of events": (events.END_OF_WINDOW, (9, 9), "events USING INTEGER PRIMARY KEY"),
}


@pytest.mark.parametrize("what", PLANS)
def test_what_the_dashboard_asks_is_found_by_an_index(api: Api, what: str) -> None:
    sql, parameters, index = PLANS[what]
    plan = " / ".join(row["detail"] for row in api.store.database.rows(f"EXPLAIN QUERY PLAN {sql}", parameters))
    assert index in plan and "SCAN jobs" not in plan, plan


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A home with 100,000 jobs, a few of them dead, held or running, and attempts."""
    home = str(tmp_path_factory.mktemp("many") / "home")
    with open_store(home) as store:
        add(store, id="needle", command="a needle")
        bring_to(store, HELD, id="old-held")
        for _ in range(200):
            add(store, priority=1000, max_retries=0)
            finish(store, claim(store), DEAD)
        for start in range(0, MANY, 10_000):
            enqueue(
                store,
                *[
                    spec(f"echo {number}", priority=number % 3, queue=f"q{number % 4}")
                    for number in range(start, start + 10_000)
                ],
            )
        for _ in range(10):
            claim(store)
        store.checkpoint()
    return home


@pytest.mark.slow
@pytest.mark.parametrize(
    "path, query",
    [
        ("/overview", {}),
        ("/jobs", {}),
        ("/jobs", {"limit": 200}),
        ("/jobs", {"q": "state:dead"}),
        ("/jobs", {"q": "state:dead", "sort": "finished"}),
        ("/jobs", {"sort": "priority"}),
        ("/jobs", {"q": "queue:q1"}),
        ("/jobs", {"q": "needle"}),
        ("/jobs", {"q": "state:held"}),
        ("/jobs", {"q": "id:need*"}),
        ("/jobs", {"q": "state:completed"}),
        ("/jobs/needle", {}),
        ("/queues", {}),
        ("/workers", {}),
        ("/dlq/groups", {}),
        ("/metrics/series", {}),
        ("/metrics/top", {}),
        ("/events", {}),
        ("/suggest", {"field": "tag"}),
        ("//metrics", {}),
        ("/metrics/summary", {}),
        ("/scheduled", {}),
    ],
)
def test_it_answers_in_time_with_many_jobs(many: str, path: str, query: dict[str, Any]) -> None:
    api = Api(many)
    api.ask("GET", path, **query)
    took = []
    for _ in range(3):
        began = time.process_time()
        assert api.ask("GET", path, **query).status == 200
        took.append(time.process_time() - began)
    api.close()
    assert min(took) < BUDGET_SECONDS, took


def test_a_bounded_list_of_many_jobs_tells_the_truth(many: str) -> None:
    api = Api(many)
    page = api.get("/jobs", q="needle")
    assert page["items"] == [] and not page["searched"]["complete"] and page["searched"]["rows"] == 10_000
    assert api.ids("needle", scan="all") == ["needle"]
    assert api.ids("state:held") == ["old-held"]
    assert api.get("/jobs", q="state:dead")["total"] == {"value": 200, "exact": True}
    assert len(list(api.walk("state:dead", limit=200))) == 200
    api.close()
