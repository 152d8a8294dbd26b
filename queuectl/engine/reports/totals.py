"""Sums over all that is kept, for Prometheus: minutes that have passed are added up once and remembered.

So a question costs what the last minutes do, not what three months do. And while the program runs a total
does not go down when old minutes are forgotten, which Prometheus would take for a restart.
"""

from __future__ import annotations

import threading

from ...model.rollup import SLOT_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Tuple

    from ...store import Store
    from ..home.opened import OpenHome

    Ended = Dict[str, List[int]]
    Timed = Dict[Tuple[str, int, int], List[int]]

# A commit may wait for others for half a minute, and then adds to a minute that is over.
SLACK_MS = 60_000


class Totals:
    """The sums of one home. Any thread may ask."""

    def __init__(self, opened: OpenHome) -> None:
        self._opened = opened
        self._lock = threading.Lock()
        self._home = ""
        self._until = 0
        self._ended: Ended = {}
        self._timed: Timed = {}

    def read(self) -> tuple[Ended, Timed]:
        """Return the sums up to now.

        They are {queue: [finished, failed, dead]}, and {(queue, run bucket, wait bucket): [attempts, run time,
        wait time]} in milliseconds. Raises StoreUnavailable.
        """
        store, now = self._opened.store, self._opened.clock.wall()
        until = (now - SLACK_MS) // SLOT_MS * SLOT_MS
        with self._lock:
            self._follow(store, until, now)
            until = self._until
            ended = {key: list(sums) for key, sums in self._ended.items()}
            timed = {key: list(sums) for key, sums in self._timed.items()}
        _add(ended, timed, store, until, None)
        return ended, timed

    def _follow(self, store: Store, until: int, now: int) -> None:
        """Remember what is over by `until`; start over with another home, or when the clock was set far back.

        Set back a little, as when it is corrected, nothing more can end before what is remembered.
        """
        home = store.meta.home_id()
        if home == self._home and until <= self._until <= now:
            return
        begins = home != self._home or now < self._until
        ended: Ended = {} if begins else {key: list(sums) for key, sums in self._ended.items()}
        timed: Timed = {} if begins else {key: list(sums) for key, sums in self._timed.items()}
        since = 0 if begins else self._until
        _add(ended, timed, store, since, until)
        self._home, self._until, self._ended, self._timed = home, until, ended, timed


def _add(ended: Ended, timed: Timed, store: Store, since: int, until: int | None) -> None:
    for row in store.stats.queue_totals(since, until):
        _add_to(ended.setdefault(row.queue, [0, 0, 0]), row.finished, row.failed, row.dead)
    for time in store.timings.totals(since, until):
        sums = timed.setdefault((time.queue, time.run, time.wait), [0, 0, 0])
        _add_to(sums, time.attempts, time.run_time, time.wait_time)


def _add_to(sums: list[int], *more: int) -> None:
    for index, value in enumerate(more):
        sums[index] += value
