"""Jobs that wait for others, over the API."""

from __future__ import annotations

from tests.dashboard import asking
from tests.dashboard.asking import Api

api = asking.api


def test_one_job_tells_its_parents_and_children_and_has_a_graph(api: Api) -> None:
    for child, parents in (("a", []), ("b", ["a"]), ("c", ["b", {"job": "a", "when": "any"}])):
        api.post("/jobs", {"command": "true", "id": child, "after": parents}, 201)
    job = api.get("/jobs/b")["job"]
    assert [(one["id"], one["state"], one["when"]) for one in job["parents"]] == [("a", "pending", "completed")]
    assert [(one["id"], one["state"], one["when"]) for one in job["children"]] == [("c", "blocked", "completed")]
    graph = api.get("/jobs/b/graph")
    assert [(node["id"], node["layer"]) for node in graph["nodes"]] == [("a", 0), ("b", 1), ("c", 2)]
    assert [(edge["parent"], edge["child"], edge["when"]) for edge in graph["edges"]] == [
        (1, 2, "completed"),
        (1, 3, "any"),
        (2, 3, "completed"),
    ]
    assert api.refused("GET", "/jobs/nobody/graph") == (404, "not_found")


def test_a_batch_that_a_job_waits_for_is_a_parent_and_a_node(api: Api) -> None:
    api.post("/jobs", {"command": "true", "id": "a", "batch": "b"}, 201)
    api.post("/jobs", {"command": "true", "id": "c", "after": "batch:b"}, 201)
    (parent,) = api.get("/jobs/c")["job"]["parents"]
    assert (parent["id"], parent["batch"], parent["state"]) == ("batch:b", "b", "open")
    graph = api.get("/jobs/c/graph")
    shown = [(node["id"], node["batch"], node["state"], node["layer"]) for node in graph["nodes"]]
    assert shown == [("batch:b", "b", "open", 0), ("c", None, "blocked", 1)]
    assert [edge["parent"] for edge in graph["edges"]] == [graph["nodes"][0]["number"]]
    assert api.get("/batches/b")["waiting"] == 1
    assert [job["id"] for job in api.get("/jobs", q="after:batch:b")["items"]] == ["c"]
    assert api.refused("POST", "/jobs", {"command": "true", "after": "batch:none"}) == (404, "not_found")
    api.post("/jobs/a/cancel")
    assert api.get("/jobs/c")["job"]["parents"][0]["state"] == "failed"


def test_a_preview_with_children_shows_all_that_it_would_change(api: Api) -> None:
    for child, parent in (("a", None), ("b", "a"), ("c", "b")):
        api.post("/jobs", {"command": "true", "id": child, **({"after": parent} if parent else {})}, 201)
    asked = {"action": "cancel", "ids": ["a"]}
    assert api.post("/jobs/actions/preview", asked)["count"] == 1
    shown = api.post("/jobs/actions/preview", {**asked, "with_children": True})
    assert [job["id"] for job in shown["sample"]] == ["c", "b", "a"]
    assert shown["command"] == "queuectl cancel a --with-children"
    body = {"selection": shown["selection"], "confirm_count": 3}
    assert api.post("/jobs/actions/commit", body)["done"] == ["c", "b", "a"]
