"""Firing schedules that are due: for which times, and which are left out; `timezone` says who computes them.

A schedule's `next_at` is the first time it has not fired for, and a promise: it is due, whatever the
expression and the zone say by now. When it has come, the times since then are read: usually one;
several, or one long ago, if no scheduler was running or the clock jumped.

    catch_up none    fires only for a time within the last minute
    catch_up last    fires once, for the latest of them
    catch_up all     fires for each, the latest hundred at most

Everything that belongs to a fire is one transaction: moving the schedule on (which only one scheduler
can), noting the pair of schedule and time, enqueuing the job or all jobs, and an event for each time that
does not fire, with the reason. A kill before its commit leaves the schedule due; after it, it has fired.
Each of several times has its own transaction, since each may add thousands of jobs.
"""

from __future__ import annotations

from datetime import tzinfo
from itertools import takewhile

from ...model import when
from ...model.cron import Cron
from ...model.errors import Conflict
from ...model.fire import batch_name, jobs_of_fire, links_of_fire
from ...model.job import jobs_text
from ...model.lane import HOME
from ...model.schedule import Schedule
from ...model.when import iso
from ...store import Store
from ..home import timezone
from ..home.clockwatch import follow
from ..home.timezone import TRY_AGAIN_MS
from ..machine.localzone import rules
from ..machine.log import Log

AT_ONCE = 50
KEPT_FIRES_MS = 30 * when.DAY
MISSED = "nothing fired in time"
ON_TIME_MS = 60_000
MOST_CAUGHT_UP = 100
# How far back to look for missed times, step by step, so that few are read however long it was.
LOOKBACKS = (when.HOUR, when.DAY, 32 * when.DAY, 366 * when.DAY, 9 * 366 * when.DAY, 200 * 366 * when.DAY)


