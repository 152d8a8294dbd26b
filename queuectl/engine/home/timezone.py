"""The time zone of a home: what the cron expressions of its schedules mean.

A schedule has a zone of its own, or follows the home: then its row says `local`. The home's zone is the setting
`timezone`. The first `cron add` sets it to the zone of that process. From then on all processes go by it, whatever zone
they are in: another zone raises an alert and moves nothing. Only a change of the setting computes next times again.

A stored next time is a promise. A process that does not know the zone (Python 3.8 or a machine without tzdata) keeps it
too: it fires, but leaves the following time to one that knows the zone. A fire that is recorded for the time that still
stands in the schedule says so.
"""

from __future__ import annotations

from ...model import zones
from ...model.cron import Cron
from ...model.errors import InvalidInput, quoted
from ...model.when import DAY, SECOND, iso
from ..machine.localzone import own_zone, rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo
    from typing import Mapping

    from ...model.schedule import Schedule
    from ...store import Store

SETTING = "timezone"
NONE = "none"
# Two zones count as one if their clocks agree every other day of the coming year.
SAMPLED = range(0, 366 * DAY, 2 * DAY)
# When to try again to read a schedule whose expression or zone cannot be read.
TRY_AGAIN_MS = 60_000
SET_BACK = "the clock was set back"
# By then a process that knows the zone has computed the next time, if one runs.
PATIENCE_MS = 5_000


def stored_zone(store: Store) -> str | None:
    """Return the home's zone, None until it is written down."""
    text = store.meta.settings().get(SETTING, NONE)
    return None if text == NONE else text


def home_zone(store: Store) -> str:
    """Return the zone of schedules without one of their own: the home's, or else that of this process."""
    return stored_zone(store) or own_zone()


def pin(store: Store, *, actor: str, now: int) -> str:
    """Write this process's zone into the home unless it has one; return the home's zone. In a transaction.

    Raises InvalidInput if QUEUECTL_TIMEZONE names a zone that this process does not know.
    """
    found = stored_zone(store)
    if found is not None:
        return found
    found = own_zone()
    demand(found)
    _write(store, found, actor=actor, now=now, why=": the zone of the process that needed one first")
    return found


def adopt(store: Store, *, actor: str, now: int) -> None:
    """Pin the zone in a home whose schedules are older than the setting, so that they go on. Raises as `pin` does."""
    if stored_zone(store) is not None or not _is_followed(store):
        return
    with store.writing():
        pin(store, actor=actor, now=now)


def give_up(store: Store, name: str, *, actor: str, now: int) -> None:
    """Replace a zone that no process knows by `local`, unless it was changed. In a transaction."""
    if stored_zone(store) in (None, name):
        _write(store, zones.LOCAL, actor=actor, now=now, why=f": no process that runs here knows {name}")


def _write(store: Store, name: str, *, actor: str, now: int, why: str = "") -> None:
    store.meta.set_setting(SETTING, name)
    store.events.add("setting", actor=actor, now=now, detail=f"{SETTING} = {name}{why}")


def change(store: Store, text: str | None, *, actor: str, now: int) -> None:
    """Set the home's zone, and compute the next times of the schedules that follow it. In a transaction.

    None, or `none`, forgets the zone or, if schedules follow it, sets it to that of this process. Times that are over
    stay, to fire. Raises InvalidInput for a zone that this process does not know.
    """
    following = [schedule for schedule in store.schedules.all() if schedule.follows_home]
    name = None if text in (None, NONE) else text
    if name is None and following:
        name = own_zone()
    if name is None:
        store.meta.reset_setting(SETTING)
        store.events.add("setting", actor=actor, now=now, detail=f"{SETTING} = default")
        return
    place = demand(name)
    _write(store, name, actor=actor, now=now)
    for schedule in following:
        before = schedule.next_at
        # A time that is over and has not fired is about to fire.
        if before is not None and before <= now and not store.schedules.has_fired(schedule, before):
            continue
        try:
            after = Cron.parse(schedule.expression).next_after(now, place)
        except ValueError:
            continue  # It complains when it is due.
        if after != before:
            move(store, schedule, after, why=f"the time zone is {name} now", actor=actor, now=now)


