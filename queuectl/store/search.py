"""Jobs by number, and by the times at which they end or are due."""

from __future__ import annotations

from ..model.errors import NotFound
from ..model.fields import KEPT
from ..model.job import PENDING, WAITING_STATES, Job
from ..model.link import STUCK, WHENS
from ..model.record import Record
from ..model.surroundings import umask_text
from .contexts import DEFAULTS, decode, decode_environment, decode_options
from .namelists import NAME_LISTS, names_of
from .relatives import PARENT_ID, WITH_PARENT
from .schema import CLAIMABLE, FINAL, IS_STUCK, PARKED
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Collection, Iterable, Iterator, Mapping, Sequence

    from .sqlite import Row

# Facts about the last attempt of a job are in both tables, or in that of attempts alone.
SOURCES = {
    **dict.fromkeys(("worker", "pid"), "attempts"),
    **dict.fromkeys(("cwd", "env", "inherited", "umask"), "contexts"),
}
# All but what links and the options of the context tell, and what is counted.
STORED = [name for name in Job.FIELDS if name not in ("stuck", "stdin_size", *WHENS.values(), *DEFAULTS)]
# As IS_STUCK of the schema, for a question in which other tables have such columns too.
STUCK_JOB = "(jobs.hopeless > 0 AND jobs.finished_at IS NULL)"
FLAGS = [field.name for field in KEPT if field.kind.is_flag]
JOBS = f"""
SELECT {", ".join(f"{SOURCES.get(name, 'jobs')}.{name} AS {name}" for name in STORED)}, {STUCK_JOB} AS stuck,
       contexts.options AS options, (SELECT length(data) FROM stdins WHERE id = contexts.stdin) AS stdin_size
FROM jobs JOIN contexts ON contexts.id = jobs.context LEFT JOIN attempts ON attempts.id = jobs.attempt_id
"""
BY_NUMBERS = JOBS + "WHERE number IN ({})"
LINKS_OF_NUMBERS = f"""
SELECT links.child, links.kind, {PARENT_ID} FROM links {WITH_PARENT}
WHERE links.child IN ({{}}) ORDER BY links.child, links.parent
"""
STATES_OF_NUMBERS = f"SELECT number, state, {IS_STUCK} FROM jobs WHERE number IN ({{}})"
DETAILS = "SELECT created_by, cancel_requested FROM jobs WHERE number = ?"
ENDED_SINCE = f"""
SELECT finished_at, number FROM jobs WHERE {FINAL} AND state = ? AND finished_at >= ? ORDER BY finished_at LIMIT ?
"""
ENDED_BEFORE = f"SELECT number FROM jobs WHERE {FINAL} AND state = ? AND finished_at < ? ORDER BY finished_at"
COUNT_ENDED_BEFORE = f"SELECT count(*) FROM jobs WHERE {FINAL} AND state = ? AND finished_at < ?"
COUNT_BEFORE = f"""
SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_claimable WHERE {CLAIMABLE} AND queue = ?
    AND (priority > ? OR (priority = ? AND (run_at < ? OR (run_at = ? AND number < ?)))) LIMIT ?)
"""
# Where there is an index, its condition.
PLACES = {state: (CLAIMABLE, PARKED) if state == PENDING else (f"state = '{state}'",) for state in WAITING_STATES}
HIGHEST = {
    where: f"SELECT number, priority FROM jobs WHERE {where} AND queue = ? ORDER BY priority DESC LIMIT ?"
    for places in PLACES.values()
    for where in places
}
RUNNING = """
SELECT number FROM jobs INDEXED BY jobs_processing WHERE state = 'processing' ORDER BY started_at, number LIMIT ?
"""
PAGE = 500


class Details(Record):
    """What a job has beyond its fields."""

    created_by: str
    cancel_requested: int


