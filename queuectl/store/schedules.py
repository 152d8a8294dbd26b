"""The schedules, and when each of them has fired.

`advance` is the fence: of any number of schedulers only one moves a schedule on from the time that all
of them have seen, and `fires` holds each pair of schedule and time once, also when the clock goes back.
"""

from __future__ import annotations

from ..model.fields import RECURRING
from ..model.schedule import Schedule
from ..model.spec import JobSpec
from ..model.surroundings import Origin
from .contexts import DEFAULTS, NO_OPTIONS, Context, decode, decode_environment, decode_options, options_of
from .enqueue import PLAIN
from .namelists import NAME_LISTS, names_of, names_text
from .sqlite import Row, sqlite3
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence

KEPT = tuple(field.name for field in RECURRING if field.name in (*NAME_LISTS, *PLAIN))
LISTS = tuple(name for name in KEPT if name in NAME_LISTS)
FLAGS = ("paused", *(field.name for field in RECURRING if field.kind.is_flag))
COLUMNS = f"""
SELECT schedules.id AS id, name, expression, timezone, jobs AS document, {", ".join(KEPT)},
       catch_up, overlap, expires, paused, next_at, created_at, created_by, cwd, path, env, options,
       inherited, umask
FROM schedules JOIN contexts ON contexts.id = schedules.context
"""
BY_NAME = COLUMNS + "WHERE name = ?"
ALL = COLUMNS + "ORDER BY name"
DUE = COLUMNS + "WHERE paused = 0 AND next_at <= ? ORDER BY next_at LIMIT ?"
NEXT_DUE = "SELECT min(next_at) FROM schedules WHERE paused = 0 AND next_at > ?"
# What `add` and `edit` are given for the schedule itself.
OWN = ("expression", "timezone", "catch_up", "overlap", "expires", "next_at")
ADD = f"""
INSERT INTO schedules (name, created_at, created_by, context, jobs, {", ".join((*OWN, *KEPT))})
VALUES (?, ?, ?, ?, ?{", ?" * len((*OWN, *KEPT))})
"""
EDIT = f"UPDATE schedules SET context = ?, jobs = ?, {', '.join(f'{name} = ?' for name in (*OWN, *KEPT))} WHERE id = ?"
ADVANCE = "UPDATE schedules SET next_at = ? WHERE id = ? AND paused = 0 AND next_at IS ?"
IS_DUE = "SELECT 1 FROM schedules WHERE id = ? AND paused = 0 AND next_at IS ?"
MOVE = "UPDATE schedules SET next_at = ? WHERE id = ? AND next_at IS ?"
RESUME = "UPDATE schedules SET paused = 0, next_at = ? WHERE name = ? AND paused = 1"
RECORD_FIRE = "INSERT INTO fires (schedule, fire_at, job) VALUES (?, ?, ?)"
HAS_FIRED = "SELECT 1 FROM fires WHERE schedule = ? AND fire_at = ?"
LAST_FIRED = "SELECT max(fire_at) FROM fires WHERE schedule = ?"
# A clock that was far ahead and is set back must find what had fired before: the newest stay, however old.
PRUNE_FIRES = """
DELETE FROM fires WHERE schedule = ? AND fire_at < ? AND fire_at < (
    SELECT fire_at FROM fires WHERE schedule = ? ORDER BY fire_at DESC LIMIT 1 OFFSET ?)
"""
KEPT_FIRES = 1_000
LAST_JOBS = "SELECT number FROM jobs WHERE schedule = ? ORDER BY number DESC LIMIT ?"
UNFINISHED = """
SELECT number FROM jobs INDEXED BY jobs_unfinished_of_schedule
WHERE schedule = ? AND schedule IS NOT NULL AND finished_at IS NULL AND hopeless = 0 ORDER BY number DESC LIMIT 1
"""


