"""The jobs table's arrows: enqueue, claim, renew, finish, promote, edit, cancel, retry, hold, release, remove.

Every write names the state it expects, and for a running job the attempt that it acts for: the attempt's id is the
fencing token. A worker that lost its job to a recovery finds no row, and its result is dropped.
"""

from __future__ import annotations

from ..model.event import CANCELLED_FOR
from ..model.job import (
    BLOCKED,
    FINAL_STATES,
    KEPT_BACK_STATES,
    PENDING,
    PROCESSING,
    SCHEDULED,
    TRANSITIONS,
    waits_since,
)
from ..model.outcome import Outcome
from ..model.record import Record
from .changes import EXPIRING, GOES_ON, REMOVE, JobChanges
from .claim import ORDER, Claim, urgency
from .enqueue import Enqueue
from .namelists import names_of
from .schema import BATCHES_WAITED_FOR, CLAIMABLE, DUE, FINAL, IS_WAITED_FOR, one_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Mapping, Optional, Sequence, Tuple

    from ..model.spec import JobSpec
    from ..model.surroundings import Origin
    from .changes import Cancel
    from .enqueue import Parent
    from .parking import ParkingLane
    from .sqlite import Row

# The parts of a Claim come first, in its order and as they are after the claim: a lookup of each by name takes long.
HEAD_OF_QUEUE = f"""
SELECT number, id, command, queue, last_attempt + 1, attempts + 1, max_retries, timeout, run_at, allow_background,
       nice, locks, batch, on_success, on_failure, on_finish, hook_facts, item, item_index,
       EXISTS (SELECT 1 FROM links WHERE child = number), context,
       created_at, priority, expires_at,
       last_attempt
FROM jobs WHERE {CLAIMABLE} AND queue = ? ORDER BY {ORDER} LIMIT 1
"""
BEGIN_ATTEMPT = "INSERT INTO attempts (job, attempt, worker, started_at, wait_time) VALUES (?, ?, ?, ?, ?)"
CLAIM = """
UPDATE jobs SET state = 'processing', attempts = attempts + 1, last_attempt = last_attempt + 1, attempt_id = ?,
    worker = ?, lease_until = ?, started_at = ?, updated_at = ?, finished_at = NULL, duration = NULL,
    exit_code = NULL, signal = NULL, error = NULL, cancel_requested = 0, suspended_for = 0, wish = NULL
WHERE number = ? AND state = 'pending' AND parked IS NULL
"""
RENEW = "UPDATE jobs SET lease_until = ? WHERE number = ? AND state = 'processing' AND attempt_id = ?"
SUSPENDED_BY = "SELECT suspended_by FROM jobs WHERE number = ? AND state = 'processing' AND attempt_id = ?"
FINISH = f"""
UPDATE jobs SET state = ?, attempts = attempts - ?, run_at = ?, finished_at = ?, duration = ?, exit_code = ?,
    signal = ?, error = ?, updated_at = ?, worker = NULL, lease_until = NULL, cancel_requested = 0, {GOES_ON}
WHERE number = ? AND state = 'processing' AND attempt_id = ? AND wish IS ?
"""
ASKED = "SELECT cancel_requested, wish FROM jobs WHERE number = ? AND state = 'processing' AND attempt_id = ?"
MAKE_WISH = "UPDATE jobs SET wish = ? WHERE number = ? AND state = 'processing' AND attempt_id = ?"
SNOOZED_QUEUES = "SELECT DISTINCT queue FROM jobs INDEXED BY jobs_snoozed WHERE state = 'scheduled' AND snoozes > 0"
# Its new time counts from now, and moves along when the clock is set.
SNOOZE = "UPDATE jobs SET snoozes = snoozes + 1, is_delay = 1 WHERE number = ? AND state = 'scheduled'"
DUE_JOBS = f"""
SELECT number, queue, batch, locks, state, waits FROM jobs WHERE {DUE} AND run_at <= ? ORDER BY run_at LIMIT ?
"""
NEXT_DUE = f"SELECT min(run_at) FROM jobs WHERE {DUE}"
PROMOTE = "UPDATE jobs SET state = ?, updated_at = ? WHERE number = ? AND state = ?"
MOVE_DUE = f"""
UPDATE jobs INDEXED BY jobs_due SET run_at = max(0, run_at + ?) WHERE {DUE} AND (state = 'failed' OR is_delay)
"""
MOVE_KEPT_BACK = f"""
UPDATE jobs SET run_at = max(0, run_at + ?) WHERE is_delay AND {one_of("state", KEPT_BACK_STATES)}
"""
MOVE_EXPIRY = f"UPDATE jobs SET expires_at = max(0, expires_at + ?) WHERE {EXPIRING} AND expires_from_now"
# The condition of the partial index stands there in full, or SQLite would not use it.
OLD_FINISHED = f"""
SELECT number, queue, batch, locks, id FROM jobs WHERE {FINAL} AND state = ? AND finished_at < ? AND NOT {IS_WAITED_FOR}
    AND NOT (batch IS NOT NULL AND batch IN {BATCHES_WAITED_FOR})
    AND NOT (key_for IS NOT NULL AND finished_at + key_for > ?)
ORDER BY finished_at LIMIT ?
"""
HAS_OUTPUT = """EXISTS (
    SELECT 1 FROM attempts JOIN output ON output.attempt = attempts.id WHERE attempts.job = page.number
)"""
OLD_WITH_OUTPUT = f"SELECT number FROM ({OLD_FINISHED}) AS page WHERE {HAS_OUTPUT}"
# Of each final state the next ones; together they are in order.
FINISHED_IN = f"""
SELECT * FROM (
    SELECT finished_at, number FROM jobs WHERE {FINAL} AND state = '%s' AND (finished_at, number) > (?1, ?2)
    ORDER BY finished_at, number LIMIT ?3
)"""
FINISHED_AFTER = f"""
SELECT finished_at, number, {HAS_OUTPUT} AS has_output
FROM ({" UNION ALL ".join(FINISHED_IN % state for state in FINAL_STATES)}) AS page
ORDER BY finished_at, number LIMIT ?3
"""
# A unique index ensures that no two unfinished jobs have the same key. A job may keep it for a while after its end.
OPEN_HOLDER = """
SELECT number, id, state FROM jobs INDEXED BY jobs_key WHERE key IS NOT NULL AND key = ? AND finished_at IS NULL
"""
KEPT_UNTIL = """
SELECT number, id, state FROM jobs INDEXED BY jobs_kept_key
WHERE key_for IS NOT NULL AND finished_at IS NOT NULL AND key = ? AND finished_at + key_for > ?
ORDER BY finished_at DESC LIMIT 1
"""
# At most this many jobs that cannot run are passed over in one transaction: they are cancelled, or parked.
PASSED_OVER_AT_ONCE = 64
NO_LANES: Sequence[ParkingLane] = ()
# States after an attempt that does not count as one of those that are allowed.
UNCOUNTED = (PENDING, SCHEDULED)
ENDS = frozenset(target for (source, _), target in TRANSITIONS.items() if source == PROCESSING != target)


