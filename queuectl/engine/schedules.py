"""Schedules as users see them: add, edit, show, run by hand, pause, resume, remove."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import chain, count, islice, takewhile
from typing import Any

from ..model.cron import Cron
from ..model.cronwords import describe
from ..model.errors import Conflict, InvalidInput, NotFound, did_you_mean, quoted, value_of
from ..model.fields import BY_SPELLING, RECURRING_EDITABLE
from ..model.fire import batch_name
from ..model.job import Job, jobs_text
from ..model.kinds import NONE, exact_duration
from ..model.native import as_json
from ..model.policy import LISTS, demand_distinct
from ..model.schedule import CronPreview, Schedule, ScheduleDetail, ShownSchedule
from ..model.spec import DEFAULTS, JobSpec
from ..model.surroundings import check_inherit
from ..model.when import LATEST_MS, ago, iso, local
from ..model.zones import LOCAL
from .changing import NEWER_FIELDS, newer_of
from .clockwork.firing import enqueue
from .daemons.daemon import SCHEDULER, demand_workers_that_know
from .editing import difference
from .home.opened import Part
from .home.timezone import demand, home_zone, pin, trouble
from .machine.doorbell import SCHEDULERS, WORKERS, ring
from .machine.localzone import rules
from .machine.programs import demand_words
from .schedule_jobs import OWN, changes_of, checked, normalized, read_cron, read_jobs

NEXT, JOBS = 5, 20


class Schedules(Part):
    """The schedules of a home."""

    def add(
        self,
        /,
        name: str,
        expression: str,
        command: str | None = None,
        *,
        jobs: Iterable[Mapping[str, object]] | None = None,
        names: Sequence[str] = (),
        timezone: str = LOCAL,
        catch_up: str = "last",
        overlap: str = "skip",
        expires: str | timedelta = NONE,
        inherit_env: str | Sequence[str] | None = None,
        **fields: object,
    ) -> Schedule:
        """Add a schedule; `fields` are those of a job in JSON. Raises InvalidInput, or Conflict if it exists.

        Instead of a command it may have several jobs, as for `enqueue`: each fire adds them as a batch, in which their
        ids are local names, and they may wait for each other. `names` says where each came from, for messages. Jobs
        expire `expires` after they were made, such as "2h". They inherit the present PATH of this process, and what
        `inherit_env` names. The expression goes by the home's time zone unless `timezone` names another than `local`;
        the first schedule of a home fixes that zone.

        Also raises DaemonUnavailable if workers or a scheduler run that do not know such schedules, or a field.
        """
        own: dict[str, Any] = {"name": name, "expression": expression, "timezone": timezone}
        own.update(catch_up=catch_up, overlap=overlap, expires=as_json(expires))
        specs = checked(own, fields, lambda: self._read(name, command, jobs, names, fields))
        words = value_of(lambda: check_inherit(as_json(inherit_env), 0), "inherit_env", inherit_env)
        own = normalized(own)
        if jobs is None:
            self._demand_known({**own, **{name: getattr(specs[0], name) for name in newer_of(specs[0])}})
        home, now = self._opened, self._opened.clock.wall()
        origin = home.origin(words, has_usual=False)
        with home.store.writing():
            first = self._first_time(own["expression"], own["timezone"], now)
            is_new = home.store.schedules.add(
                specs=specs, is_graph=jobs is not None, **own, next_at=first, origin=origin, actor=home.actor, now=now
            )
            if not is_new:
                hint = f"see it with: queuectl cron show {name}"
                raise Conflict(f"there is a schedule {quoted(name)} already", hint=hint, field="name")
            home.note("schedule added", f"{name}: {own['expression']}", now=now)
        ring(home.home, SCHEDULERS)
        return self.get(name)

    def _read(
        self, name: str, command: str | None, jobs: object, names: Sequence[str], fields: Mapping[str, object]
    ) -> list[JobSpec]:
        """Return the job of a new schedule, or all of its jobs. Raises InvalidInput."""
        if jobs is None and command is None:
            raise InvalidInput("command is missing, give one, or jobs", field="command")
        if jobs is None:
            return self._opened.check([{"command": command, **fields}])
        given = [*(["command"] if command is not None else []), *fields]
        if given:
            raise InvalidInput(f"{given[0]} cannot be given with jobs: each of them has its own", field=given[0])
        demand_workers_that_know(self._opened, "schedules of several jobs", SCHEDULER)
        return read_jobs(self._opened, name, jobs, names=names)

    def _demand_known(self, values: Mapping[str, object]) -> None:
        """Raise DaemonUnavailable if workers or a scheduler from before an upgrade would ignore some values."""
        known = {"expires": None, **DEFAULTS}
        unknown = [name for name in ("expires", *NEWER_FIELDS) if values.get(name, known[name]) != known[name]]
        if unknown:
            demand_workers_that_know(self._opened, ", ".join(sorted(unknown)), SCHEDULER)

    def edit(
        self,
        name: str,
        /,
        *,
        jobs: Iterable[Mapping[str, object]] | None = None,
        names: Sequence[str] = (),
        **changes: Any,
    ) -> Schedule:
        """Change a schedule; `changes` are those of `add`, but its name and the inherited environment stay.

        `jobs` replace all of its jobs. Its next time changes only with its expression or zone. Jobs that it has made
        are not changed. Raises NotFound, DaemonUnavailable as `add` does, or InvalidInput, also for the command of a
        schedule that has several jobs, and for jobs if it has a command.
        """
        home, now = self._opened, self._opened.clock.wall()
        own: dict[str, Any] = {key: as_json(changes.pop(key)) for key in OWN if key in changes}
        if not own and not changes and jobs is None:
            keys = [*OWN, *(field.name for field in RECURRING_EDITABLE), "jobs"]
            raise InvalidInput(f"nothing to change, give at least one of {', '.join(keys)}")
        _demand_fits(self.get(name), jobs, changes)
        fields = checked(own, changes, lambda: changes_of(changes, now))
        own = normalized(own)
        if "shell" in fields:
            home.look_for_shell(fields["shell"])
        self._demand_known({**own, **fields})
        with home.store.writing():
            before = self.get(name)
            _demand_fits(before, jobs, changes)
            specs = before.specs if jobs is None else read_jobs(home, name, jobs, names=names, before=before.specs)
            for field, value in fields.items():
                setattr(specs[0], field, value)
            lists = {key: getattr(specs[0], key) for key in LISTS}
            demand_distinct(lists, fields, f" for schedule {quoted(name)}")
            if "shell" in fields or "command" in fields:
                demand_words(specs[0].command, specs[0].shell, f"schedule {quoted(name)}")
            old = {key: getattr(before, key) for key in OWN}
            after = {**old, **own}
            moves = any(after[key] != old[key] for key in ("expression", "timezone"))
            following = self._first_time(after["expression"], after["timezone"], now) if moves else before.next_at
            home.store.schedules.edit(before, specs, **after, next_at=following)
            other = {key: value for key, value in own.items() if value != old[key]}
            changed = [f"{key} {_shown(old[key])} to {_shown(value)}" for key, value in other.items()]
            changed += [f"{jobs_text(len(before.specs))} to {jobs_text(len(specs))}"] if jobs is not None else []
            changed += [difference(before, fields)] if fields or not changed else []
            home.note("schedule changed", f"{name}: {', '.join(changed)}", now=now)
        ring(home.home, SCHEDULERS)
        return self.get(name)

    def _first_time(self, expression: str, timezone: str, now: int) -> int | None:
        """Return the first time after now; if it is the home's first schedule, fix its zone. In a transaction."""
        pinned = pin(self._opened.store, actor=self._opened.actor, now=now)
        return Cron.parse(expression).next_after(now, demand(pinned if timezone == LOCAL else timezone))

    def get(self, name: str) -> Schedule:
        """Return the schedule of this name. Raises NotFound."""
        found = self._opened.store.schedules.get(name)
        if found is None:
            meant = did_you_mean(name, [schedule.name for schedule in self.all()])
            hint = "see all of them with: queuectl cron list"
            raise NotFound(f"there is no schedule {quoted(name)}{meant}", hint=hint)
        return found

    def all(self) -> list[Schedule]:
        """Return every schedule, by name."""
        return self._opened.store.schedules.all()

    def rows(self) -> list[ShownSchedule]:
        """Return every schedule as users see it, by name."""
        return [ShownSchedule.of(self._shown(schedule, self._last_jobs(schedule, 1))) for schedule in self.all()]

    def detail(self, schedule: Schedule) -> ScheduleDetail:
        """Return a schedule with its next times and its last jobs."""
        jobs = self._last_jobs(schedule, JOBS)
        times = self.times(schedule, NEXT)
        return ScheduleDetail.of({**self._shown(schedule, jobs), "next_times": times, "last_jobs": jobs})

    def _last_jobs(self, schedule: Schedule, count: int) -> list[Job]:
        store = self._opened.store
        return store.search.jobs(store.schedules.last_jobs(schedule.name, count))

    def _shown(self, schedule: Schedule, jobs: list[Job]) -> dict[str, object]:
        last = jobs[0] if jobs else None
        batch = None
        if last is not None and last.batch is not None:
            batch = self._opened.store.batches.get(last.batch, self._opened.clock.wall())
        return {
            **schedule.parts_by_name(),
            "timezone": self._zone(schedule),
            "timezone_source": "home" if schedule.follows_home else "schedule",
            "next_at": None if schedule.paused else schedule.next_at,
            "last_fired_at": self._opened.store.schedules.last_fired(schedule),
            "last_job": last.id if last is not None and batch is None else None,
            "last_batch": None if batch is None else batch.name,
            "last_state": None if last is None else last.state if batch is None else batch.state,
            "problem": self.problem(schedule),
        }

    def _zone(self, schedule: Schedule) -> str:
        return schedule.zone(home_zone(self._opened.store))

    def times(self, schedule: Schedule, count: int, until: int = LATEST_MS) -> list[int]:
        """Return the next times, also if it is paused: the stored one and, if its zone is known, those after it."""
        now = self._opened.clock.wall()
        stored = [schedule.next_at] if schedule.next_at is not None and schedule.next_at > now else []
        following: Iterator[int] = iter(())
        if self.problem(schedule) is None:
            cron, place = Cron.parse(schedule.expression), rules(self._zone(schedule))
            following = cron.times_after((stored or [now])[0], place)
        return list(islice(takewhile(lambda at: at <= until, chain(stored, following)), count))

    def problem(self, schedule: Schedule) -> str | None:
        """Return why this process cannot compute the times of a schedule, None if it can."""
        name = self._zone(schedule)
        try:
            read_cron(schedule.expression)
            rules(name)
        except InvalidInput as error:
            return error.message
        except ValueError as error:
            return f"the time zone {name} is not known here: {error}"
        return None

    def trouble(self, schedule: Schedule) -> str | None:
        """Return how this process's zone differs from the home's, None if not or if the schedule has its own zone."""
        return trouble(self._opened.store, self._opened.clock.wall()) if schedule.follows_home else None

    def preview(self, expression: str, timezone: str, count: int) -> CronPreview:
        """Return what an expression means in a zone, and its next times. Raises InvalidInput."""
        cron, now = read_cron(expression), self._opened.clock.wall()
        name = home_zone(self._opened.store) if timezone.lower() == LOCAL else timezone
        times = islice(cron.times_after(now, demand(name)), count)
        return CronPreview(cron.expression, describe(cron), name, time_rows(times, now))

    def run(self, name: str) -> Job:
        """Enqueue the job of the schedule at once, whatever its state; return the job.

        If the schedule has several, enqueue all as a batch and return the first. Raises NotFound, or Conflict if one of
        their queues takes no new jobs.
        """
        home = self._opened
        now = home.clock.wall()
        with home.store.writing():
            schedule = self.get(name)
            home.demand_open({spec.queue for spec in schedule.specs})
            batch = None
            if schedule.is_graph:
                instants = (batch_name(schedule.name, at, by_hand=True) for at in count(now))
                batch = next(name for name in instants if home.store.batches.get(name, now) is None)
            first = home.store.names.number_of(enqueue(home.store, schedule, batch, now, home.actor)[0])
            assert first is not None
            home.note("schedule run", name if batch is None else f"{name}: batch {batch}", now=now, job=first)
        ring(home.home, WORKERS)
        return home.store.search.jobs([first])[0]

    def pause(self, name: str) -> Schedule:
        """Stop its fires until it is resumed. Raises NotFound, Conflict."""
        self.get(name)
        with self._opened.store.writing():
            if not self._opened.store.schedules.pause(name):
                raise Conflict(f"schedule {quoted(name)} is paused already", hint=f"queuectl cron resume {name}")
            self._opened.note("schedule paused", name)
        return self.get(name)

    def resume(self, name: str) -> Schedule:
        """Let it go on with its next time; times that passed meanwhile are left out. Raises NotFound, Conflict.

        A process that does not know its zone leaves the next time to one that does.
        """
        schedule, store, now = self.get(name), self._opened.store, self._opened.clock.wall()
        with store.writing():
            following, detail = self._next_of(schedule, now)
            if not store.schedules.resume(name, following):
                raise Conflict(f"schedule {quoted(name)} is not paused")
            self._opened.note("schedule resumed", detail, now=now)
        ring(self._opened.home, SCHEDULERS)
        return self.get(name)

    def _next_of(self, schedule: Schedule, now: int) -> tuple[int | None, str]:
        """Return the next time of a paused schedule, and what the history says of it. In a transaction."""
        before = schedule.next_at
        # The stored time is a promise, whatever this process would compute.
        if before is not None and before > now:
            return before, schedule.name
        detail = f"{schedule.name}: what was due since {iso(before)} is left out" if before else schedule.name
        store = self._opened.store
        home = pin(store, actor=self._opened.actor, now=now)
        try:
            return Cron.parse(schedule.expression).next_after(now, rules(schedule.zone(home))), detail
        except ValueError:
            pass
        if before is not None and not store.schedules.has_fired(schedule, before):
            store.schedules.record_fire(schedule, before, None)
        return before, detail

    def remove(self, name: str) -> None:
        """Delete it; the jobs that it made stay. Raises NotFound."""
        self.get(name)
        with self._opened.store.writing():
            self._opened.store.schedules.remove(name)
            self._opened.note("schedule removed", name)


def time_rows(times: Iterable[int], now: int) -> list[dict[str, str | None]]:
    """Return instants as people and programs read them."""
    return [{"utc": iso(at), "local": local(at), "in": ago(at, now)} for at in times]


def _demand_fits(schedule: Schedule, jobs: object, changes: Iterable[str]) -> None:
    """Raise InvalidInput for jobs if a schedule has a command, and for fields of a job if it has several."""
    if jobs is not None and not schedule.is_graph:
        problem = f"schedule {schedule.name} has a command, it cannot have several jobs"
        hint = f"change its command with: queuectl cron edit {schedule.name} --command 'COMMAND'"
        raise InvalidInput(problem, hint=hint, field="jobs")
    key = next((key for key in changes if key in BY_SPELLING and schedule.is_graph), None)
    if key is not None:
        problem = f"schedule {schedule.name} has several jobs, each with a {key} of its own"
        hint = f"give it other jobs with: queuectl cron edit {schedule.name} --file FILE"
        raise InvalidInput(problem, hint=hint, field=key)


def _shown(value: str | int | None) -> str:
    """Return a schedule's own value as its history shows it: a text in quotes, or a length of time."""
    return quoted(value) if isinstance(value, str) else exact_duration(value)
