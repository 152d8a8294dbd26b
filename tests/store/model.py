"""The store as a dictionary: what it must do, written once more without SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

from queuectl.model.job import CANCELLED, FAILED, FINAL_STATES, HELD, PENDING, PROCESSING, SCHEDULED, WAITING_STATES
from queuectl.model.spec import JobSpec

if TYPE_CHECKING:
    Row = dict[str, Any]


class Taken(Exception):
    """An id that exists already or comes twice."""


class Model:
    """Jobs by number. Each method does what the store's method of the same name promises."""

    def __init__(self) -> None:
        self.jobs: dict[int, Row] = {}
        self.last = 0

    def copy(self) -> Model:
        twin = Model()
        twin.jobs = {number: dict(row) for number, row in self.jobs.items()}
        twin.last = self.last
        return twin

    def enqueue(self, specs: Sequence[JobSpec], now: int) -> list[str]:
        given = [spec.id for spec in specs if spec.id is not None]
        ids = {row["id"] for row in self.jobs.values()}
        if len(set(given)) < len(given) or ids & set(given):
            raise Taken
        added = []
        for spec in specs:
            self.last += 1
            while spec.id is None and f"job-{self.last}" in ids | set(given):
                self.last += 1
            identifier = spec.id or f"job-{self.last}"
            due_later = spec.run_at is not None and spec.run_at > now
            self.jobs[self.last] = {
                "id": identifier,
                "state": HELD if spec.hold else SCHEDULED if due_later else PENDING,
                "queue": spec.queue,
                "priority": spec.priority,
                "run_at": now if spec.run_at is None else spec.run_at,
                "attempts": 0,
                "last_attempt": 0,
                "attempt_id": None,
                "cancel_requested": 0,
                "finished_at": None,
            }
            added.append(identifier)
        return added

    def claim(self, queues: Sequence[str]) -> int | None:
        """Return the number of the job that must be claimed."""
        waiting = [
            (-row["priority"], row["run_at"], number)
            for number, row in self.jobs.items()
            if row["state"] == PENDING and (not queues or row["queue"] in queues)
        ]
        return min(waiting)[2] if waiting else None

    def claimed(self, number: int, attempt_id: int) -> None:
        row = self.jobs[number]
        row.update(
            state=PROCESSING,
            attempts=row["attempts"] + 1,
            last_attempt=row["last_attempt"] + 1,
            attempt_id=attempt_id,
            cancel_requested=0,
        )

    def holds(self, number: int, attempt_id: int) -> bool:
        """Whether an attempt is the one that runs its job."""
        row = self.jobs.get(number)
        return row is not None and row["state"] == PROCESSING and row["attempt_id"] == attempt_id

    def finish(self, number: int, attempt_id: int, state: str, run_at: int, now: int) -> bool:
        if not self.holds(number, attempt_id):
            return False
        row = self.jobs[number]
        row.update(
            state=state,
            run_at=run_at,
            cancel_requested=0,
            attempts=row["attempts"] - (state == PENDING),
            finished_at=now if state in FINAL_STATES else None,
        )
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
            self.jobs[number]["state"] = PENDING
        return len(ripe)

    def cancel(self, number: int, now: int) -> bool:
        row = self.jobs.get(number)
        if row is None or row["state"] in FINAL_STATES:
            return False
        if row["state"] == PROCESSING:
            row["cancel_requested"] = 1
        else:
            assert row["state"] in WAITING_STATES
            row.update(state=CANCELLED, finished_at=now)
        return True

    def retry(self, number: int, now: int, keep_attempts: bool) -> bool:
        row = self.jobs.get(number)
        if row is None or row["state"] not in (*FINAL_STATES, FAILED):
            return False
        row.update(state=PENDING, run_at=now, finished_at=None, attempts=row["attempts"] if keep_attempts else 0)
        return True

    def hold(self, number: int, now: int) -> bool:
        row = self.jobs.get(number)
        if row is None or row["state"] not in (SCHEDULED, PENDING, FAILED):
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
        row.update(changes)
        if "run_at" in changes and changes["run_at"] > now and row["state"] in (PENDING, FAILED):
            row["state"] = SCHEDULED
        elif "run_at" in changes and changes["run_at"] <= now and row["state"] in (SCHEDULED, FAILED):
            row["state"] = PENDING
        return True

    def release(self, number: int, now: int) -> bool:
        row = self.jobs.get(number)
        if row is None or row["state"] != HELD:
            return False
        row["state"] = SCHEDULED if row["run_at"] > now else PENDING
        return True

    def remove(self, number: int) -> bool:
        if number not in self.jobs or self.jobs[number]["state"] == PROCESSING:
            return False
        del self.jobs[number]
        return True

    def prune(self, state: str, before: int, limit: int) -> int:
        old = sorted(
            (row["finished_at"], number)
            for number, row in self.jobs.items()
            if row["state"] == state and row["state"] in FINAL_STATES and row["finished_at"] < before
        )[:limit]
        for _, number in old:
            del self.jobs[number]
        return len(old)
