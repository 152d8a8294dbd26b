"""How new jobs get into the table: all of them or none, each with a number and an id of its own."""

from __future__ import annotations

from itertools import repeat

from ..model.errors import Conflict
from ..model.fields import GIVEN, SHARED
from ..model.job import BLOCKED, HELD, PENDING, SCHEDULED
from ..model.record import Record
from .contexts import Context, encode, options_of
from .namelists import NAME_LISTS, names_text
from .sqlite import sqlite3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, Mapping, Sequence, Tuple, Union

    from ..model.spec import JobSpec
    from ..model.surroundings import Origin
    from .batches import Batches
    from .contexts import Contexts
    from .counts import Counts
    from .database import Database
    from .links import Links

    # What to wait for: a job by its number, or by the id that it is given in the same enqueue, or `batch:NAME`; and the
    # kind of the link.
    Parent = Tuple[Union[int, str], str]

# Stored as something else than the column of that name; all other fields are stored as they are.
ELSEWHERE = (
    *("id", "hold", "if_exists", "run_at", "cwd", "env", "inherit_env", "stdin", "batch_limit", "max_fails", "inputs"),
    *("after", "after_any", "after_failed"),
)
PLAIN = tuple(field.name for field in GIVEN if field not in SHARED and field.name not in (*ELSEWHERE, *NAME_LISTS))
ENQUEUE = f"""
INSERT INTO jobs (number, id, state, run_at, created_at, updated_at, context, created_by, schedule, is_delay,
                  expires_from_now, waits, inputs, {", ".join((*NAME_LISTS, *PLAIN))})
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?{", ?" * len((*NAME_LISTS, *PLAIN))})
"""
EXISTS = "SELECT 1 FROM jobs WHERE id = ?"
TELL_EVERY = 1000


