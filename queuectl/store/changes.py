"""What users do to jobs: cancel, suspend, resume, retry, edit, hold, front, release, remove; and the stop of a batch.

Each statement names the state that it expects. Each change keeps the counts, and tells the children of a job its end.
"""

from __future__ import annotations

from ..model.cached import cached_property
from ..model.event import CANCELLED_FOR, EXPIRED
from ..model.fields import EDITABLE, FROM_NOW
from ..model.job import BLOCKED, FINAL_STATES, PENDING, TRANSITIONS, USER, WAITING_STATES
from ..model.verbs import VERBS
from ..model.when import local
from .contexts import DEFAULTS, Context, but_defaults
from .enqueue import PLAIN
from .events import ADD as ADD_EVENT
from .namelists import NAME_LISTS, names_of, names_text
from .schema import one_of
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Mapping

    from .batches import Batches
    from .lanes import Lanes
    from .links import Links
    from .parking import Parking
    from .sqlite import Row

    # Cancels the job of a number, at a wall time.
    Cancel = Callable[[int, int], bool]

# Takes the instant at which a suspended job goes on, or ends.
GOES_ON = """suspended_for = suspended_for + CASE WHEN suspended_at IS NULL THEN 0 ELSE max(0, ? - suspended_at) END,
    suspended_at = NULL, suspended_by = NULL"""
PLACE = "SELECT queue, batch, locks, state, parked, hopeless FROM jobs WHERE number = ?"
STORED = (
    *("run_at", *FROM_NOW.values(), "context", *NAME_LISTS),
    *(field.name for field in EDITABLE if field.name in PLAIN),
)
BEFORE_EDIT = f"SELECT state, waits, {', '.join(STORED)} FROM jobs WHERE number = ?"
# The fields in the row of a job's context.
OF_CONTEXT = ("cwd", *DEFAULTS)
# Each ends with the number and the state that are expected.
CHANGES = {
    # A running job is only marked: its worker ends it.
    "cancel": """
UPDATE jobs SET state = CASE state WHEN 'processing' THEN state ELSE 'cancelled' END,
    cancel_requested = state = 'processing', finished_at = CASE state WHEN 'processing' THEN NULL ELSE ? END,
    parked = NULL, updated_at = ?
WHERE number = ? AND state = ?
""",
    # Also only marked. What a pause has suspended, a user may suspend beyond its end.
    "suspend": """
UPDATE jobs SET suspended_at = coalesce(suspended_at, ?), suspended_by = ?, updated_at = ?
WHERE suspended_by IS NOT ? AND suspended_by IS NOT 'user' AND number = ? AND state = ?
""",
    "resume": f"""
UPDATE jobs SET {GOES_ON}, updated_at = ?
WHERE suspended_at IS NOT NULL AND suspended_by = coalesce(?, suspended_by) AND number = ? AND state = ?
""",
    "retry": """
UPDATE jobs SET state = CASE WHEN waits > 0 THEN 'blocked' ELSE 'pending' END, run_at = ?, updated_at = ?,
    finished_at = NULL, duration = NULL, exit_code = NULL, signal = NULL, error = NULL, expires_at = NULL,
    attempts = CASE WHEN ? THEN attempts ELSE 0 END, snoozes = 0
WHERE NOT EXISTS (
    SELECT 1 FROM jobs AS other INDEXED BY jobs_key
    WHERE other.key = jobs.key AND other.finished_at IS NULL AND other.number <> jobs.number)
    AND number = ? AND state = ?
""",
    "edit": f"""
UPDATE jobs SET state = ?, {" = ?, ".join(STORED)} = ?, parked = NULL, updated_at = ? WHERE number = ? AND state = ?
""",
    "hold": """
UPDATE jobs SET run_at = CASE WHEN state = 'failed' THEN ? ELSE run_at END, state = 'held', parked = NULL,
    updated_at = ?
WHERE number = ? AND state = ?
""",
    "front": "UPDATE jobs SET priority = ?, parked = NULL, updated_at = ? WHERE number = ? AND state = ?",
    "release": """
UPDATE jobs SET state = CASE WHEN run_at > ? THEN 'scheduled' WHEN waits > 0 THEN 'blocked' ELSE 'pending' END,
    updated_at = ?
WHERE number = ? AND state = ?
""",
}
REMOVE = "DELETE FROM jobs WHERE number = ? AND state = ?"
# Jobs that wait in stopped batches: rarely any, and they must be cancelled.
IN_STOPPED = f"""
SELECT number, stop_reason FROM batches CROSS JOIN jobs INDEXED BY jobs_of_batch ON jobs.batch = batches.name
WHERE stopped_at IS NOT NULL AND {one_of("jobs.state", WAITING_STATES)} LIMIT ?
"""
GIVE_REASON = "UPDATE jobs SET error = ? WHERE number = ?"
# The condition of the partial index, in full: a job whose first attempt has begun does not expire any more.
EXPIRING = "expires_at IS NOT NULL AND last_attempt = 0 AND finished_at IS NULL"
EXPIRED_JOBS = f"SELECT number, expires_at FROM jobs WHERE {EXPIRING} AND expires_at <= ? ORDER BY expires_at LIMIT ?"
NEXT_EXPIRY = f"SELECT min(expires_at) FROM jobs WHERE {EXPIRING}"


