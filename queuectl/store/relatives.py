"""The links table as a graph: parents and how they stand, children, and the way from one job to another.

A parent is the number of a job, or minus the `id` of a batch.
"""

from __future__ import annotations

from ..model.errors import NotFound, quoted
from ..model.job import CANCELLED, FINAL_STATES
from ..model.link import AWAITING_STATES, BATCH, STUCK, UNFINISHED, Edge, Relative, of_batch
from .schema import IS_STUCK
from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Collection, Iterable, Sequence

NAME = "SELECT name FROM batches WHERE id = ?"
STOPPED_AT = "SELECT stopped_at FROM batches WHERE name = ?"
STUCK_OF_BATCH = f"""
SELECT count(*) FROM jobs INDEXED BY jobs_stuck_of_batch WHERE batch = ? AND batch IS NOT NULL AND {IS_STUCK}
"""
AWAITED = """
SELECT -id FROM batches WHERE name = ? AND EXISTS (
    SELECT 1 FROM links INDEXED BY links_open WHERE parent = -batches.id AND satisfied_at IS NULL
)
"""
# The name of a parent, and the tables that have it.
PARENT_ID = """coalesce(jobs.id, 'batch:' || batches.name,
    CASE WHEN links.parent < 0 THEN 'batch-' || -links.parent ELSE 'job-' || links.parent END)"""
WITH_PARENT = "LEFT JOIN jobs ON jobs.number = links.parent LEFT JOIN batches ON batches.id = -links.parent"
PARENTS = f"""
SELECT links.parent AS number, {PARENT_ID} AS id, links.kind AS "when", jobs.state AS state, batches.name AS batch,
       links.is_hopeless AS hopeless, links.satisfied_at AS satisfied_at
FROM links {WITH_PARENT} WHERE links.child = ? ORDER BY links.parent LIMIT ?
"""
PARENT_IDS = f"SELECT {PARENT_ID} FROM links {WITH_PARENT} WHERE links.child = ? ORDER BY links.parent"
CHILDREN = """
SELECT jobs.number AS number, jobs.id AS id, links.kind AS "when", NULL AS batch,
       jobs.state AS state, links.is_hopeless AS hopeless, links.satisfied_at AS satisfied_at
FROM links JOIN jobs ON jobs.number = links.child WHERE links.parent = ? ORDER BY links.child LIMIT ?
"""
EDGES = """
SELECT parent, child, kind AS "when", is_hopeless AS hopeless, satisfied_at FROM links WHERE child = ? ORDER BY parent
"""
NEIGHBORS = """
SELECT parent FROM links WHERE child = ? UNION ALL SELECT child FROM links INDEXED BY links_of_parent WHERE parent = ?
LIMIT ?
"""
WAITING_CHILDREN = """
SELECT links.child FROM links INDEXED BY links_open JOIN jobs ON jobs.number = links.child
WHERE links.parent = ? AND links.satisfied_at IS NULL AND jobs.finished_at IS NULL ORDER BY links.child LIMIT ?
"""
BATCH_OF_JOB = "SELECT -batches.id FROM jobs JOIN batches ON batches.name = jobs.batch WHERE jobs.number = ?"
HAS_CHILDREN = "SELECT 1 FROM links INDEXED BY links_of_parent WHERE parent = ? LIMIT 1"
# Those that wait for something. The other jobs of a batch can only be the end of a path.
LINKED_MEMBERS = """
SELECT number FROM jobs INDEXED BY jobs_of_batch WHERE batch = ? AND batch IS NOT NULL
    AND EXISTS (SELECT 1 FROM links WHERE links.child = jobs.number)
"""
HAVE_WAITED = """
SELECT 1 FROM links JOIN jobs ON jobs.number = links.child
WHERE links.parent = (SELECT number FROM jobs WHERE id = ?) AND jobs.state IN ('completed', 'dead') LIMIT 1
"""
COUNT_STUCK = f"SELECT count(*) FROM jobs INDEXED BY jobs_stuck WHERE {IS_STUCK}"


class Standings(Table):
    """How the parents of jobs stand: a job by its state, a batch by how many of its jobs are in each state."""

    def of(self, parent: int) -> tuple[str, str]:
        """Return how a parent stands, and what it is called. One that is gone is as good as cancelled."""
        if parent < 0:
            from ..model.batch import AS_PARENT

            name = self.batch_name(-parent)
            return (CANCELLED, f"batch-{-parent}") if name is None else (AS_PARENT[self.of_jobs(name)], of_batch(name))
        row = self._database.row("SELECT id, state, hopeless FROM jobs WHERE number = ?", (parent,))
        if row is None:
            return CANCELLED, f"job-{parent}"
        if row["state"] in FINAL_STATES:
            return row["state"], row["id"]
        return (STUCK if row["hopeless"] else UNFINISHED), row["id"]

    def of_jobs(self, name: str) -> str:
        """Return how a batch stands by its jobs, a word of `model.batch.STATES`, also if it was stopped."""
        from ..model.batch import OPEN, standing

        states = self._counts.of_batches.of(name)
        unfinished = [state for state in states if state not in FINAL_STATES]
        # Only jobs in these states can be stuck, and mostly there are none to count.
        if any(state not in AWAITING_STATES for state in unfinished):
            return OPEN
        return standing(states, self.stuck(name) if unfinished else 0)

    def state_of_batch(self, name: str) -> str:
        """Return where a batch stands, a word of `model.batch.STATES`."""
        from ..model.batch import STOPPED

        return self.of_jobs(name) if self._database.value(STOPPED_AT, (name,)) is None else STOPPED

    def stuck(self, name: str) -> int:
        """Return how many jobs of a batch are stuck."""
        return int(self._database.value(STUCK_OF_BATCH, (name,)))

    def batch_name(self, number: int) -> str | None:
        """Return the name of the batch that has an id, None if it is gone."""
        name: str | None = self._database.value(NAME, (number,))
        return name

    def awaited_batch(self, name: str | None) -> int | None:
        """Return the number that links have for a batch; None without a name, or if no open link leads to it."""
        return None if name is None else self._database.integer(AWAITED, (name,))

    def find_batch(self, name: str) -> int | None:
        """Return the number of a batch in links, None for an unknown name."""
        return self._database.integer("SELECT -id FROM batches WHERE name = ?", (name,))

    def batch(self, parent: str) -> int:
        """Return the number that links have for `batch:NAME`. Raises NotFound."""
        name = parent[len(BATCH) :]
        found = self.find_batch(name)
        if found is None:
            raise NotFound(f"there is no batch {quoted(name)}", hint="see them with: queuectl batch list")
        return found


