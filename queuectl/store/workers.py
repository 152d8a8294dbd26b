"""The workers table: who runs jobs here. A worker deletes its row when it ends as it should.

The row is for people and for finding the processes of a lost worker. Whether a worker lives is known from the kernel
lock that it holds (`Home.worker_lock`) or by its process, never by the row's age.
"""

from __future__ import annotations

from ..model.worker import RegisteredWorker
from .table import Table

ADD = """
INSERT INTO workers (pid, pid_start, boot, namespace, mark, adopters, queues, started_at, heartbeat_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
HEARTBEAT = "UPDATE workers SET heartbeat_at = ?, memory = ?, stopping = ? WHERE id = ?"
COUNT_JOBS = "UPDATE workers SET jobs_done = jobs_done + ?, busy_time = busy_time + ? WHERE id = ?"
ALL = """
SELECT workers.*, jobs.id AS job, jobs.command AS command, jobs.started_at AS job_started_at,
       jobs.suspended_at AS job_suspended_at, jobs.suspended_for AS job_suspended_for
FROM workers LEFT JOIN jobs ON jobs.worker = workers.id AND jobs.state = 'processing'
ORDER BY workers.id
"""


class Workers(Table):
    def add(
        self,
        *,
        pid: int,
        pid_start: str,
        boot: str,
        queues: str,
        now: int,
        namespace: str = "",
        mark: str = "",
        adopters: str = "",
    ) -> int:
        """Register a worker; return its number, which is never given again. In a transaction.

        `mark` is the random part of the markers of its attempts, `adopters` who takes over their processes if it dies.
        """
        return self._database.insert(ADD, (pid, pid_start, boot, namespace, mark, adopters, queues, now, now))

    def heartbeat(self, worker: int, *, memory: int, stopping: bool, now: int) -> bool:
        """Say that a worker is there, with its memory in bytes; return False if its row is gone."""
        return self._database.change(HEARTBEAT, (now, memory, stopping, worker)) == 1

    def count_jobs(self, worker: int, jobs: int, busy_ms: int) -> None:
        """Add finished attempts to a worker's tally. In a transaction."""
        self._database.change(COUNT_JOBS, (jobs, busy_ms, worker))

    def set_trouble(self, worker: int, trouble: str | None) -> None:
        """Say what keeps a worker from starting commands, None for nothing. In a transaction."""
        self._database.change("UPDATE workers SET trouble = ? WHERE id = ?", (trouble, worker))

    def set_limit(self, worker: int, reason: str | None) -> None:
        """Say which limit of load or memory keeps a worker from taking jobs, None for none. In a transaction."""
        self._database.change("UPDATE workers SET limited_by = ? WHERE id = ?", (reason, worker))

    def remove(self, worker: int) -> bool:
        """Delete a worker's row. In a transaction."""
        return self._database.change("DELETE FROM workers WHERE id = ?", (worker,)) == 1

    def all(self) -> list[RegisteredWorker]:
        """Return every registered worker."""
        return [RegisteredWorker.of(row) for row in self._database.rows(ALL)]
