"""Queues and locks as users see them: what waits and runs in each, and their limits, pauses and defaults."""

from __future__ import annotations

from ..model.errors import Conflict, InvalidInput, NotFound, did_you_mean, quoted, value_of
from ..model.instants import is_from_now
from ..model.kinds import TIME
from ..model.lane import HOME, NO_DEFAULT, Lane, checked_name, demand_slots, parse_rate
from ..model.lock import Lock
from ..model.native import as_json
from ..model.policy import demand_distinct
from ..model.queue import DEFAULTS, ShownQueue, default_of
from ..model.record import Record
from ..model.when import local
from .daemons.daemon import demand_workers_that_know
from .home.opened import Part
from .machine.doorbell import ALL, CONTROL, SCHEDULERS, WORKERS, ring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta
    from typing import Any

    from ..store import Store

MAX_REASON = 200
# The parts that describe a pause.
HOW = ("until", "reason", "schedules", "running")


class Pausing(Record):
    """What a pause or its end changed: the lanes, and the ids of the jobs that it suspended or resumed."""

    lanes: list[Lane]
    jobs: list[str]


class Queues(Part):
    """The queues of a home. One exists once it has a job or was given anything."""

    def all(self) -> list[ShownQueue]:
        """Return every queue, by name."""
        store, now = self._opened.store, self._opened.clock.wall()
        lanes, counts = store.lanes.all(), store.counts.by_queue()
        is_shut = lanes.pop(HOME, Lane(HOME)).is_paused(now)
        return [
            ShownQueue.of_lane(lanes.get(name) or Lane(name), counts.get(name, {}), now, is_shut=is_shut)
            for name in sorted({*lanes, *counts})
        ]

    def get(self, name: str) -> ShownQueue:
        """Return a queue. Raises NotFound."""
        found = {queue.queue: queue for queue in self.all()}
        if name not in found:
            message = f"there is no queue {quoted(name)}{did_you_mean(name, list(found))}"
            raise NotFound(message, hint="see all of them with: queuectl queue list", field="name")
        return found[name]

    def pause_of_home(self) -> Lane | None:
        """Return the pause of the whole home, None if there is none."""
        lane = self._opened.store.lanes.get(HOME)
        return lane if lane.is_paused(self._opened.clock.wall()) else None

    def limit(self, name: str, slots: int | None) -> ShownQueue:
        """Limit how many jobs of a queue run at a time, None for no limit. Raises InvalidInput, DaemonUnavailable."""
        return self._give(name, [limited(name, slots)])

    def rate(self, name: str, rate: str | None) -> ShownQueue:
        """Limit how many jobs of a queue start in a period, such as `10/m` or `100/h:20`; None for no limit.

        As many as the number after the colon may start at once. Raises InvalidInput, or DaemonUnavailable if workers
        run that know no rates.
        """
        return self._give(name, [rated(rate)])

    def drain(self, name: str, draining: bool = True) -> ShownQueue:
        """Let a queue take no new jobs until it is resumed, or take them again; its jobs go on. Raises InvalidInput."""
        return self._give(name, [drained(draining)])

    def set(self, name: str, key: str, value: object) -> ShownQueue:
        """Set the default of one of DEFAULTS for new jobs of a queue that do not give it.

        `value` is as in JSON or a text; the text `default` removes the default. Raises InvalidInput, also for a code
        that another list of the queue has.
        """
        if key not in DEFAULTS:
            near = did_you_mean(key, DEFAULTS)
            message = f"a queue has no default for {quoted(key)}{near}, only for {', '.join(DEFAULTS)}"
            raise InvalidInput(message, field="key")
        kept = value_of(lambda: default_of(key, value, self._opened.clock.wall()), key, value, "value")
        if key == "shell" and kept is not NO_DEFAULT:
            self._opened.look_for_shell(kept)

        def change(lane: Lane) -> str:
            lane.set_default(key, kept)
            demand_distinct(lane.job_defaults, [key], f" for queue {quoted(name)}")
            return f"{key} = {value}"

        return self._give(name, [Edit("queue", change)])

    def edit(self, name: str, **parts: Any) -> ShownQueue:
        """Change several things about a queue at once, all or none.

        `parts` are `slots`, `rate` and `draining`, as `limit`, `rate` and `drain` take them, and `paused`: True begins
        a pause, with `until`, `reason`, `schedules` and `running` as `pause` takes them, False ends it. Raises
        InvalidInput, Conflict if there is no pause to end, or DaemonUnavailable as these do.
        """
        return self._give(name, edits_of(name, parts, self._opened.clock.wall()))

    def pause(
        self,
        *names: str,
        until: str | datetime | timedelta | None = None,
        reason: str | None = None,
        schedules: bool = False,
        running: bool = False,
    ) -> Pausing:
        """Let no job of some queues start; without names, of all queues. Return the pauses.

        A pause ends by `resume` or, with `until`, at that time: a text such as `18:00` or `+1h`, a datetime or a
        timedelta from now. `reason` is shown with it. With `schedules`, schedules add no jobs to these queues
        meanwhile. Jobs that run go on or, with `running`, are suspended until the pause ends; jobs that a user has
        suspended stay suspended. Raises InvalidInput, or DaemonUnavailable if workers run that know no pauses.
        """
        now = self._opened.clock.wall()
        edit = paused(names, now, until=until, reason=reason, schedules=schedules, running=running)
        return self._change(_checked(names) or [HOME], [edit])

    def resume(self, *names: str) -> Pausing:
        """End the pauses and drains of some queues; without names, all pauses, also that of the home.

        Jobs that a pause has suspended go on unless another pause keeps them. Return what was resumed. Raises Conflict
        for a queue that is neither paused nor draining, and InvalidInput.
        """
        paused = [name for name, lane in self._opened.store.lanes.all().items() if lane.paused_at is not None]
        return self._change(_checked(names) or paused, [resumed(names)])

    def _give(self, name: str, edits: Sequence[Edit]) -> ShownQueue:
        self._change(_checked([name]), edits)
        lane, now = self._opened.store.lanes.get(name), self._opened.clock.wall()
        counts = self._opened.store.counts.by_queue().get(name, {})
        return ShownQueue.of_lane(lane, counts, now, is_shut=self.pause_of_home() is not None)

    def _change(self, names: Sequence[str], edits: Sequence[Edit]) -> Pausing:
        """Change queues in one transaction, with an event for each change; then wake workers and schedulers."""
        from .home.clockwatch import follow

        opened, done = self._opened, Pausing([], [])
        for need in (edit.needs for edit in edits if edit.needs is not None):
            demand_workers_that_know(opened, need)
        with opened.store.writing():
            # A pause for a length of time goes by the present clock.
            follow(opened.store)
            for name in dict.fromkeys(names):
                lane = opened.store.lanes.get(name)
                for edit in edits:
                    detail = edit.change(lane)
                    opened.note(edit.what, f"{lane.subject}: {detail}" if detail else lane.subject)
                opened.store.lanes.set(lane)
                done.lanes.append(lane)
            for then in (edit.then for edit in edits if edit.then is not None):
                done.jobs += then(opened.store, opened.clock.wall(), opened.actor)
        ring(opened.home, WORKERS, *([CONTROL] if done.jobs else []))
        ring(opened.home, SCHEDULERS)
        return done


