"""The attempts table: the history of running. A row is begun by `jobs.claim` and ended once."""

from __future__ import annotations

from ..model.attempt import Attempt
from ..model.outcome import Outcome
from ..model.record import Record
from .claim import CLAIM_COLUMNS, Claim
from .contexts import Contexts
from .table import Table

RECORD_PROCESS = "UPDATE attempts SET pid = ?, pid_start = ? WHERE id = ? AND outcome IS NULL"
END = """
UPDATE attempts SET finished_at = ?, duration = ?, outcome = ?, exit_code = ?, signal = ?, error = ?, output_size = ?
WHERE id = ? AND outcome IS NULL
"""
# An attempt that was given back for lack of a process, a descriptor or room has no duration: it never ran.
LAST_ENDS = """
SELECT outcome, duration FROM attempts
WHERE job = ? AND outcome IS NOT NULL AND (outcome <> 'not_started' OR duration IS NOT NULL)
ORDER BY attempt DESC LIMIT ?
"""
FORGET_GIVEN_BACK = "DELETE FROM attempts WHERE job = ? AND outcome = 'not_started' AND duration IS NULL"
OUTPUT_SIZE = "SELECT coalesce(max(position + length(data)), 0) FROM output WHERE attempt = ?"
OF_JOB = "SELECT * FROM attempts WHERE job = ? ORDER BY attempt"
RUNNING = f"""
SELECT {CLAIM_COLUMNS}, context, attempt_id, lease_until, worker, begun AS started_at, wait AS wait_time,
       process, process_start
FROM (SELECT jobs.*, attempts.started_at AS begun, attempts.wait_time AS wait, attempts.pid AS process,
             attempts.pid_start AS process_start
      FROM jobs INDEXED BY jobs_processing JOIN attempts ON attempts.id = jobs.attempt_id
      WHERE jobs.state = 'processing')
ORDER BY number
"""


class Running(Record):
    """An attempt that is under way: its claim, and the process if it was recorded already."""

    claim: Claim
    pid: int | None
    pid_start: str | None


class Attempts(Table):
    def record_process(self, attempt_id: int, pid: int, pid_start: str) -> None:
        """Note which process runs the attempt. In a transaction."""
        self._database.change(RECORD_PROCESS, (pid, pid_start, attempt_id))

    def end(self, attempt: int, outcome: Outcome, *, duration: int | None, output_size: int | None, now: int) -> bool:
        """Record how an attempt ended; return False if that is known already. In a transaction."""
        # Its worker is gone: what is stored counts.
        if output_size is None:
            output_size = int(self._database.value(OUTPUT_SIZE, (attempt,)))
        how = (outcome.kind, outcome.exit_code, outcome.signal, outcome.error)
        return self._database.change(END, (now, duration, *how, output_size, attempt)) == 1

    def last_ends(self, number: int, limit: int) -> list[tuple[str, int]]:
        """Return outcome and duration of a job's last attempts that ran, newest first."""
        return [(row["outcome"], row["duration"] or 0) for row in self._database.rows(LAST_ENDS, (number, limit))]

    def forget_given_back(self, number: int) -> None:
        """Delete a job's attempts that the machine could not start, except the newest, which has not ended yet."""
        self._database.change(FORGET_GIVEN_BACK, (number,))

    def of_job(self, number: int) -> list[Attempt]:
        """Return the attempts of a job, oldest first."""
        return [Attempt.of(row) for row in self._database.rows(OF_JOB, (number,))]

    def running(self, contexts: Contexts) -> list[Running]:
        """Return every attempt that is under way, by job number."""
        found = []
        for row in self._database.rows(RUNNING):
            claim = Claim.of({**row, "context": contexts.get(row["context"])})
            found.append(Running(claim, row["process"], row["process_start"]))
        return found
