"""Sums over all that is kept, for Prometheus: minutes that have passed are added up once and remembered.

So a question costs what the last minutes do, not what three months do. And while the program runs a total
does not go down when old minutes are forgotten, which Prometheus would take for a restart.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Tuple

from ...model.rollup import OUTCOMES, RUN_TIME, SLOT_MS, WAIT_TIME
from ...store import Store
from ..home.opened import OpenHome

Key = Tuple[object, ...]

# A commit may wait for others for half a minute, and then adds to a minute that is over.
SLACK_MS = 60_000


class Totals:
    """The sums of one home. Any thread may ask."""

    def __init__(self, opened: OpenHome) -> None:
        self._opened = opened
        self._lock = threading.Lock()
        self._home = ""
        self._until = 0
        self._sums: Counter[Key] = Counter()

    def read(self) -> Counter[Key]:
        """Return the sums up to now. Raises StoreUnavailable.

        (queue, one of OUTCOMES) has how many attempts ended so. For RUN_TIME and WAIT_TIME, (queue, name) has the sum
        in milliseconds, and (queue, name, bucket of the histogram) how many attempts.
        """
        store, now = self._opened.store, self._opened.clock.wall()
        with self._lock:
            home, until = store.meta.home_id(), (now - SLACK_MS) // SLOT_MS * SLOT_MS
            # Start over with another home, or when the clock was set far back. Set back a little, as when it is
            # corrected, nothing more can end before what is remembered.
            if home != self._home or now < self._until:
                self._home, self._until, self._sums = home, 0, Counter()
            if until > self._until:
                sums = self._sums.copy()
                _add(sums, store, self._until, until)
                self._until, self._sums = until, sums
            sums, until = self._sums.copy(), self._until
        _add(sums, store, until)
        return sums


def _add(sums: Counter[Key], store: Store, *span: int) -> None:
    for ended in store.stats.series(*span):
        for outcome, count in zip(OUTCOMES, (ended.finished, ended.failed, ended.dead)):
            sums[ended.queue, outcome] += count
    for row in store.timings.series(*span):
        for name, bucket, time in ((RUN_TIME, row.run, row.run_time), (WAIT_TIME, row.wait, row.wait_time)):
            sums[row.queue, name, bucket] += row.attempts
            sums[row.queue, name] += time