def _checked(names: Sequence[str]) -> list[str]:
    return [checked_name("queue", name) for name in names]


class Edit(Record):
    """One change of a lane: `change` makes it and describes it; `what` is its event.

    Workers must know what it `needs`. After it, `then` changes jobs that run; it returns their ids.
    """

    what: str
    change: Callable[[Lane], str]
    needs: str | None = None
    then: Callable[[Store, int, str], list[str]] | None = None


def edits_of(name: str, parts: Mapping[str, Any], now: int) -> list[Edit]:
    """Return the changes of a queue that `parts` ask for, in the order in which to make them.

    Raises InvalidInput for a wrong part, a part of a pause without a pause, and if there is nothing to change.
    """
    # The end of a pause ends a drain too, so `draining` comes last.
    makers: dict[str, Callable[[Any], Edit]] = {
        "paused": lambda is_paused: paused([name], now, **how) if is_paused else resumed([name]),
        "slots": lambda slots: limited(name, slots),
        "rate": rated,
        "draining": drained,
    }
    known = (*makers, *HOW)
    for key in parts:
        if key not in known:
            raise InvalidInput(f"unknown field {quoted(key)}{did_you_mean(key, known)}", field=key)
    how = {key: parts[key] for key in HOW if key in parts}
    for key in how if not parts.get("paused") else ():
        raise InvalidInput(f"{key} belongs to a pause: give paused: true as well", field=key)
    if not parts:
        raise InvalidInput(f"nothing to change, give at least one of {', '.join(known)}")
    return [make(parts[key]) for key, make in makers.items() if key in parts]


