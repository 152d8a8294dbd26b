"""Jobs of older versions, whose ids read like filters: the dashboard acts on them, and its commands name them."""

from __future__ import annotations

import shlex

from queuectl.model.job import DEAD
from queuectl.model.outcome import Outcome
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import add, claim, finish

api = asking.api

OLD = ("state:dead", "tag:x", "queue:default", "3-9", "last")


def test_jobs_of_old_ids_that_read_like_filters_are_chosen_and_shown_exactly(api: Api) -> None:
    for identifier in OLD:
        _dead(api, 2, id=identifier)
    for _ in range(10):
        _dead(api, 1)
    shown = api.post("/jobs/actions/preview", {"action": "retry", "ids": list(OLD)})
    by_group = api.post(
        "/dlq/groups/preview", {"action": "retry", "exit_code": 2, "signal": None, "error": "exit code 2"}
    )
    for answer, words in ((shown, ["queuectl", "retry"]), (by_group, ["queuectl", "dlq", "retry"])):
        assert shlex.split(answer["command"]) == [*words, "1", "2", "3", "4", "5"]
    assert [job["reference"] for job in shown["sample"]] == ["1", "2", "3", "4", "5"]
    for identifier in OLD:
        view = api.get(f"/jobs/{identifier}")
        assert view["reference"] == str(view["job"]["number"])
        assert view["commands"]["retry"] == f"queuectl retry {view['reference']}"
    done = api.post("/jobs/actions/commit", {"selection": shown["selection"], "confirm_count": len(OLD)})
    assert done["done"] == list(OLD)


def _dead(api: Api, code: int, id: str | None = None) -> None:
    add(api.store, max_retries=0, id=id, tags=("x",))
    finish(api.store, claim(api.store), DEAD, Outcome.exited(code))
