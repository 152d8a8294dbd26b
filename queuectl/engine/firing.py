"""Firing recurring jobs that are due, and keeping their next time right when the clock is set.

A schedule's `next_at` is the first time it has not fired for. When that has come, the times since then
are looked at: usually one; several, or one long ago, if no scheduler was running or the clock jumped.

    catch_up none    fires only for a time within the last minute
    catch_up last    fires once, for the latest of them
    catch_up all     fires for each, the latest hundred at most

Everything that belongs to a fire is one transaction: moving the schedule on (which only one scheduler
can), noting the pair of schedule and time, and enqueuing the job. A kill before its commit leaves the
schedule due; after it, it has fired.
"""

from __future__ import annotations

from ..model import when, zones
from ..model.cron import Cron
from ..model.spec import JobSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import tzinfo

    from ..store import Store
    from ..store.schedules import Schedule
    from .log import Log

AT_ONCE = 50
ON_TIME_MS = 60_000
MOST_CAUGHT_UP = 100
# How far back to look for missed times, step by step, so that few are looked at however long it was.
LOOKBACKS = (when.HOUR, when.DAY, 32 * when.DAY, 366 * when.DAY, 9 * 366 * when.DAY, 200 * 366 * when.DAY)
TRY_AGAIN_MS = 60_000
KEPT_FIRES_MS = 30 * when.DAY


def fire_due(store: Store, *, now: int, actor: str, log: Log) -> int:
    """Fire every schedule that is due; return how many jobs that made."""
    made = 0
    while True:
        due = store.schedules.due(now, AT_ONCE)
        if not due:
            return made
        for schedule in due:
            made += _fire(store, schedule, now, actor, log)


def _fire(store: Store, schedule: Schedule, now: int, actor: str, log: Log) -> int:
    try:
        cron, zone = read(schedule)
    except ValueError as error:
        log.complain(f"schedule {schedule.name} cannot fire: {error}")
        with store.writing():
            store.schedules.advance(schedule, now + TRY_AGAIN_MS)
        return 0
    # Outside of the transaction: looking for times may take a while.
    times = due_times(cron, zone, schedule, now)
    following = cron.next_after(now, zone)
    with store.writing():
        if not store.schedules.advance(schedule, following):
            return 0
        jobs = [
            _make(store, schedule, at, now, actor, log) for at in times if not store.schedules.has_fired(schedule, at)
        ]
        store.schedules.prune_fires(schedule, now - KEPT_FIRES_MS)
    return len([job for job in jobs if job is not None])


def _make(store: Store, schedule: Schedule, at: int, now: int, actor: str, log: Log) -> int | None:
    """Fire for one time: enqueue the job, unless the last one still runs and shall not be overtaken."""
    busy = store.schedules.unfinished(schedule.name) if schedule.overlap == "skip" else None
    number = None if busy is not None else enqueue(store, schedule, now, actor)
    store.schedules.record_fire(schedule, at, number)
    told = f"{schedule.name} for {when.iso(at)}"
    if number is None:
        told += f": job {busy} has not ended yet"
    store.events.add("skipped" if number is None else "fired", actor=actor, now=now, job=number, detail=told)
    log.say(f"schedule {'skipped' if number is None else 'fired'}: {told}")
    return number


def enqueue(store: Store, schedule: Schedule, now: int, actor: str) -> int:
    """Enqueue a job of a schedule; return its number. In a transaction."""
    spec = JobSpec(schedule.command, max_retries=schedule.max_retries, timeout=schedule.timeout, cwd=schedule.cwd)
    spec.queue, spec.priority, spec.env = schedule.queue, schedule.priority, schedule.env
    (identifier,) = store.jobs.enqueue([spec], path=schedule.path, actor=actor, now=now, schedule=schedule.name)
    number = store.search.number_of(identifier)
    assert number is not None
    return number


def read(schedule: Schedule) -> tuple[Cron, tzinfo | None]:
    """Return a schedule's expression and zone. Raises ValueError, as where this Python has no named zones."""
    return Cron.parse(schedule.expression), zones.zone(schedule.timezone)


def due_times(cron: Cron, zone: tzinfo | None, schedule: Schedule, now: int) -> list[int]:
    """Return the times that a due schedule has to fire for, oldest first, by its policy."""
    assert schedule.next_at is not None
    wanted = MOST_CAUGHT_UP if schedule.catch_up == "all" else 1
    latest = _latest(cron, zone, schedule.next_at, now, wanted)
    if schedule.catch_up == "none":
        return [at for at in latest if now - at <= ON_TIME_MS]
    return latest


def _latest(cron: Cron, zone: tzinfo | None, since: int, now: int, count: int) -> list[int]:
    """Return the latest `count` times from `since` to `now`, oldest first."""
    found: list[int] = []
    # Nothing fires after the last instant: a clock beyond it must not have all times since then looked at.
    until = min(now, when.LATEST_MS)
    for lookback in LOOKBACKS:
        start = max(since, until - lookback) - 1
        found = []
        at = cron.next_after(start, zone)
        while at is not None and at <= until:
            found.append(at)
            at = cron.next_after(at, zone)
        if len(found) >= count or start < since:
            break
    return found[-count:]


def realign(store: Store, *, now: int, log: Log) -> None:
    """Bring schedules nearer that wait for a time beyond their next one: the clock was ahead, and was set back."""
    for schedule in store.schedules.all():
        if schedule.paused:
            continue
        following: int | None = now + TRY_AGAIN_MS
        try:
            cron, zone = read(schedule)
            following = cron.next_after(now, zone)
        except ValueError:
            pass  # It complains when it is due.
        # A clock that was past 2100 leaves no next time at all.
        if following is None or (schedule.next_at is not None and following >= schedule.next_at):
            continue
        with store.writing():
            moved = store.schedules.advance(schedule, following)
        if moved:
            log.say(f"schedule {schedule.name}: next at {when.iso(following)}, the clock was set back")
