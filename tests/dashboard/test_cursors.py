"""Pages by cursor: nothing twice, nothing missing, whatever is added or removed in between."""

from __future__ import annotations

import base64
import json
import random
from typing import Any, Callable

import pytest

from queuectl.dashboard.api import cursors
from queuectl.dashboard.http.message import HttpError
from queuectl.engine import finding
from queuectl.model.filterparse import parse
from queuectl.model.job import CANCELLED, COMPLETED, DEAD, DUE_STATES, FAILED, FINAL_STATES, PENDING, STATES, Job
from queuectl.model.sorts import ORDERS
from queuectl.store import ranges
from queuectl.store.find import Find
from queuectl.store.ranges import Ranges
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import NOW, add, claim, enqueue, finish, open_store, spec, write

api = asking.api
SORTS: dict[str, Callable[[Job], Any]] = {
    "newest": lambda job: -job.number,
    "oldest": lambda job: job.number,
    "finished": lambda job: (-(job.finished_at or 0), -job.number),
    "run_at": lambda job: (job.run_at, job.number),
    "priority": lambda job: (-job.priority, job.run_at, job.number),
}
LISTED = {"newest": STATES, "oldest": STATES, "finished": FINAL_STATES, "run_at": DUE_STATES, "priority": (PENDING,)}


