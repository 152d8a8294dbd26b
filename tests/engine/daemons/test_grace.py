"""How long who stops workers waits for what they run: as long as the most patient job may take to end."""

from __future__ import annotations

import pytest

from queuectl.engine.daemons.groups import longest_grace
from queuectl.engine.home.opened import load_settings
from queuectl.engine.queue import Queue
from tests.store.building import claim


@pytest.mark.parametrize("own, longest", [("10m", 600_000), ("1s", 5_000), (0, 5_000), (None, 5_000)])
def test_a_job_that_runs_may_take_longer_to_end_than_the_setting_says(
    home: str, own: str | int | None, longest: int
) -> None:
    with Queue(home) as queue:
        queue.add("waits", kill_grace="5m", priority=-1)
        queue.add("runs", kill_grace=own)
        claim(queue.store)
        assert longest_grace(queue.store, load_settings(queue.store)) == longest


def test_without_jobs_it_is_the_setting(home: str) -> None:
    with Queue(home) as queue:
        assert longest_grace(queue.store, load_settings(queue.store)) == 5_000