def limited(name: str, slots: int | None) -> Edit:
    """Return the limit of a queue. Raises InvalidInput."""
    demand_slots(slots, to_stop=f"queuectl queue pause {name}")

    def change(lane: Lane) -> str:
        lane.slots = slots
        return "no limit" if slots is None else f"limit {slots}"

    return Edit("queue", change, "queue limit")


def rated(rate: str | None) -> Edit:
    """Return the rate of a queue. Raises InvalidInput."""
    found = None if rate is None else value_of(lambda: parse_rate(str(rate)), "the rate", rate, "rate")

    def change(lane: Lane) -> str:
        lane.set_rate(found)
        return "no rate" if found is None else f"rate {found}"

    return Edit("queue", change, "queue rate")


def drained(draining: bool) -> Edit:
    """Return the start or the end of a drain."""

    def change(lane: Lane) -> str:
        lane.is_draining = int(draining)
        return "takes no new jobs" if draining else "takes new jobs"

    return Edit("queue", change)


def resumed(names: Sequence[str]) -> Edit:
    """Return the end of the pauses and drains of some queues, or of all pauses."""

    def change(lane: Lane) -> str:
        if names and lane.paused_at is None and not lane.is_draining:
            hint = "see all queues with: queuectl queue list"
            raise Conflict(f"{lane.subject} is not paused", hint=hint, field="name")
        lane.end_pause()
        lane.is_draining = 0 if names else lane.is_draining
        return ""

    def go_on(store: Store, at: int, actor: str) -> list[str]:
        from .clockwork.pauses import let_go_on

        return let_go_on(store, at, actor)

    return Edit("resumed", change, then=go_on)


def paused(
    names: Sequence[str],
    now: int,
    *,
    until: str | datetime | timedelta | None = None,
    reason: str | None = None,
    schedules: bool = False,
    running: bool = False,
) -> Edit:
    """Return the pause of some queues, or of all if none is named. Raises InvalidInput."""
    end, is_delay = _end_of(as_json(until), now)
    # It is kept as one line.
    line = " ".join((reason or "").split())
    if len(line) > MAX_REASON:
        raise InvalidInput(f"a reason has at most {MAX_REASON} characters, got {len(line)}", field="reason")

    def change(lane: Lane) -> str:
        lane.paused_at, lane.paused_until, lane.is_delay = now, end, int(is_delay)
        lane.pause_reason, lane.pauses_schedules = line or None, int(bool(schedules))
        return lane.pause_text(now)

    def suspend(store: Store, at: int, actor: str) -> list[str]:
        from .clockwork.pauses import suspend_running

        return suspend_running(store, names, at, actor)

    return Edit("paused", change, "pause", suspend if running else None)


def _end_of(until: object, now: int) -> tuple[int | None, bool]:
    """Return when a pause ends, and whether that counts from now. Raises InvalidInput."""
    end: int | None = value_of(lambda: TIME.check(until, now), "until", until)
    if end is not None and end <= now:
        raise InvalidInput(f"a pause cannot end at {local(end)}, which has passed", field="until")
    return end, isinstance(until, str) and is_from_now(until)


class Locks(Part):
    """The locks of a home. Any name may be one."""

    def all(self) -> list[Lock]:
        """Return the locks that unfinished jobs need, and those with a limit of their own, by name."""
        return self._opened.store.locks.all()

    def get(self, name: str) -> Lock:
        """Return a lock, whether any job needs it or not. Raises InvalidInput."""
        return self._opened.store.locks.get(checked_name("lock", name))

    def limit(self, name: str, slots: int) -> Lock:
        """Limit how many jobs hold a lock at a time; its holders go on. Raises InvalidInput, DaemonUnavailable."""
        demand_slots(slots, to_stop=f"queuectl hold lock:{checked_name('lock', name)}", may_be_none=False)
        opened = self._opened
        demand_workers_that_know(opened, "lock limit")
        with opened.store.writing():
            opened.store.locks.limit(name, slots)
            opened.store.jobs.parking.leave([name], None)
            opened.note("lock", f"{name}: limit {slots}")
        ring(opened.home, ALL)
        return self.get(name)
