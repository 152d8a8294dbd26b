"""Jobs that wait for others, and those that are stuck: in lists, in notes, and where workers drain."""

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


def finish(home: str, state: str) -> None:
    """Let the job that is claimed next end in a state."""
    with store(home) as opened:
        assert building.finish(opened, building.claim(opened), state)


def test_the_retry_of_very_many_completed_jobs_says_what_ran_after_the_last_of_them(home: str) -> None:
    many = 1_100
    with store(home) as opened:
        for number in range(many):
            building.add(opened, id=f"a{number}", tags=("many",))
            assert building.finish(opened, building.claim(opened), "completed")
    last = f"a{many - 1}"
    done(home, "add", "true", "--id", "b", "--after", last)
    finish(home, "completed")
    assert f"what ran after {last} does not run again; " in done(home, "retry", "tag:many state:completed").err


def test_a_list_says_which_jobs_are_stuck(home: str) -> None:
    done(home, "add", "true", "--id", "a")
    for child, parent in ("ba", "cb"):
        done(home, "add", "true", "--id", child, "--after", parent)
    finish(home, "dead")
    done(home, "add", "true", "--id", "e", "--hold")
    done(home, "add", "true", "--id", "f", "--after", "e")
    rows = done(home, "list", "state:open", "--columns", "id,state").lines[1:]
    assert rows == ["f   blocked", "e   held", "c   blocked (stuck)", "b   blocked (stuck)"]
    found = done(home, "list", "stuck:yes", "--json").json()
    assert [(job["id"], job["state"]) for job in found] == [("c", "blocked"), ("b", "blocked")]
