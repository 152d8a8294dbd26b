"""Finding jobs: by reference, by filter, in pages.

A filter is turned into SQL from fixed fragments only; values are parameters. States are written out,
since SQLite uses a partial index only where the condition of the index stands in the question.
"""

from __future__ import annotations

from ..model.fields import KEPT
from ..model.job import PENDING, STATES, Job
from .claim import ORDER, urgency
from .contexts import decode_env
from .schema import DUE, FINAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

    from .counts import Counts
    from .database import Database
    from .sqlite import Row

# What a job tells of its last attempt stands in both tables, or there alone.
SOURCES = {"worker": "attempts", "pid": "attempts", "cwd": "contexts", "env": "contexts"}
FLAGS = [field.name for field in KEPT if field.kind.name == "flag"]
JOBS = f"""
SELECT {", ".join(f"{SOURCES.get(name, 'jobs')}.{name} AS {name}" for name in Job.FIELDS)}
FROM jobs JOIN contexts ON contexts.id = jobs.context LEFT JOIN attempts ON attempts.id = jobs.attempt_id
"""
BY_NUMBERS = JOBS + "WHERE number IN ({})"
STATES_OF_NUMBERS = "SELECT number, state FROM jobs WHERE number IN ({})"
EACH_STATE = ", ".join(f"sum(state = '{state}')" for state in STATES)
NUMBER_OF_ID = "SELECT number FROM jobs WHERE id = ?"
NUMBER_EXISTS = "SELECT number FROM jobs WHERE number = ?"
LAST = "SELECT max(number) FROM jobs"
BY_PREFIX = "SELECT id, number FROM jobs WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
RECENT_IDS = "SELECT id FROM jobs ORDER BY number DESC LIMIT ?"
# For completion, which shows a few jobs and has no time.
NAMED = "SELECT id, state, substr(command, 1, 200) AS command FROM jobs"
NAMED_BY_PREFIX = NAMED + " WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
NAMED_NEWEST = NAMED + " ORDER BY number DESC LIMIT ?"
NAMED_DEAD = f"{NAMED} INDEXED BY jobs_finished WHERE {FINAL} AND state = 'dead' ORDER BY finished_at DESC LIMIT ?"
NAMED_DEAD_BY_PREFIX = f"SELECT id, state, command FROM ({NAMED_DEAD}) WHERE id >= ? AND id < ? LIMIT ?"
DEAD_LOOKED_AT = 5_000
RECENT_TAGS = "SELECT DISTINCT tags FROM (SELECT tags FROM jobs ORDER BY number DESC LIMIT ?) WHERE tags <> ''"
IN_RANGE = "SELECT number FROM jobs WHERE number BETWEEN ? AND ? ORDER BY number"
DETAILS = "SELECT created_by, attempt_id, last_attempt, cancel_requested, context FROM jobs WHERE number = ?"
DLQ_GROUPS = f"""
SELECT exit_code, signal, error, count(*) AS jobs, max(finished_at) AS last_at, min(id) AS example FROM jobs
WHERE {FINAL} AND state = 'dead' GROUP BY exit_code, signal, error ORDER BY jobs DESC, last_at DESC LIMIT ?
"""
DLQ_SPANS = f"""
SELECT exit_code, signal, error, count(*) AS jobs, min(finished_at) AS first_at, max(finished_at) AS last_at,
       min(number) AS first, max(number) AS last FROM jobs
WHERE {FINAL} AND state = 'dead' GROUP BY exit_code, signal, error ORDER BY jobs DESC, last_at DESC LIMIT ?
"""
DLQ_GROUP = f"""
SELECT number FROM jobs INDEXED BY jobs_finished
WHERE {FINAL} AND state = 'dead' AND exit_code IS ? AND signal IS ? AND error IS ? ORDER BY finished_at
"""
DLQ_COMMANDS = f"""
SELECT command, count(*) AS jobs, min(finished_at) AS first_at, max(finished_at) AS last_at,
       max(number) AS last FROM jobs
WHERE {FINAL} AND state = 'dead' GROUP BY command ORDER BY jobs DESC, last_at DESC LIMIT ?
"""
ENDED_SINCE = f"""
SELECT finished_at, number FROM jobs WHERE {FINAL} AND state = ? AND finished_at >= ? ORDER BY finished_at LIMIT ?
"""
ENDED_BEFORE = f"""
SELECT number FROM jobs WHERE {FINAL} AND state = ? AND finished_at < ? ORDER BY finished_at LIMIT ?
"""
COUNT_ENDED_BEFORE = f"SELECT count(*) FROM jobs WHERE {FINAL} AND state = ? AND finished_at < ?"
COUNT_BEFORE = """
SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_claimable WHERE state = 'pending' AND queue = ?
    AND (priority > ? OR (priority = ? AND (run_at < ? OR (run_at = ? AND number < ?)))) LIMIT ?)
"""
UPCOMING = f"SELECT number FROM jobs INDEXED BY jobs_due WHERE {DUE} ORDER BY run_at, number LIMIT ?"
PAGE = 500

