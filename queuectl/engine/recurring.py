"""Recurring jobs as users see them: add, look at, run by hand, pause, resume, remove."""

from __future__ import annotations

from ..model.checks import NAME_RULE, is_name
from ..model.cron import Cron
from ..model.errors import Conflict, InvalidInput, NotFound, did_you_mean, quoted
from ..model.fields import BY_SPELLING
from ..model.when import iso
from ..model.zones import LOCAL, canonical
from .clockwork.firing import enqueue
from .home.timezone import demand, pin, zone_of
from .machine.doorbell import WORKERS, ring, ring_schedulers
from .machine.localzone import rules
from .queue import search_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.job import Job
    from ..store.schedules import Schedule
    from .queue import Queue

CATCH_UP = ("none", "last", "all")
OVERLAP = ("skip", "queue")


class Recurring:
    """The schedules of a queue's home."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def add(
        self,
        name: str,
        expression: str,
        command: str,
        *,
        timezone: str = "local",
        catch_up: str = "last",
        overlap: str = "skip",
        **fields: object,
    ) -> Schedule:
        """Add a schedule; `fields` are those of a job in JSON. Raises InvalidInput, or Conflict if it exists.

        Its expression goes by the home's time zone unless `timezone` names another than `local`. The first
        schedule of a home fixes that zone.
        """
        timezone = _canonical(timezone)
        problems: list[tuple[str, str]] = []
        if not is_name(name):
            problems.append(("name", f"name {NAME_RULE}, got {quoted(name)}"))
        for key, value, allowed in (("catch_up", catch_up, CATCH_UP), ("overlap", overlap, OVERLAP)):
            if value not in allowed:
                problems.append((key, f"{key} must be one of {', '.join(allowed)}, got {quoted(value)}"))
        cron = _understood(expression, timezone, problems)
        for key in fields:
            field = BY_SPELLING.get(key)
            if field is not None and not field.is_recurring:
                problems.append((key, f"a schedule has no {key}: each of its times makes a job of its own"))
        try:
            (spec,) = self._queue.check([{"command": command, **fields}])
        except InvalidInput as error:
            problems += [(error.field or "command", problem) for problem in error.problems]
        if problems or cron is None:
            raise InvalidInput.of_fields(problems)
        queue, now = self._queue, self._queue.clock.wall()
        with queue.store.writing():
            home = pin(queue.store, actor=queue.actor, now=now)
            following = cron.next_after(now, demand(home if timezone == LOCAL else timezone))
            added = queue.store.schedules.add(
                name,
                spec,
                expression=cron.expression,
                timezone=timezone,
                catch_up=catch_up,
                overlap=overlap,
                next_at=following,
                path=search_path(),
                actor=queue.actor,
                now=now,
            )
            if added:
                queue.note("schedule added", f"{name}: {cron.expression}", now=now)
        if not added:
            raise Conflict(
                f"there is a schedule {quoted(name)} already",
                hint=f"look at it with: queuectl cron show {name}",
                field="name",
            )
        ring_schedulers(queue.home)
        return self.get(name)

    def get(self, name: str) -> Schedule:
        """Return the schedule of this name. Raises NotFound."""
        found = self._queue.store.schedules.get(name)
        if found is None:
            names = [schedule.name for schedule in self.all()]
            raise NotFound(
                f"there is no schedule {quoted(name)}{did_you_mean(name, names)}",
                hint="see all of them with: queuectl cron list",
            )
        return found

    def all(self) -> list[Schedule]:
        """Return every schedule, by name."""
        return self._queue.store.schedules.all()

    def run(self, name: str) -> Job:
        """Enqueue a job of the schedule at once, whatever it waits for; return the job. Raises NotFound."""
        schedule, queue = self.get(name), self._queue
        now = queue.clock.wall()
        with queue.store.writing():
            number = enqueue(queue.store, schedule, now, queue.actor)
            queue.note("schedule run", name, now=now, job=number)
        ring(queue.home, WORKERS)
        return queue.get(str(number))

    def pause(self, name: str) -> Schedule:
        """Let it fire no more until it is resumed. Raises NotFound, Conflict."""
        self.get(name)
        with self._queue.store.writing():
            changed = self._queue.store.schedules.pause(name)
            if changed:
                self._queue.note("schedule paused", name)
        if not changed:
            raise Conflict(f"schedule {quoted(name)} is paused already", hint=f"queuectl cron resume {name}")
        return self.get(name)

    def resume(self, name: str) -> Schedule:
        """Let it go on with its next time; those that passed meanwhile are left out. Raises NotFound, Conflict.

        A process that does not know its zone leaves the next time to one that does.
        """
        schedule, store, now = self.get(name), self._queue.store, self._queue.clock.wall()
        with store.writing():
            following, told = self._next_of(schedule, now)
            changed = store.schedules.resume(name, following)
            if changed:
                self._queue.note("schedule resumed", told, now=now)
        if not changed:
            raise Conflict(f"schedule {quoted(name)} is not paused")
        ring_schedulers(self._queue.home)
        return self.get(name)

    def _next_of(self, schedule: Schedule, now: int) -> tuple[int | None, str]:
        """Return the next time of a paused schedule, and what is to be told of that. In a transaction."""
        before = schedule.next_at
        # What stands there is a promise, whatever this process would compute.
        if before is not None and before > now:
            return before, schedule.name
        told = f"{schedule.name}: what was due since {iso(before)} is left out" if before else schedule.name
        store = self._queue.store
        home = pin(store, actor=self._queue.actor, now=now)
        try:
            return Cron.parse(schedule.expression).next_after(now, rules(zone_of(schedule, home))), told
        except ValueError:
            pass
        if before is not None and not store.schedules.has_fired(schedule, before):
            store.schedules.record_fire(schedule, before, None)
        return before, told

    def remove(self, name: str) -> None:
        """Delete it; the jobs that it made stay. Raises NotFound."""
        self.get(name)
        with self._queue.store.writing():
            self._queue.store.schedules.remove(name)
            self._queue.note("schedule removed", name)


def _canonical(timezone: str) -> str:
    """Return the name of a zone as it is stored; what is none is left as it is, to be refused."""
    try:
        return canonical(timezone)
    except ValueError:
        return timezone


def _understood(expression: str, timezone: str, problems: list[tuple[str, str]]) -> Cron | None:
    """Return what an expression means; add to the problems what is wrong with it or with the zone."""
    cron: Cron | None = None
    try:
        cron = Cron.parse(expression)
    except ValueError as error:
        problems.append(("expression", f"the cron expression {quoted(expression)} is wrong: {error}"))
    try:
        demand(timezone)
    except InvalidInput as error:
        problems += [("timezone", problem) for problem in error.problems]
    return cron
