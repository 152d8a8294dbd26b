"""The store as a dictionary: what it must do, written once more without SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

from queuectl.model.job import (
    BLOCKED,
    CANCELLED,
    COMPLETED,
    DEAD,
    FAILED,
    FINAL_STATES,
    HELD,
    PENDING,
    PROCESSING,
    SCHEDULED,
    WAITING_STATES,
)
from queuectl.model.link import ANY, BADLY
from queuectl.model.spec import JobSpec

if TYPE_CHECKING:
    Row = dict[str, Any]

WANTED: dict[str, Sequence[str]] = {COMPLETED: (COMPLETED,), ANY: FINAL_STATES, BADLY: (DEAD, CANCELLED)}


class Taken(Exception):
    """An id that exists already or comes twice, or a batch that takes no such job."""


class Model:
    """Jobs by number, and of each child its links by parent.

    Each method does what the store's method of the same name promises. A job waits for older ones only.
    """

    def __init__(self) -> None:
        self.jobs: dict[int, Row] = {}
        self.links: dict[int, dict[int, Row]] = {}
        self.last = 0
        # Of each batch how many dead jobs stop it, and of those that were stopped after how many.
        self.limits: dict[str, str | None] = {}
        # Of each batch how many of its jobs may run at a time; of a lock, unless it is one.
        self.batch_slots: dict[str, int | None] = {}
        self.lock_slots: dict[str, int] = {}
        self.stopped: dict[str, int] = {}
        self.slots: dict[str, int] = {}

    def copy(self) -> Model:
        twin = Model()
        twin.jobs = {number: dict(row) for number, row in self.jobs.items()}
        twin.links = {
            child: {parent: dict(link) for parent, link in links.items()} for child, links in self.links.items()
        }
        twin.last = self.last
        twin.limits = dict(self.limits)
        twin.stopped = dict(self.stopped)
        twin.slots = dict(self.slots)
        twin.batch_slots = dict(self.batch_slots)
        twin.lock_slots = dict(self.lock_slots)
        return twin

    def tell(self, now: int) -> None:
        """Bring all links in line with how the parents stand, oldest children first."""
        for number, row in self.jobs.items():
            for parent, link in self.links[number].items():
                if link["satisfied_at"] is None and parent in self.jobs:
                    self._look(row, link, self.jobs[parent], now)
            self._count(number)
            if row["state"] == BLOCKED and not row["waits"]:
                row.update(state=PENDING, run_at=max(row["run_at"], now))

    def _look(self, row: Row, link: Row, parent: Row, now: int) -> None:
        has_ended, was_hopeless = parent["finished_at"] is not None, link["is_hopeless"]
        is_wanted = has_ended and parent["state"] in WANTED[link["kind"]]
        link["satisfied_at"] = now if is_wanted else None
        link["is_hopeless"] = int(not is_wanted and (has_ended or parent["hopeless"] > 0))
        if link["is_hopeless"] > was_hopeless and parent["state"] == COMPLETED and row["finished_at"] is None:
            row.update(state=CANCELLED, finished_at=now)

    def _count(self, number: int) -> None:
        still_open = [link for link in self.links[number].values() if link["satisfied_at"] is None]
        self.jobs[number].update(waits=len(still_open), hopeless=sum(link["is_hopeless"] for link in still_open))

    def _link(self, child: int, parents: Sequence[tuple[int, str]]) -> None:
        self.links[child] = {parent: {"kind": kind, "is_hopeless": 0, "satisfied_at": None} for parent, kind in parents}
        self._count(child)

    def enqueue(self, specs: Sequence[JobSpec], now: int, parents: Sequence[Sequence[tuple[int, str]]]) -> list[str]:
        given = [spec.id for spec in specs if spec.id is not None]
        ids = {row["id"] for row in self.jobs.values()}
        if len(set(given)) < len(given) or ids & set(given):
            raise Taken
        self.limits, self.batch_slots = self._limits_with(specs)
        added = []
        for spec, wanted in zip(specs, parents):
            self.last += 1
            while spec.id is None and f"job-{self.last}" in ids | set(given):
                self.last += 1
            identifier = spec.id or f"job-{self.last}"
            due_later = spec.run_at is not None and spec.run_at > now
            self.jobs[self.last] = {
                "id": identifier,
                "state": HELD if spec.hold else SCHEDULED if due_later else BLOCKED if wanted else PENDING,
                "queue": spec.queue,
                "priority": spec.priority,
                "run_at": now if spec.run_at is None else spec.run_at,
                "attempts": 0,
                "last_attempt": 0,
                "attempt_id": None,
                "cancel_requested": 0,
                "suspended_at": None,
                "suspended_by": None,
                "suspended_for": 0,
                "finished_at": None,
                "batch": spec.batch,
                "locks": spec.locks,
            }
            self._link(self.last, wanted)
            added.append(identifier)
        self.tell(now)
        return added

    def _limits_with(self, specs: Sequence[JobSpec]) -> tuple[dict[str, str | None], dict[str, int | None]]:
        """Return the limits of all batches once these jobs are in theirs."""
        limits, slots = dict(self.limits), dict(self.batch_slots)
        for spec in specs:
            if spec.batch is None:
                continue
            if spec.batch not in limits:
                given = [one.max_fails for one in specs if one.batch == spec.batch and one.max_fails is not None]
                limits[spec.batch] = given[0] if given else None
                at_once = [one.batch_limit for one in specs if one.batch == spec.batch and one.batch_limit is not None]
                slots[spec.batch] = at_once[0] if at_once else None
            if spec.batch in self.stopped or spec.max_fails not in (None, limits[spec.batch]):
                raise Taken
            if spec.batch_limit not in (None, slots[spec.batch]):
                raise Taken
        return limits, slots

    def states_of(self, batch: str) -> list[str]:
        return [row["state"] for row in self.jobs.values() if row["batch"] == batch]

    def _delete(self, number: int) -> None:
        """Delete a job; its batch may be gone with it."""
        row = self.jobs.pop(number)
        del self.links[number]
        if row["batch"] is not None and not self.states_of(row["batch"]):
            del self.limits[row["batch"]], self.batch_slots[row["batch"]]
            self.stopped.pop(row["batch"], None)

    def cancel_stopped(self, now: int) -> int:
        waiting = [row for row in self.jobs.values() if row["batch"] in self.stopped and row["state"] in WAITING_STATES]
        waiting.sort(key=lambda row: ([*self.limits].index(row["batch"]), row["state"]))
        for row in waiting:
            row.update(state=CANCELLED, finished_at=now)
            self.tell(now)
        return len(waiting)

    def claim(self, queues: Sequence[str], now: int, cancelled: Sequence[int]) -> int | None:
        """Return the number of the job of some queues, in their order, that must be claimed.

        `cancelled` are those that the claim has cancelled on its way: their batches must have been stopped.
        """
        for number in cancelled:
            assert self.jobs[number]["state"] in WAITING_STATES
            self.jobs[number].update(state=CANCELLED, finished_at=now)
            self.tell(now)
        heads = [head for head in map(self._head, filter(self.has_room, queues)) if head is not None]
        return min(heads)[2] if heads else None

    def _head(self, queue: str) -> tuple[int, int, int] | None:
        waiting = [
            (-row["priority"], row["run_at"], number)
            for number, row in self.jobs.items()
            if row["state"] == PENDING
            and row["queue"] == queue
            and row["batch"] not in self.stopped
            and self.has_lanes(row)
        ]
        return min(waiting, default=None)

    def has_lanes(self, row: Row) -> bool:
        """Whether all locks of a job, and its batch, have room for another one."""
        running = [other for other in self.jobs.values() if other["state"] == PROCESSING]
        slots = self.batch_slots.get(row["batch"])
        if slots is not None and sum(other["batch"] == row["batch"] for other in running) >= slots:
            return False
        return all(
            sum(lock in other["locks"] for other in running) < self.lock_slots.get(lock, 1) for lock in row["locks"]
        )

    def has_room(self, queue: str) -> bool:
        """Whether a job of a queue may start: by its slots, 0 for a pause."""
        running = [row for row in self.jobs.values() if row["state"] == PROCESSING and row["queue"] == queue]
        return len(running) < self.slots.get(queue, len(running) + 1)

    def claimed(self, number: int, attempt_id: int) -> None:
        row = self.jobs[number]
        row.update(
            state=PROCESSING,
            attempts=row["attempts"] + 1,
            last_attempt=row["last_attempt"] + 1,
            attempt_id=attempt_id,
            cancel_requested=0,
            suspended_for=0,
        )

    def holds(self, number: int, attempt_id: int) -> bool:
        """Whether an attempt is the one that runs its job."""
        row = self.jobs.get(number)
        return row is not None and row["state"] == PROCESSING and row["attempt_id"] == attempt_id

    def finish(self, number: int, attempt_id: int, state: str, run_at: int, now: int) -> bool:
        if not self.holds(number, attempt_id):
            return False
        row = self.jobs[number]
        self._go_on(row, now)
        row.update(
            state=state,
            run_at=run_at,
            cancel_requested=0,
            attempts=row["attempts"] - (state in (PENDING, SCHEDULED)),
            finished_at=now if state in FINAL_STATES else None,
        )
        dead, limit = self.states_of(row["batch"]).count(DEAD), self.limits.get(row["batch"])
        if state == DEAD and limit is not None and dead >= int(limit):
            self.stopped.setdefault(row["batch"], dead)
        self.tell(now)
        return True

    def due(self) -> list[int]:
        found = [(row["run_at"], number) for number, row in self.jobs.items() if row["state"] in (SCHEDULED, FAILED)]
        return [number for _, number in sorted(found)]

    def next_due(self) -> int | None:
        due = self.due()
        return self.jobs[due[0]]["run_at"] if due else None

    def promote(self, now: int, limit: int) -> int:
        ripe = [number for number in self.due() if self.jobs[number]["run_at"] <= now][:limit]
        for number in ripe:
            self.jobs[number]["state"] = self._unless_blocked(number)
        return len(ripe)

    def _unless_blocked(self, number: int) -> str:
        return BLOCKED if self.jobs[number]["waits"] else PENDING

    def cancel(self, number: int, now: int) -> bool:
        row = self.jobs.get(number)
        if row is None or row["state"] in FINAL_STATES:
            return False
        if row["state"] == PROCESSING:
            row["cancel_requested"] = 1
        else:
            assert row["state"] in WAITING_STATES
            row.update(state=CANCELLED, finished_at=now)
        self.tell(now)
        return True

    def suspend(self, number: int, now: int, by: str) -> bool:
        row = self.jobs.get(number)
        if row is None or row["state"] != PROCESSING or row["suspended_by"] in (by, "user"):
            return False
        row.update(suspended_by=by, suspended_at=now if row["suspended_at"] is None else row["suspended_at"])
        return True

    def resume(self, number: int, now: int, by: str | None) -> bool:
        row = self.jobs.get(number)
        if row is None or row["suspended_by"] is None or by not in (None, row["suspended_by"]):
            return False
        self._go_on(row, now)
        return True

    @staticmethod
    def _go_on(row: Row, now: int) -> None:
        if row["suspended_at"] is not None:
            row["suspended_for"] += max(0, now - row["suspended_at"])
        row.update(suspended_at=None, suspended_by=None)

    def retry(self, number: int, now: int, keep_attempts: bool) -> bool:
        row = self.jobs.get(number)
        if row is None or row["state"] not in (*FINAL_STATES, FAILED):
            return False
        self._reopen(number)
        row.update(
            state=self._unless_blocked(number),
            run_at=now,
            finished_at=None,
            attempts=row["attempts"] if keep_attempts else 0,
        )
        self.stopped.pop(row["batch"], None)
        self.tell(now)
        return True

    def _reopen(self, number: int) -> None:
        for parent, link in list(self.links[number].items()):
            if link["satisfied_at"] is None and parent not in self.jobs:
                del self.links[number][parent]
            elif link["kind"] == COMPLETED and parent in self.jobs and self.jobs[parent]["state"] != COMPLETED:
                link["satisfied_at"] = None
        self._count(number)

    def hold(self, number: int, now: int) -> bool:
        row = self.jobs.get(number)
        if row is None or row["state"] not in (SCHEDULED, PENDING, FAILED, BLOCKED):
            return False
        if row["state"] == FAILED:
            row["run_at"] = now
        row["state"] = HELD
        return True

    def front(self, number: int, priority: int) -> bool:
        row = self.jobs.get(number)
        if row is None or row["state"] not in WAITING_STATES:
            return False
        row["priority"] = priority
        return True

    def edit(self, number: int, changes: Row, now: int) -> bool:
        row = self.jobs.get(number)
        if row is None or row["state"] not in WAITING_STATES:
            return False
        parents = changes.pop("parents", None)
        row.update(changes)
        if "run_at" in changes and changes["run_at"] > now and row["state"] in (PENDING, FAILED, BLOCKED):
            row["state"] = SCHEDULED
        elif "run_at" in changes and changes["run_at"] <= now and row["state"] in (SCHEDULED, FAILED):
            row["state"] = self._unless_blocked(number)
        if parents is not None:
            self._link(number, parents)
            row["state"] = BLOCKED if parents and row["state"] in (PENDING, FAILED) else row["state"]
            self.tell(now)
        return True

    def release(self, number: int, now: int) -> bool:
        row = self.jobs.get(number)
        if row is None or row["state"] != HELD:
            return False
        row["state"] = SCHEDULED if row["run_at"] > now else self._unless_blocked(number)
        return True

    def remove(self, number: int) -> bool:
        if number not in self.jobs or self.jobs[number]["state"] == PROCESSING or self._is_waited_for(number):
            return False
        self._delete(number)
        return True

    def _is_waited_for(self, number: int) -> bool:
        return any(
            number in links and links[number]["satisfied_at"] is None and self.jobs[child]["finished_at"] is None
            for child, links in self.links.items()
        )

    def prune(self, state: str, before: int, limit: int) -> int:
        old = sorted(
            (row["finished_at"], number)
            for number, row in self.jobs.items()
            if row["state"] == state
            and row["state"] in FINAL_STATES
            and row["finished_at"] < before
            and not self._is_waited_for(number)
        )[:limit]
        for _, number in old:
            self._delete(number)
        return len(old)
