"""A job whose worker is gone: the API and /metrics do not show it as one that runs."""

from __future__ import annotations

import pytest

from queuectl.model.job import GONE, PROCESSING
from queuectl.store.lockfile import LockFile
from tests.dashboard import asking
from tests.dashboard.asking import Api
from tests.store.building import bring_to

api = asking.api


@pytest.mark.parametrize("lives", [False, True])
def test_a_job_says_whether_its_worker_is_gone(api: Api, lives: bool) -> None:
    bring_to(api.store, PROCESSING, id="cut")
    lock = LockFile(api.store.home.worker_lock(1))
    assert not lives or lock.acquire()
    (listed,) = api.get("/jobs")["items"]
    shown = api.get("/jobs/cut")
    for job in (listed, shown["job"]):
        assert (job["error"], job["state"]) == (None if lives else GONE, PROCESSING)
        assert (job["duration"] is None) != lives
    assert (listed["elapsed"] is None) != lives
    assert (shown["why"]["reason"] == GONE) != lives
    overview = api.get("/overview")
    assert ("lost_workers" in [alert["code"] for alert in overview["alerts"]]) != lives
    assert [job["id"] for job in overview["running"]] == ["cut"] * lives
    assert f"queuectl_gone_jobs {int(not lives)}\n" in api.ask("GET", "//metrics").body.decode()
    lock.close()
