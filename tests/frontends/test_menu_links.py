"""The menu of a job that waits for others, or that others wait for."""

from __future__ import annotations

from tests.commands.calling import bring, done
from tests.frontends.talking import Talk


def test_the_jobs_that_are_linked_to_one_are_drawn(home: str) -> None:
    bring(home, "pending")
    done(home, "add", "true", "--id", "child", "--after", "pending-1")
    talk = Talk(home, "3", "", "", "", "child", "linked jobs", "b", "b", "0")
    assert talk.commands[-1] == "queuectl show child --tree"
    assert "child (blocked)" in talk.out