class Enqueue(Record):
    """One enqueue of jobs, in a transaction. `origins` are what their caller gives to them, by their `inherit_env`."""

    database: Database
    counts: Counts
    contexts: Contexts
    links: Links
    origins: Mapping[tuple[str, ...] | None, Origin]
    actor: str
    now: int
    schedule: str | None
    parents: Sequence[Sequence[Parent]]
    is_batch: bool  # they form a batch of their own, named by the first of them
    on_progress: Callable[[int], None] | None

    def run(self, specs: Sequence[JobSpec]) -> list[str]:
        """Add the jobs; return their ids. Raises Conflict with each id that is taken, NotFound for no such batch."""
        first = self._next_number()
        if self.is_batch:
            self._name_batch(specs, first)
        is_in_batch = any(spec.batch is not None for spec in specs)
        begun = self._batches.begun_by(specs) if is_in_batch else {}
        numbers: Sequence[int] = range(first, first + len(specs))
        self.database.change("SAVEPOINT enqueue")
        try:
            self.database.change_many(ENQUEUE, self._rows(specs, numbers))
        except sqlite3.IntegrityError:
            self.database.change("ROLLBACK TO enqueue")
            numbers = self._free_numbers(specs)
            if self.is_batch:
                self._name_batch(specs, numbers[0])
                begun = self._batches.begun_by(specs)
            self.database.change_many(ENQUEUE, self._rows(specs, numbers))
        self.database.change("RELEASE enqueue")
        if begun:
            self._batches.create(begun, actor=self.actor, now=self.now)
        for spec, waits in zip(specs, self._waits()):
            self.counts.add(spec.queue, spec.batch, spec.locks, first_state(spec, self.now, waits), 1)
        if self.parents:
            self._link(specs, numbers)
        if is_in_batch:
            self.links.follow_batches({spec.batch for spec in specs if spec.batch is not None}, self.now)
        return [spec.id or f"job-{number}" for spec, number in zip(specs, numbers)]

    @property
    def _batches(self) -> Batches:
        from .batches import Batches

        return Batches(self.database, self.counts, self.contexts)

    def _name_batch(self, specs: Sequence[JobSpec], number: int) -> None:
        name = self._batches.free_name(f"batch-{number}")
        for spec in specs:
            spec.batch = name

    def _next_number(self) -> int:
        return int(self.database.value("SELECT seq FROM sqlite_sequence WHERE name = 'jobs'") or 0) + 1

    def _rows(self, specs: Sequence[JobSpec], numbers: Sequence[int]) -> Iterator[tuple[object, ...]]:
        contexts: dict[tuple[object, ...], int] = {}
        now = self.now
        for count, (spec, number, waits) in enumerate(zip(specs, numbers, self._waits())):
            if self.on_progress is not None and count % TELL_EVERY == 0:
                self.on_progress(count)
            options = options_of(spec)
            place = (spec.cwd, encode(spec.env), encode(options), spec.inherit_env, spec.stdin)
            context = contexts.get(place)
            if context is None:
                context = contexts[place] = self._context(spec, options)
            yield (
                number,
                spec.id or f"job-{number}",
                first_state(spec, now, waits),
                now if spec.run_at is None else spec.run_at,
                now,
                now,
                context,
                self.actor,
                self.schedule,
                spec.is_delay,
                spec.expires_from_now,
                waits,
                None if spec.inputs is None else _inputs_text(spec.inputs),
                *[names_text(getattr(spec, name)) for name in NAME_LISTS],
                *[getattr(spec, name) for name in PLAIN],
            )

    def _context(self, spec: JobSpec, options: Mapping[str, Any]) -> int:
        origin = self.origins[spec.inherit_env]
        stdin = None if spec.stdin is None else self.contexts.add_stdin(spec.stdin)
        context = Context(spec.cwd, origin.path, spec.env, options, origin.inherited, origin.umask, stdin)
        return self.contexts.number(context)

    def _waits(self) -> Iterator[int]:
        """Yield for each job how many others it waits for."""
        return map(len, self.parents) if self.parents else repeat(0)

    def _link(self, specs: Sequence[JobSpec], numbers: Sequence[int]) -> None:
        number_of: dict[int | str | None, int] = {spec.id: number for spec, number in zip(specs, numbers)}

        def resolved(parent: Parent) -> tuple[int, str]:
            found, kind = parent
            if isinstance(found, str) and found not in number_of:
                number_of[found] = self.links.standings.batch(found)
            return (found if isinstance(found, int) else number_of[found]), kind

        self.links.add({number: [*map(resolved, found)] for number, found in zip(numbers, self.parents)}, self.now)

    def _free_numbers(self, specs: Sequence[JobSpec]) -> list[int]:
        """Return numbers whose `job-N` is free, for jobs if one of their ids is taken. Raises Conflict."""
        given: set[str] = set()
        taken: list[str] = []
        for spec in specs:
            if spec.id is None:
                continue
            if spec.id in given or self.database.value(EXISTS, (spec.id,)):
                taken.append(spec.id)
            given.add(spec.id)
        if taken:
            ids = list(dict.fromkeys(taken))
            more = f" and {len(ids) - 20} more" if len(ids) > 20 else ""
            shown = ", ".join(f'"{id}"' for id in ids[:20]) + more
            message = f"a job with id {shown} exists already" if len(ids) == 1 else f"these ids exist already: {shown}"
            raise Conflict(message, hint=f"choose another id, or see it with: queuectl show {ids[0]}", field="id")
        numbers: list[int] = []
        number = self._next_number()
        for spec in specs:
            while spec.id is None and (f"job-{number}" in given or self.database.value(EXISTS, (f"job-{number}",))):
                number += 1
            numbers.append(number)
            number += 1
        return numbers


def _inputs_text(inputs: Mapping[str, str]) -> str:
    import json

    return json.dumps(inputs)


def first_state(spec: JobSpec, now: int, waits: int = 0) -> str:
    """Return the state that a new job begins in; `waits` is how many others it waits for."""
    if spec.hold:
        return HELD
    if spec.run_at is not None and spec.run_at > now:
        return SCHEDULED
    return BLOCKED if waits else PENDING
