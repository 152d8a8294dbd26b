"""Jobs that are stuck as commands see them that wait for an end."""

from __future__ import annotations

from tests.commands.calling import done, state_of, store
from tests.store import building
from tests.support import run_cli


def test_workers_that_drain_leave_stuck_jobs(home: str) -> None:
    with store(home) as opened:
        building.bring_to(opened, "dead", id="a")
    done(home, "add", "true", "--id", "b", "--after", "a")
    done(home, "add", "true", "--id", "c")
    ended = run_cli(home, "worker", "start", "--drain", "--no-detach", "--count", "1")
    assert ended.returncode == 0, ended.stderr
    assert (state_of(home, "b"), state_of(home, "c")) == ("blocked", "completed")
