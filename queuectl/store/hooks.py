"""Hook jobs: the jobs that the ends of others have added, with what these ends were."""

from __future__ import annotations

from ..model.errors import NotFound
from ..model.job import BUSY_STATES, HookJob
from ..model.surroundings import Origin
from .contexts import decode, encode
from .schema import one_of
from .table import Table

MARK = "UPDATE jobs SET hook_of = ?, hook_facts = ? WHERE number = ?"
OF_JOB = "SELECT id, state, command, hook_facts FROM jobs WHERE hook_of = ? ORDER BY number DESC LIMIT ?"
BUSY_HOOKS = f"""
SELECT count(*) FROM jobs INDEXED BY jobs_open_hooks
WHERE hook_of IS NOT NULL AND finished_at IS NULL AND {one_of("state", BUSY_STATES)}
"""
SNOOZED = """
SELECT 1 FROM jobs INDEXED BY jobs_snoozed WHERE state = 'scheduled' AND snoozes > 0 AND hook_of IS NULL LIMIT 1
"""
REASON = "QUEUECTL_HOOK_REASON"


class Hooks(Table):
    def mark(self, number: int, *, of: int, facts: dict[str, str]) -> None:
        """Note whose hook a new job is, and the variables that tell its command why. In its transaction."""
        self._database.change(MARK, (of, encode(facts), number))

    def origin_of(self, number: int) -> Origin:
        """Return what its caller gave to a job. Raises NotFound if the job was removed."""
        context = self._database.integer("SELECT context FROM jobs WHERE number = ?", (number,))
        if context is None:
            raise NotFound("the job was removed")
        return self._contexts.get(context).origin

    def of_job(self, number: int, limit: int) -> list[HookJob]:
        """Return the last `limit` hook jobs that a job has added, newest first."""
        rows = self._database.rows(OF_JOB, (number, limit))
        return [HookJob(row["id"], row["state"], row["command"], decode(row["hook_facts"])[REASON]) for row in rows]

    def is_idle(self) -> bool:
        """Return whether no job but hook jobs is in one of BUSY_STATES, or was snoozed. In a transaction."""
        busy = sum(jobs for state in BUSY_STATES for jobs in self._counts.of_queues.in_state(state).values())
        return busy == self._database.value(BUSY_HOOKS) and self._database.value(SNOOZED) is None