# The first jobs of each kind in the order of an index, named so that no other plan is chosen.
RUNNING = """
SELECT number FROM jobs INDEXED BY jobs_processing WHERE state = 'processing' ORDER BY started_at, number LIMIT ?
"""
NEXT_DUE_JOBS = f"SELECT number, state FROM jobs INDEXED BY jobs_due WHERE {DUE} ORDER BY run_at LIMIT ?"
NEXT_OF_QUEUE = f"""
SELECT number, priority, run_at FROM jobs INDEXED BY jobs_claimable WHERE state = 'pending' AND queue = ?
ORDER BY {ORDER} LIMIT ?
"""
LAST_FINISHED = f"""
SELECT number, finished_at FROM jobs INDEXED BY jobs_finished WHERE {FINAL} AND state = ?
ORDER BY finished_at DESC LIMIT ?
"""
# Where no index helps, only so many of the newest jobs are looked at. The inner LIMIT keeps it so.
WINDOW = "SELECT number FROM (SELECT number, id, command, state, queue, tags FROM jobs ORDER BY number DESC LIMIT ?)"

SORTS = {
    "number": "number",
    "id": "id",
    "command": "command",
    "state": "state",
    "queue": "queue",
    "priority": "priority",
    "attempts": "attempts",
    "run_at": "run_at",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "started_at": "started_at",
    "finished_at": "finished_at",
    "duration": "duration",
}


class JobFilter:
    """Which jobs, in which order: in one of the states, in one of the queues, with all of the tags.

    Empty fields do not limit; `sort` begins with `-` for descending.
    """

    __slots__ = ("states", "queues", "tags", "search", "sort")

    def __init__(
        self,
        *,
        states: Sequence[str] = (),
        queues: Sequence[str] = (),
        tags: Sequence[str] = (),
        search: str | None = None,
        sort: str = "-number",
    ) -> None:
        self.states = tuple(states)
        self.queues = tuple(queues)
        self.tags = tuple(tags)
        self.search = search
        self.sort = sort

    @property
    def is_counted(self) -> bool:
        """Whether the counts of each queue and state tell how many it finds."""
        return not self.tags and self.search is None

    def condition(self) -> tuple[str, list[object]]:
        """Return a WHERE clause and its parameters."""
        terms: list[str] = []
        parameters: list[object] = []
        if self.states:
            terms.append(_states_term(self.states))
        if self.queues:
            terms.append(f"queue IN ({','.join('?' * len(self.queues))})")
            parameters += self.queues
        for tag in self.tags:
            terms.append("instr(tags, ?) > 0")
            parameters.append(f",{tag},")
        if self.search is not None:
            terms.append("(command LIKE ? ESCAPE '\\' OR id LIKE ? ESCAPE '\\')")
            parameters += [_like(self.search)] * 2
        return (f"WHERE {' AND '.join(terms)}" if terms else ""), parameters

    def order(self) -> str:
        """Return an ORDER BY clause; ties go by number."""
        direction = "DESC" if self.sort.startswith("-") else "ASC"
        column = SORTS[self.sort.lstrip("-")]
        tie = "" if column == "number" else f", number {direction}"
        return f"ORDER BY {column} {direction}{tie}"