class JobChanges(Table):
    def __init__(self, *shared: Any, lanes: Lanes, links: Links) -> None:
        super().__init__(*shared)
        self._lanes = lanes
        self._links = links

    @cached_property
    def _batches(self) -> Batches:
        from .batches import Batches

        return Batches(*self._shared)

    @cached_property
    def parking(self) -> Parking:
        """What parks jobs whose lanes are full, and wakes them."""
        from .parking import Parking

        return Parking(*self._shared)

    def _change(self, verb: str, number: int, now: int, *values: object) -> bool:
        """Change a job whose state the verb fits, and keep the counts; return False if it does not fit it."""
        before = self._database.row(PLACE, (number,))
        if before is None or before["state"] not in VERBS[verb].states:
            return False
        if not self._database.change(CHANGES[verb], (*values, number, before["state"])):
            return False
        # Read again, so that the counts agree with it.
        after = self._database.rows(PLACE, (number,))[0]
        self._count(before, -1)
        self._count(after, 1)
        self._leave_place(before)
        if after["locks"] != before["locks"]:
            self._forget_locks(names_of(before["locks"]))
        if verb == "retry":
            # What it waits for again may leave it stuck.
            self._links.reopen(number, now)
            if before["batch"] is not None:
                self._batches.resume(before["batch"])
        if verb == "retry" or after["state"] in FINAL_STATES:
            # A stuck job counts as ended for its batch already.
            was_over = after["state"] in FINAL_STATES and before["hopeless"]
            self._links.follow(number, None if was_over else before["batch"], now)
        return True

    def _count(self, place: Row, jobs: int) -> None:
        self._counts.add(place["queue"], place["batch"], names_of(place["locks"]), place["state"], jobs)

    def _forget_locks(self, names: Iterable[str]) -> None:
        """Drop the counts of those locks that no job has any more: any number of names may come and go."""
        for name in names:
            self._counts.of_locks.drop_if_empty(name)

    def _leave_place(self, place: Row) -> None:
        """Wake the next job in each lane of one that could be claimed before, and no longer can."""
        is_claimable = place["state"] == PENDING and place["parked"] is None
        if is_claimable and (place["locks"] or place["batch"] is not None):
            self.parking.pass_by(place["queue"], self.parking.lanes(names_of(place["locks"]), place["batch"]))

    def cancel(self, number: int, now: int) -> bool:
        """Cancel a job; return False if its state does not allow it. A running one is marked, its worker ends it."""
        return self._change("cancel", number, now, now, now)

    def has_stopped(self) -> bool:
        """Return whether a job waits whose batch was stopped."""
        return self._database.value(IN_STOPPED, (1,)) is not None

    def cancel_stopped(self, now: int, limit: int, *, actor: str, cancel: Cancel | None = None) -> int:
        """Cancel up to `limit` jobs that wait and whose batch was stopped, by `cancel` if given; return how many."""
        waiting = self._database.rows(IN_STOPPED, (limit,))
        for row in waiting:
            self._stop(row["number"], CANCELLED_FOR, row["stop_reason"], actor, now, cancel or self.cancel)
        return len(waiting)

    def _stop(self, number: int, event: str, reason: str, actor: str, now: int, cancel: Cancel) -> None:
        """Cancel a job that waits, with an event; its error is that and the reason."""
        self._database.change(GIVE_REASON, (f"{event}: {reason}", number))
        self._database.insert(ADD_EVENT, (now, number, event, reason, actor))
        cancel(number, now)

    def next_expiry(self) -> int | None:
        """Return the wall time at which the next job expires, None if none can."""
        return self._database.integer(NEXT_EXPIRY)

    def has_expired(self, now: int) -> bool:
        """Return whether any job has expired by a wall time."""
        at = self.next_expiry()
        return at is not None and at <= now

    def cancel_expired(self, now: int, limit: int, *, actor: str, cancel: Cancel) -> int:
        """Cancel up to `limit` jobs that have expired, the longest ago first, by `cancel`; return how many."""
        expired = self._database.rows(EXPIRED_JOBS, (now, limit))
        for row in expired:
            self._expire(row, actor, now, cancel)
        return len(expired)

    def _expire(self, row: Row, actor: str, now: int, cancel: Cancel) -> None:
        self._stop(row["number"], EXPIRED, f"not started by {local(row['expires_at'])}", actor, now, cancel)

    def suspend(self, number: int, now: int, by: str = USER) -> bool:
        """Mark a running job as suspended, by USER or by PAUSE; its worker stops it. Return False if it was already."""
        return self._change("suspend", number, now, now, by, now, by)

    def resume(self, number: int, now: int, by: str | None = None) -> bool:
        """Let a job go on that was suspended by USER or PAUSE, with None by either; return False if it was not."""
        return self._change("resume", number, now, now, now, by)

    def retry(self, number: int, now: int, *, keep_attempts: bool) -> bool:
        """Make a final or failed job claimable at once; return False if its state, or another with its key, forbids it.

        With `keep_attempts` it has one attempt more, otherwise all of them again. It does not expire any more.
        """
        return self._change("retry", number, now, now, now, keep_attempts)

    def edit(self, number: int, changes: Mapping[str, Any], now: int) -> bool:
        """Change fields of a job that waits, by name as `parse_changes` returns them; return False if it does not.

        A new time makes a job claimable, or has it wait again. `parents` are those of its links from now on.
        """
        before = self._database.row(BEFORE_EDIT, (number,))
        if before is None or before["state"] not in VERBS["edit"].states:
            return False
        state, after = before["state"], {name: before[name] for name in STORED}
        after.update((name, value) for name, value in changes.items() if name in STORED)
        after.update((name, names_text(changes[name])) for name in NAME_LISTS if name in changes)
        if not changes.keys().isdisjoint(OF_CONTEXT):
            old = self._contexts.get(before["context"])
            options = {**DEFAULTS, **old.options, **{name: changes[name] for name in DEFAULTS if name in changes}}
            changed = {"cwd": changes.get("cwd", old.cwd), "options": but_defaults(options)}
            after["context"] = self._contexts.number(Context.of({**old.parts_by_name(), **changed}))
        if "run_at" in changes:
            state = TRANSITIONS.get((state, "postpone" if after["run_at"] > now else "promote"), state)
            state = BLOCKED if state == PENDING and before["waits"] else state
        if not self._change("edit", number, now, state, *after.values(), now):
            return False
        if "parents" in changes:
            self._links.replace(number, changes["parents"], now)
        return True

    def hold(self, number: int, now: int) -> bool:
        """Keep a job that waits from running until it is released; return False if it does not wait."""
        # A failed job loses the rest of its backoff.
        return self._change("hold", number, now, now, now)

    def front(self, number: int, priority: int, now: int) -> bool:
        """Give a job that waits the priority that puts it in front; return False if it does not wait."""
        return self._change("front", number, now, priority, now)

    def release(self, number: int, now: int) -> bool:
        """Let a held job go; return False if it is not held."""
        return self._change("release", number, now, now, now)

    def remove(self, number: int) -> bool:
        """Delete a job with its attempts and output; return False if it runs, or if it or its batch is waited for."""
        before = self._database.row(PLACE, (number,))
        if before is None or before["state"] not in VERBS["remove"].states or self._links.is_waited_for(number):
            return False
        if not self._database.change(REMOVE, (number, before["state"])):
            return False
        self._count(before, -1)
        self._leave_place(before)
        self._forget_locks(names_of(before["locks"]))
        if before["batch"] is not None:
            self._batches.drop_empty([before["batch"]])
        return True
