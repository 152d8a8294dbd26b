"""How an attempt ended moves its job on, and is counted where it says something."""

from __future__ import annotations

from typing import Iterator

import pytest

from queuectl.engine.home.opened import load_settings
from queuectl.engine.queue import Queue
from queuectl.engine.work.settle import settle
from queuectl.model.outcome import Outcome
from tests.store.building import NOW, add, claim, open_store, write


def test_how_long_a_lost_attempt_ran_is_not_made_up(home: str) -> None:
    Queue(home).home.prepare()
    store = open_store(home)
    add(store)
    write(
        store,
        settle,
        store,
        claim(store),
        Outcome.lost("its worker is gone"),
        settings=load_settings(store),
        random=lambda: 0.5,
        now=NOW,
    )
    assert (store.stats.totals(0).failed, list(store.timings.series(0))) == (1, [])
    store.close()


@pytest.mark.parametrize(
    "outcome, state, counted",
    [
        (Outcome.exited(0), "completed", (1, 0, 0, 70)),
        (Outcome.exited(1), "failed", (0, 1, 0, 70)),
        (Outcome.cancelled(), "cancelled", (0, 0, 0, 0)),
        (Outcome.released(), "pending", (0, 0, 0, 0)),
    ],
)
def test_attempts_that_ended_by_themselves_are_counted(
    home: str, outcome: Outcome, state: str, counted: tuple[int, int, int, int]
) -> None:
    Queue(home).home.prepare()
    store = open_store(home)
    add(store)
    assert (
        write(
            store,
            settle,
            store,
            claim(store),
            outcome,
            settings=load_settings(store),
            random=lambda: 0.5,
            now=NOW,
            duration=70,
        )
        == state
    )
    totals = store.stats.totals(0)
    assert (totals.finished, totals.failed, totals.dead, totals.run_time) == counted
    assert sum(row.attempts for row in store.timings.series(0)) == sum(counted[:3])
    store.close()


SECOND, MINUTE = 1_000, 60_000


class Attempts:
    """One job, of which attempt after attempt is settled."""

    def __init__(self, home: str) -> None:
        Queue(home).home.prepare()
        self.store = open_store(home)
        add(self.store, max_retries=1)

    def end(self, outcome: Outcome, duration: int | None = SECOND) -> tuple[str | None, int]:
        """End the next attempt; return the job's state and how many of its attempts are used up."""
        job = self.store.search.jobs([1])[0]
        if job.state == "failed":
            write(self.store, self.store.jobs.promote, job.run_at, 1)
        state = write(
            self.store,
            settle,
            self.store,
            claim(self.store),
            outcome,
            settings=load_settings(self.store),
            random=lambda: 0.5,
            now=NOW,
            duration=duration,
        )
        return state, self.store.search.jobs([1])[0].attempts


@pytest.fixture
def job(home: str) -> Iterator[Attempts]:
    made = Attempts(home)
    yield made
    made.store.close()


def test_a_command_that_stops_the_machine_again_and_again_ends_in_the_dead_letter_queue(job: Attempts) -> None:
    for _ in range(3):
        assert job.end(Outcome.released()) == ("pending", 0)
    assert job.end(Outcome.released()) == ("failed", 1)
    assert job.end(Outcome.released()) == ("dead", 2)
    rows = job.store.attempts.of_job(1)
    assert [row.outcome for row in rows] == ["released"] * 5
    assert rows[2].error == "worker stopped" != rows[3].error


def test_a_release_after_another_end_does_not_count(job: Attempts) -> None:
    for _ in range(3):
        job.end(Outcome.released())
    assert job.end(Outcome.exited(1)) == ("failed", 1)
    assert job.end(Outcome.released()) == ("pending", 1)


@pytest.mark.parametrize("long", [0, 2, 3])
def test_releases_of_long_attempts_never_count(job: Attempts, long: int) -> None:
    for number in range(4):
        state = job.end(Outcome.released(), MINUTE if number == long else MINUTE - 1)
        assert state == ("pending", 0)


def test_what_was_given_back_is_no_release_and_leaves_one_attempt_however_often(job: Attempts) -> None:
    for _ in range(2):
        job.end(Outcome.released())
    for _ in range(20):
        assert job.end(Outcome.given_back("no process"), None) == ("pending", 0)
    assert job.end(Outcome.released()) == ("pending", 0)
    assert job.end(Outcome.released()) == ("failed", 1)
    rows = job.store.attempts.of_job(1)
    assert [row.outcome for row in rows] == ["released", "released", "not_started", "released", "released"]
    assert [row.attempt for row in rows] == [1, 2, 22, 23, 24]