def fill(api: Api, count: int, seed: int) -> None:
    """Make jobs in all states, with few different times and priorities, so that there are ties."""
    store, dice = api.store, random.Random(seed)
    for _ in range(count):
        now = NOW + dice.randrange(4)
        kind = dice.randrange(7)
        fields: dict[str, Any] = {
            "queue": dice.choice(["a", "b", "c"]),
            "priority": dice.randrange(3),
            "tags": dice.choice([(), ("x",), ("x", "y")]),
        }
        if kind == 0:
            add(store, now=now, run_at=NOW + dice.randrange(10, 14), **fields)
        elif kind == 1:
            add(store, now=now, hold=True, **fields)
        elif kind in (2, 3, 4, 5):
            add(store, now=now, **{**fields, "priority": 1000})
            state = (COMPLETED, DEAD, FAILED, CANCELLED)[kind - 2]
            finish(
                store, claim(store, now=now), state, now=NOW + dice.randrange(3), run_at=NOW + dice.randrange(10, 14)
            )
        else:
            add(store, now=now, **fields)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at so few rows at a time that every page needs many looks."""
    for name, rows in (("WINDOW", 7), ("FIRST_WINDOW", 3), ("FARTHEST", 9), ("BATCH", 4)):
        monkeypatch.setattr(finding, name, rows)
    monkeypatch.setattr(ranges, "FEW", 8)


@pytest.mark.slow
@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize(
    "q, matches",
    [
        ("", lambda job: True),
        ("state:dead,completed,failed,pending", lambda job: job.state in (DEAD, COMPLETED, FAILED, PENDING)),
        ("!queue:a", lambda job: job.queue != "a"),
        ("tag:y", lambda job: "y" in job.tags),
        ("id:job-1*", lambda job: job.id.startswith("job-1")),
        ("exit:1 !tag:y", lambda job: job.exit_code == 1 and "y" not in job.tags),
    ],
)
@pytest.mark.parametrize("limit", [1, 5, 200])
def test_a_walk_finds_exactly_what_matches_in_order(
    api: Api, small: None, sort: str, q: str, matches: Callable[[Job], bool], limit: int
) -> None:
    fill(api, 90, seed=len(q) + limit)
    wanted = [job for job in api.app.queue.list() if job.state in LISTED[sort] and matches(job)]
    assert list(api.walk(q, sort=sort, limit=limit)) == [job.id for job in sorted(wanted, key=SORTS[sort])]
    exported = [job.number for jobs in api.app.queue.walk(parse(q, NOW), sort) for job in jobs]
    assert exported == [job.number for job in sorted(wanted, key=SORTS[sort])]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sort", SORTS)
def test_jobs_that_come_or_go_between_pages_neither_repeat_nor_hide_a_job(api: Api, sort: str, seed: int) -> None:
    fill(api, 60, seed)
    dice = random.Random(seed)
    before = [job for job in api.app.queue.list() if job.state in LISTED[sort]]
    removed = {job.number for job in dice.sample(before, len(before) // 3)}
    found: list[str] = []
    doomed = list(removed)
    for page in api.pages("/jobs", sort=sort, limit=4):
        found += [item["id"] for item in page["items"]]
        for number in doomed[:3]:
            write(api.store, api.store.jobs.remove, number)
        doomed = doomed[3:]
        enqueue(api.store, *[spec(queue=dice.choice("abcd"), priority=dice.randrange(-1, 4)) for _ in range(3)])
    assert len(found) == len(set(found))
    stayed = [job.id for job in sorted(before, key=SORTS[sort]) if job.number not in removed]
    assert [identifier for identifier in found if identifier in set(stayed)] == stayed


def test_a_walk_goes_on_although_what_it_saw_is_gone(api: Api, small: None) -> None:
    enqueue(api.store, *[spec(hold=True) for _ in range(40)])
    enqueue(api.store, *[spec() for _ in range(9)])
    found: list[str] = []
    for page in api.pages("/jobs", q="state:held", limit=4):
        found += [item["id"] for item in page["items"]]
        for item in page["items"]:
            write(api.store, api.store.jobs.remove, item["number"])
    assert found == [f"job-{number}" for number in range(40, 0, -1)]


def test_a_count_of_another_instant_does_not_end_a_search(
    api: Api, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(api.store, *[spec(hold=True) for _ in range(12)])
    enqueue(api.store, *[spec() for _ in range(6)])
    read, other = Find.page, open_store(api.app.queue.home.path)

    def then_another_removes_one(*arguments: Any) -> Any:
        found = read(*arguments)
        for _, number in found.rows[:1]:
            write(other, other.jobs.remove, number)
        return found

    monkeypatch.setattr(Find, "page", then_another_removes_one)
    shown = len(api.ids("state:held", scan="all", limit=200))
    other.close()
    assert shown >= 9, "it ended when it had found as many as there were left"


def test_a_page_says_how_many_there_are_and_how_far_it_looked(api: Api) -> None:
    enqueue(api.store, *[spec(tags=("odd",) if number % 2 else ()) for number in range(30)])
    page = api.get("/jobs", limit=10)
    assert page["total"] == {"value": 30, "exact": True} and page["searched"]["complete"]
    page = api.get("/jobs", q="tag:odd", limit=10)
    assert page["total"] == {"value": 15, "exact": True}
    assert page["searched"] == {"rows": 30, "complete": True}
    rest = api.get("/jobs", q="tag:odd", limit=10, cursor=page["next"])
    assert len(rest["items"]) == 5 and rest["next"] is None and rest["total"] == {"value": 15, "exact": True}


def test_a_bounded_search_says_so_and_can_go_on(api: Api, small: None) -> None:
    add(api.store, id="needle")
    enqueue(api.store, *[spec() for _ in range(40)])
    page = api.get("/jobs", q="needle")
    assert page["items"] == [] and not page["searched"]["complete"] and page["next"]
    assert not page["total"]["exact"] and page["searched"]["rows"] < 41
    assert list(api.walk("needle")) == ["needle"]
    whole = api.get("/jobs", q="needle", scan="all")
    assert [item["id"] for item in whole["items"]] == ["needle"]
    assert whole["searched"] == {"rows": 41, "complete": True} and whole["total"] == {"value": 1, "exact": True}


def test_a_search_ends_once_all_that_there_are_were_found(api: Api, small: None) -> None:
    enqueue(api.store, *[spec() for _ in range(40)])
    add(api.store, id="held", hold=True)
    page = api.get("/jobs", q="state:held")
    assert page["next"] is None and page["searched"]["complete"] and page["total"] == {"value": 1, "exact": True}


def _altered(cursor: str, **changes: object) -> str:
    content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return base64.urlsafe_b64encode(json.dumps({**content, **changes}).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        "é",
        "====",
        "a" * 500,
        "bnVsbA",
        "e30",
        base64.urlsafe_b64encode(b"[1,2]").decode(),
        base64.urlsafe_b64encode(b'{"k":1,"s":0,"f":""}').decode(),
        "AAAA/+",
    ],
)
def test_a_broken_cursor_is_refused(api: Api, bad: str) -> None:
    assert api.refused("GET", "/jobs", cursor=bad) == (400, "bad_cursor")


@pytest.mark.parametrize(
    "changes",
    [
        {"k": []},
        {"k": [1, 2]},
        {"k": ["1"]},
        {"k": [True]},
        {"k": [1.5]},
        {"k": [1 << 70]},
        {"k": None},
        {"s": -1},
        {"s": "1"},
        {"f": "0"},
    ],
)
def test_an_altered_cursor_is_refused(api: Api, changes: dict[str, object]) -> None:
    enqueue(api.store, *[spec() for _ in range(5)])
    cursor = api.get("/jobs", limit=2)["next"]
    assert api.get("/jobs", limit=2, cursor=_altered(cursor))["items"]
    assert api.refused("GET", "/jobs", cursor=_altered(cursor, **changes)) == (400, "bad_cursor")


def test_a_cursor_of_another_filter_or_order_is_refused(api: Api) -> None:
    enqueue(api.store, *[spec() for _ in range(5)])
    cursor = api.get("/jobs", limit=2)["next"]
    assert api.refused("GET", "/jobs", cursor=cursor, q="state:pending") == (400, "bad_cursor")
    assert api.refused("GET", "/jobs", cursor=cursor, sort="oldest") == (400, "bad_cursor")
    assert api.refused("GET", "/events", cursor=cursor) == (400, "bad_cursor")


def test_a_cursor_is_read_as_it_was_written() -> None:
    text = cursors.write((-5, 1 << 61), 7, ("a", "b"))
    assert cursors.read(text, ("a", "b"), 2) == ((-5, 1 << 61), 7)
    with pytest.raises(HttpError):
        cursors.read(text, ("a", "c"), 2)


def test_events_are_paged_too(api: Api) -> None:
    with api.store.writing():
        for number in range(25):
            api.store.events.add("even" if number % 2 == 0 else "odd", actor="test", now=NOW + number)
    for what, count in (("", 25), ("odd", 12), ("none", 0)):
        found: list[int] = []
        for page in api.pages("/events", what=what, limit=5):
            found += [item["number"] for item in page["items"]]
            with api.store.writing():
                api.store.events.add("odd", actor="test", now=NOW)
        assert len(found) == len(set(found)) >= count and found == sorted(found, reverse=True)
        assert len(found) == count or what in ("", "odd")


# Which index each sort and filter must read by.
PLANS = {
    ("newest", ""): "PRIMARY KEY",
    ("oldest", ""): "PRIMARY KEY",
    ("finished", ""): "jobs_finished",
    ("run_at", ""): "jobs_due",
    ("priority", ""): "jobs_claimable",
    ("newest", "state:dead"): "jobs_finished",
    ("newest", "state:pending"): "jobs_claimable",
    ("newest", "state:processing"): "jobs_processing",
    ("newest", "state:failed,scheduled"): "jobs_due",
    ("oldest", "schedule:s"): "jobs_of_schedule",
    ("newest", "id:a*"): "sqlite_autoindex_jobs_1",
    ("newest", "id:a"): "sqlite_autoindex_jobs_1",
    ("newest", "echo"): "PRIMARY KEY",
    ("newest", "tag:x state:held"): "PRIMARY KEY",
}


@pytest.mark.parametrize("sort, q", PLANS)
def test_a_page_is_read_by_an_index(api: Api, sort: str, q: str) -> None:
    fill(api, 30, seed=1)
    add(api.store, queue="a", priority=2000)
    claim(api.store)
    chosen = Ranges(api.store.database, api.store.counts, api.store.contexts)
    found = chosen.of(parse(q, NOW), sort, (-5,) * len(ORDERS[sort].columns))
    assert found
    for part in found:
        rows = api.store.database.rows("EXPLAIN QUERY PLAN " + part.window("number"), part.parameters)
        plan = " / ".join(row["detail"] for row in rows)
        index = PLANS[sort, q]
        # Parked jobs have their own index.
        assert index.replace("claimable", "parked") in plan if "jobs_parked" in part.index else index in plan, plan
        assert "SCAN jobs" not in plan.replace("SCAN jobs USING INDEX", ""), plan
        is_sorted_afterwards = "TEMP B-TREE" in plan
        assert not is_sorted_afterwards or q.startswith(("state:", "id:")), plan