class Relatives(Table):
    def __init__(self, *shared: Any) -> None:
        super().__init__(*shared)
        self.standings = Standings(*shared)

    def parents(self, child: int, limit: int = -1) -> list[Relative]:
        """Return what a job waits for, or has waited for."""
        found = [Relative.of(row) for row in self._database.rows(PARENTS, (child, limit))]
        for parent in found:
            if parent.batch is not None:
                parent.state = self.standings.state_of_batch(parent.batch)
        return found

    def parent_ids(self, child: int) -> list[str]:
        """Return what a job's parents are called, batches first, then jobs in the order in which they were added."""
        return [row[0] for row in self._database.rows(PARENT_IDS, (child,))]

    def children(self, parent: int, limit: int = -1) -> list[Relative]:
        """Return the jobs that wait for a parent, or have waited."""
        return [Relative.of(row) for row in self._database.rows(CHILDREN, (parent, limit))]

    def has_children(self, parent: int) -> bool:
        """Return whether any job waits for a parent, or has waited."""
        return self._database.value(HAS_CHILDREN, (parent,)) is not None

    def edges(self, child: int) -> list[Edge]:
        """Return the links of a job to what it waits for, or has waited for."""
        return [Edge.of(row) for row in self._database.rows(EDGES, (child,))]

    def neighbors(self, node: int, limit: int) -> list[int]:
        """Return the parents and children of a job, or the children of a batch."""
        return self._database.integers(NEIGHBORS, (node, node, limit))

    def waiting_children(self, parent: int, limit: int = -1) -> list[int]:
        """Return the numbers of the unfinished jobs that wait for a parent."""
        return self._database.integers(WAITING_CHILDREN, (parent, limit))

    def batch_of(self, job: int) -> list[int]:
        """Return the batch of a job, as a parent; nothing if it is in none."""
        return self._database.integers(BATCH_OF_JOB, (job,))

    def is_waited_for(self, job: int) -> bool:
        """Return whether unfinished jobs wait for a job, or for the batch that it is in."""
        return any(self.waiting_children(parent, 1) for parent in (job, *self.batch_of(job)))

    def descendants(self, parents: Sequence[int]) -> list[int]:
        """Return jobs and the unfinished ones that wait for them, directly or not, each before its parents."""
        found: dict[int, None] = {}
        pending = [(parent, False) for parent in reversed(parents)]
        while pending:
            # What waits for the batch of one waits for it.
            node, is_behind_children = pending.pop()
            if is_behind_children:
                found[node] = None
            elif node not in found:
                pending.append((node, True))
                children = self.waiting_children(node) + (self.batch_of(node) if node > 0 else [])
                pending += [(child, False) for child in children if child not in found]
        return [node for node in found if node > 0]

    def path(self, starts: Iterable[int], goals: Collection[int]) -> list[int]:
        """Return nodes of which each waits for the next, from one of `starts` to the nearest of `goals`, or nothing."""
        came_from: dict[int, int | None] = dict.fromkeys(starts)
        pending = [*came_from]
        for node in pending:
            if node in goals:
                path, before = [node], came_from[node]
                while before is not None:
                    path.append(before)
                    before = came_from[before]
                return path[::-1]
            # A batch waits for what is in it.
            members = [goal for goal in goals if self.batch_of(goal) == [node]] if node < 0 else []
            parents = [one for one in [*self.parents_of(node), *members] if one not in came_from]
            came_from.update(dict.fromkeys(parents, node))
            pending += parents
        return []

    def parents_of(self, node: int) -> list[int]:
        """Return what a job waits for, or has waited for; or those jobs of a batch that wait, or have waited."""
        if node > 0:
            return self._database.integers("SELECT parent FROM links WHERE child = ?", (node,))
        return self._database.integers(LINKED_MEMBERS, (self.standings.batch_name(-node),))

    def waited_for(self, parents: Sequence[str]) -> list[str]:
        """Return the ids of those of some jobs that a job which has run has waited for."""
        if self._database.value("SELECT 1 FROM links LIMIT 1") is None:
            return []
        return [parent for parent in parents if self._database.value(HAVE_WAITED, (parent,)) is not None]

    def count_stuck(self) -> int:
        """Return how many unfinished jobs are stuck."""
        return int(self._database.value(COUNT_STUCK))
