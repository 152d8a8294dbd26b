"""What links cost: SQLite's steps grow as the number of jobs does, and no faster. They are counted, not timed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Callable, Sequence

import pytest

from queuectl.engine.linking import demand_no_circle_of_edit
from queuectl.model.job import COMPLETED, DEAD
from queuectl.store import Store
from tests.store.building import NOW, ORIGINS, claim, finish, open_store, outcome_for, spec, steps_taken, write
from tests.store.linking import settle_all

pytestmark = pytest.mark.slow

SHORT, LONG = 2_500, 10_000
# A tree of an index is a little higher with more rows.
AT_MOST = LONG / SHORT * 1.15


def chain(length: int) -> Callable[[Store], None]:
    return lambda store: add(store, [[], *([(f"j{place}", COMPLETED)] for place in range(length - 1))])


def fan(length: int) -> Callable[[Store], None]:
    return lambda store: add(store, [[], *([[("j0", COMPLETED)]] * (length - 1))])


def add(store: Store, parents: Sequence[Sequence[tuple[str, str]]]) -> None:
    specs = [spec(id=f"j{place}") for place in range(len(parents))]
    write(store, store.jobs.enqueue, specs, origins=ORIGINS, actor="test", now=NOW, parents=parents)


def die(store: Store) -> None:
    assert finish(store, claim(store), DEAD)
    settle_all(store)
    assert store.links.count_stuck() == sum(store.counts.by_state().values()) - 1


def revive(store: Store) -> None:
    assert write(store, store.jobs.retry, 1, NOW, keep_attempts=False)
    settle_all(store)
    assert store.links.count_stuck() == 0


def ask_for_circles(store: Store) -> None:
    """Let a job wait for all, as an edit does."""
    last = int(store.names.last() or 0)
    demand_no_circle_of_edit(store, [last + 1], [(number, COMPLETED) for number in range(1, last + 1)])


def work_off(store: Store) -> None:
    while True:
        with store.writing():
            claimed = store.jobs.claim(worker=1, now=NOW, lease_until=0)
            if claimed is None:
                break
            outcome = outcome_for(COMPLETED)
            assert store.jobs.finish(claimed, outcome, state=COMPLETED, run_at=NOW, duration=1, now=NOW)
        settle_all(store)
    assert set(store.counts.by_state()) == {COMPLETED}


@pytest.mark.parametrize("shape", [chain, fan])
def test_four_times_as_many_jobs_cost_four_times_as_much(
    tmp_path: Path, shape: Callable[[int], Callable[[Store], None]]
) -> None:
    counted = []
    for length in (SHORT, LONG):
        with open_store(str(tmp_path / str(length))) as store:
            acts = {
                "add": shape(length),
                "die": die,
                "revive": revive,
                "circles": ask_for_circles,
                "work off": work_off,
            }
            counted.append({name: steps_taken(store, partial(act, store)) for name, act in acts.items()})
    ratios = {name: counted[1][name] / counted[0][name] for name in counted[0]}
    assert {name: ratio for name, ratio in ratios.items() if ratio > AT_MOST} == {}, counted
