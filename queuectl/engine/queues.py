"""Queues as users see them: what waits and runs in each, and their limits, pauses and defaults."""

from __future__ import annotations

from ..model.errors import InvalidInput, NotFound, did_you_mean, quoted, with_value
from ..model.lane import HOME, NO_DEFAULT, Lane, checked_name
from ..model.policy import demand_distinct
from ..model.queue import DEFAULTS, ShownQueue, default_of
from ..model.record import Record
from .home.opened import Part
from .lane_edits import Edit, drained, edits_of, limited, paused, rated, resumed
from .machine.doorbell import CONTROL, SCHEDULERS, WORKERS, ring
from .outgrown import demand_workers_that_know

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta
    from typing import Any


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
        """Limit how many jobs of a queue run at a time, None for no limit.

        Raises InvalidInput, or DaemonUnavailable if workers run that know no limits.
        """
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
        try:
            kept = default_of(key, value, self._opened.clock.wall())
        except ValueError as error:
            raise InvalidInput(f"{key} {with_value(error, value)}", field="value") from None
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
        timedelta from now. `reason` is shown with it. With `schedules`, recurring jobs add no jobs to these queues
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
        opened, done = self._opened, Pausing([], [])
        for need in (edit.needs for edit in edits if edit.needs is not None):
            demand_workers_that_know(opened, need)
        with opened.store.writing():
            from .home.clockwatch import follow

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