def move(store: Store, schedule: Schedule, after: int | None, *, why: str, actor: str, now: int) -> bool:
    """Give a schedule another next time and note why; return False if another process did. In a transaction."""
    if not store.schedules.move(schedule, after):
        return False
    times = f"next at {iso(after) or 'no time'} instead of {iso(schedule.next_at) or 'no time'}"
    store.events.add("schedule moved", actor=actor, now=now, detail=f"{schedule.name}: {times}, {why}")
    return True


def realign(store: Store, *, actor: str, now: int) -> None:
    """Bring nearer, after the clock was set back, schedules that wait beyond their next time. In a transaction."""
    home = home_zone(store)
    for schedule in store.schedules.all():
        if schedule.next_at is not None and schedule.next_at <= now:
            continue
        try:
            place = rules(schedule.zone(home))
        except ValueError:
            # Its next time is left to a process that knows its zone, as if it had fired a moment ago.
            if store.schedules.move(schedule, now) and not store.schedules.has_fired(schedule, now):
                store.schedules.record_fire(schedule, now, None)
            continue
        try:
            nearer = Cron.parse(schedule.expression).next_after(now, place)
        except ValueError:
            nearer = now + TRY_AGAIN_MS  # It complains when it is due.
        # A clock that was past 2100 leaves no next time at all.
        if nearer is None or (schedule.next_at is not None and nearer >= schedule.next_at):
            continue
        if not move(store, schedule, nearer, why=SET_BACK, actor=actor, now=now):
            continue
        last = store.schedules.last_fired(schedule)
        if last is not None and last >= nearer:
            times = f"{schedule.name} from {iso(nearer)} to {iso(last)}"
            store.events.add("skipped", actor=actor, now=now, detail=f"{times}: fired already before {SET_BACK}")


def demand(name: str) -> tzinfo | None:
    """Return the rules of a zone. Raises InvalidInput, with the nearest name, if this process does not know it."""
    try:
        return rules(name)
    except ValueError:
        pass
    try:
        return zones.zone(name)
    except ValueError as error:
        raise InvalidInput(f"{SETTING} {quoted(name)}: {error}", field=SETTING) from None


def alerts(store: Store, now: int, daemons: Mapping[str, str | None]) -> list[tuple[str, str]]:
    """Return what this process finds wrong with the zones of schedules, each with the command that helps.

    `daemons` are those that fire schedules, such as "the scheduler is", with their zones.
    """
    home, found = home_zone(store), []
    for schedule in store.schedules.all():
        if has_no_next_time(store, schedule, now):
            unknown = f"no process that runs knows {schedule.zone(home)}"
            found.append((f"schedule {schedule.name} has no next time: {unknown}", _go_by(own_zone())))
    own = trouble(store, now)
    if own is not None:
        found.append((own, _go_by(own_zone())))
    for who, zone in daemons.items():
        text = None if zone is None else trouble(store, now, zone, who)
        if zone is not None and text is not None:
            found.append((text, _go_by(zone)))
    return found


def has_no_next_time(store: Store, schedule: Schedule, now: int) -> bool:
    """Return whether a schedule has fired for its next time, and no process has computed the following one."""
    if schedule.paused or schedule.next_at is None or schedule.next_at > now - PATIENCE_MS:
        return False
    return store.schedules.has_fired(schedule, schedule.next_at)


def trouble(store: Store, now: int, other: str | None = None, who: str = "this process is") -> str | None:
    """Return how this process's zone, or the `other` one of a daemon, differs from the home's, None if it does not."""
    home, own = stored_zone(store), other or own_zone()
    if home is None or home == own or not _is_followed(store):
        return None
    if home == zones.LOCAL:
        here = f"cron expressions go by the zone of their process (timezone is local), here {quoted(own)}"
        return None if other else here
    try:
        theirs = rules(home)
    except ValueError as error:
        return None if other else f"cron expressions go by {home}, which this process does not know: {error}"
    if _agree(theirs, own, now):
        return None
    return f"cron expressions go by {home} in this home, {who} in {quoted(own)}"


def _go_by(zone: str) -> str:
    """Return the command that has schedules go by a zone."""
    import shlex

    return f"queuectl config set timezone {shlex.quote(zone)}"


def _is_followed(store: Store) -> bool:
    return any(schedule.follows_home for schedule in store.schedules.all())


def _agree(theirs: tzinfo | None, own: str, now: int) -> bool:
    try:
        ours = rules(own)
    except ValueError:
        return False
    one, other = zones.offsets(theirs), zones.offsets(ours)
    return all(one(second) == other(second) for second in ((now + step) // SECOND for step in SAMPLED))