class Holder(Record):
    """The job that has a key."""

    number: int
    id: str
    state: str


class Jobs(JobChanges):
    _left_to_pass_over = PASSED_OVER_AT_ONCE

    def enqueue(
        self,
        specs: Sequence[JobSpec],
        *,
        origins: Mapping[tuple[str, ...] | None, Origin],
        actor: str,
        now: int,
        schedule: str | None = None,
        parents: Sequence[Sequence[Parent]] = (),
        is_batch: bool = False,
        on_progress: Callable[[int], None] | None = None,
    ) -> list[str]:
        """Add jobs, all of them or none; return their ids.

        `origins` are what their caller gives to them, by their `inherit_env`, `schedule` the name of the one that they
        come from; `parents` are for each job those that it waits for, if any job does; with `is_batch` they become a
        batch, named by the first of them; `on_progress` is called after every thousandth job with the number written.
        Raises Conflict, naming every id that exists already or comes twice.
        """
        shared = (*self._shared, self._links)
        return Enqueue(*shared, origins, actor, now, schedule, parents, is_batch, on_progress).run(specs)

    def claim(
        self,
        *,
        worker: int,
        now: int,
        lease_until: int,
        queues: Sequence[str] = (),
        cancel: Cancel | None = None,
        follow: Callable[[], int] = int,
    ) -> Claim | None:
        """Take the most urgent pending job of a queue with room for a worker; return it, or None if there is none.

        Order: priority (higher first), then `run_at`, then number. `queues` limits the choice. Jobs that come first and
        have expired are cancelled instead, by `cancel` if it is given; those whose lanes are full are parked.
        If there are too many of these for one transaction, it returns None although there may be others behind them.

        `follow` is called before an expired job is cancelled: it moves times if the clock was set, and tells how far.
        """
        head, lanes = None, NO_LANES
        self._left_to_pass_over = PASSED_OVER_AT_ONCE
        for queue in self._lanes.with_room(now, queues):
            row, found = self._database.row(HEAD_OF_QUEUE, (queue,)), NO_LANES
            if row is not None and (row["batch"] is not None or row["expires_at"] is not None or row["locks"]):
                row, found = self._first_to_run(row, now, f"worker {worker}", cancel or self.cancel, follow)
            if row is not None and (head is None or urgency(row) < urgency(head)):
                head, lanes = row, found
        if head is None:
            return None
        *parts, context, created_at, _, _, _ = head
        claim = Claim(*(*parts, 0, worker, now, lease_until, 0, self._contexts.get(context)))
        claim.wait_time = max(0, now - waits_since(created_at, claim.run_at))
        begun = (claim.number, claim.attempt, worker, now, claim.wait_time)
        claim.attempt_id = self._database.insert(BEGIN_ATTEMPT, begun)
        self._database.change(CLAIM, (claim.attempt_id, worker, lease_until, now, now, claim.number))
        self._counts.move(claim.queue, claim.batch, claim.locks, PENDING, PROCESSING)
        self._lanes.start(claim.queue, now)
        for lane in lanes:
            lane.running += 1
        if lanes:
            self.parking.pass_by(claim.queue, lanes)
        if claim.batch is not None and not all(lane.has_begun for lane in lanes):
            self._batches.begin(claim.batch, now)
        return claim

    def _first_to_run(
        self, head: Row | None, now: int, actor: str, cancel: Cancel, follow: Callable[[], int]
    ) -> Tuple[Optional[Row], Sequence[ParkingLane]]:
        """Pass over the jobs at the head of a queue that cannot run; return the next one with its lanes.

        Those that have expired or whose batch was stopped are cancelled, those with a lane that is full are parked.
        None also if there are too many for one transaction.
        """
        while head is not None:
            # For most jobs this only checks whether they can expire.
            has_expired = head["expires_at"] is not None and head["expires_at"] <= now and not head["last_attempt"]
            lanes = NO_LANES if has_expired else self.parking.lanes(names_of(head["locks"]), head["batch"])
            reason = next((lane.stop_reason for lane in lanes if lane.stop_reason is not None), None)
            full = next((lane for lane in lanes if not lane.has_room), None)
            if not has_expired and reason is None and full is None:
                return head, lanes
            if not self._left_to_pass_over:
                break
            self._left_to_pass_over -= 1
            if has_expired:
                # If the clock was set, its time has moved instead: it is read again.
                if not follow():
                    self._expire(head, actor, now, cancel)
            elif reason is not None:
                self._stop(head["number"], CANCELLED_FOR, reason, actor, now, cancel)
            elif full is not None:
                self.parking.park(head["number"], head["queue"], lanes, full)
            head = self._database.row(HEAD_OF_QUEUE, (head["queue"],))
        return None, NO_LANES

    def renew(self, number: int, attempt_id: int, lease_until: int) -> bool:
        """Prolong a lease; return False if the attempt has lost the job."""
        return self._database.change(RENEW, (lease_until, number, attempt_id)) == 1

    def cancel_requested(self, number: int, attempt_id: int) -> bool | None:
        """Return whether a user wants the running attempt ended; None if it has lost the job."""
        asked = self.asked(number, attempt_id)
        return None if asked is None else asked[0]

    def suspended_by(self, number: int, attempt_id: int) -> str | None:
        """Return who wants the running attempt suspended, None for nobody."""
        found: str | None = self._database.value(SUSPENDED_BY, (number, attempt_id))
        return found

    def asked(self, number: int, attempt_id: int) -> tuple[bool, str | None] | None:
        """Return whether a user wants the attempt ended, and the wish of its command; None if it has lost the job."""
        row = self._database.row(ASKED, (number, attempt_id))
        return None if row is None else (bool(row["cancel_requested"]), row["wish"])

    def make_wish(self, number: int, attempt_id: int, wish: str) -> bool:
        """Note what the command of an attempt asks for, in place of earlier wishes; return False if it does not run."""
        return self._database.change(MAKE_WISH, (wish, number, attempt_id)) == 1

    def snoozed_queues(self) -> set[str]:
        """Return the queues that have a job which was snoozed and will run again."""
        return {row["queue"] for row in self._database.rows(SNOOZED_QUEUES)}

    def snoozes(self, number: int) -> int:
        """Return how often a job was snoozed."""
        return int(self._database.value("SELECT snoozes FROM jobs WHERE number = ?", (number,)) or 0)

    def finish(
        self,
        claim: Claim,
        outcome: Outcome,
        *,
        state: str,
        run_at: int,
        duration: int | None,
        now: int,
        wish: str | None = None,
    ) -> bool:
        """Record the end of an attempt and move its job to `state`.

        Return False if it has lost the job, or if its command has another `wish`. `run_at` is when the next attempt is
        due, for `failed` and `scheduled`. An attempt that goes back to `pending` or `scheduled` does not count.
        """
        if state not in ENDS:
            raise ValueError(f"an attempt cannot lead to {state}")
        finished_at = now if state in FINAL_STATES else None
        how = (duration, outcome.exit_code, outcome.signal, outcome.error)
        uncounted = int(state in UNCOUNTED)
        values = (state, uncounted, run_at, finished_at, *how, now, now, claim.number, claim.attempt_id, wish)
        if not self._database.change(FINISH, values):
            return False
        if state == SCHEDULED:
            self._database.change(SNOOZE, (claim.number,))
        self._counts.move(claim.queue, claim.batch, claim.locks, PROCESSING, state)
        if claim.batch is not None or claim.locks:
            self.parking.leave(claim.locks, claim.batch)
        if finished_at is not None:
            if claim.batch is not None:
                self._batches.end(claim.batch, claim, state, now)
            self._links.follow(claim.number, claim.batch, now)
        return True

    def promote(self, now: int, limit: int) -> int:
        """Make up to `limit` jobs that are due claimable, or blocked; return how many there were."""
        due = self._database.rows(DUE_JOBS, (now, limit))
        for number, queue, batch, locks, state, waits in due:
            after = BLOCKED if waits else PENDING
            if self._database.change(PROMOTE, (after, now, number, state)):
                self._counts.move(queue, batch, names_of(locks), state, after)
        return len(due)

    def move_delays(self, by: int) -> int:
        """Move failed jobs, those with a delay, and expiries that count from an enqueue; return how many jobs moved.

        `by` is in milliseconds: the clock was set by so much.
        """
        self._database.change(MOVE_EXPIRY, (by,))
        moved = self._database.change(MOVE_DUE, (by,))
        # No index finds these: without any, a large home need not be looked through.
        if any(self._counts.queues_with(state) for state in KEPT_BACK_STATES):
            moved += self._database.change(MOVE_KEPT_BACK, (by,))
        return moved

    def next_due(self) -> int | None:
        """Return the wall time at which the next scheduled or failed job is due, None if there is none."""
        return self._database.integer(NEXT_DUE)

    def prune(self, state: str, before: int, limit: int, *, now: int) -> list[str]:
        """Delete up to `limit` jobs that reached a final state before an instant; return their ids."""
        # Those that unfinished jobs wait for stay, those of batches that these wait for, and those that keep a key.
        old = self._database.rows(OLD_FINISHED, (state, before, now, limit))
        for number, queue, batch, locks, _ in old:
            if self._database.change(REMOVE, (number, state)):
                self._counts.add(queue, batch, names_of(locks), state, -1)
        self._batches.drop_empty({row["batch"] for row in old if row["batch"] is not None})
        self._forget_locks({name for row in old for name in names_of(row["locks"])})
        return [row["id"] for row in old]

    def with_output_before(self, state: str, before: int, limit: int, *, now: int) -> list[int]:
        """Return the numbers of those with output among the jobs that `prune` would delete."""
        return [row["number"] for row in self._database.rows(OLD_WITH_OUTPUT, (state, before, now, limit))]

    def finished_after(self, instant: int, number: int, limit: int) -> list[tuple[int, int, bool]]:
        """Return (finished_at, number, has_output) of `limit` final jobs after a place, in the order they ended."""
        rows = self._database.rows(FINISHED_AFTER, (instant, number, limit))
        return [(row["finished_at"], row["number"], bool(row["has_output"])) for row in rows]

    def key_holder(self, key: str, now: int | None) -> Holder | None:
        """Return the job that has a key at an instant, None if it is free. With `now` None, only an unfinished one."""
        row = self._database.row(OPEN_HOLDER, (key,))
        if row is None and now is not None:
            row = self._database.row(KEPT_UNTIL, (key, now))
        return None if row is None else Holder.of(row)