class Search(Table):
    def states_of(self, numbers: Sequence[int]) -> dict[int, str]:
        """Return the states of the jobs of these numbers, without those that are gone."""
        return {number: state for number, state, _ in self._states(numbers)}

    def standings_of(self, numbers: Sequence[int]) -> dict[int, str]:
        """Return the same, with STUCK for those that are stuck."""
        return {number: STUCK if is_stuck else state for number, state, is_stuck in self._states(numbers)}

    def _states(self, numbers: Sequence[int]) -> Iterator[Row]:
        for start in range(0, len(numbers), PAGE):
            page = numbers[start : start + PAGE]
            yield from self._database.rows(STATES_OF_NUMBERS.format(",".join("?" * len(page))), page)

    def highest_priority(self, queue: str, states: Iterable[str], without: Collection[int]) -> int | None:
        """Return the highest priority of a queue's jobs in some states of waiting, None if there are none.

        Those in `without` do not count. Only pending jobs have an index for it: name no other state that has no job.
        """
        most = len(without) + 1
        places = [where for state in states for where in PLACES[state]]
        rows = [row for where in places for row in self._database.rows(HIGHEST[where], (queue, most))]
        return max((row["priority"] for row in rows if row["number"] not in without), default=None)

    def running(self, limit: int) -> list[int]:
        """Return the numbers of running jobs, the longest running first."""
        return self._database.integers(RUNNING, (limit,))

    def jobs(self, numbers: Sequence[int]) -> list[Job]:
        """Return the jobs of these numbers in this order, without those that are gone."""
        found: dict[int, Job] = {}
        for start in range(0, len(numbers), PAGE):
            page = numbers[start : start + PAGE]
            marks = ",".join("?" * len(page))
            parents: dict[int, dict[str, list[str]]] = {}
            for child, kind, job in self._database.rows(LINKS_OF_NUMBERS.format(marks), page):
                parents.setdefault(child, {}).setdefault(WHENS[kind], []).append(job)
            for row in self._database.rows(BY_NUMBERS.format(marks), page):
                found[row["number"]] = _job(row, parents.get(row["number"], {}))
        return [found[number] for number in numbers if number in found]

    def details(self, number: int) -> Details:
        """Return what a Job does not carry. Raises NotFound if the job was removed since it was read."""
        row = self._database.row(DETAILS, (number,))
        if row is None:
            raise NotFound("the job was removed")
        return Details.of(row)

    def ended_since(self, state: str, since: int, limit: int) -> list[tuple[int, int]]:
        """Return (finished_at, number) of the jobs that reached a final state since an instant, oldest first."""
        return [(row[0], row[1]) for row in self._database.rows(ENDED_SINCE, (state, since, limit))]

    def count_before(self, job: Job, limit: int) -> int:
        """Return how many jobs of its queue are claimed before a pending job, counting up to `limit`."""
        place = (job.queue, job.priority, job.priority, job.run_at, job.run_at, job.number)
        return int(self._database.value(COUNT_BEFORE, (*place, limit)))

    def ended_before(self, states: Sequence[str], before: int) -> list[int]:
        """Return the numbers of the jobs that ended in these states before an instant, by state."""
        return [number for state in states for number in self._database.integers(ENDED_BEFORE, (state, before))]

    def count_ended_before(self, states: Sequence[str], before: int) -> int:
        """Return how many jobs ended in these states before an instant."""
        return sum(int(self._database.value(COUNT_ENDED_BEFORE, (state, before))) for state in states)


def _job(row: Row, parents: Mapping[str, Sequence[str]]) -> Job:
    values = {**dict(zip(row.keys(), row)), **{name: tuple(parents.get(name, ())) for name in WHENS.values()}}
    values["env"] = decode(values["env"])
    values["inherited"] = tuple(decode_environment(values["inherited"]))
    values["umask"] = umask_text(values["umask"])
    values["inputs"] = decode(values["inputs"]) if values["inputs"] else None
    values.update({**DEFAULTS, **decode_options(values.pop("options"))})
    values.update((name, names_of(values[name])) for name in NAME_LISTS)
    values.update((name, bool(values[name])) for name in FLAGS)
    return Job(**values)
