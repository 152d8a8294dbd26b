"""Which times a schedule that is due has to fire for, and which of them are left out.

A schedule's `next_at` is the first time it has not fired for, and a promise: it is due, whatever the
expression and the zone say by now. When it has come, the times since then are read: usually one;
several, or one long ago, if no scheduler was running or the clock jumped.

    catch_up none    fires only for a time within the last minute
    catch_up last    fires once, for the latest of them
    catch_up all     fires for each, the latest hundred at most
"""

from __future__ import annotations

from itertools import takewhile

from ...model import when
from ...model.cron import Cron
from ...model.schedule import Schedule
from ...model.when import iso

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo

ON_TIME_MS = 60_000
MOST_CAUGHT_UP = 100
# How far back to look for missed times, step by step, so that few are read however long it was.
LOOKBACKS = (when.HOUR, when.DAY, 32 * when.DAY, 366 * when.DAY, 9 * 366 * when.DAY, 200 * 366 * when.DAY)


def times_to_fire(
    cron: Cron, zone: tzinfo | None, schedule: Schedule, now: int, why: str, *, has_fired: bool
) -> tuple[list[int], str | None]:
    """Return the times up to `now` to fire for, oldest first, and which others do not fire and why, None if all do.

    `has_fired` says that the schedule has fired for `next_at` already, and only the next time was left to compute;
    `why` is why times have passed.
    """
    assert schedule.next_at is not None
    first = cron.next_after(schedule.next_at, zone) if has_fired else schedule.next_at
    if first is None or first > now:
        return [], None
    wanted = MOST_CAUGHT_UP if schedule.catch_up == "all" else 1
    # One more than may fire: it tells where those end that are left out.
    latest = _latest(cron, zone, first, now, wanted + 1)
    fires = in_time(latest[-wanted:], schedule, now)
    out = latest[: len(latest) - len(fires)]
    return fires, left_out(schedule, first, out[-1], why) if out else None


def in_time(times: list[int], schedule: Schedule, now: int) -> list[int]:
    """Return those of some times for which it is not too late by the schedule's policy."""
    if schedule.catch_up != "none":
        return times
    return [at for at in times if now - at <= ON_TIME_MS]


def left_out(schedule: Schedule, first: int, last: int, why: str) -> str:
    """Return the text of the event that says that the times from `first` to `last` do not fire."""
    span = f"for {iso(first)}" if first == last else f"from {iso(first)} to {iso(last)}"
    most = f", {MOST_CAUGHT_UP} at most" if schedule.catch_up == "all" else ""
    return f"{schedule.name} {span}: {why}, and catch-up is {schedule.catch_up}{most}"


def _latest(cron: Cron, zone: tzinfo | None, since: int, now: int, count: int) -> list[int]:
    """Return the latest `count` times from `since`, which is one, to `now`, oldest first."""
    found: list[int] = []
    # Nothing fires after the last instant: a clock beyond it must not have all times since then read.
    until = min(now, when.LATEST_MS)
    for lookback in LOOKBACKS:
        start = max(since, until - lookback)
        found = [since] if start == since else []
        found += takewhile(lambda at: at <= until, cron.times_after(start if found else start - 1, zone))
        if len(found) >= count or start == since:
            break
    return found[-count:]