class Schedules(Table):
    def add(
        self,
        name: str,
        specs: Sequence[JobSpec],
        *,
        is_graph: bool = False,
        origin: Origin,
        actor: str,
        now: int,
        **own: object,
    ) -> bool:
        """Add a schedule of jobs like the first of `specs`, or with `is_graph` all of these; False if it exists."""
        values = self._stored(specs, origin, is_graph, own)
        try:
            self._database.insert(ADD, (name, now, actor, *values))
        except sqlite3.IntegrityError:
            return False
        return True

    def edit(self, schedule: Schedule, specs: Sequence[JobSpec], **own: object) -> None:
        """Give a schedule these values, and for the jobs that it makes from now on `specs`, as `add` takes them."""
        values = self._stored(specs, schedule.origin, schedule.is_graph, own)
        self._database.change(EDIT, (*values, schedule.id))

    def _stored(self, specs: Sequence[JobSpec], origin: Origin, is_graph: bool, own: Mapping[str, object]) -> list[Any]:
        """Return the context, the jobs, and the values of OWN and KEPT: a graph has no fields of a single job."""
        # Several jobs have directories, variables and options of their own, and share the origin.
        env, options = ({}, NO_OPTIONS) if is_graph else (specs[0].env, options_of(specs[0]))
        context = Context(specs[0].cwd, origin.path, env, options, origin.inherited, origin.umask)
        fields: dict[str, Any] = dict.fromkeys(KEPT)
        jobs = None
        if is_graph:
            from ..model.fire import written

            jobs = written(specs)
        else:
            fields = {name: getattr(specs[0], name) for name in KEPT}
            fields.update((name, names_text(fields[name])) for name in LISTS)
        return [self._contexts.number(context), jobs, *[own[name] for name in OWN], *fields.values()]

    def get(self, name: str) -> Schedule | None:
        """Return the schedule of this name, or None."""
        row = self._database.row(BY_NAME, (name,))
        return None if row is None else _schedule(row)

    def all(self) -> list[Schedule]:
        """Return every schedule, by name."""
        return [_schedule(row) for row in self._database.rows(ALL)]

    def due(self, now: int, limit: int) -> list[Schedule]:
        """Return up to `limit` schedules that are due, the earliest first."""
        return [_schedule(row) for row in self._database.rows(DUE, (now, limit))]

    def next_due(self, after: int = -1) -> int | None:
        """Return the first instant after another at which a schedule is due, None if there is none."""
        return self._database.integer(NEXT_DUE, (after,))

    def is_due(self, schedule: Schedule) -> bool:
        """Return whether a schedule still waits for the time that was read: nobody moved or paused it."""
        return self._database.value(IS_DUE, (schedule.id, schedule.next_at)) is not None

    def advance(self, schedule: Schedule, next_at: int | None) -> bool:
        """Move a schedule on from the time that was read; return False if somebody else did, or paused it."""
        return self._database.change(ADVANCE, (next_at, schedule.id, schedule.next_at)) == 1

    def move(self, schedule: Schedule, next_at: int | None) -> bool:
        """Give a schedule, paused or not, another next time; return False if somebody else changed it."""
        return self._database.change(MOVE, (next_at, schedule.id, schedule.next_at)) == 1

    def pause(self, name: str) -> bool:
        """Pause a schedule; return False if it is paused or not there."""
        return self._database.change("UPDATE schedules SET paused = 1 WHERE name = ? AND paused = 0", (name,)) == 1

    def resume(self, name: str, next_at: int | None) -> bool:
        """Let a paused schedule go on at `next_at`; return False if it is not paused or not there."""
        return self._database.change(RESUME, (next_at, name)) == 1

    def remove(self, name: str) -> bool:
        """Delete a schedule; its jobs stay. Return False if it is not there."""
        return self._database.change("DELETE FROM schedules WHERE name = ?", (name,)) == 1

    def record_fire(self, schedule: Schedule, fire_at: int, job: int | None) -> None:
        """Note that a schedule fired, and which job it made; None stands for one that was skipped."""
        self._database.insert(RECORD_FIRE, (schedule.id, fire_at, job))

    def has_fired(self, schedule: Schedule, fire_at: int) -> bool:
        """Return whether it has fired for this time already."""
        return self._database.value(HAS_FIRED, (schedule.id, fire_at)) is not None

    def last_fired(self, schedule: Schedule) -> int | None:
        """Return the latest time it has fired for, None if it never has."""
        return self._database.integer(LAST_FIRED, (schedule.id,))

    def prune_fires(self, schedule: Schedule, before: int) -> int:
        """Forget fires before a time, but never the latest thousand; return how many."""
        return self._database.change(PRUNE_FIRES, (schedule.id, before, schedule.id, KEPT_FIRES))

    def count(self) -> int:
        """Return how many schedules there are."""
        return int(self._database.value("SELECT count(*) FROM schedules"))

    def last_jobs(self, name: str, limit: int = 1) -> list[int]:
        """Return the numbers of the newest jobs of a schedule, newest first."""
        return self._database.integers(LAST_JOBS, (name, limit))

    def unfinished(self, name: str) -> int | None:
        """Return the newest job of a schedule that has not ended yet and is not stuck, or None."""
        return self._database.integer(UNFINISHED, (name,))


def _schedule(row: Row) -> Schedule:
    flags = {name: bool(row[name]) for name in FLAGS}
    # Several jobs have directories, locks and options of their own.
    cwd = row["cwd"] if row["document"] is None else None
    lists = {name: None if row[name] is None else names_of(row[name]) for name in LISTS}
    options = dict.fromkeys(DEFAULTS) if cwd is None else {**DEFAULTS, **decode_options(row["options"])}
    environment = {"env": decode(row["env"]), "inherited": decode_environment(row["inherited"])}
    return Schedule.of({**dict(row), **flags, **lists, **options, **environment, "cwd": cwd})
