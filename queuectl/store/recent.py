"""What the newest attempts show: how long they took, how they ended, which commands are slow or fail.

Each question says how many attempts it looks at, so that it costs the same however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..model.report import CommandStats, OutcomeCount, Run
from .table import Table

# The newest attempts only, each with its job: the queries below read no others.
RECENT = """
(SELECT id, job, attempt, outcome, duration, exit_code, signal, error, finished_at FROM attempts ORDER BY id DESC
 LIMIT ?) AS recent JOIN jobs ON jobs.number = recent.job
"""
# An attempt that was ended by a user or to stop a worker, or that was snoozed, has not failed.
FAILED = "recent.error IS NOT NULL AND outcome NOT IN ('cancelled', 'released', 'snoozed')"
BY_COMMAND = f"""
SELECT command, count(*) AS attempts, sum({FAILED}) AS failed, avg(recent.duration) AS average,
       max(recent.duration) AS longest, max(recent.finished_at) AS last_at, max(jobs.number) AS newest
FROM {RECENT} WHERE recent.finished_at IS NOT NULL GROUP BY command
"""
WITH_ID = "SELECT commands.*, (SELECT id FROM jobs WHERE number = newest) AS sample_id FROM"
BY_TIME, BY_FAILURES = "ORDER BY average DESC", "ORDER BY failed DESC, last_at DESC"
SLOWEST = f"{WITH_ID} ({BY_COMMAND} HAVING average IS NOT NULL {BY_TIME} LIMIT ?) AS commands {BY_TIME}"
MOST_FAILING = f"{WITH_ID} ({BY_COMMAND} HAVING failed > 0 {BY_FAILURES} LIMIT ?) AS commands {BY_FAILURES}"
ENDED = f"""
jobs.id AS id, number, command, state, attempt, outcome, recent.duration AS duration, recent.exit_code AS exit_code,
recent.signal AS signal, recent.error AS error, recent.finished_at AS finished_at
FROM {RECENT} WHERE recent.finished_at IS NOT NULL
"""
# Of each job the last one: what stands beside a bare max() is of the same row.
FAILURES = f"""
SELECT * FROM (SELECT max(recent.id) AS newest, {ENDED} AND {FAILED} GROUP BY number) ORDER BY newest DESC LIMIT ?
"""
SAME_COMMAND = f"SELECT {ENDED} AND command = ? ORDER BY recent.id DESC LIMIT ?"
DURATIONS = f"""
SELECT command, group_concat(recent.duration) AS durations FROM {RECENT}
WHERE command IN ({{}}) AND recent.duration IS NOT NULL GROUP BY command
"""
OUTCOMES = """
SELECT outcome, exit_code, signal, count(*) AS attempts
FROM (SELECT outcome, exit_code, signal FROM attempts ORDER BY id DESC LIMIT ?) WHERE outcome IS NOT NULL
GROUP BY outcome, exit_code, signal ORDER BY attempts DESC LIMIT ?
"""


class Recent(Table):
    def commands(self, sample: int, limit: int) -> tuple[list[CommandStats], list[CommandStats]]:
        """Return the commands that take longest on average, and those that fail most often, of the newest attempts."""
        slowest = self._database.rows(SLOWEST, (sample, limit))
        failing = self._database.rows(MOST_FAILING, (sample, limit))
        return [CommandStats.of(row) for row in slowest], [CommandStats.of(row) for row in failing]

    def failures(self, sample: int, limit: int) -> list[Run]:
        """Return the last attempts that failed, of the `sample` newest, newest first, one of each job."""
        return [Run.of(row) for row in self._database.rows(FAILURES, (sample, limit))]

    def same_command(self, command: str, sample: int, limit: int) -> list[Run]:
        """Return the ended attempts at a command among the `sample` newest, newest first."""
        return [Run.of(row) for row in self._database.rows(SAME_COMMAND, (sample, command, limit))]

    def durations(self, commands: Sequence[str], sample: int) -> dict[str, list[int]]:
        """Return {command: how long its attempts took} among the `sample` newest, for a few commands."""
        rows = self._database.rows(DURATIONS.format(",".join("?" * len(commands))), (sample, *commands))
        return {row["command"]: [int(text) for text in row["durations"].split(",")] for row in rows}

    def outcomes(self, sample: int, limit: int) -> list[OutcomeCount]:
        """Return how the newest attempts ended and how often, the most frequent first."""
        return [OutcomeCount.of(row) for row in self._database.rows(OUTCOMES, (sample, limit))]
