"""What is told of schedules: their times in words, the next ones, and what became of their jobs."""

from __future__ import annotations

from ...model.cron import Cron
from ...model.cronwords import describe
from ...model.errors import quoted
from ...model.fields import RECURRING
from ...model.when import LATEST_MS, ago, iso, local
from ..home.timezone import follows_home, home_zone, zone_of
from ..machine.localzone import rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable

    from ...store import Store
    from ...store.schedules import Schedule

NEXT, JOBS = 5, 20
OWN = ("name", "expression", "paused", "catch_up", "overlap", "created_at", "created_by")


def schedule_row(store: Store, schedule: Schedule) -> dict[str, Any]:
    """Return a schedule as programs are told of it."""
    home = home_zone(store)
    last = store.search.jobs([number for number, _ in store.schedules.last_jobs(schedule.name)])
    return {
        **{name: getattr(schedule, name) for name in (*OWN, *(field.name for field in RECURRING))},
        "words": words_of(schedule),
        "timezone": zone_of(schedule, home),
        "timezone_source": "home" if follows_home(schedule) else "schedule",
        "next_at": None if schedule.paused else schedule.next_at,
        "last_fired_at": store.schedules.last_fired(schedule),
        "last_job": last[0].id if last else None,
        "last_state": last[0].state if last else None,
        "problem": unreadable(store, schedule),
    }


def schedule_detail(store: Store, schedule: Schedule, now: int) -> dict[str, Any]:
    """Return a schedule with its next times and its last jobs."""
    jobs = store.search.jobs([number for number, _ in store.schedules.last_jobs(schedule.name, JOBS)])
    return {**schedule_row(store, schedule), "next_times": upcoming(store, schedule, now, NEXT), "jobs": jobs}


def words_of(schedule: Schedule) -> str:
    """Return when a schedule fires, in words; of an expression that is wrong, the expression."""
    try:
        return describe(Cron.parse(schedule.expression))
    except ValueError:
        return schedule.expression


def time_rows(times: Iterable[int], now: int) -> list[dict[str, Any]]:
    """Return instants as people and programs read them."""
    return [{"utc": iso(at), "local": local(at), "in": ago(at, now)} for at in times]


def upcoming(store: Store, schedule: Schedule, now: int, count: int, until: int = LATEST_MS) -> list[int]:
    """Return the next times of a schedule, as if it were not paused: the stored one, and what follows it.

    A process that does not know its zone can tell the stored one only.
    """
    found: list[int] = []
    at = schedule.next_at if schedule.next_at is not None and schedule.next_at > now else None
    try:
        cron, place = Cron.parse(schedule.expression), rules(zone_of(schedule, home_zone(store)))
    except ValueError:
        return [at] if at is not None and at <= until else []
    at = cron.next_after(now, place) if at is None else at
    while at is not None and at <= until and len(found) < count:
        found.append(at)
        at = cron.next_after(at, place)
    return found


def unreadable(store: Store, schedule: Schedule) -> str | None:
    """Return why this process cannot compute the times of a schedule, None if it can."""
    name = zone_of(schedule, home_zone(store))
    try:
        Cron.parse(schedule.expression)
    except ValueError as error:
        return f"the cron expression {quoted(schedule.expression)} is wrong: {error}"
    try:
        rules(name)
    except ValueError as error:
        return f"the time zone {name} is not known here: {error}"
    return None
