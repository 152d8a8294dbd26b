"""Following a job that ends while it is read."""

from __future__ import annotations

from typing import Iterator

import pytest

from queuectl.engine.logs import Follower
from queuectl.engine.queue import Queue
from queuectl.model.attempt import Attempt
from queuectl.model.job import Job
from tests.store.building import claim, finish


class Telling(Follower):
    """Keeps what it is told of the end of attempts."""

    told: tuple[str, bool] | None = None

    def end_of(self, attempt: Attempt, job: Job, *, is_last: bool) -> Iterator[bytes]:
        self.told = job.state, is_last
        yield from ()


def test_a_job_that_ends_between_two_readings_is_reported_as_it_is_then(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.add("true", id="a")
    claimed = claim(queue.store)
    follower = Telling(queue, queue.logs, queue.get("a"))
    read = queue.logs.attempts

    def late(job: Job) -> list[Attempt]:
        assert finish(queue.store, claimed, "completed")
        monkeypatch.undo()
        return read(job)

    monkeypatch.setattr(queue.logs, "attempts", late)
    assert list(follower.look()) == [] and follower.told == ("completed", True)
    assert list(follower.look()) == [] and follower.is_done