class Firing:
    """Fires the schedules of a home."""

    def __init__(self, store: Store, log: Log) -> None:
        self._store = store
        self._log = log
        # Schedules whose zone this process does not know, and since when (monotonic) they have had no next time.
        self._orphans: dict[int, int] = {}

    def step(self, now: int, why: str = MISSED) -> int:
        """Fire every schedule that is due at a wall time; return the number of fires.

        `why` is the reason for times that have passed. A schedule stays due if its next time cannot be computed here.
        """
        made = 0
        left: set[int] = set()
        while due := [found for found in self._store.schedules.due(now, AT_ONCE + len(left)) if found.id not in left]:
            for schedule in due:
                fired = self.fire(schedule, now, why)
                made += fired or 0
                if fired is None:
                    left.add(schedule.id)
        self._orphans = {number: since for number, since in self._orphans.items() if number in left}
        return made

    def fire(self, schedule: Schedule, now: int, why: str) -> int | None:
        """Fire a due schedule; return the number of fires, None if it stays due since its zone is unknown here."""
        try:
            cron = Cron.parse(schedule.expression)
        except ValueError as error:
            self._log.complain(f"schedule {schedule.name} cannot fire: {error}")
            with self._store.writing():
                self._store.schedules.advance(schedule, now + TRY_AGAIN_MS)
            return 0
        home = timezone.home_zone(self._store)
        try:
            zone = rules(schedule.zone(home))
        except ValueError as error:
            return self._fire_promised(schedule, home, str(error), now, why)
        # Outside of the transaction: looking for times may take a while.
        fired = schedule.next_at is not None and self._store.schedules.has_fired(schedule, schedule.next_at)
        fires, skipped = times_to_fire(cron, zone, schedule, now, why, has_fired=fired)
        made = 0
        for number, next_at in enumerate([*fires[1:], cron.next_after(now, zone)]):
            if number:
                self._store.database.give_way()
            with self._store.writing():
                # The zone may have been changed meanwhile: then it is read again.
                if timezone.home_zone(self._store) != home or not self._store.schedules.advance(schedule, next_at):
                    return made
                made += self._make_all(schedule, fires[number : number + 1], skipped, now)
            schedule.next_at, skipped = next_at, None
        return made

    def _fire_promised(self, schedule: Schedule, home: str, reason: str, now: int, why: str) -> int | None:
        """Fire for the time that the schedule has, and leave the next one to a process that knows the zone."""
        assert schedule.next_at is not None
        name = schedule.zone(home)
        left = "its next time is left to a process that knows the zone"
        self._log.complain(f"schedule {schedule.name}: {name}: {reason}; {left}")
        store, made = self._store, 0
        with store.writing():
            if not store.schedules.is_due(schedule):
                return 0
            if not store.schedules.has_fired(schedule, schedule.next_at):
                fires = in_time([schedule.next_at], schedule, now)
                skipped = None if fires else left_out(schedule, schedule.next_at, schedule.next_at, why)
                made = self._make_all(schedule, fires, skipped, now)
                if not fires:
                    store.schedules.record_fire(schedule, schedule.next_at, None)
        since = self._orphans.setdefault(schedule.id, store.clock.monotonic())
        if not schedule.follows_home or store.clock.monotonic() - since < TRY_AGAIN_MS:
            return made or None
        with store.writing():
            timezone.give_up(store, name, actor=self._log.speaker, now=now)
        return made

    def _make_all(self, schedule: Schedule, times: list[int], skipped: str | None, now: int) -> int:
        """Fire for some times and note which were left out; return the number of fires. In a transaction."""
        store = self._store
        if skipped is not None:
            self._skip(skipped, now)
        fresh = [at for at in times if not store.schedules.has_fired(schedule, at)]
        made = sum(self._make(schedule, at, now) for at in fresh)
        store.schedules.prune_fires(schedule, now - KEPT_FIRES_MS)
        return made

    def _make(self, schedule: Schedule, at: int, now: int) -> bool:
        """Fire for one time unless something forbids it; return whether it has."""
        store, number, added = self._store, None, ""
        batch = batch_name(schedule.name, at) if schedule.is_graph else None
        obstacle = self._obstacle(schedule, batch, now)
        if obstacle is None:
            try:
                ids = enqueue(store, schedule, batch, now, self._log.speaker)
                number = store.names.number_of(ids[0])
                added = f": {jobs_text(len(ids))} in batch {batch}" if batch else ""
            except Conflict as error:
                obstacle = error.message
        store.schedules.record_fire(schedule, at, number)
        fire = f"{schedule.name} for {when.iso(at)}"
        if obstacle is not None:
            self._skip(f"{fire}: {obstacle}", now)
            return False
        of = number if batch is None else None
        store.events.add("fired", actor=self._log.speaker, now=now, job=of, detail=fire + added)
        self._log.say(f"schedule fired: {fire}{added}")
        return True

    def _obstacle(self, schedule: Schedule, batch: str | None, now: int) -> str | None:
        """Return why a schedule may not enqueue its jobs now, None if it may."""
        busy = self._store.schedules.unfinished(schedule.name) if schedule.overlap == "skip" else None
        if busy is not None:
            return f"job {busy} has not ended yet"
        if batch is not None and self._store.batches.get(batch, now) is not None:
            return f"there is a batch {batch} already"
        lanes = self._store.lanes.all()
        for name in (HOME, *dict.fromkeys(spec.queue for spec in schedule.specs)) if lanes else ():
            lane = lanes.get(name)
            if lane is not None and lane.pauses_schedules and lane.is_paused(now):
                return f"{lane.subject} is paused, and schedules with it"
            if lane is not None and lane.is_draining:
                return f"{lane.subject} takes no new jobs"
        return None

    def _skip(self, reason: str, now: int) -> None:
        self._store.events.add("skipped", actor=self._log.speaker, now=now, detail=reason)
        self._log.say(f"schedule skipped: {reason}")


def enqueue(store: Store, schedule: Schedule, batch: str | None, now: int, actor: str) -> list[str]:
    """Enqueue the job or jobs of a schedule; return the ids. Raises Conflict before it adds any. In a transaction."""
    specs, expires_at = schedule.specs, None
    parents = [] if batch is None else links_of_fire(specs, batch)
    if schedule.expires is not None:
        # It counts from the clock as it is now.
        follow(store)
        expires_at = store.clock.wall() + schedule.expires
    return store.jobs.enqueue(
        jobs_of_fire(specs, batch, expires_at),
        origins={None: schedule.origin},
        actor=actor,
        now=now,
        schedule=schedule.name,
        parents=parents if any(parents) else (),
    )


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
