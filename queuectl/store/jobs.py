"""The jobs table's arrows: enqueue, claim, renew, finish, promote, edit, cancel, retry, hold, release, remove.

Every write names the state it expects, and for a running job the attempt that it acts for: the
attempt's id is the fencing token. A worker that lost its job to a recovery finds no row, and its
result is dropped. All methods that write must be called inside `with store.writing():`.
"""

from __future__ import annotations

from ..model.fields import EDITABLE
from ..model.job import BLOCKED, FINAL_STATES, KEPT_BACK_STATES, PENDING, PROCESSING, TRANSITIONS, Outcome, waits_since
from ..model.verbs import VERBS
from .claim import ORDER, Claim, urgency
from .enqueue import PLAIN, Enqueue, tags_text
from .expiry import Expiry, is_over
from .schema import DUE, FINAL, IS_WAITED_FOR, one_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping, Sequence

    from ..model.spec import JobSpec
    from .contexts import Contexts
    from .counts import Counts
    from .database import Database
    from .enqueue import Parent
    from .expiry import Cancel
    from .links import Links
    from .sqlite import Row

# First the parts of a Claim in their order, as they are once it is made: to look for each by its name takes long.
HEAD_OF_QUEUE = f"""
SELECT number, id, command, queue, last_attempt + 1, attempts + 1, max_retries, timeout, run_at, allow_background,
       nice, on_success, on_failure, on_finish, hook_facts, context, created_at, priority, expires_at, last_attempt
FROM jobs WHERE state = 'pending' AND queue = ? ORDER BY {ORDER} LIMIT 1
"""
BEGIN_ATTEMPT = "INSERT INTO attempts (job, attempt, worker, started_at, wait_time) VALUES (?, ?, ?, ?, ?)"
CLAIM = """
UPDATE jobs SET state = 'processing', attempts = attempts + 1, last_attempt = last_attempt + 1, attempt_id = ?,
    worker = ?, lease_until = ?, started_at = ?, updated_at = ?, finished_at = NULL, duration = NULL,
    exit_code = NULL, signal = NULL, error = NULL, cancel_requested = 0
WHERE number = ? AND state = 'pending'
"""
RENEW = "UPDATE jobs SET lease_until = ? WHERE number = ? AND state = 'processing' AND attempt_id = ?"
CANCEL_REQUESTED = "SELECT cancel_requested FROM jobs WHERE number = ? AND state = 'processing' AND attempt_id = ?"
FINISH = """
UPDATE jobs SET state = ?, attempts = attempts - ?, run_at = ?, finished_at = ?, duration = ?, exit_code = ?,
    signal = ?, error = ?, updated_at = ?, worker = NULL, lease_until = NULL, cancel_requested = 0
WHERE number = ? AND state = 'processing' AND attempt_id = ?
"""
DUE_JOBS = f"SELECT number, queue, state, waits FROM jobs WHERE {DUE} AND run_at <= ? ORDER BY run_at LIMIT ?"
NEXT_DUE = f"SELECT min(run_at) FROM jobs WHERE {DUE}"
PROMOTE = "UPDATE jobs SET state = ?, updated_at = ? WHERE number = ? AND state = ?"
PLACE = "SELECT queue, state FROM jobs WHERE number = ?"
# A running job is only marked: its worker ends it.
CANCEL = """
UPDATE jobs SET state = CASE state WHEN 'processing' THEN state ELSE 'cancelled' END,
    cancel_requested = state = 'processing', finished_at = CASE state WHEN 'processing' THEN NULL ELSE ? END,
    updated_at = ?
WHERE number = ? AND state = ?
"""
RETRY = """
UPDATE jobs SET state = CASE WHEN waits > 0 THEN 'blocked' ELSE 'pending' END, run_at = ?, updated_at = ?,
    finished_at = NULL, duration = NULL, exit_code = NULL, signal = NULL, error = NULL, expires_at = NULL,
    attempts = CASE WHEN ? THEN attempts ELSE 0 END
WHERE number = ? AND state = ?
"""
MOVE_DUE = f"""
UPDATE jobs INDEXED BY jobs_due SET run_at = max(0, run_at + ?) WHERE {DUE} AND (state = 'failed' OR is_delay)
"""
MOVE_KEPT_BACK = f"""
UPDATE jobs SET run_at = max(0, run_at + ?) WHERE is_delay AND {one_of("state", KEPT_BACK_STATES)}
"""
STORED = ("run_at", "is_delay", "context", "tags", *(field.name for field in EDITABLE if field.name in PLAIN))
BEFORE_EDIT = f"SELECT state, waits, {', '.join(STORED)} FROM jobs WHERE number = ?"
EDIT = f"UPDATE jobs SET state = ?, {' = ?, '.join(STORED)} = ?, updated_at = ? WHERE number = ? AND state = ?"
HOLD = """
UPDATE jobs SET run_at = CASE WHEN state = 'failed' THEN ? ELSE run_at END, state = 'held', updated_at = ?
WHERE number = ? AND state = ?
"""
FRONT = "UPDATE jobs SET priority = ?, updated_at = ? WHERE number = ? AND state = ?"
RELEASE = """
UPDATE jobs SET state = CASE WHEN run_at > ? THEN 'scheduled' WHEN waits > 0 THEN 'blocked' ELSE 'pending' END,
    updated_at = ?
WHERE number = ? AND state = ?
"""
REMOVE = "DELETE FROM jobs WHERE number = ? AND state = ?"
# The condition of the partial index stands there in full, or SQLite would not use it.
OLD_FINISHED = f"""
SELECT number, queue, id FROM jobs WHERE {FINAL} AND state = ? AND finished_at < ? AND NOT {IS_WAITED_FOR}
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
# Each ends with the number and the state that are expected.
CHANGES = {"cancel": CANCEL, "retry": RETRY, "edit": EDIT, "hold": HOLD, "release": RELEASE, "front": FRONT}
EXPIRED_AT_ONCE = 64
ENDS = frozenset(target for (source, _), target in TRANSITIONS.items() if source == PROCESSING)


class Jobs:
    """The table of jobs."""

    def __init__(self, database: Database, counts: Counts, contexts: Contexts, links: Links) -> None:
        self._database = database
        self._counts = counts
        self._contexts = contexts
        self.expiry = Expiry(database)
        self._links = links

    def enqueue(
        self,
        specs: Sequence[JobSpec],
        *,
        path: str,
        actor: str,
        now: int,
        schedule: str | None = None,
        parents: Sequence[Sequence[Parent]] = (),
        on_progress: Callable[[int], None] | None = None,
    ) -> list[str]:
        """Add jobs, all of them or none; return their ids.

        `path` is the search path for their commands, `schedule` the recurring job that they come from;
        `parents` are for each job those that it waits for, if any job does; `on_progress` is called after every
        thousandth job with the number written. Raises Conflict, naming every id that exists already or comes twice.
        """
        enqueue = Enqueue(
            self._database, self._counts, self._contexts, self._links, path, actor, now, schedule, parents
        )
        return enqueue.run(specs, on_progress)

    def claim(
        self, *, worker: int, now: int, lease_until: int, queues: Sequence[str] = (), cancel: Cancel | None = None
    ) -> Claim | None:
        """Take the most urgent pending job for a worker; return it, or None if there is none.

        Order: priority (higher first), then `run_at`, then number. `queues` limits the choice. Jobs that come first and
        have expired are cancelled instead, by `cancel` if it is given.
        """
        head = None
        for queue in self._counts.queues_with(PENDING):
            if queues and queue not in queues:
                continue
            row = self._database.row(HEAD_OF_QUEUE, (queue,))
            if row is not None and is_over(row, now):
                row = self._after_expired(row, now, f"worker {worker}", cancel or self.cancel)
            if row is not None and (head is None or urgency(row) < urgency(head)):
                head = row
        if head is None:
            return None
        *parts, context, created_at, _, _, _ = head
        claim = Claim(*(*parts, 0, worker, now, lease_until, 0, self._contexts.get(context)))
        claim.wait_time = max(0, now - waits_since(created_at, claim.run_at))
        begun = (claim.number, claim.attempt, worker, now, claim.wait_time)
        claim.attempt_id = self._database.insert(BEGIN_ATTEMPT, begun)
        self._database.change(CLAIM, (claim.attempt_id, worker, lease_until, now, now, claim.number))
        self._counts.move(claim.queue, PENDING, PROCESSING)
        return claim

    def _after_expired(self, head: Row | None, now: int, actor: str, cancel: Cancel) -> Row | None:
        """Cancel the jobs at the head of a queue that have expired; return the first that has not.

        None also if there are too many for one transaction: the scheduler does the rest and wakes the workers.
        """
        for _ in range(EXPIRED_AT_ONCE):
            if head is None or not is_over(head, now):
                return head
            self.expiry.end(head, now, actor, cancel)
            head = self._database.row(HEAD_OF_QUEUE, (head["queue"],))
        return None

    def renew(self, number: int, attempt_id: int, lease_until: int) -> bool:
        """Prolong a lease; return False if the attempt has lost the job."""
        return self._database.change(RENEW, (lease_until, number, attempt_id)) == 1

    def cancel_requested(self, number: int, attempt_id: int) -> bool | None:
        """Return whether a user wants the running attempt ended; None if it has lost the job."""
        found = self._database.value(CANCEL_REQUESTED, (number, attempt_id))
        return None if found is None else bool(found)

    def finish(
        self, claim: Claim, outcome: Outcome, *, state: str, run_at: int, duration: int | None, now: int
    ) -> bool:
        """Record the end of an attempt and move its job to `state`; return False if it has lost the job.

        `run_at` is when the next attempt is due, for `failed`. An attempt that goes back to
        `pending` was ended by us and does not count.
        """
        if state not in ENDS:
            raise ValueError(f"an attempt cannot lead to {state}")
        finished_at = now if state in FINAL_STATES else None
        how = (duration, outcome.exit_code, outcome.signal, outcome.error)
        values = (state, int(state == PENDING), run_at, finished_at, *how, now, claim.number, claim.attempt_id)
        if not self._database.change(FINISH, values):
            return False
        self._counts.move(claim.queue, PROCESSING, state)
        if finished_at is not None:
            self._links.follow(claim.number, now)
        return True

    def promote(self, now: int, limit: int) -> int:
        """Make up to `limit` jobs that are due claimable, or blocked; return how many there were."""
        due = self._database.rows(DUE_JOBS, (now, limit))
        for number, queue, state, waits in due:
            after = BLOCKED if waits else PENDING
            if self._database.change(PROMOTE, (after, now, number, state)):
                self._counts.move(queue, state, after)
        return len(due)

    def move_delays(self, by: int) -> int:
        """Move the time of every job that waits for so long from some instant on; return how many there were.

        They are failed jobs and those with a delay. `by` is in milliseconds: the clock was set by so much.
        """
        moved = self._database.change(MOVE_DUE, (by,))
        # No index finds these: without any, a large home need not be looked through.
        if any(self._counts.queues_with(state) for state in KEPT_BACK_STATES):
            moved += self._database.change(MOVE_KEPT_BACK, (by,))
        return moved

    def next_due(self) -> int | None:
        """Return the wall time at which the next scheduled or failed job is due, None if there is none."""
        return self._database.integer(NEXT_DUE)

    def _change(self, verb: str, number: int, now: int, *values: object) -> bool:
        """Change a job whose state the verb fits, and keep the counts; return False if it does not fit it.

        What was made of the job is read again: the counts cannot say anything else. Its children learn whether it
        has ended.
        """
        before = self._database.row(PLACE, (number,))
        if before is None or before["state"] not in VERBS[verb].states:
            return False
        if not self._database.change(CHANGES[verb], (*values, number, before["state"])):
            return False
        after = self._database.rows(PLACE, (number,))[0]
        self._counts.add(before["queue"], before["state"], -1)
        self._counts.add(after["queue"], after["state"], 1)
        if verb == "retry":
            # What it waits for again may leave it stuck.
            self._links.reopen(number, now)
        if verb == "retry" or after["state"] in FINAL_STATES:
            self._links.follow(number, now)
        return True

    def cancel(self, number: int, now: int) -> bool:
        """Cancel a job; return False if its state does not allow it. A running one is marked, its worker ends it."""
        return self._change("cancel", number, now, now, now)

    def retry(self, number: int, now: int, *, keep_attempts: bool) -> bool:
        """Make a final or failed job claimable at once; return False if its state does not allow it.

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
        if "tags" in changes:
            after["tags"] = tags_text(changes["tags"])
        if "cwd" in changes:
            old = self._contexts.get(before["context"])
            after["context"] = self._contexts.number(changes["cwd"], old.path, old.env)
        if "run_at" in changes:
            state = TRANSITIONS.get((state, "postpone" if after["run_at"] > now else "promote"), state)
            state = BLOCKED if state == PENDING and before["waits"] else state
        if not self._change("edit", number, now, state, *after.values(), now):
            return False
        if "parents" in changes:
            self._links.replace(number, changes["parents"], now)
        return True

    def hold(self, number: int, now: int) -> bool:
        """Keep a job that waits from running until it is released; return False if it does not wait.

        What is left of a failed one's wait for its next attempt is forgotten.
        """
        return self._change("hold", number, now, now, now)

    def front(self, number: int, priority: int, now: int) -> bool:
        """Give a job that waits the priority that puts it in front; return False if it does not wait."""
        return self._change("front", number, now, priority, now)

    def release(self, number: int, now: int) -> bool:
        """Let a held job go; return False if it is not held."""
        return self._change("release", number, now, now, now)

    def remove(self, number: int) -> bool:
        """Delete a job with its attempts and output; return False if it runs, or if unfinished jobs wait for it."""
        before = self._database.row(PLACE, (number,))
        if before is None or before["state"] not in VERBS["remove"].states or self._links.waiting_children(number, 1):
            return False
        if not self._database.change(REMOVE, (number, before["state"])):
            return False
        self._counts.add(before["queue"], before["state"], -1)
        return True

    def prune(self, state: str, before: int, limit: int) -> list[str]:
        """Delete up to `limit` jobs that reached a final state before an instant; return their ids."""
        old = self._database.rows(OLD_FINISHED, (state, before, limit))
        for number, queue, _ in old:
            if self._database.change(REMOVE, (number, state)):
                self._counts.add(queue, state, -1)
        return [row["id"] for row in old]

    def with_output_before(self, state: str, before: int, limit: int) -> list[int]:
        """Return the numbers of those with output among the jobs that `prune` would delete."""
        return [row["number"] for row in self._database.rows(OLD_WITH_OUTPUT, (state, before, limit))]

    def finished_after(self, instant: int, number: int, limit: int) -> list[tuple[int, int, bool]]:
        """Return up to `limit` jobs in final states, after the one of an instant and a number, in the order they ended.

        Of each: when it ended, its number, and whether it has output.
        """
        rows = self._database.rows(FINISHED_AFTER, (instant, number, limit))
        return [(row["finished_at"], row["number"], bool(row["has_output"])) for row in rows]
