"""Which time counts for retention: that in which a pool or a scheduler ran, so that nobody returns to an empty list.

    seen                        now
      |-- nobody looked --------|      more than a quarter of an hour: this time does not count

The housekeeper looks each minute and writes down every five minutes that it has. A machine that was off or asleep
leaves a gap then; so does a clock that is set forward. When the clock is set back, what the gaps say of the future
is forgotten. The first time, the last sync of a scheduler stands for the last look.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model.when import MINUTE
from ...store import Store

WRITTEN_EACH_MS = 5 * MINUTE
LONGEST_PAUSE_MS = 15 * MINUTE
REMEMBERED = 256


def look(store: Store, now: int) -> list[tuple[int, int]]:
    """Note that the housekeeper was there at this wall time; return the gaps.

    They are pairs of when a gap begins and ends, in order; none overlaps another. Several may look at once."""
    seen, gaps = store.meta.downtime()
    if seen is not None and abs(now - seen) < WRITTEN_EACH_MS:
        return gaps
    with store.writing():
        # Asked again: another may have noted the same gap meanwhile.
        seen, gaps = store.meta.downtime()
        gaps = follow(gaps, (store.meta.synced_at() or None) if seen is None else seen, now)
        store.meta.set_downtime(now, gaps)
    return gaps


def follow(gaps: list[tuple[int, int]], seen: int | None, now: int) -> list[tuple[int, int]]:
    """Return the gaps as they are after a look at `now`, when the one before was at `seen`."""
    if seen is None:
        return gaps
    if now < seen:
        return [(start, min(end, now)) for start, end in gaps if start < now]
    if now - seen <= LONGEST_PAUSE_MS:
        return gaps
    gaps = [*gaps, (seen, now)]
    if len(gaps) > REMEMBERED:
        # The time between the oldest two becomes a gap too: it is better to keep something for too long.
        gaps[:2] = [(gaps[0][0], gaps[1][1])]
    return gaps


def counted_back(now: int, span: int, gaps: Sequence[tuple[int, int]]) -> int:
    """Return the instant before `now` since when `span` milliseconds have counted."""
    at = now
    for start, end in reversed(gaps):
        counted = max(0, at - end)
        if counted >= span:
            break
        span -= counted
        at = start
    return at - span
