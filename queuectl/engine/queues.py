"""Queues as users see them: what waits and runs in each, and what they were given: limits, a pause, defaults."""

from __future__ import annotations

from ..model.errors import Conflict, InvalidInput, NotFound, did_you_mean, quoted, with_value
from ..model.instants import is_from_now
from ..model.kinds import NAME, TIME
from ..model.lane import HOME, Lane, check_slots
from ..model.native import as_json
from ..model.queue import DEFAULTS, ShownQueue, default_of
from ..model.rate import parse_rate
from ..model.when import local
from .home.opened import Part
from .machine.doorbell import WORKERS, ring, ring_schedulers
from .outgrown import demand_workers_that_know

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, timedelta

MAX_REASON = 200


class Queues(Part):
    """The queues of a home. One is there once it has a job or was given anything."""

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
            raise NotFound(
                f"there is no queue {quoted(name)}{did_you_mean(name, list(found))}",
                hint="see all of them with: queuectl queue list",
                field="name",
            )
        return found[name]

    def pause_of_home(self) -> Lane | None:
        """Return the pause of the whole home, None if there is none."""
        lane = self._opened.store.lanes.get(HOME)
        return lane if lane.is_paused(self._opened.clock.wall()) else None

    def limit(self, name: str, slots: int | None) -> ShownQueue:
        """Let so many jobs of a queue run at a time at most, None for any number.

        Raises InvalidInput, or DaemonUnavailable if workers run that know no limits.
        """
        check_slots(slots, to_stop=f"queuectl queue pause {name}")
        demand_workers_that_know(self._opened, "queue limit")

        def change(lane: Lane) -> str:
            lane.slots = slots
            return "no limit" if slots is None else f"limit {slots}"

        return self._give(name, change)

    def rate(self, name: str, rate: str | None) -> ShownQueue:
        """Let so many jobs of a queue start in a period, such as `10/m` or `100/h:20`; None for any number.

        A number after the colon may start at once. Raises InvalidInput, or DaemonUnavailable if workers run that know
        no rates.
        """
        try:
            found = None if rate is None else parse_rate(str(rate))
        except ValueError as error:
            raise InvalidInput(f"the rate {with_value(error, rate)}", field="rate") from None

        demand_workers_that_know(self._opened, "queue rate")

        def change(lane: Lane) -> str:
            lane.set_rate(found)
            return "no rate" if found is None else f"rate {found}"

        return self._give(name, change)

    def drain(self, name: str, draining: bool = True) -> ShownQueue:
        """Let a queue take no new jobs until it is resumed, or take some again; those that it has go on.

        Raises InvalidInput.
        """

        def change(lane: Lane) -> str:
            lane.is_draining = int(draining)
            return "takes no new jobs" if draining else "takes new jobs"

        return self._give(name, change)

    def set(self, name: str, key: str, value: object) -> ShownQueue:
        """Give new jobs of a queue a default for one of DEFAULTS, used where a job is given none.

        `value` is as in JSON or a text; the text `default` takes the default away. Raises InvalidInput.
        """
        if key not in DEFAULTS:
            near = did_you_mean(key, DEFAULTS)
            message = f"a queue has no default for {quoted(key)}{near}, only for {', '.join(DEFAULTS)}"
            raise InvalidInput(message, field="key")
        try:
            kept = default_of(key, value, self._opened.clock.wall())
        except ValueError as error:
            raise InvalidInput(f"{key} {with_value(error, value)}", field="value") from None

        def change(lane: Lane) -> str:
            lane.set_default(key, kept)
            return f"{key} = {value}"

        return self._give(name, change)

    def pause(
        self,
        *names: str,
        until: str | datetime | timedelta | None = None,
        reason: str | None = None,
        schedules: bool = False,
    ) -> list[Lane]:
        """Let no job of some queues start, without names of any queue; jobs that run go on. Return the pauses.

        A pause ends by `resume` or, with `until`, at that time: a text such as `18:00` or `+1h`, a datetime or a
        timedelta from now. `reason` is shown with it. With `schedules` recurring jobs add no jobs to these queues
        meanwhile. Raises InvalidInput, or DaemonUnavailable if workers run that know no pauses.
        """
        now = self._opened.clock.wall()
        end, is_delay = _end_of(as_json(until), now)
        reason = _checked_reason(reason)
        demand_workers_that_know(self._opened, "pause")

        def change(lane: Lane) -> str:
            lane.paused_at, lane.paused_until, lane.is_delay = now, end, int(is_delay)
            lane.pause_reason, lane.pauses_schedules = reason, int(schedules)
            return lane.pause_text(now)

        return self._change([*map(_checked, names)] or [HOME], change, "paused")

    def resume(self, *names: str) -> list[Lane]:
        """End the pauses and drains of some queues; without names all pauses, that of the home too.

        Return what was resumed. Raises Conflict for a queue that is neither paused nor draining, and InvalidInput.
        """
        lanes = self._opened.store.lanes.all()
        meant = [*map(_checked, names)] or [name for name, lane in lanes.items() if lane.paused_at is not None]

        def change(lane: Lane) -> str:
            if names and lane.paused_at is None and not lane.is_draining:
                hint = "see all queues with: queuectl queue list"
                raise Conflict(f"{lane.subject} is not paused", hint=hint, field="name")
            lane.end_pause()
            lane.is_draining = 0 if names else lane.is_draining
            return ""

        return self._change(meant, change, "resumed") if meant else []

    def _give(self, name: str, change: Callable[[Lane], str]) -> ShownQueue:
        """Give a queue something; `change` returns what in words."""
        self._change([_checked(name)], change, "queue")
        lane, now = self._opened.store.lanes.get(name), self._opened.clock.wall()
        counts = self._opened.store.counts.by_queue().get(name, {})
        return ShownQueue.of_lane(lane, counts, now, is_shut=self.pause_of_home() is not None)

    def _change(self, names: Sequence[str], change: Callable[[Lane], str], what: str) -> list[Lane]:
        """Change queues in one transaction, with an event for each; then wake whom it may concern."""
        opened, changed = self._opened, []
        with opened.store.writing():
            from .home.clockwatch import follow

            # A pause for a time stands beside the clock as it is now.
            follow(opened.store)
            for name in dict.fromkeys(names):
                lane = opened.store.lanes.get(name)
                detail = change(lane)
                opened.store.lanes.set(lane)
                opened.note(what, f"{lane.subject}: {detail}" if detail else lane.subject)
                changed.append(lane)
        ring(opened.home, WORKERS)
        ring_schedulers(opened.home)
        return changed


def _checked(name: str) -> str:
    """Return a queue's name. Raises InvalidInput."""
    try:
        return str(NAME.check(name, 0))
    except ValueError as error:
        raise InvalidInput(f"queue {with_value(error, name)}", field="name") from None


def _end_of(until: object, now: int) -> tuple[int | None, bool]:
    """Return when a pause ends, and whether that counts from now. Raises InvalidInput."""
    try:
        end = TIME.check(until, now)
    except ValueError as error:
        raise InvalidInput(f"until {with_value(error, until)}", field="until") from None
    if end is not None and end <= now:
        raise InvalidInput(f"a pause cannot end at {local(end)}, which is over", field="until")
    return end, isinstance(until, str) and is_from_now(until)


def _checked_reason(reason: str | None) -> str | None:
    """Return a reason as it is kept: one line. Raises InvalidInput."""
    text = " ".join((reason or "").split())
    if len(text) > MAX_REASON:
        raise InvalidInput(f"a reason has at most {MAX_REASON} characters, got {len(text)}", field="reason")
    return text or None