class Search:
    """Questions about jobs."""

    def __init__(self, database: Database, counts: Counts) -> None:
        self._database = database
        self._counts = counts

    def numbers(self, wanted: JobFilter, limit: int = -1) -> list[int]:
        """Return the numbers of the jobs that a filter finds; a negative limit means all."""
        condition, parameters = wanted.condition()
        sql = f"SELECT number FROM jobs {condition} {wanted.order()} LIMIT ?"
        if wanted.is_counted and not self.count(wanted):
            return []
        return [row[0] for row in self._database.rows(sql, [*parameters, limit])]

    def count(self, wanted: JobFilter) -> int:
        """Return how many jobs a filter finds, from the kept counts where they can tell."""
        if wanted.is_counted:
            return sum(self._kept_counts(wanted).values())
        condition, parameters = wanted.condition()
        return int(self._database.value(f"SELECT count(*) FROM jobs {condition}", parameters))

    def count_by_state(self, wanted: JobFilter) -> dict[str, int]:
        """Return how many jobs a filter finds in each state that it finds any in, in the order of STATES."""
        if wanted.is_counted:
            found = self._kept_counts(wanted)
        else:
            condition, parameters = wanted.condition()
            found = dict(zip(STATES, self._database.rows(f"SELECT {EACH_STATE} FROM jobs {condition}", parameters)[0]))
        return {state: found[state] for state in STATES if found.get(state)}

    def _kept_counts(self, wanted: JobFilter) -> dict[str, int]:
        found: dict[str, int] = {}
        for queue, states in self._counts.by_queue().items():
            if wanted.queues and queue not in wanted.queues:
                continue
            for state, jobs in states.items():
                if not wanted.states or state in wanted.states:
                    found[state] = found.get(state, 0) + jobs
        return found

    def states_of(self, numbers: Sequence[int]) -> dict[int, str]:
        """Return the states of the jobs of these numbers, without those that are gone."""
        found: dict[int, str] = {}
        for start in range(0, len(numbers), PAGE):
            page = numbers[start : start + PAGE]
            rows = self._database.rows(STATES_OF_NUMBERS.format(",".join("?" * len(page))), page)
            found.update((row[0], row[1]) for row in rows)
        return found

    def running(self, limit: int) -> list[int]:
        """Return the numbers of running jobs, the longest running first."""
        return [row[0] for row in self._database.rows(RUNNING, (limit,))]

    def next_due(self, limit: int) -> list[tuple[int, str]]:
        """Return (number, state) of failed and scheduled jobs, the next one first."""
        return [(row[0], row[1]) for row in self._database.rows(NEXT_DUE_JOBS, (limit,))]

    def next_pending(self, limit: int) -> list[int]:
        """Return the numbers of pending jobs in the order of claiming, of each queue its share."""
        queues = self._counts.queues_with(PENDING)[:limit]
        share = max(1, limit // max(1, len(queues)))
        rows = [row for queue in queues for row in self._database.rows(NEXT_OF_QUEUE, (queue, share))]
        return [row["number"] for row in sorted(rows, key=urgency)]

    def last_finished(self, states: Sequence[str], limit: int) -> list[int]:
        """Return the numbers of jobs that ended in these final states, the latest first."""
        rows = [row for state in states for row in self._database.rows(LAST_FINISHED, (state, limit))]
        return [row["number"] for row in sorted(rows, key=lambda row: -row["finished_at"])[:limit]]

    def newest(self, wanted: JobFilter, window: int, limit: int) -> list[int]:
        """Return the numbers, newest first, of what a filter finds among the `window` newest jobs."""
        condition, parameters = wanted.condition()
        sql = f"{WINDOW} {condition} ORDER BY number DESC LIMIT ?"
        looked_at = window if condition else min(window, limit)
        return [row[0] for row in self._database.rows(sql, [looked_at, *parameters, limit])]

    def jobs(self, numbers: Sequence[int]) -> list[Job]:
        """Return the jobs of these numbers in this order, without those that are gone."""
        found: dict[int, Job] = {}
        for start in range(0, len(numbers), PAGE):
            page = numbers[start : start + PAGE]
            for row in self._database.rows(BY_NUMBERS.format(",".join("?" * len(page))), page):
                found[row["number"]] = _job(row)
        return [found[number] for number in numbers if number in found]

    def number_of(self, identifier: str) -> int | None:
        """Return the number of the job with exactly this id, or None."""
        found = self._database.value(NUMBER_OF_ID, (identifier,))
        return None if found is None else int(found)

    def exists(self, number: int) -> bool:
        """Return whether there is a job of this number."""
        return self._database.value(NUMBER_EXISTS, (number,)) is not None

    def last(self) -> int | None:
        """Return the newest job's number, or None in an empty home."""
        found = self._database.value(LAST)
        return None if found is None else int(found)

    def by_prefix(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """Return up to `limit` (id, number) whose id begins with `prefix`."""
        return [(row[0], row[1]) for row in self._database.rows(BY_PREFIX, (prefix, _beyond(prefix), limit))]

    def named(self, prefix: str, limit: int) -> list[Row]:
        """Return (id, state, command) of jobs whose id begins with `prefix`, by id; without one, the newest first."""
        if not prefix:
            return self._database.rows(NAMED_NEWEST, (limit,))
        return self._database.rows(NAMED_BY_PREFIX, (prefix, _beyond(prefix), limit)) if prefix.isascii() else []

    def named_dead(self, prefix: str, limit: int) -> list[Row]:
        """Return (id, state, command) of the latest dead jobs whose id begins with `prefix`, latest first."""
        if not prefix:
            return self._database.rows(NAMED_DEAD, (limit,))
        if not prefix.isascii():
            return []
        return self._database.rows(NAMED_DEAD_BY_PREFIX, (DEAD_LOOKED_AT, prefix, _beyond(prefix), limit))

    def recent_tags(self, window: int) -> list[str]:
        """Return the tags of the `window` newest jobs, in alphabetical order."""
        rows = self._database.rows(RECENT_TAGS, (window,))
        return sorted({tag for row in rows for tag in row[0].strip(",").split(",")})

    def recent_ids(self, limit: int) -> list[str]:
        """Return the newest ids, newest first."""
        return [row[0] for row in self._database.rows(RECENT_IDS, (limit,))]

    def in_range(self, first: int, last: int) -> list[int]:
        """Return the numbers that exist between two, both included."""
        return [row[0] for row in self._database.rows(IN_RANGE, (first, last))]

    def details(self, number: int) -> Row:
        """Return what a Job does not carry: created_by, attempt_id, last_attempt, cancel_requested, context."""
        return self._database.rows(DETAILS, (number,))[0]

    def ended_since(self, state: str, since: int, limit: int) -> list[tuple[int, int]]:
        """Return (finished_at, number) of the jobs that reached a final state since an instant, oldest first."""
        return [(row[0], row[1]) for row in self._database.rows(ENDED_SINCE, (state, since, limit))]

    def count_before(self, job: Job, limit: int) -> int:
        """Return how many jobs of its queue are claimed before a pending job, counting up to `limit`."""
        return int(
            self._database.value(
                COUNT_BEFORE, (job.queue, job.priority, job.priority, job.run_at, job.run_at, job.number, limit)
            )
        )

    def upcoming(self, limit: int) -> list[int]:
        """Return the numbers of scheduled and failed jobs, the next one first; a negative limit means all."""
        return [row[0] for row in self._database.rows(UPCOMING, (limit,))]

    def ended_before(self, states: Sequence[str], before: int, limit: int) -> list[int]:
        """Return up to `limit` numbers of jobs that ended in each of these states before an instant."""
        return [row[0] for state in states for row in self._database.rows(ENDED_BEFORE, (state, before, limit))]

    def count_ended_before(self, states: Sequence[str], before: int) -> int:
        """Return how many jobs ended in these states before an instant."""
        return sum(int(self._database.value(COUNT_ENDED_BEFORE, (state, before))) for state in states)

    def dead_by_error(self, limit: int) -> list[Row]:
        """Return the dead jobs grouped by how they failed, largest group first."""
        return self._database.rows(DLQ_GROUPS, (limit,))

    def dead_spans(self, limit: int) -> list[Row]:
        """Return the groups of `dead_by_error` with when their first and last job ended, and two numbers."""
        return self._database.rows(DLQ_SPANS, (limit,))

    def dead_of_group(self, exit_code: int | None, signal: int | None, error: str | None) -> list[int]:
        """Return the numbers of the dead jobs that failed in one way, the first to end first."""
        return [row[0] for row in self._database.rows(DLQ_GROUP, (exit_code, signal, error))]

    def dead_by_command(self, limit: int) -> list[Row]:
        """Return the dead jobs grouped by command, largest group first."""
        return self._database.rows(DLQ_COMMANDS, (limit,))


def _beyond(prefix: str) -> str:
    """Return the first text after all those that begin with a prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _states_term(states: Sequence[str]) -> str:
    """Return the condition on the state, written out so that the partial indexes match."""
    unknown = set(states) - set(STATES)
    if unknown:
        raise ValueError(f"no such state: {unknown}")
    if len(states) == 1:
        return f"state = '{states[0]}'"
    return f"state IN ({', '.join(repr(state) for state in STATES if state in states)})"


def _like(text: str) -> str:
    """Return a LIKE pattern that finds `text` anywhere, taken literally."""
    for special in "\\%_":
        text = text.replace(special, "\\" + special)
    return f"%{text}%"


def _job(row: Row) -> Job:
    values = dict(zip(row.keys(), row))
    values["env"] = decode_env(values["env"])
    values["tags"] = tuple(values["tags"].strip(",").split(",")) if values["tags"] else ()
    values.update((name, bool(values[name])) for name in FLAGS)
    return Job(**values)
