"""How an attempt ended moves its job on, and is counted where it says something."""

from __future__ import annotations

import pytest

from queuectl.engine.queue import Queue
from queuectl.engine.settings import load_settings
from queuectl.engine.settle import settle
from queuectl.model.job import Outcome
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
    assert (store.stats.totals(0)["failed"], list(store.timings.totals(0))) == (1, [])
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
    assert (totals["finished"], totals["failed"], totals["dead"], totals["run_time"]) == counted
    assert sum(row["attempts"] for row in store.timings.totals(0)) == sum(counted[:3])
    store.close()
