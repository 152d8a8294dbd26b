"""How many jobs waited in each minute: samples that the promoter of jobs stores while any wait.

A minute without a sample is zero if the last sample is: nothing is written while nothing waits. Else nobody looked.
"""

from __future__ import annotations

from ..model.rollup import Sample
from ..model.when import MINUTE
from .figures import Figures

# Several may sample a minute: the first one is kept.
ADD = "INSERT OR IGNORE INTO backlog (minute, pending, processing, oldest_age) VALUES (?, ?, ?, ?)"
LAST = "SELECT * FROM backlog WHERE minute <= ? ORDER BY minute DESC LIMIT 1"
SINCE = "SELECT * FROM backlog WHERE minute >= ? ORDER BY minute"


class Backlog(Figures):
    NAME = "backlog"

    def add(self, *, pending: int, processing: int, oldest_age: int, now: int) -> bool:
        """Add the sample of this minute; return False if it has one already. In a transaction."""
        return self._database.change(ADD, (now // MINUTE, pending, processing, oldest_age)) == 1

    def last(self, now: int) -> Sample | None:
        """Return the last sample up to this minute, None without any."""
        row = self._database.row(LAST, (now // MINUTE,))
        return None if row is None else Sample.of(row)

    def since(self, instant: int) -> list[Sample]:
        """Return the samples from an instant's minute on, in order."""
        return [Sample.of(row) for row in self._database.rows(SINCE, (instant // MINUTE,))]
