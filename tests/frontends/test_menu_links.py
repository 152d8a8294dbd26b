"""The menu of a job that waits for others, or that others wait for."""

from __future__ import annotations

from tests.commands.calling import bring, done, jobs
from tests.frontends.talking import Talk


def test_the_jobs_that_are_linked_to_one_are_drawn(home: str) -> None:
    bring(home, "pending")
    done(home, "add", "true", "--id", "child", "--after", "pending-1")
    talk = Talk(home, "3", "", "", "", "child", "linked jobs", "b", "b", "0")
    assert talk.commands[-1] == "queuectl show child --tree"
    assert "child (blocked)" in talk.out


def test_a_form_adds_a_job_that_waits_for_others_a_lock_and_its_batch(home: str) -> None:
    bring(home, "pending")
    talk = Talk(home, "1", "make", "y", *[""] * 6, "pending-1", "gpu,db", "films%2", "0")
    assert talk.commands == ["queuectl add --after pending-1 --lock gpu,db --batch films%2 make"]
    job = jobs(home)[-1]
    assert (job["after"], job["locks"], job["state"]) == (["pending-1"], ["gpu", "db"], "blocked")
    assert done(home, "batch", "show", "films", "--json").json()["slots"] == 2
