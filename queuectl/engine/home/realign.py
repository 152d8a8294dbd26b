"""Schedules after the clock was set back: what waits for a time that lies too far ahead now is brought nearer."""

from __future__ import annotations

from ...model import when
from ...model.cron import Cron
from ..machine.localzone import rules
from . import timezone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo

    from ...model.schedule import Schedule
    from ...store import Store

# When to try again to read a schedule whose expression or zone cannot be read.
TRY_AGAIN_MS = 60_000
SET_BACK = "the clock was set back"


def realign(store: Store, *, now: int, actor: str) -> None:
    """Bring schedules nearer that wait for a time beyond their next one: the clock was ahead, and was set back.

    In a transaction.
    """
    home = timezone.home_zone(store)
    for schedule in store.schedules.all():
        if schedule.next_at is not None and schedule.next_at <= now:
            continue
        try:
            zone = rules(schedule.zone(home))
        except ValueError:
            # Its next time is left to a process that knows its zone, as if it had fired a moment ago.
            if store.schedules.move(schedule, now) and not store.schedules.has_fired(schedule, now):
                store.schedules.record_fire(schedule, now, None)
            continue
        _bring_nearer(store, schedule, zone, now, actor)


def _bring_nearer(store: Store, schedule: Schedule, zone: tzinfo | None, now: int, actor: str) -> None:
    try:
        nearer = Cron.parse(schedule.expression).next_after(now, zone)
    except ValueError:
        nearer = now + TRY_AGAIN_MS  # It complains when it is due.
    # A clock that was past 2100 leaves no next time at all.
    if nearer is None or (schedule.next_at is not None and nearer >= schedule.next_at):
        return
    if not timezone.move(store, schedule, nearer, why=SET_BACK, actor=actor, now=now):
        return
    last = store.schedules.last_fired(schedule)
    if last is not None and last >= nearer:
        times = f"{schedule.name} from {when.iso(nearer)} to {when.iso(last)}"
        store.events.add("skipped", actor=actor, now=now, detail=f"{times}: fired already before {SET_BACK}")
