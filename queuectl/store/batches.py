"""The batches: names of jobs that were added together, with counts, and with a limit of dead jobs that stops them.

A batch begins with its first job and is gone with its last. Its counts stand in `Counts.of_batches`. Once as many of
its jobs are dead as `max_fails` says, it is stopped, in the transaction in which the last of them dies: no job of it is
claimed any more, and those that wait are cancelled. A retry of any of its jobs lets it go on.
"""

from __future__ import annotations

from ..model.batch import Batch, go_on, stop_text, stops_at
from ..model.checks import MAX_SLOTS
from ..model.errors import Conflict
from ..model.event import BATCH_STOPPED
from ..model.job import DEAD
from .condition import prefix_range
from .events import ADD
from .relatives import Standings
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, Mapping, Sequence

    from ..model.spec import JobSpec
    from .claim import Claim
    from .sqlite import Row

    # The limits of a batch, by the fields of its jobs that give them.
    Limits = Dict[str, object]

# The fields that give limits, and the columns that keep them.
LIMITS = {"max_fails": "max_fails", "batch_limit": "slots"}
OF_NAME = "SELECT * FROM batches WHERE name = ?"
NEWEST = "SELECT * FROM batches ORDER BY id DESC LIMIT ?"
COUNT_WAITING = """
SELECT count(*) FROM links INDEXED BY links_open JOIN jobs ON jobs.number = links.child
WHERE links.parent = -? AND links.satisfied_at IS NULL AND jobs.finished_at IS NULL
"""
BY_PREFIX = "SELECT * FROM batches WHERE name >= ? AND name < ? ORDER BY name LIMIT ?"
CREATE = "INSERT INTO batches (name, created_at, created_by, max_fails, slots) VALUES (?, ?, ?, ?, ?)"
LIMIT = "UPDATE batches SET slots = ? WHERE name = ?"
STOP = "UPDATE batches SET stopped_at = ?, stop_reason = ? WHERE name = ? AND stopped_at IS NULL"
RESUME = "UPDATE batches SET stopped_at = NULL, stop_reason = NULL WHERE name = ? AND stopped_at IS NOT NULL"


class Batches(Table):
    def get(self, name: str, now: int) -> Batch | None:
        """Return a batch as it is now, None if there is none of this name."""
        row = self._database.row(OF_NAME, (name,))
        return None if row is None else self._batch(row, now)

    def newest(self, limit: int, now: int) -> list[Batch]:
        """Return up to `limit` batches, the newest first; a negative limit means all."""
        return [self._batch(row, now) for row in self._database.rows(NEWEST, (limit,))]

    def named(self, prefix: str, limit: int) -> list[Batch]:
        """Return up to `limit` batches whose name begins with a prefix, by name, as of their last end."""
        if not prefix.isascii():
            return []
        low, high = prefix_range(prefix) if prefix else ("", "\x7f")
        return [self._batch(row, row["ended_at"] or 0) for row in self._database.rows(BY_PREFIX, (low, high, limit))]

    def count(self) -> int:
        """Return how many batches there are."""
        return int(self._database.value("SELECT count(*) FROM batches"))

    def _batch(self, row: Row, now: int) -> Batch:
        name, waiting = row["name"], int(self._database.value(COUNT_WAITING, (row["id"],)))
        slots = None if row["slots"] == MAX_SLOTS else row["slots"]
        given = {**row, "slots": slots, "waiting": waiting, "stuck": Standings(*self._shared).stuck(name)}
        return Batch.of({**given, "states": self._counts.of_batches.of(name), "read_at": now})

    def free_name(self, name: str) -> str:
        """Return a name that no batch has: this one, or one with a number behind it."""
        found, number = name, 1
        while self._database.row(OF_NAME, (found,)) is not None:
            number += 1
            found = f"{name}-{number}"
        return found

    def begun_by(self, specs: Sequence[JobSpec]) -> dict[str, Limits]:
        """Return the batches that new jobs begin, with limits. Raises Conflict for a stopped one, or another limit."""
        begun: dict[str, Limits] = {}
        for name, limits in _given_limits(specs).items():
            row = self._database.row(OF_NAME, (name,))
            if row is None:
                begun[name] = limits
                continue
            if row["stop_reason"] is not None:
                raise Conflict(row["stop_reason"], hint=f"let it go on with: {go_on(name)}", field="batch")
            for field, column in LIMITS.items():
                if limits[field] not in (None, row[column]):
                    raise _another_limit(name, field, row[column], limits[field])
        return begun

    def create(self, begun: Mapping[str, Limits], *, actor: str, now: int) -> None:
        """Create batches, each with its limits."""
        for name, limits in begun.items():
            self._database.change(CREATE, (name, now, actor, *[limits[field] for field in LIMITS]))

    def limit(self, name: str, slots: int | None) -> bool:
        """Limit how many jobs of a batch run at a time, None for no limit; return False if there is no such batch."""
        # Then see whether there is room, `Parking.leave`. Without any limit those that are parked would not be woken
        # one by one, so none is written down as the highest.
        return self._database.change(LIMIT, (slots or MAX_SLOTS, name)) == 1

    def begin(self, name: str, now: int) -> None:
        """Note that a job of a batch was claimed."""
        self._database.change("UPDATE batches SET started_at = ? WHERE name = ? AND started_at IS NULL", (now, name))

    def end(self, name: str, claim: Claim, state: str, now: int) -> None:
        """Note that a claimed job of a batch has reached a final state; too many dead ones stop the batch."""
        self._database.change("UPDATE batches SET ended_at = ? WHERE name = ?", (now, name))
        if state != DEAD:
            return
        row = self._database.row(OF_NAME, (name,))
        if row is None or row["max_fails"] is None:
            return
        states = self._counts.of_batches.of(name)
        if states.get(DEAD, 0) < stops_at(row["max_fails"], sum(states.values())):
            return
        reason = stop_text(name, states[DEAD])
        if self._database.change(STOP, (now, reason, name)):
            self._database.insert(ADD, (now, claim.number, BATCH_STOPPED, reason, f"worker {claim.worker}"))

    def resume(self, name: str) -> None:
        """Let a stopped batch go on."""
        self._database.change(RESUME, (name,))

    def drop_empty(self, names: Iterable[str]) -> None:
        """Delete those batches that have no job any more."""
        for name in names:
            if self._counts.of_batches.drop_if_empty(name):
                self._database.change("DELETE FROM batches WHERE name = ?", (name,))


def _given_limits(specs: Sequence[JobSpec]) -> dict[str, Limits]:
    """Return the batches of new jobs, each with the limits given for it. Raises Conflict for two values of one."""
    given: dict[str, Limits] = {}
    for spec in specs:
        if spec.batch is None:
            continue
        limits = given.setdefault(spec.batch, dict.fromkeys(LIMITS))
        for field in LIMITS:
            value = getattr(spec, field)
            if limits[field] is None:
                limits[field] = value
            elif value not in (None, limits[field]):
                raise _another_limit(spec.batch, field, limits[field], value)
    return given


def _another_limit(name: str, field: str, limit: object, given: object) -> Conflict:
    has = f"was begun without {field}" if limit is None else f"has {field} {limit}"
    if (field, limit) == ("batch_limit", MAX_SLOTS):
        has = f"has no {field} any more"
    hint = f"leave {'the limit' if field == 'batch_limit' else '--max-fails'} out, or give another batch"
    if field == "batch_limit":
        hint += f"; change it with: queuectl batch limit {name} {given}"
    return Conflict(f"batch {name} {has}, it cannot be {given}", hint=hint, field=field)
